//! One atomic write: an entry, its indexes and its effects.

use congvan_core::catalogue::Act;
use congvan_core::{
    AgencyCode, BlobId, ChainId, CheckpointPayload, DocumentPayload, EntryId, Kind, LinkedEntry, Point, ProcedureCode,
    ProcedurePayload, Seq, StatusPayload, Time, UnverifiedEntry, Wire, WitnessPayload,
};
use rocksdb::WriteBatch;

use crate::chain::Chain;
use crate::db::Database;
use crate::error::Corruption;
use crate::layout::{self, Cf, ChainNo, ChainPart};
use crate::tree::TREE_LEVELS;

/// Whose ledger it is: what concerns that agency enters the feed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Owner {
    pub(crate) chain: Option<ChainId>,
    pub(crate) code: Option<AgencyCode>,
    pub(crate) archive: bool,
}

/// What the indexes know of an entry's payload. A malformed payload means nothing to them.
pub(crate) enum Meaning {
    Document { addressees: Vec<AgencyCode>, links: Vec<EntryId>, blobs: Vec<BlobId> },
    Status { document: EntryId, to: AgencyCode },
    Procedure { code: ProcedureCode, act: Act, forms: Vec<BlobId> },
    Checkpoint { size: Seq },
    Witness { seen: Vec<(ChainId, Seq)> },
    Other,
}

impl Meaning {
    pub(crate) fn of(kind: Kind, payload: Option<&[u8]>) -> Self {
        match (kind, payload) {
            (Kind::DOCUMENT, Some(payload)) => DocumentPayload::from_bytes(payload).map_or(Self::Other, |document| {
                let links = document.cover.links.iter().map(|link| link.document.id).collect();
                let blobs = document.cover.blobs.iter().map(|blob| blob.id).collect();
                Self::Document { addressees: document.cover.addressees.to_vec(), links, blobs }
            }),
            (Kind::STATUS, Some(payload)) => StatusPayload::from_bytes(payload)
                .map_or(Self::Other, |status| Self::Status { document: status.cover.document.id, to: status.cover.to }),
            (Kind::PROCEDURE, Some(payload)) => ProcedurePayload::from_bytes(payload).map_or(Self::Other, |payload| {
                let change = payload.into_change();
                let forms = change.procedure().map_or(&[][..], |procedure| &procedure.forms);
                let forms = forms.iter().map(|form| form.blob.blob().id).collect();
                Self::Procedure { code: change.code().clone(), act: change.act(), forms }
            }),
            (Kind::CHECKPOINT, Some(payload)) => CheckpointPayload::from_bytes(payload)
                .map_or(Self::Other, |payload| Self::Checkpoint { size: payload.checkpoint.size }),
            (Kind::WITNESS, Some(payload)) => WitnessPayload::from_bytes(payload).map_or(Self::Other, |payload| {
                let seen = payload.seen.iter().map(|seen| (seen.chain, seen.signed.checkpoint.size));
                Self::Witness { seen: seen.collect() }
            }),
            _ => Self::Other,
        }
    }

    /// Every key of an index that leads to an entry with this meaning, and its value.
    pub(crate) fn each_key(&self, no: ChainNo, seq: u64, time: Time, each: &mut impl FnMut(Cf, &[u8], &[u8])) {
        let place = layout::place(no, seq);
        match self {
            Self::Document { addressees, links, .. } => {
                for code in addressees {
                    each(Cf::ByAddressee, &layout::by_addressee(code, time, place), &[]);
                }
                for document in links {
                    each(Cf::ByDocument, &layout::by_document(*document, place), &[]);
                }
            }
            Self::Status { document, .. } => each(Cf::ByDocument, &layout::by_document(*document, place), &[]),
            Self::Procedure { code, act, .. } => {
                each(Cf::Procedures, &layout::procedure_key(no, code, seq), &layout::act_value(*act));
            }
            Self::Checkpoint { size } => each(Cf::Checkpoints, &layout::checkpoint_key(no, *size, seq), &[]),
            Self::Witness { seen } => {
                for (chain, size) in seen {
                    each(Cf::Checkpoints, &layout::witness_key(*chain, *size, place), &[]);
                }
            }
            Self::Other => {}
        }
        for blob in self.blobs() {
            each(Cf::BlobMeta, &layout::blob_named_key(*blob, place), &[]);
        }
    }

    /// The blobs that it names.
    pub(crate) fn blobs(&self) -> &[BlobId] {
        match self {
            Self::Document { blobs, .. } | Self::Procedure { forms: blobs, .. } => blobs,
            _ => &[],
        }
    }
}

