//! Answering: from the ledger alone, nothing remembered of who asked what, at a bounded rate.

use congvan_core::evidence::RawProof;
use congvan_core::{Bounded, ChainId, EquivocationProof, Seq, UnverifiedEntry};

use crate::message::{MAX_RANGE, MAX_RANGE_ENTRIES, Request, Response};
use crate::replica::{Replica, Step};
use crate::{Action, Ledger, Peer, ReplyId};

impl Replica {
    pub(crate) fn serve<L: Ledger>(&mut self, step: &mut Step<L>, peer: Peer, reply: ReplyId, request: Request) {
        let may = self.peers.contains_key(&peer) && self.conducts.may_ask(&self.config, peer, step.now);
        let response = match request {
            _ if !may => Response::Busy,
            Request::Heads(asked) => {
                if asked.iter().any(|compared| !compared.prefix.is_canonical()) {
                    self.ban(step, peer, "it compared a malformed prefix");
                    Response::Busy
                } else {
                    self.index(step).answer(&asked)
                }
            }
            Request::Range { chain, from, max_bytes } => match self.index(step).get(chain) {
                Some(_) => range(step.ledger, chain, from, max_bytes),
                None => Response::NotFound,
            },
            Request::Proof(chain) => Response::Proof(step.ledger.proof(chain).as_ref().map(raw)),
            Request::Chunk { blob, index } => chunk(step.ledger.chunk(&blob, index)),
        };
        step.actions.push(Action::Respond { reply, response });
    }
}

/// A range that whoever receives it can verify alone: it ends with an entry whose own signature
/// holds. An author may have hidden a bad one in the middle, which our background check has not
/// reached; ending there would lay the blame on us.
fn range(ledger: &impl Ledger, chain: ChainId, from: Seq, max_bytes: u32) -> Response {
    let max = (max_bytes as usize).clamp(1, MAX_RANGE);
    let holds = |bytes: &[u8]| UnverifiedEntry::parse(bytes).is_ok_and(|entry| ledger.is_signed(&entry));
    let mut entries = ledger.range(chain, from, max);
    if entries.is_empty() {
        // Whoever asks for what is in quarantine gets the evidence, up to the first signed descendant.
        entries = ledger.evidence(chain, from, max);
        let signed = entries.iter().position(|bytes| holds(bytes)).map_or(0, |at| at + 1);
        entries.truncate(signed);
    }
    entries.truncate(MAX_RANGE_ENTRIES);
    while entries.last().is_some_and(|last| !holds(last)) {
        entries.pop();
    }
    let bounded: Result<Vec<_>, _> = entries.iter().map(|bytes| Bounded::new(bytes.to_vec())).collect();
    match bounded.and_then(Bounded::new) {
        Ok(entries) => Response::Range(entries),
        // No stored entry is longer than an entry may be.
        Err(_) => Response::NotFound,
    }
}

fn chunk(found: Option<(Vec<u8>, Vec<[u8; 32]>)>) -> Response {
    let bounded = found.and_then(|(bytes, proof)| Bounded::new(bytes).ok().zip(Bounded::new(proof).ok()));
    bounded.map_or(Response::NotFound, |(bytes, proof)| Response::Chunk { bytes, proof })
}

/// A proof as the wire carries it.
pub(crate) fn raw(proof: &EquivocationProof) -> RawProof {
    let [first, second] = proof.entries().map(|entry| {
        let mut bytes = [0; congvan_core::entry::SIGNED_LEN];
        bytes.copy_from_slice(entry.signed_bytes());
        bytes
    });
    RawProof { first, second }
}
