//! Hints: what we tell when we wrote, and what we make of what others tell.

use std::collections::BTreeMap;

use congvan_core::chain::KeyRotation;
use congvan_core::entry::{Kind, SIGNED_LEN};
use congvan_core::evidence::RawProof;
use congvan_core::{ChainId, EquivocationProof, Roster, UnverifiedEntry, VerifiedEntry, Wire};

use crate::config::{MAX_ANNOUNCEMENTS, STRIKES_BAD_GOSSIP};
use crate::replica::{Replica, Step};
use crate::{Action, Announcement, AnnouncementId, ChainHead, Instant, Ledger, Peer, Verdict};

/// Own entries that wait for their announcement: of a burst only the last is announced, since a
/// range brings all before it.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: BTreeMap<ChainId, [u8; SIGNED_LEN]>,
    announced: Option<Instant>,
}

impl Outbox {
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}

impl Replica {
    pub(crate) fn appended<L: Ledger>(&mut self, step: &mut Step<L>, entries: Vec<VerifiedEntry>) {
        let mut last = BTreeMap::new();
        for entry in entries {
            last.insert(entry.header().chain, entry);
        }
        let roster = step.ledger.roster().chain();
        for (chain, entry) in last {
            self.refresh(step, chain);
            self.own.wrote(chain);
            if chain == roster {
                self.roster_changed(step);
            }
            let mut signed = [0; SIGNED_LEN];
            signed.copy_from_slice(entry.signed_bytes());
            if self.outbox.waiting.len() < MAX_ANNOUNCEMENTS || self.outbox.waiting.contains_key(&chain) {
                self.outbox.waiting.insert(chain, signed);
            } else {
                step.actions.push(Action::Announce(Announcement::Entry(signed)));
            }
        }
    }

    pub(crate) fn flush_outbox<L: Ledger>(&mut self, step: &mut Step<L>) {
        let paused = |announced: Instant| step.now.since(announced) < self.config.announce_ms;
        if self.outbox.waiting.is_empty() || self.outbox.announced.is_some_and(paused) {
            return;
        }
        self.outbox.announced = Some(step.now);
        let waiting = std::mem::take(&mut self.outbox.waiting);
        step.actions.extend(waiting.into_values().map(|signed| Action::Announce(Announcement::Entry(signed))));
    }

    pub(crate) fn announced<L: Ledger>(
        &mut self,
        step: &mut Step<L>,
        peer: Peer,
        id: AnnouncementId,
        announcement: Announcement,
    ) {
        let may = self.peers.contains_key(&peer) && self.conducts.may_announce(&self.config, peer, step.now);
        let verdict = match announcement {
            _ if !may => Verdict::Ignore,
            Announcement::Entry(signed) => self.entry_announced(step, peer, &signed),
            Announcement::Proof(proof) => self.proof_announced(step, &proof),
        };
        step.actions.push(Action::Validated { id, verdict });
        if verdict == Verdict::Reject {
            self.strike(step, peer, STRIKES_BAD_GOSSIP, "it forwards what does not verify");
        }
    }

    fn entry_announced<L: Ledger>(&mut self, step: &mut Step<L>, peer: Peer, signed: &[u8]) -> Verdict {
        let Ok(entry) = UnverifiedEntry::parse(signed) else { return Verdict::Reject };
        let roster = step.ledger.roster();
        let header = entry.header();
        let (chain, seq) = (header.chain, header.seq);
        if header.network != roster.network() {
            return Verdict::Reject;
        }
        if chain != roster.chain() && roster.agency(chain).is_none() {
            // Our roster may be behind: the next comparison fetches it first.
            self.compare_soon(step, peer);
            return Verdict::Ignore;
        }
        let ours = step.ledger.head(chain);
        if ours.quarantined.is_some_and(|q| q <= seq) {
            return Verdict::Ignore;
        }
        let known = ours.head.is_some_and(|head| seq <= head.seq);
        if known && step.ledger.id_at(chain, seq) == Some(entry.id()) {
            return Verdict::Ignore;
        }
        if !step.ledger.is_signed(&entry) {
            return Verdict::Reject;
        }
        if known {
            return self.rival_announced(step, &entry);
        }
        let have = ours.head.map_or(0, |head| head.seq.get());
        self.wants.hint(chain, peer, seq, have);
        match may_sign(step.ledger, &roster, ours, &entry) {
            // Perhaps a key that we have not heard of: fetched, but not forwarded.
            false => Verdict::Ignore,
            true => {
                if self.own.chain() == Some(chain) {
                    self.own.claimed(peer, Some(entry.point()), step.now);
                }
                Verdict::Accept
            }
        }
    }

    /// An entry with a number that we hold another entry for.
    fn rival_announced<L: Ledger>(&mut self, step: &mut Step<L>, rival: &UnverifiedEntry) -> Verdict {
        let stored = step.ledger.range(rival.header().chain, rival.seq(), 1);
        let signed = stored.first().and_then(|bytes| bytes.get(..SIGNED_LEN));
        let proof = signed
            .and_then(|signed| UnverifiedEntry::parse(signed).ok())
            .and_then(|ours| EquivocationProof::new(&ours, rival).ok());
        if let Some(proof) = proof {
            self.proven(step, proof, true);
        }
        // The proof says it better.
        Verdict::Ignore
    }

    fn proof_announced<L: Ledger>(&mut self, step: &mut Step<L>, proof: &RawProof) -> Verdict {
        match EquivocationProof::parse(&proof.to_bytes()) {
            Ok(proof) if proof.network() == step.ledger.roster().network() => match self.proven(step, proof, false) {
                true => Verdict::Accept,
                // Known, about a key that never held there, or about a number that we do not reach
                // yet; the comparison of heads brings it then.
                false => Verdict::Ignore,
            },
            _ => Verdict::Reject,
        }
    }

    /// Compares with a peer soon, but no more than twenty times in one interval.
    fn compare_soon<L: Ledger>(&mut self, step: &mut Step<L>, peer: Peer) {
        let pause = self.config.reconcile_ms / 20;
        if let Some(state) = self.peers.get_mut(&peer) {
            state.next_reconcile = state.next_reconcile.min(step.now.after(pause));
        }
    }
}

/// Whether an entry's signer is one that may hold at its number, as far as roster and head tell.
fn may_sign(ledger: &impl Ledger, roster: &Roster, ours: ChainHead, entry: &UnverifiedEntry) -> bool {
    let header = entry.header();
    if header.chain == roster.chain() {
        return roster.registrars().0.iter().any(|key| key.id() == header.signer);
    }
    let Some(agency) = roster.agency(header.chain) else { return false };
    let policy = agency.policy();
    if policy.limit.is_some_and(|limit| header.seq.get() > limit) {
        return false;
    }
    let granted = policy.grants.iter().any(|g| g.from <= header.seq && g.keys.sign.id() == header.signer);
    granted || head_names(ledger, ours, header.chain).contains(&Some(header.signer))
}

/// The key that signed the head, and the one that it rotates to.
fn head_names(ledger: &impl Ledger, ours: ChainHead, chain: ChainId) -> [Option<congvan_core::KeyId>; 2] {
    let head = ours.head.and_then(|head| ledger.range(chain, head.seq, 1).into_iter().next());
    let Some(head) = head.and_then(|bytes| UnverifiedEntry::parse(&bytes).ok()) else { return [None, None] };
    let rotated = head.payload().filter(|_| head.header().kind == Kind::ROTATION);
    let rotated = rotated.and_then(|payload| KeyRotation::from_bytes(payload).ok());
    [Some(head.header().signer), rotated.map(|rotation| rotation.keys.sign.id())]
}
