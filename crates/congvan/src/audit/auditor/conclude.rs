//! What an auditor concludes once it has seen everything.

use std::path::Path;

use congvan_core::{ChainId, ChainState, CheckpointPayload, EntryRef, Point, PublicKey, Seq, domain};
use congvan_store::Ledger;

use super::Auditor;
use crate::audit::forgotten::Gone;
use crate::audit::lives::Before;
use crate::audit::report::{CatalogueReport, ChainReport, Note, Report, ViolationKind};
use crate::audit::{AuditError, Audited, Options, audit_of};
use crate::certificate::Anchors;

impl Auditor {
    /// Whether an erasure names an entry that may still have its payload here.
    pub(in crate::audit) fn suspects_kept(&mut self) -> bool {
        !self.forgotten.suspects().is_empty()
    }

    /// Looks again at an entry's bytes, for an erasure may name it.
    pub(in crate::audit) fn look_again(&mut self, bytes: &[u8]) {
        if let Some((chain, seq)) = self.forgotten.is_kept(bytes) {
            let reason = "an erasure names this entry, and what it held is still here".to_owned();
            self.finding(chain, seq, ViolationKind::Kept, reason);
        }
    }

    /// The same of all that a store has.
    pub(in crate::audit) fn look_again_at(&mut self, ledger: &Ledger) -> Result<(), AuditError> {
        for (chain, points) in self.forgotten.suspects().clone() {
            for point in points {
                // What is dropped at the next start is none of the store's faults.
                if ledger.is_erasure_pending(chain, point.seq)? {
                    continue;
                }
                if let Some(stored) = ledger.stored(chain, point.seq).next() {
                    self.look_again(&stored?.1);
                }
            }
        }
        Ok(())
    }

    /// Notes where content is missing that nobody erased.
    fn missing(&mut self) {
        for chain in self.chains.keys().copied().collect::<Vec<_>>() {
            let Gone { missing, first_missing: Some(first), .. } = self.forgotten.gone(chain) else { continue };
            self.finds.note(Note {
                agency: self.name(chain),
                number: first.get(),
                document: String::new(),
                reason: format!("what {missing} entries held is not in this copy, and no erasure names them; this is the first"),
                reason_vi: format!("nội dung của {missing} mục không có trong bản này mà không có lệnh xóa nào nêu; đây là mục đầu tiên"),
            });
        }
    }

    /// What was audited before and is not here any more.
    fn lost(&mut self) {
        let Some(former) = self.former.take() else { return };
        let mut before: Vec<_> =
            former.chains.iter().filter_map(|(c, found)| Some((*c, found.state.head?.seq))).collect();
        before.extend(former.roster().map(|head| (self.roster.chain(), head.seq)));
        for (chain, seq) in before {
            let here = match chain == self.roster.chain() {
                true => self.roster.head().map(|head| head.seq),
                // Of a chain that goes on from a former audit, the state begins where that ended.
                false if self.resumed.contains_key(&chain) => self.reached.get(&chain).copied(),
                false => self.chains.get(&chain).and_then(ChainState::head).map(|head| head.seq),
            };
            if here.is_none_or(|here| here < seq) && !self.broken.contains_key(&chain) {
                let read = here.map_or(0, Seq::get);
                let reason =
                    format!("it reached number {seq} when this network was audited before; here it ends at {read}");
                let next = here.and_then(Seq::next).unwrap_or(Seq::FIRST);
                self.finding(chain, next, ViolationKind::Lost, reason);
            }
        }
    }

