//! What enemies do to messages of theirs before they leave.

use congvan_core::entry::HEADER_LEN;
use congvan_core::{Bounded, EntryId, Point, Seq};
use congvan_sync::{Announcement, Response};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// Byte of a header's time: changing it changes the entry's id and keeps its form.
const TIME_AT: usize = 1 + 32 + 32 + 8 + 32;

/// Alters a range: a signature at the end, or a header in the middle.
pub(crate) fn forge(rng: &mut ChaCha20Rng, response: Response) -> Response {
    let Response::Range(entries) = response else { return response };
    let mut entries: Vec<Vec<u8>> = entries.into_vec().into_iter().map(Bounded::into_vec).collect();
    let middle = entries.len().saturating_sub(2);
    match rng.random_range(0..3) {
        0 => {
            if let Some(last) = entries.last_mut() {
                last[HEADER_LEN + 7] ^= 1;
            }
        }
        1 => entries[middle..].iter_mut().take(1).for_each(|entry| entry[TIME_AT] ^= 1),
        _ => {}
    }
    let entries = entries.into_iter().filter_map(|bytes| Bounded::new(bytes).ok()).collect();
    Bounded::new(entries).map_or(Response::NotFound, Response::Range)
}

/// Announces what nobody signed.
pub(crate) fn forge_announcement(announcement: &Announcement) -> Announcement {
    let mut announcement = announcement.clone();
    if let Announcement::Entry(signed) = &mut announcement {
        signed[HEADER_LEN + 7] ^= 1;
    }
    announcement
}

/// Claims heads that do not exist, or forgets some that do.
pub(crate) fn lie(rng: &mut ChaCha20Rng, response: Response) -> Response {
    let Response::Heads { finer, heads, listed } = response else { return response };
    let mut heads = heads.into_vec();
    for head in &mut heads {
        match rng.random_range(0..8) {
            0 => {
                let seq = head.head.map_or(1, |head| head.seq.get()) + rng.random_range(0..5);
                let id = EntryId::from_bytes([rng.random_range(0..=255); 32]);
                head.head = Seq::new(seq).map(|seq| Point { seq, id });
            }
            1 => head.quarantined = Seq::new(rng.random_range(1..10)),
            2 => head.head = None,
            _ => {}
        }
    }
    Response::Heads { finer, heads: Bounded::new(heads).unwrap_or_default(), listed }
}
