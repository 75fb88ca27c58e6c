//! What entries say about documents: the facts that a document's life is made of.

use crate::codec::Wire;
use crate::document::{DocumentPayload, Relation};
use crate::entry::{Header, Kind};
use crate::ids::{AgencyCode, EntryRef};
use crate::life::{Fact, Says};
use crate::status::StatusPayload;

/// What an entry says: a status about one document, a document about each that it links to. A malformed or missing
/// payload says nothing. `stands`: see [`Fact::stands`].
pub fn facts_of(
    entry: EntryRef,
    header: &Header,
    payload: Option<&[u8]>,
    author: &AgencyCode,
    stands: bool,
) -> Vec<Fact> {
    let fact =
        |about: EntryRef, says: Says| Fact { time: header.time, author: author.clone(), entry, about, stands, says };
    let Some(payload) = payload else { return Vec::new() };
    match header.kind {
        Kind::STATUS => {
            let Ok(StatusPayload { cover, .. }) = StatusPayload::from_bytes(payload) else { return Vec::new() };
            let says = Says::Status { code: cover.code, to: cover.to, answers: cover.answers };
            vec![fact(cover.document, says)]
        }
        Kind::DOCUMENT => {
            let Ok(DocumentPayload { cover, .. }) = DocumentPayload::from_bytes(payload) else { return Vec::new() };
            let to = cover.addressees.to_vec();
            let says = |relation: Relation| Says::Link { relation, to: to.clone() };
            cover.links.iter().map(|link| fact(link.document, says(link.relation))).collect()
        }
        _ => Vec::new(),
    }
}