impl Owner {
    /// `None` where nobody is named: there is nothing to remember.
    pub(crate) fn to_bytes(&self) -> Option<Vec<u8>> {
        let code = self.code.as_ref().map_or("", AgencyCode::as_str);
        Some([self.chain?.as_bytes().as_slice(), &[u8::from(self.archive)], code.as_bytes()].concat())
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Corruption> {
        let malformed = || Corruption::Value { what: "owner", len: bytes.len() };
        let (chain, rest) = bytes.split_first_chunk::<32>().ok_or_else(malformed)?;
        let (archive, code) = rest.split_first().ok_or_else(malformed)?;
        let code = std::str::from_utf8(code).map_err(|_| malformed())?;
        let code = match code {
            "" => None,
            code => Some(AgencyCode::new(code).map_err(|_| malformed())?),
        };
        Ok(Self { chain: Some(ChainId::from_bytes(*chain)), code, archive: *archive == 1 })
    }

    pub(crate) fn concerns(&self, entry: &LinkedEntry, meaning: &Meaning) -> bool {
        let kind = entry.header().kind;
        // Nobody acts on these; they are found by their chain and size.
        if matches!(kind, Kind::CHECKPOINT | Kind::WITNESS) {
            return false;
        }
        let all =
            matches!(kind, Kind::ROSTER | Kind::PROCEDURE | Kind::ERASE) || (self.archive && kind == Kind::DOCUMENT);
        if all || self.chain == Some(entry.header().chain) {
            return true;
        }
        let Some(code) = &self.code else { return false };
        match meaning {
            Meaning::Document { addressees, .. } => addressees.binary_search(code).is_ok(),
            Meaning::Status { to, .. } => to == code,
            Meaning::Procedure { .. } | Meaning::Checkpoint { .. } | Meaning::Witness { .. } | Meaning::Other => false,
        }
    }
}

pub(crate) struct Batch<'a> {
    db: &'a Database,
    write: WriteBatch,
    next_feed: u64,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(db: &'a Database, next_feed: u64, capacity: usize) -> Self {
        Self { db, write: WriteBatch::with_capacity_bytes(capacity), next_feed }
    }

    pub(crate) fn put(&mut self, cf: Cf, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.write.put_cf(self.db.cf(cf), key, value);
    }

    pub(crate) fn delete(&mut self, cf: Cf, key: impl AsRef<[u8]>) {
        self.write.delete_cf(self.db.cf(cf), key);
    }

    /// An entry and its indexes.
    pub(crate) fn put_entry(&mut self, no: ChainNo, entry: &LinkedEntry, meaning: &Meaning) {
        let header = entry.header();
        let place = layout::place(no, entry.seq().get());
        self.put(Cf::Entries, place, entry.bytes());
        self.put(Cf::Ids, entry.id().as_bytes(), place);
        self.put(Cf::ByTime, layout::by_time(header.time, place), []);
        meaning.each_key(no, entry.seq().get(), header.time, &mut |cf, key, value| self.put(cf, key, value));
        // What somebody names again may be fetched again.
        for blob in meaning.blobs() {
            self.delete(Cf::BlobMeta, layout::blob_dropped_key(*blob));
        }
    }

    /// Moves an entry and what leads to it to the evidence.
    pub(crate) fn set_aside(&mut self, no: ChainNo, entry: &UnverifiedEntry) {
        let header = entry.header();
        let place = layout::place(no, entry.seq().get());
        self.put(Cf::Evidence, layout::orphan_key(no, entry.point()), entry.bytes());
        self.delete(Cf::Entries, place);
        self.delete(Cf::Erasures, layout::erasure_key(b'M', place));
        self.delete(Cf::Ids, entry.id().as_bytes());
        self.delete(Cf::ByTime, layout::by_time(header.time, place));
        let meaning = Meaning::of(header.kind, entry.payload());
        meaning.each_key(no, entry.seq().get(), header.time, &mut |cf, key, _| self.delete(cf, key));
        // Another entry will have its number, and every subtree over it another hash.
        for level in TREE_LEVELS {
            self.delete(Cf::Tree, layout::tree_key(no, level, (entry.seq().get() - 1) >> level));
        }
    }

    pub(crate) fn drop_orphan(&mut self, no: ChainNo, point: Point) {
        self.delete(Cf::Evidence, layout::orphan_key(no, point));
    }

    /// The entry comes up in the feed.
    pub(crate) fn feed(&mut self, entry: &LinkedEntry) {
        let value = layout::feed_value(entry.reference(), entry.header().kind);
        self.put(Cf::Feed, self.next_feed.to_be_bytes(), value);
        self.next_feed += 1;
    }

    /// What is remembered of a chain; its spans only where they changed since `before`.
    pub(crate) fn put_chain(&mut self, chain: &Chain, before: Option<&Chain>) {
        if before.is_none() {
            self.put(Cf::Chains, layout::chain_key(chain.no, ChainPart::Id), chain.state.chain().as_bytes());
        }
        self.put(Cf::Chains, layout::chain_key(chain.no, ChainPart::Head), chain.record().to_bytes());
        if before.is_none_or(|before| before.state.spans() != chain.state.spans()) {
            let spans = chain.state.to_record().to_bytes();
            self.put(Cf::Chains, layout::chain_key(chain.no, ChainPart::Spans), spans);
        }
    }

    /// The batch, and the number that the next feed item will have.
    pub(crate) fn finish(self) -> (WriteBatch, u64) {
        (self.write, self.next_feed)
    }
}
