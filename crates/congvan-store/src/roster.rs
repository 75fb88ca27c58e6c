//! Taking in the roster, and holding every chain that it touches against its new word.

use std::sync::Arc;

use congvan_core::ingest::Ingested;
use congvan_core::{ChainId, ChainPolicy, LinkedEntry, Point, Quarantine, RosterAction, Seq, UnverifiedEntry};

use crate::batch::{Batch, Meaning};
use crate::chain::Chain;
use crate::erase::Named;
use crate::error::{Corruption, IngestError, StoreError};
use crate::layout::{self, Cf, ChainNo};
use crate::ledger::{Ledger, guard, standing};
use crate::read::id_at;

impl Ledger {
    pub(crate) fn ingest_roster(&self, entries: Vec<UnverifiedEntry>) -> Result<Ingested, IngestError> {
        let mut side = guard(&self.0.write);
        let (old, before, mut next_no) = {
            let view = self.0.view();
            let id = view.roster.chain();
            let roster = view.chains.get(&id).cloned().ok_or(IngestError::UnknownChain(id))?;
            (view.roster.clone(), roster, view.numbers.len() as u32)
        };
        let mut new = self.unknown(&before, entries)?;
        let Some(first) = new.first().map(UnverifiedEntry::seq) else { return Ok(Ingested::default()) };
        if let Some(Quarantine { from, .. }) = before.quarantine {
            // A forked roster takes no more changes until the operators choose; what came before stays good.
            if first >= from {
                return Err(IngestError::Quarantined(from));
            }
            new.retain(|entry| entry.seq() < from);
        }

        let mut roster = (*old).clone();
        let mut batch = Batch::new(&self.0.db, side.next_feed, 4096);
        let (mut linked, mut touched, mut orders) = (Vec::new(), Vec::new(), Vec::new());
        for entry in new {
            let change = roster.check(entry)?;
            touched.extend(roster.apply(&change)?);
            if let RosterAction::Erase { chain, erasure } = change.action() {
                orders.push((*chain, erasure.clone(), change.entry().seq()));
            }
            let entry = change.entry().clone().into_linked();
            batch.put_entry(before.no, &entry, &Meaning::Other);
            batch.feed(&entry);
            linked.push(entry);
        }
        let mut after = (*before).clone();
        after.grow(linked.last().map(LinkedEntry::point));
        batch.put_chain(&after, Some(&before));

        touched.sort();
        touched.dedup();
        let mut changed = vec![after];
        for id in touched {
            let policy = roster.policy(id).unwrap_or_default();
            match self.chain(id) {
                Some(chain) => {
                    let policy_before = old.policy(id).unwrap_or_default();
                    changed.extend(self.reconsider(&mut batch, &chain, &policy_before, &policy)?);
                }
                None => {
                    let chain = Chain::new(ChainNo(next_no), id);
                    next_no += 1;
                    batch.put_chain(&chain, None);
                    changed.push(chain);
                }
            }
        }

        for (chain, erasure, seq) in &orders {
            let known = self.chain(*chain).map(|chain| chain.no);
            let new = || changed.iter().find(|new| new.state.chain() == *chain).map(|new| new.no);
            if let Some(no) = known.or_else(new) {
                batch.note_erasure(no, erasure.entries.iter().copied(), (ChainNo::ROSTER, *seq));
            }
        }

        let (write, next_feed) = batch.finish();
        // What ceases to stand leaves view and disk at once.
        let mut view = self.0.view_mut();
        self.0.db.write(write, true)?;
        side.next_feed = next_feed;
        view.roster = Arc::new(roster);
        let roster = view.roster.chain();
        for mut chain in changed {
            chain.standing = standing(&self.0.db, &chain, chain.state.chain() == roster)?;
            view.publish(chain);
        }
        drop(view);
        if !orders.is_empty() {
            self.drop_named()?;
        }
        Ok(Ingested { entries: linked, roster_changed: true, ..Ingested::default() })
    }

