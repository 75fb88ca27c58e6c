//! Fetching attachments, chunk by chunk, from whoever has them.

use std::collections::{BTreeMap, BTreeSet};

use congvan_core::blob::{BlobRef, verify_chunk};

use crate::config::{BLOB_RETRY_MS, MAX_BLOBS};
use crate::replica::{Purpose, Replica, Step};
use crate::{Action, Instant, Ledger, Peer, Request};

#[derive(Debug, Default)]
struct Fetch {
    /// Chunks on their way.
    asked: BTreeSet<u32>,
    /// Peers that lack it, and until when they are not asked again; connected ones only.
    lacking: BTreeMap<Peer, Instant>,
}

/// The blobs to be fetched.
#[derive(Debug, Default)]
pub(crate) struct Blobs(BTreeMap<BlobRef, Fetch>);

impl Blobs {
    pub(crate) fn wanted(&self) -> Vec<BlobRef> {
        self.0.keys().copied().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// A chunk's request ended, one way or the other.
    pub(crate) fn landed(&mut self, blob: BlobRef, index: u32) {
        if let Some(fetch) = self.0.get_mut(&blob) {
            fetch.asked.remove(&index);
        }
    }

    pub(crate) fn lacks(&mut self, blob: BlobRef, peer: Peer, now: Instant) {
        if let Some(fetch) = self.0.get_mut(&blob) {
            fetch.lacking.insert(peer, now.after(BLOB_RETRY_MS));
        }
    }

    pub(crate) fn drop_peer(&mut self, peer: Peer) {
        for fetch in self.0.values_mut() {
            fetch.lacking.remove(&peer);
        }
    }
}

impl Replica {
    pub(crate) fn want_blobs<L: Ledger>(&mut self, step: &mut Step<L>, blobs: Vec<BlobRef>) {
        for blob in blobs {
            if step.ledger.has_blob(&blob) {
                step.actions.push(Action::BlobComplete(blob.id));
            } else if self.blobs.0.len() < MAX_BLOBS {
                self.blobs.0.entry(blob).or_default();
            }
        }
    }

    pub(crate) fn chunk_heard<L: Ledger>(
        &mut self,
        step: &mut Step<L>,
        peer: Peer,
        blob: BlobRef,
        index: u32,
        bytes: &[u8],
        proof: &[[u8; 32]],
    ) {
        if verify_chunk(&blob, index, bytes, proof).is_err() {
            return self.ban(step, peer, "it sent a chunk that is not the blob's");
        }
        if !self.blobs.0.contains_key(&blob) {
            return;
        }
        match step.ledger.put_chunk(&blob, index, bytes) {
            Ok(true) => {
                self.blobs.0.remove(&blob);
                step.actions.push(Action::BlobComplete(blob.id));
            }
            Ok(false) => {}
            // The disk is full or fails: slower, so that its error is not repeated at full speed.
            Err(_) => self.put_off(peer, step.now),
        }
    }

    /// Asks for missing chunks, spread over all peers that may have them.
    pub(crate) fn schedule_chunks<L: Ledger>(&mut self, step: &mut Step<L>) {
        if self.blobs.0.is_empty() {
            return;
        }
        let now = step.now;
        let mut free = self.config.chunks_in_flight.saturating_sub(self.chunks_in_flight());
        let room = |state: &crate::replica::PeerState, per_peer: usize| {
            if state.may_be_asked(now) { per_peer.saturating_sub(state.chunks_in_flight) } else { 0 }
        };
        let per_peer = self.config.chunks_per_peer;
        let mut rooms: BTreeMap<Peer, usize> =
            self.peers.iter().map(|(peer, state)| (*peer, room(state, per_peer))).filter(|(_, n)| *n > 0).collect();
        let (mut asks, mut erased) = (Vec::new(), Vec::new());
        for (blob, fetch) in &mut self.blobs.0 {
            if free == 0 || rooms.is_empty() {
                break;
            }
            let has = |peer: &Peer| fetch.lacking.get(peer).is_none_or(|until| *until <= now);
            if !rooms.keys().any(has) {
                continue;
            }
            let missing = step.ledger.missing_chunks(blob, fetch.asked.len() + free);
            if missing.is_empty() && !step.ledger.has_blob(blob) {
                erased.push(*blob);
            }
            for index in missing {
                // The peer with the most room: chunks spread evenly.
                let peer = rooms.iter().filter(|(peer, _)| has(peer)).max_by_key(|(_, n)| **n).map(|(peer, _)| *peer);
                let (Some(peer), true) = (peer, free > 0) else { break };
                if !fetch.asked.insert(index) {
                    continue;
                }
                free -= 1;
                if let Some(n) = rooms.get_mut(&peer) {
                    *n -= 1;
                    if *n == 0 {
                        rooms.remove(&peer);
                    }
                }
                asks.push((peer, *blob, index));
            }
        }
        for blob in erased {
            self.blobs.0.remove(&blob);
            step.actions.push(Action::BlobErased(blob.id));
        }
        for (peer, blob, index) in asks {
            self.ask(step, peer, Purpose::Chunk { blob, index }, Request::Chunk { blob, index });
        }
    }
}