    pub(in crate::audit) fn finish(
        mut self,
        path: &Path,
        options: &Options<'_>,
        store: Option<&dyn Before>,
    ) -> Result<Audited, AuditError> {
        self.flush()?;
        self.lost();
        self.missing();
        let nobody = Anchors::none();
        let keys = std::mem::take(&mut self.keys);
        let keys = keys.report(self.roster.network(), options.anchors.unwrap_or(&nobody), |chain| self.name(chain));
        let broken = &self.broken;
        let resumed = &self.resumed;
        let is_new = |entry: EntryRef| resumed.get(&entry.chain).is_none_or(|last| entry.seq > *last);
        let older = store.filter(|_| !resumed.is_empty());
        let lives = std::mem::take(&mut self.lives);
        lives.judge(|chain| broken.get(&chain).copied(), is_new, older, &mut self.finds)?;

        let (chains, roster) = (&self.chains, &self.roster);
        let signed = |chain: ChainId, at: Seq, signed: &CheckpointPayload| {
            let key =
                chains.get(&chain).zip(roster.policy(chain).ok()).and_then(|(state, policy)| state.key_at(&policy, at));
            let key = key.and_then(|key| PublicKey::new(key.as_bytes()).ok());
            let agency = roster.agency(chain);
            key.zip(agency).is_some_and(|(key, agency)| signed.verify(roster.network(), &agency.code, &key).is_ok())
        };
        let reach = |chain: ChainId| {
            let head = chains.get(&chain).and_then(|state| state.head()).map_or(0, |head| head.seq.get());
            broken.get(&chain).map_or(head, |from| head.min(from.get() - 1))
        };
        let (vouched, splits) = self.trees.judge(roster, signed, reach, &mut self.finds)?;

        let roster_chain = self.roster.chain();
        let mut heads = vec![(roster_chain, self.roster.head())];
        heads.extend(
            self.roster
                .agencies()
                .map(|agency| (agency.chain, self.chains.get(&agency.chain).and_then(|state| state.head()))),
        );
        let chain_report = |(chain, head): &(ChainId, Option<Point>)| {
            let vouched = vouched.get(chain).copied().unwrap_or_default();
            let gone = self.forgotten.gone(*chain);
            ChainReport {
                agency: self.name(*chain),
                chain: chain.to_string(),
                entries: head.map_or(0, |head| head.seq.get()),
                head_id: head.map(|head| head.id.to_string()).unwrap_or_default(),
                covered: vouched.covered,
                witnessed: vouched.witnessed,
                witnessed_at: (vouched.witnessed > 0).then_some(vouched.seconds),
                erased: gone.erased,
                missing: gone.missing,
            }
        };
        let chain_reports = heads.iter().map(chain_report).collect();
        let digest = domain::hash(domain::HEADS, &[&congvan_core::codec::encode(&heads)]);
        let catalogue = self.published.iter().map(|(chain, published)| {
            let retired = published.catalogue.records().filter(|record| record.retired.is_some()).count();
            CatalogueReport {
                agency: self.name(*chain),
                live: (published.catalogue.records().count() - retired) as u64,
                retired: retired as u64,
                flagged: published.flagged.clone(),
            }
        });
        let mut catalogue: Vec<_> = catalogue.collect();
        catalogue.sort_by(|a, b| a.agency.cmp(&b.agency));
        let finds = std::mem::take(&mut self.finds);
        let (violations, notes, more) = finds.report(|chain| self.name(chain));
        let report = Report {
            catalogue,
            network: self.roster.network().to_string(),
            network_name: self.roster.genesis().name.to_string(),
            chains: chain_reports,
            violations,
            notes,
            more,
            before: self.before,
            entries: self.entries,
            signatures: self.signatures,
            chunks: self.chunks,
            keys,
            digest: hex::encode(digest),
        };
        let trees = self.trees.into_chains();
        let kept = self.chains.iter().map(|(chain, state)| {
            let code = self.roster.agency(*chain).map(|agency| agency.code.to_string()).unwrap_or_default();
            (*chain, audit_of(code, state, trees.get(chain), self.resumed.contains_key(chain)))
        });
        Ok(Audited {
            path: path.to_owned(),
            report,
            network: self.roster.network(),
            roster: self.roster.head(),
            chains: kept.collect(),
            proofs: self.proofs,
            splits,
        })
    }
}
