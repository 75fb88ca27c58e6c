//! The compact form of a proof: a text to copy. It is a bundle of one entry without its payload, and leaves out what whoever
//! is in the network has anyway: the genesis, the roster and rotations.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use congvan_core::Bounded;
use congvan_core::archive::file_of;
use congvan_core::bundle::{Frame, ProvenEntry};

use super::{ProveError, cover_of};
use crate::archive::{TransferError, bounded};
use crate::node::Node;
use crate::read::ReadError;

/// What the text of a compact proof begins with; base64url without padding follows.
pub const COMPACT: &str = "congvan-proof:";

impl Node {
    /// The compact form of the proof of a document, named as in [`Node::document`]: that it was sent, and when at the
    /// latest, with neither content nor addressees. Of cosignatures it has as many as the network asks for, the earliest.
    ///
    /// # Errors
    /// [`ProveError`] says why there is none.
    pub fn prove_compactly(&self, id: &str) -> Result<String, ProveError> {
        let document = self.document_entry(id)?;
        document.check().map_err(ReadError::from)?;
        let ledger = self.ledger();
        let mut cover = cover_of(ledger, &document)?;
        if let Some(cover) = &mut cover {
            let asked = ledger.roster().witnesses().threshold.into();
            let first = cover.witnesses.iter().take(asked).copied().collect();
            cover.witnesses = Bounded::new(first).map_err(|_| ProveError::Changed)?;
        }
        let entry = bounded(document.signed_bytes()).map_err(TransferError::from)?;
        let proven = ProvenEntry { entry, content_key: None, cover };
        Ok(format!("{COMPACT}{}", BASE64URL.encode(file_of(&[Frame::Entry(proven)]))))
    }
}
