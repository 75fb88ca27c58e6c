//! Proof bundles: making one from a ledger, and reading one from a file (`docs/format.md`, proof bundles).
//!
//! What a bundle shows is its maker's choice: everything, the content without the attachments' bytes, the sealed
//! payload as it was sent, or no more than that it was sent to one agency, and what that said about it.

mod compact;
mod view;
mod words;

use std::collections::BTreeSet;
use std::io::{Read, Write};

use congvan_core::bundle::{
    BundleError, Checker, Continued, Cover, Evidence, Frame, MAX_FORKS, MAX_SAID, ProvenEntry, Word,
};
use congvan_core::evidence::RawProof;
use congvan_core::merkle::{self, MakeProofError, TreeProof};
use congvan_core::naming::NamingError;
use congvan_core::{
    AgencyCode, Bounded, ChainId, EntryRef, Kind, LinkedEntry, NamedTo, NetworkId, Seq, StatusPayload, Wire,
};
use congvan_store::{Ledger, StoreError};

pub use compact::COMPACT;
pub use view::{AttachmentView, BundleView, Claim, ContentView, EntryView, ForkView, NamedView};

use crate::archive::{FrameReader, FrameWriter, TransferError, bounded};
use crate::node::Node;
use crate::read::ReadError;
use crate::witness::{self, Covered};

/// What a bundle shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disclose {
    /// Everything, with the attachments' bytes.
    Attachments,
    /// The document's content and what was noted about it; of attachments, names and digests.
    Content,
    /// The payloads as they were sent: whoever may read them can open them.
    Sealed,
    /// That the document was sent to this agency, and what that said about it: neither content nor other addressees.
    Only(AgencyCode),
}

/// Why a bundle is not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The document cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file cannot be written.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too much was said about it.
    #[error("more than {MAX_SAID} entries are about this document")]
    TooMuch,
    /// The document is not to the agency that alone is to be shown.
    #[error("this document is not addressed to {0}, which has said nothing about it either")]
    NotTo(AgencyCode),
    /// The document does not name its addressees one by one, and the agency that alone is to be shown said nothing.
    #[error(
        "this document does not name its addressees one by one, as newer ones do, and {0} has said nothing about it: nothing can show that it was sent there without showing all addressees"
    )]
    NothingSaid(AgencyCode),
    /// The chain was cut back while it was read.
    #[error("the ledger changed while the proof was made; try again")]
    Changed,
}

impl ProveError {
    /// What a clerk can do something about, in Vietnamese.
    pub fn vietnamese(&self) -> Option<String> {
        match self {
            Self::NotTo(code) => {
                Some(format!("văn bản này không gửi đến {code}, và {code} cũng chưa báo gì về văn bản"))
            }
            Self::NothingSaid(code) => Some(format!(
                "văn bản này không nêu riêng từng nơi nhận như các văn bản mới hơn, và {code} chưa báo gì về nó: không có gì chứng \
                 minh được đã gửi đến đó mà không nêu mọi nơi nhận"
            )),
            _ => None,
        }
    }
}

impl From<std::io::Error> for ProveError {
    fn from(error: std::io::Error) -> Self {
        Self::Transfer(error.into())
    }
}

/// A bundle that is ready to be written.
#[derive(Debug)]
pub struct Bundle {
    node: Node,
    document: LinkedEntry,
    entries: Vec<ProvenEntry>,
    named: Option<NamedTo>,
    chains: BTreeSet<ChainId>,
    attachments: bool,
}

impl Node {
    /// Makes the bundle of a document, named as in [`Node::document`].
    ///
    /// # Errors
    /// [`ProveError`] says why there is none.
    pub fn prove(&self, id: &str, disclose: &Disclose) -> Result<Bundle, ProveError> {
        let document = self.document_entry(id)?;
        document.check().map_err(ReadError::from)?;
        let said = self.said_about(&document, disclose)?;
        let named = match disclose {
            Disclose::Only(code) => named(&document, code, said.is_empty())?,
            _ => None,
        };
        let mut entries = vec![self.proven(&document, disclose)?];
        for entry in &said {
            entries.push(self.proven(entry, disclose)?);
        }
        let chains = chains_of(&entries, [&document].into_iter().chain(&said));
        let attachments = *disclose == Disclose::Attachments;
        if attachments {
            // A missing piece is said now, not in the middle of the file.
            for number in 0..self.envelope(&document.id().to_string())?.attachments.len() {
                self.attachment(&document.id().to_string(), number)?;
            }
        }
        Ok(Bundle { node: self.clone(), document, entries, named, chains, attachments })
    }

