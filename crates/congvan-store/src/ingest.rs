//! Taking in entries of agencies' chains, proofs against them, and checking behind.

use congvan_core::chain::Fault;
use congvan_core::evidence::ProofError;
use congvan_core::ingest::Ingested;
use congvan_core::{ChainError, ChainId, ChainPolicy, EquivocationProof, LinkedEntry, Point, Seq, UnverifiedEntry};
use rayon::prelude::*;

use crate::batch::{Batch, Meaning};
use crate::chain::Chain;
use crate::erase::Named;
use crate::error::{Corruption, IngestError, StoreError};
use crate::layout::{self, Cf};
use crate::ledger::{Ledger, WriteSide, guard, standing};
use crate::read::id_at;

/// What a background check did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Entries whose own signature was checked.
    pub checked: u64,
    /// Standing entries left to check.
    pub remaining: u64,
    /// Where a signature was bad; the chain is in quarantine from there on.
    pub bad: Vec<(ChainId, Seq)>,
}

impl Ledger {
    /// Verifies by the rules of DESIGN §3.5 and stores entries of one chain, consecutive and
    /// ascending. Those stored already are passed over; in a quarantined chain, only those before the
    /// quarantine are taken. Entries that concern this agency are checked by their own signature, and
    /// enter the feed; where one is bad, the chain is in quarantine from it on.
    ///
    /// # Errors
    /// [`IngestError`]; nothing is stored then.
    pub fn ingest(&self, chain: ChainId, entries: Vec<UnverifiedEntry>) -> Result<Ingested, IngestError> {
        self.0.db.writable()?;
        match chain == ChainId::of_roster(self.0.network) {
            true => self.ingest_roster(entries),
            false => self.ingest_agency(chain, entries),
        }
    }

    fn ingest_agency(&self, id: ChainId, mut entries: Vec<UnverifiedEntry>) -> Result<Ingested, IngestError> {
        let mut side = guard(&self.0.write);
        let (policy, before) = {
            let view = self.0.view();
            let policy = view.roster.policy(id).map_err(|_| IngestError::UnknownChain(id))?;
            (policy, view.chains.get(&id).cloned().ok_or(IngestError::UnknownChain(id))?)
        };
        let barrier =
            before.quarantine.map(|q| q.from).into_iter().chain(before.doubts.barrier(&before.state, &policy)).min();
        if let (Some(barrier), Some(first)) = (barrier, entries.first()) {
            if first.seq() >= barrier {
                return Err(IngestError::Quarantined(barrier));
            }
            entries.retain(|entry| entry.seq() < barrier);
        }
        // The registrar's word goes before a rival's.
        let pinned = |entry: &&UnverifiedEntry| policy.is_pinned(entry.seq()) && !policy.pins.contains(&entry.point());
        if let Some(entry) = entries.iter().find(pinned) {
            return Err(ChainError { seq: entry.seq(), fault: Fault::Pinned }.into());
        }
        let filled = self.fill(&mut side, &before, &entries)?;
        let new = self.unknown(&before, entries)?;
        let (Some(first), Some(last)) = (new.first().map(UnverifiedEntry::seq), new.last().map(UnverifiedEntry::seq))
        else {
            return Ok(Ingested { filled, ..Ingested::default() });
        };

        let mut after = (*before).clone();
        let linked = after.state.extend(self.0.network, &policy, new)?;
        let meanings: Vec<_> = linked.iter().map(|entry| Meaning::of(entry.header().kind, entry.payload())).collect();
        let concerning: Vec<_> =
            linked.iter().zip(&meanings).map(|(entry, meaning)| self.0.owner.concerns(entry, meaning)).collect();
        let bad = linked.par_iter().zip(&concerning).find_first(|(entry, ours)| **ours && entry.check().is_err());
        after.doubts.note_bad(bad.map(|(entry, _)| entry.point()));
        if linked.len() == 1 && before.verified == before.head() && after.doubts.bad().is_none() {
            // The last of a batch was checked by its own signature, and here it is the only one.
            after.verified = after.head();
        }
        after.epoch += 1;
        after.quarantine = after.judge(Some(&policy));

        let bytes: usize = linked.iter().map(|entry| entry.bytes().len() + 192).sum();
        let mut batch = Batch::new(&self.0.db, side.next_feed, bytes);
        let bad = after.doubts.bad().map(|bad| bad.seq);
        let stands = |entry: &LinkedEntry| bad.is_none_or(|bad| entry.seq() < bad);
        let mut named = Named::stored(&self.0.db, after.no, first, last)?;
        let mut erases = false;
        for entry in linked.iter().filter(|entry| stands(entry)) {
            named.add(entry);
            erases |= batch.note_own_erasure(after.no, entry);
        }
        let mut kept = Vec::with_capacity(linked.len());
        for ((entry, meaning), ours) in linked.into_iter().zip(&meanings).zip(concerning) {
            let entry = match named.keep(&entry) {
                None => {
                    batch.put_entry(after.no, &entry, meaning);
                    entry
                }
                Some(left) => {
                    batch.put_entry(after.no, &left, &Meaning::Other);
                    left
                }
            };
            batch.note_missing(after.no, &entry, &named);
            if ours && stands(&entry) && !named.contains(&entry) {
                batch.feed(&entry);
            }
            kept.push(entry);
        }
        batch.put_chain(&after, Some(&before));
        let (write, next_feed) = batch.finish();
        self.0.db.write(write, true)?;
        side.next_feed = next_feed;
        after.standing = standing(&self.0.db, &after, false)?;
        self.0.view_mut().publish(after);
        if erases {
            self.drop_named()?;
        }
        Ok(Ingested { entries: kept, roster_changed: false, filled })
    }

