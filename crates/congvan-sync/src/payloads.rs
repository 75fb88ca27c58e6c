//! Asking again for payloads that came without anybody's erasure: a peer may have withheld them.
//!
//! An entry without its payload is genuine, and whether it may be so is known only once its chain is here to the end. So
//! chains that are still being fetched wait; of the others, each peer is asked in its turn until one has the payload,
//! or its erasure comes.

use congvan_core::{ChainId, Seq};

use crate::config::{MAX_PAYLOADS, PAYLOAD_RETRY_MS};
use crate::message::Bytes;
use crate::replica::{Purpose, Replica, Step};
use crate::{Action, Instant, Ledger, Peer, Request};

/// Where asking stands.
#[derive(Debug, Default)]
pub(crate) struct Payloads {
    /// When to ask next.
    due: Option<Instant>,
    /// The last entry asked for.
    after: Option<(ChainId, Seq)>,
    /// Who is asked first.
    turn: usize,
}

impl Replica {
    /// Asks for some of them, another peer each time.
    pub(crate) fn ask_payloads<L: Ledger>(&mut self, step: &mut Step<L>) {
        let now = step.now;
        if self.payloads.due.is_some_and(|due| now < due) || self.peers.is_empty() {
            return;
        }
        self.payloads.due = Some(now.after(PAYLOAD_RETRY_MS));
        let missing = step.ledger.missing_payloads(self.payloads.after, MAX_PAYLOADS);
        // Round again: the turn is then another peer's.
        if missing.len() < MAX_PAYLOADS {
            self.payloads.turn = self.payloads.turn.wrapping_add(1);
        }
        self.payloads.after = missing.last().copied().filter(|_| missing.len() == MAX_PAYLOADS);
        for (chain, seq) in missing {
            if self.wants.is_wanted(chain) || self.entries_in_flight() >= self.config.in_flight {
                continue;
            }
            let peers: Vec<_> = self.peers.keys().copied().collect();
            let Some(peer) = peers.get(self.payloads.turn % peers.len().max(1)).copied() else { return };
            if self.has_room(peer, now) {
                let request = Request::Range { chain, from: seq, max_bytes: 1 };
                self.ask(step, peer, Purpose::Payload { chain, seq }, request);
            }
        }
    }

    pub(crate) fn payload_heard<L: Ledger>(
        &mut self,
        step: &mut Step<L>,
        peer: Peer,
        (chain, seq): (ChainId, Seq),
        entries: &[Bytes],
    ) {
        let entries = entries.get(..1).unwrap_or_default();
        let Some(entries) = self.parse(step, peer, chain, seq, entries) else { return };
        // Another entry with this number is for the comparison of heads to find.
        let same = |entry: &congvan_core::UnverifiedEntry| step.ledger.id_at(chain, seq) == Some(entry.id());
        if !entries.first().is_some_and(same) {
            return;
        }
        if let Ok(taken) = step.ledger.ingest(chain, entries)
            && !taken.filled.is_empty()
        {
            step.actions.push(Action::Stored { chain });
        }
    }
}