    /// The entries about a document that the bundle shows, oldest first by their authors' clocks.
    fn said_about(&self, document: &LinkedEntry, disclose: &Disclose) -> Result<Vec<LinkedEntry>, ProveError> {
        let ledger = &self.0.ledger;
        let only = match disclose {
            Disclose::Only(code) => Some(ChainId::of_agency(self.0.network, code)),
            _ => None,
        };
        let mut said = Vec::new();
        for reference in ledger.by_document(document.id()) {
            let EntryRef { chain, seq, .. } = reference?;
            let Some(entry) = ledger.entry(chain, seq)?.filter(|entry| entry.check().is_ok()) else { continue };
            // A letter in answer has addressees of its own, which are nobody's business then.
            let shown = only.is_none_or(|of| of == chain && entry.header().kind == Kind::STATUS);
            if shown && entry.payload().is_some() && said.len() < MAX_SAID {
                said.push(entry);
            } else if shown && said.len() >= MAX_SAID {
                return Err(ProveError::TooMuch);
            }
        }
        said.sort_by_key(|entry| (entry.header().time, entry.header().chain, entry.seq()));
        said.dedup_by_key(|entry| entry.id());
        Ok(said)
    }

    /// An entry with what proves it.
    fn proven(&self, entry: &LinkedEntry, disclose: &Disclose) -> Result<ProvenEntry, ProveError> {
        let withheld = matches!(disclose, Disclose::Only(_)) && entry.header().kind == Kind::DOCUMENT;
        let bytes = if withheld { entry.signed_bytes() } else { entry.bytes() };
        let content_key = match disclose {
            Disclose::Attachments | Disclose::Content => self.disclosed_key(entry),
            Disclose::Sealed | Disclose::Only(_) => None,
        };
        let cover = cover_of(&self.0.ledger, entry)?;
        Ok(ProvenEntry { entry: bounded(bytes).map_err(TransferError::from)?, content_key, cover })
    }

    /// The key of what is sealed in an entry, where this agency has it.
    fn disclosed_key(&self, entry: &LinkedEntry) -> Option<[u8; 32]> {
        let (own, network, chain) = (self.0.own(), self.0.network, entry.header().chain);
        match entry.header().kind {
            Kind::DOCUMENT => {
                let payload = self.payload_of(entry).ok()?;
                let key = |seal| payload.content_key(network, chain, &own.code, seal).ok().flatten();
                own.seals.iter().find_map(key).map(|key| key.disclose())
            }
            Kind::STATUS => {
                let payload = StatusPayload::from_bytes(entry.payload()?).ok()?;
                let key = |seal| payload.content_key(network, chain, seal).ok();
                own.seals.iter().find_map(key).map(|key| key.disclose())
            }
            _ => None,
        }
    }
}

impl Bundle {
    /// The document's entry.
    pub fn document(&self) -> EntryRef {
        self.document.reference()
    }

    /// Writes it. Calls `progress` with the bytes of attachments written.
    ///
    /// # Errors
    /// [`ProveError`]; the output is incomplete then, which its reader notices.
    pub fn write<W: Write>(self, out: W, progress: &mut dyn FnMut(u64)) -> Result<W, ProveError> {
        let Self { node, document, entries, named, chains, attachments } = self;
        let ledger = node.ledger();
        let mut out = FrameWriter::new(out)?;
        out.put(&Frame::Genesis(ledger.genesis()))?;
        for entry in ledger.entries(ledger.roster().chain(), Seq::FIRST) {
            out.put(&Frame::Roster(bounded(entry?.bytes()).map_err(TransferError::from)?))?;
        }
        for chain in &chains {
            for rotation in rotations(ledger, *chain)? {
                out.put(&Frame::Rotation(bounded(rotation.bytes()).map_err(TransferError::from)?))?;
            }
        }
        for proof in ledger.proofs().iter().filter(|proof| chains.contains(&proof.chain())).take(MAX_FORKS) {
            let raw = RawProof::from_bytes(&proof.to_bytes());
            out.put(&Frame::Fork(raw.map_err(|error| TransferError::Archive(error.into()))?))?;
        }
        // Of the entries, the document is the first.
        let mut named = named.map(Frame::Named);
        for entry in entries {
            out.put(&Frame::Entry(entry))?;
            named.take().map_or(Ok(()), |named| out.put(&named))?;
        }
        if attachments {
            write_attachments(&node, &document, &mut out, progress)?;
        }
        Ok(out.end()?)
    }
}

/// That a document is to one agency. Where nothing shows that without the others, its own word has to.
fn named(document: &LinkedEntry, code: &AgencyCode, silent: bool) -> Result<Option<NamedTo>, ProveError> {
    let named = document.payload().map(|payload| NamedTo::prove(payload, code));
    match named {
        Some(Ok(named)) => Ok(Some(named)),
        _ if !silent => Ok(None),
        Some(Err(NamingError::NotTo(code))) => Err(ProveError::NotTo(code)),
        _ => Err(ProveError::NothingSaid(code.clone())),
    }
}

fn write_attachments<W: Write>(
    node: &Node,
    document: &LinkedEntry,
    out: &mut FrameWriter<W, Frame>,
    progress: &mut dyn FnMut(u64),
) -> Result<(), ProveError> {
    let id = document.id().to_string();
    let mut written = 0;
    for number in 0..node.envelope(&id)?.attachments.len() {
        let mut empty = true;
        for piece in node.attachment(&id, number)? {
            let piece = piece?;
            empty &= piece.is_empty();
            written += piece.len() as u64;
            let bytes = bounded(&piece).map_err(TransferError::from)?;
            out.put(&Frame::Attachment { number: number as u32, bytes })?;
            progress(written);
        }
        if empty {
            out.put(&Frame::Attachment { number: number as u32, bytes: Bounded::default() })?;
        }
    }
    Ok(())
}