    /// Gives entries that were stored without their payloads, which nobody erased, what came now.
    fn fill(
        &self,
        side: &mut WriteSide,
        stored: &Chain,
        entries: &[UnverifiedEntry],
    ) -> Result<Vec<LinkedEntry>, IngestError> {
        let mut filled = Vec::new();
        for entry in entries.iter().filter(|entry| entry.seq().get() <= stored.head() && entry.payload().is_some()) {
            let (id, seq) = (stored.state.chain(), entry.seq());
            if self.is_missing(stored.no, seq)? && id_at(&self.0.db, id, stored.no, seq)? == entry.id() {
                let linked = stored.state.stored(entry.clone())?;
                linked.check()?;
                filled.push(linked);
            }
        }
        if filled.is_empty() {
            return Ok(filled);
        }
        let mut batch = Batch::new(&self.0.db, side.next_feed, filled.len() * 1024);
        let mut erases = false;
        for entry in &filled {
            let meaning = Meaning::of(entry.header().kind, entry.payload());
            batch.put_entry(stored.no, entry, &meaning);
            batch.delete(Cf::Erasures, layout::erasure_key(b'M', layout::place(stored.no, entry.seq().get())));
            erases |= batch.note_own_erasure(stored.no, entry);
            if self.0.owner.concerns(entry, &meaning) {
                batch.feed(entry);
            }
        }
        let (write, next_feed) = batch.finish();
        self.0.db.write(write, true)?;
        side.next_feed = next_feed;
        if erases {
            self.drop_named()?;
        }
        Ok(filled)
    }

    /// Those of `entries` that follow what is stored, after the others were found to be the same.
    pub(crate) fn unknown(
        &self,
        stored: &Chain,
        entries: Vec<UnverifiedEntry>,
    ) -> Result<Vec<UnverifiedEntry>, IngestError> {
        let due = stored.state.next_seq().unwrap_or(Seq::FIRST);
        if let Some(first) = entries.first().filter(|first| first.seq() > due) {
            return Err(IngestError::Gap { first: first.seq(), due });
        }
        let mut new = Vec::with_capacity(entries.len());
        let mut rival = None;
        for entry in entries {
            if entry.seq().get() > stored.head() {
                new.push(entry);
                continue;
            }
            let seq = entry.seq();
            let known = self.0.db.get(Cf::Entries, layout::place(stored.no, seq.get()))?;
            let known = known.ok_or(Corruption::Missing).and_then(|bytes| Ok(UnverifiedEntry::parse(&bytes)?));
            let known = known.map_err(|error| StoreError::from(error).at(stored.state.chain(), seq))?;
            if known.id() == entry.id() {
                continue;
            }
            // Of a forged branch, a later entry may be the one that its agency did sign.
            let fault = match EquivocationProof::new(&known, &entry) {
                Ok(proof) => return Err(IngestError::Equivocation(Box::new(proof))),
                Err(ProofError::Signature(_)) => Fault::Signature,
                Err(_) => Fault::Signer,
            };
            rival.get_or_insert(ChainError { seq, fault });
        }
        match rival {
            Some(fault) => Err(fault.into()),
            None => Ok(new),
        }
    }