    /// Holds a chain against a new policy: sets aside what it forbids, and takes back what it allows
    /// again. `None` if nothing changes.
    fn reconsider(
        &self,
        batch: &mut Batch<'_>,
        before: &Chain,
        policy_before: &ChainPolicy,
        policy: &ChainPolicy,
    ) -> Result<Option<Chain>, StoreError> {
        if policy_before == policy {
            return Ok(None);
        }
        let mut after = before.clone();
        let id = before.state.chain();
        let at = |seq| id_at(&self.0.db, id, before.no, seq).ok();
        if let Some(keep) = before.state.obeys(policy, at) {
            self.cut(batch, &mut after, keep)?;
        }
        self.take_back(batch, &mut after, policy)?;
        after.quarantine = after.judge(Some(policy));
        after.epoch += 1;
        if after.state != before.state || after.quarantine != before.quarantine {
            after.generation += 1;
        }
        batch.put_chain(&after, Some(before));
        Ok(Some(after))
    }

    /// Moves everything behind number `keep` to the evidence.
    fn cut(&self, batch: &mut Batch<'_>, chain: &mut Chain, keep: u64) -> Result<(), StoreError> {
        let id = chain.state.chain();
        let head = match Seq::new(keep) {
            Some(seq) => Some(Point { seq, id: id_at(&self.0.db, id, chain.no, seq)? }),
            None => None,
        };
        let (from, to) = (layout::place(chain.no, keep + 1), layout::place(chain.no, chain.head().saturating_add(1)));
        for item in self.0.db.scan(Cf::Entries, from.to_vec(), to.to_vec(), false) {
            let (key, bytes) = item?;
            match UnverifiedEntry::parse(&bytes) {
                Ok(entry) => batch.set_aside(chain.no, &entry),
                Err(error) => {
                    tracing::error!(chain = %id, %error, "a damaged entry that no longer stands was dropped");
                    batch.delete(Cf::Entries, key);
                }
            }
        }
        tracing::warn!(chain = %id, head = chain.head(), keep, "the registrar ended a chain before its last entry");
        chain.state = chain.state.cut_back(head);
        chain.verified = chain.verified.min(keep);
        chain.doubts.cut_back(keep);
        Ok(())
    }

    /// Takes entries back that were set aside and continue the chain now, each checked whole.
    fn take_back(&self, batch: &mut Batch<'_>, chain: &mut Chain, policy: &ChainPolicy) -> Result<(), StoreError> {
        while let Some(due) = chain.state.next_seq() {
            if chain.doubts.barrier(&chain.state, policy).is_some_and(|barrier| due >= barrier) {
                return Ok(());
            }
            let Some(entry) = self.orphan(chain, due, policy)? else { return Ok(()) };
            batch.note_missing(chain.no, &entry, &Named::stored(&self.0.db, chain.no, due, due)?);
            let meaning = Meaning::of(entry.header().kind, entry.payload());
            batch.drop_orphan(chain.no, entry.point());
            batch.put_entry(chain.no, &entry, &meaning);
            if self.0.owner.concerns(&entry, &meaning) {
                batch.feed(&entry);
            }
            if chain.verified + 1 == due.get() {
                chain.verified = due.get();
            }
        }
        Ok(())
    }

    /// The first entry set aside that `chain` accepts next; the chain has moved on to it then.
    fn orphan(&self, chain: &mut Chain, due: Seq, policy: &ChainPolicy) -> Result<Option<LinkedEntry>, StoreError> {
        let prefix = layout::orphan_prefix(chain.no, due.get());
        for item in self.0.db.scan_prefix(Cf::Evidence, &prefix, false) {
            let entry = UnverifiedEntry::parse(&item?.1).map_err(Corruption::from)?;
            if let Ok(mut linked) = chain.state.extend(self.0.network, policy, vec![entry]) {
                return Ok(linked.pop());
            }
        }
        Ok(None)
    }

    /// The entries of a chain that were set aside, by number: evidence of what no longer stands.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_aside(&self, chain: ChainId) -> Result<Vec<UnverifiedEntry>, StoreError> {
        let Some(chain) = self.chain(chain) else { return Ok(vec![]) };
        let prefix = [b"O".as_slice(), &chain.no.0.to_be_bytes()].concat();
        let stored = self.0.db.scan_prefix(Cf::Evidence, &prefix, false);
        stored.map(|item| Ok(UnverifiedEntry::parse(&item?.1).map_err(Corruption::from)?)).collect()
    }
}

impl Chain {
    /// The roster's head, whose entries are each checked whole.
    fn grow(&mut self, head: Option<Point>) {
        let record = congvan_core::chain::ChainRecord { head, ..self.state.to_record() };
        self.state = congvan_core::ChainState::from_record(record);
        self.verified = self.head();
        self.epoch += 1;
    }
}