/// The chains whose keys a bundle's entries and covers need.
fn chains_of<'a>(proven: &[ProvenEntry], entries: impl Iterator<Item = &'a LinkedEntry>) -> BTreeSet<ChainId> {
    let witnesses = proven.iter().filter_map(|entry| entry.cover.as_ref()).flat_map(|cover| cover.witnesses.iter());
    entries.map(|entry| entry.header().chain).chain(witnesses.map(|word| word.witness)).collect()
}

/// The entries in which a chain changed its keys by its own hand.
fn rotations(ledger: &Ledger, chain: ChainId) -> Result<Vec<LinkedEntry>, StoreError> {
    let mut found = Vec::new();
    for span in ledger.state(chain).spans() {
        let Some(before) = Seq::new(span.from.get() - 1) else { continue };
        found.extend(ledger.entry(chain, before)?.filter(|entry| entry.header().kind == Kind::ROTATION));
    }
    Ok(found)
}

/// The proof that an entry is under a checkpoint, the best that there is here; `None` where none covers it.
///
/// # Errors
/// [`ProveError`]: the ledger cannot be read.
pub fn cover_of(ledger: &Ledger, entry: &LinkedEntry) -> Result<Option<Cover>, ProveError> {
    let (chain, seq) = (entry.header().chain, entry.seq());
    let Some(Covered { signed, seen, .. }) = witness::cover_of(ledger, chain, seq)? else { return Ok(None) };
    let tree = ledger.tree(chain);
    let size = signed.payload.checkpoint.size;
    let inclusion = made(merkle::inclusion_proof(&tree, seq.get() - 1, size.get()))?;
    let roster = ledger.roster();
    let pins = roster.agency(chain).map(|agency| agency.policy().pins.clone()).unwrap_or_default();
    let mut reached = size;
    let mut continued = None;
    // Where the registrar named entries behind the checkpoint, a later one shows that they are of one history.
    if pins.last().is_some_and(|pin| pin.seq > size)
        && let Some(mark) = ledger.last_checkpoint(chain)?.filter(|mark| mark.size > size)
        && let Some(later) = witness::checkpoint_at(ledger, chain, mark.at)?
    {
        let consistency = made(merkle::consistency_proof(&tree, size.get(), mark.size.get()))?;
        continued = Some(Continued { at: mark.at, signed: later.payload, consistency });
        reached = mark.size;
    }
    let under = pins.iter().filter(|pin| pin.seq <= reached);
    let pins = under
        .map(|pin| made(merkle::inclusion_proof(&tree, pin.seq.get() - 1, reached.get())))
        .collect::<Result<Vec<TreeProof>, _>>()?;
    let word = |seen: witness::Seen| Word {
        witness: seen.entry.header().chain,
        seconds: seen.cosignature.seconds,
        signature: seen.cosignature.signature,
    };
    let witnesses = seen.into_iter().map(word).collect();
    let (Ok(pins), Ok(witnesses), true) = (Bounded::new(pins), Bounded::new(witnesses), tree.stands()) else {
        return Err(ProveError::Changed);
    };
    Ok(Some(Cover { at: signed.entry.seq(), signed: signed.payload, inclusion, continued, pins, witnesses }))
}

fn made(proof: Result<TreeProof, MakeProofError<StoreError>>) -> Result<TreeProof, ProveError> {
    proof.map_err(|error| match error {
        MakeProofError::Tree(error) => error.into(),
        MakeProofError::Nothing(_) => ProveError::Changed,
    })
}

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// It cannot be read, or is damaged.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// It proves nothing.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// Checks a bundle against a network's fingerprint, and nothing else. Calls `progress` with the number of frames read.
///
/// # Errors
/// [`CheckError`] says what does not hold, and where.
pub fn check<R: Read>(input: R, network: NetworkId, progress: &mut dyn FnMut(u64)) -> Result<Evidence, CheckError> {
    let mut frames = FrameReader::<R, Frame>::new(input)?;
    let mut checker = Checker::new(network);
    let mut read = 0;
    while let Some(frame) = frames.next_frame()? {
        checker.take(frame)?;
        read += 1;
        progress(read);
    }
    Ok(checker.finish()?)
}

/// The attachments in a bundle that [`check`] found good: number and bytes, piece by piece.
///
/// # Errors
/// [`TransferError`].
pub fn attachments<R: Read>(
    input: R,
) -> Result<impl Iterator<Item = Result<(u32, Vec<u8>), TransferError>>, TransferError> {
    let mut frames = FrameReader::<R, Frame>::new(input)?;
    Ok(std::iter::from_fn(move || {
        loop {
            match frames.next_frame().transpose()? {
                Ok(Frame::Attachment { number, bytes }) => return Some(Ok((number, bytes.into_vec()))),
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }))
}