    /// Stores a proof whose signer held that number, and puts the chain in quarantine from there on.
    /// `false` if nothing changed: the chain is in quarantine from there or before, or the registrar
    /// named the entry that stands.
    ///
    /// # Errors
    /// [`IngestError`] if the proof concerns no chain or key of this network; [`IngestError::Gap`] if
    /// the chain does not reach up to it yet, so that its key is not known.
    pub fn add_proof(&self, proof: &EquivocationProof) -> Result<bool, IngestError> {
        self.0.db.writable()?;
        let (id, seq) = (proof.chain(), proof.seq());
        let refused = |fault| IngestError::from(ChainError { seq, fault });
        if proof.network() != self.0.network {
            return Err(refused(Fault::Network));
        }
        let side = guard(&self.0.write);
        let (roster, before) = {
            let view = self.0.view();
            (view.roster.clone(), view.chains.get(&id).cloned().ok_or(IngestError::UnknownChain(id))?)
        };
        let due = before.state.next_seq().unwrap_or(seq);
        let is_roster = id == roster.chain();
        let policy = roster.policy(id).unwrap_or_default();
        let signed_here = match is_roster {
            // A registrar alone cannot stop the roster with entries that never had their approvals,
            // unless it signed the one that is stored.
            true => {
                let stored = self.entry(id, seq)?;
                stored.is_some_and(|stored| proof.entries().iter().any(|entry| entry.id() == stored.id()))
                    || roster.registrars().0.contains(proof.signer())
            }
            false if seq > due => return Err(IngestError::Gap { first: seq, due }),
            false => before.state.key_at(&policy, seq) == Some(proof.signer().id()),
        };
        if !signed_here {
            return Err(refused(Fault::Signer));
        }
        let mut after = (*before).clone();
        if !after.doubts.note_proof(proof) {
            return Ok(false);
        }
        after.quarantine = after.judge((!is_roster).then_some(&*policy));
        let changed = after.quarantine != before.quarantine;
        after.standing = standing(&self.0.db, &after, is_roster)?;
        after.epoch += u64::from(changed);
        after.generation += u64::from(changed);
        let mut batch = Batch::new(&self.0.db, side.next_feed, 1024);
        batch.put(Cf::Evidence, layout::proof_key(after.no, seq), proof.to_bytes());
        self.0.db.write(batch.finish().0, true)?;
        self.0.view_mut().publish(after);
        Ok(changed)
    }

    /// Checks the own signatures of entries that came in bulk, at most `max_entries`, and remembers
    /// how far. A bad one puts its chain in quarantine from that number on. To be called until
    /// nothing remains, whenever there is time.
    ///
    /// # Errors
    /// [`StoreError`]. A damaged entry is logged and its chain left where it is.
    pub fn verify_pending(&self, max_entries: usize) -> Result<Verified, StoreError> {
        self.0.db.writable()?;
        let mut done = Verified::default();
        let chains: Vec<_> = self.0.view().chains.values().cloned().collect();
        for chain in chains {
            let last = chain.standing.map_or(0, |head| head.seq.get());
            if chain.verified >= last {
                continue;
            }
            let room = (max_entries as u64).saturating_sub(done.checked);
            let until = last.min(chain.verified.saturating_add(room));
            let checked = match room {
                0 => chain.verified,
                _ => self.verify_chain(&chain, until, &mut done)?,
            };
            // What is damaged stays unchecked, and is not counted as work that can be done.
            if checked == until {
                done.remaining += last - until;
            }
        }
        Ok(done)
    }

    /// Checks a chain up to `until`; returns up to where it went.
    fn verify_chain(&self, chain: &Chain, until: u64, done: &mut Verified) -> Result<u64, StoreError> {
        let id = chain.state.chain();
        let Some(from) = Seq::new(chain.verified + 1) else { return Ok(until) };
        let wanted = usize::try_from(until - chain.verified).unwrap_or(usize::MAX);
        let mut entries = Vec::new();
        for entry in self.entries(id, from).take(wanted) {
            match entry {
                Ok(entry) => entries.push(entry),
                Err(error) => {
                    tracing::error!(%error, "a stored entry is damaged");
                    break;
                }
            }
        }
        let bad = entries.par_iter().find_first(|entry| entry.check().is_err()).map(LinkedEntry::point);
        done.checked += entries.len() as u64;
        let reached = chain.verified + entries.len() as u64;
        let verified = bad.map_or(reached, |bad| bad.seq.get() - 1);
        if verified == chain.verified && bad.is_none() {
            return Ok(reached);
        }
        if self.note_verified(chain, verified, bad)? {
            done.bad.extend(bad.map(|bad| (id, bad.seq)));
        }
        Ok(if bad.is_some() { until } else { reached })
    }

    /// `false` where the chain changed meanwhile, so that what was checked may not be what is there.
    fn note_verified(&self, checked: &Chain, verified: u64, bad: Option<Point>) -> Result<bool, StoreError> {
        let id = checked.state.chain();
        let side = guard(&self.0.write);
        let Some(before) = self.chain(id).filter(|now| now.generation == checked.generation) else {
            return Ok(false);
        };
        let mut after = (*before).clone();
        after.verified = before.verified.max(verified);
        if bad.is_some() {
            let policy = self.roster().policy(id).unwrap_or_default();
            after.distrust(bad, &policy);
            after.standing = standing(&self.0.db, &after, false)?;
        }
        let mut batch = Batch::new(&self.0.db, side.next_feed, 256);
        batch.put_chain(&after, Some(&before));
        // Only what was found is worth waiting for the disk; how far one came is found out again.
        self.0.db.write(batch.finish().0, bad.is_some())?;
        self.0.view_mut().publish(after);
        Ok(true)
    }
}

impl Chain {
    fn distrust(&mut self, bad: Option<Point>, policy: &ChainPolicy) {
        self.doubts.note_bad(bad);
        self.quarantine = self.judge(Some(policy));
        self.epoch += 1;
        self.generation += 1;
    }
}
