//! Every key and value in the database. All numbers in keys are big-endian, so that keys sort by
//! them; `docs/operations.md` points here.
//!
//! | column family | key | value |
//! |---|---|---|
//! | `default` | `format` | `u32` little-endian: the version of this layout |
//! | | `genesis` | the genesis' bytes |
//! | | `restored` | empty; present from a restore until peers were asked |
//! | | `owner` | whose feed it is: chain id (32) ‖ `1` if an archive's, else `0` ‖ code |
//! | `chains` | chain `u32` ‖ `0` | the chain's id (32) |
//! | | chain `u32` ‖ `1` | head record: head, verified through, bad entry |
//! | | chain `u32` ‖ `2` | a `ChainRecord`: its spans; written when they change |
//! | `entries` | chain `u32` ‖ number `u64` | the entry's very bytes: header ‖ signature ‖ payload |
//! | `ids` | entry id (32) | chain `u32` ‖ number `u64` |
//! | `by_time` | time `u64` ‖ chain `u32` ‖ number `u64` | empty |
//! | `by_addressee` | code ‖ `00` ‖ time `u64` ‖ chain `u32` ‖ number `u64` | empty (documents) |
//! | `by_document` | document's entry id (32) ‖ chain `u32` ‖ number `u64` | empty (statuses about it, documents that link to it) |
//! | `procedures` | chain `u32` ‖ procedure's code ‖ `00` ‖ number `u64` | `0` publish, `1` amend, `2` retire |
//! | `tree` | chain `u32` ‖ level `u8` ‖ index `u64` | the hash (32) of a complete subtree of 2^level entries, from level 8 on; made when asked for |
//! | `checkpoints` | `C` ‖ chain `u32` ‖ size `u64` ‖ number `u64` | empty: a checkpoint of that chain in its entry with this number |
//! | | `W` ‖ chain id (32) ‖ size `u64` ‖ witness' chain `u32` ‖ number `u64` | empty: a cosignature of such a checkpoint |
//! | `erasures` | `E` ‖ chain `u32` ‖ number `u64` ‖ chain `u32` ‖ number `u64` | entry id (32): the first place, if it has this id, is erased by the entry at the second |
//! | | `M` ‖ chain `u32` ‖ number `u64` | empty: stored without its payload, and not known to be erased |
//! | | `T` ‖ chain `u32` ‖ number `u64` | empty: named by an erasure, and still to be dropped |
//! | | `D` ‖ chain `u32` ‖ number `u64` | empty: dropped, and still to be cleared from files |
//! | | `B` ‖ stage `u64` | empty: the same of a blob's chunks |
//! | `evidence` | `P` ‖ chain `u32` ‖ number `u64` | a proof of equivocation |
//! | | `O` ‖ chain `u32` ‖ number `u64` ‖ entry id (32) | an entry set aside: its bytes |
//! | `feed` | number `u64` | chain id (32) ‖ number `u64` ‖ entry id (32) ‖ kind `u16` |
//! | `local` | `c` ‖ consumer's name | `u64`: the last number it acknowledged |
//! | | `l` ‖ key | a local value |
//! | `blobs` | stage `u64` ‖ chunk `u32` | the chunk's bytes (BlobDB) |
//! | `blob_meta` | `B` ‖ blob id (32) | stage `u64` ‖ length `u64` ‖ `1` if whole |
//! | | `H` ‖ stage `u64` ‖ chunk `u32` | the chunk's hash (32), until the blob is whole |
//! | | `W` ‖ stage `u64` | the hashes of all chunks of a whole blob |
//! | | `S` ‖ stage `u64` | empty: a blob in the making, swept at the next start |
//! | | `R` ‖ blob id (32) ‖ chain `u32` ‖ number `u64` | empty: a document or procedure that names the blob |
//! | | `X` ‖ blob id (32) | empty: dropped with the last document that named it |
//!
//! A *chain number* is local to one database: the order in which it met the chains, the roster being
//! 0. A *stage* is where a blob's chunks lie; its id is known only after its last byte.

use congvan_core::catalogue::Act;
use congvan_core::codec::{Decode, Encode, bincode};
use congvan_core::{BlobId, ChainId, EntryId, EntryRef, Kind, Point, ProcedureCode, Seq, Time, wire};

use crate::error::Corruption;

/// The version of this layout that this crate writes.
pub const FORMAT: u32 = 4;

/// Keys of the `default` column family.
pub(crate) mod meta {
    pub(crate) const FORMAT: &[u8] = b"format";
    pub(crate) const GENESIS: &[u8] = b"genesis";
    pub(crate) const RESTORED: &[u8] = b"restored";
    pub(crate) const OWNER: &[u8] = b"owner";
}

/// The column families.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cf {
    Chains,
    Entries,
    Ids,
    ByTime,
    ByAddressee,
    ByDocument,
    Procedures,
    Tree,
    Checkpoints,
    Erasures,
    Evidence,
    Feed,
    Local,
    Blobs,
    BlobMeta,
}

impl Cf {
    pub(crate) const ALL: [Cf; 15] = [
        Cf::Chains,
        Cf::Entries,
        Cf::Ids,
        Cf::ByTime,
        Cf::ByAddressee,
        Cf::ByDocument,
        Cf::Procedures,
        Cf::Tree,
        Cf::Checkpoints,
        Cf::Erasures,
        Cf::Evidence,
        Cf::Feed,
        Cf::Local,
        Cf::Blobs,
        Cf::BlobMeta,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Cf::Chains => "chains",
            Cf::Entries => "entries",
            Cf::Ids => "ids",
            Cf::ByTime => "by_time",
            Cf::ByAddressee => "by_addressee",
            Cf::ByDocument => "by_document",
            Cf::Procedures => "procedures",
            Cf::Tree => "tree",
            Cf::Checkpoints => "checkpoints",
            Cf::Erasures => "erasures",
            Cf::Evidence => "evidence",
            Cf::Feed => "feed",
            Cf::Local => "local",
            Cf::Blobs => "blobs",
            Cf::BlobMeta => "blob_meta",
        }
    }
}

/// A chain's local number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ChainNo(pub(crate) u32);

/// Chain and number.
pub(crate) type Place = (ChainNo, Seq);

impl ChainNo {
    pub(crate) const ROSTER: ChainNo = ChainNo(0);
}

/// How far a chain goes: rewritten with every batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode)]
#[bincode(crate = "bincode")]
pub(crate) struct HeadRecord {
    /// The last entry stored, quarantined ones included.
    pub(crate) head: Option<Point>,
    /// All entries up to this number passed the check of their own signature.
    pub(crate) verified: u64,
    /// A stored entry whose own signature is bad.
    pub(crate) bad: Option<Point>,
}
wire!(HeadRecord, "head record", 128);

/// What of a chain a key of the `chains` family holds.
#[derive(Clone, Copy)]
pub(crate) enum ChainPart {
    Id = 0,
    Head = 1,
    Spans = 2,
}

pub(crate) fn chain_key(no: ChainNo, part: ChainPart) -> [u8; 5] {
    let mut key = [0; 5];
    key[..4].copy_from_slice(&no.0.to_be_bytes());
    key[4] = part as u8;
    key
}

/// Chain and number: the key of `entries`, the value of `ids`, the tail of every index.
pub(crate) fn place(no: ChainNo, seq: u64) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&no.0.to_be_bytes());
    key[4..].copy_from_slice(&seq.to_be_bytes());
    key
}

pub(crate) fn read_place(bytes: &[u8]) -> Result<(ChainNo, Seq), Corruption> {
    let malformed = || Corruption::Key(bytes.to_vec());
    let (no, seq) = bytes.split_at_checked(4).ok_or_else(malformed)?;
    let no = u32::from_be_bytes(no.try_into().map_err(|_| malformed())?);
    let seq = u64::from_be_bytes(seq.try_into().map_err(|_| malformed())?);
    Ok((ChainNo(no), Seq::new(seq).ok_or_else(malformed)?))
}

/// The place at the end of an index key.
pub(crate) fn read_tail(key: &[u8]) -> Result<(ChainNo, Seq), Corruption> {
    let at = key.len().checked_sub(12).ok_or_else(|| Corruption::Key(key.to_vec()))?;
    read_place(&key[at..])
}

pub(crate) fn by_time(time: Time, place: [u8; 12]) -> Vec<u8> {
    [time.as_millis().to_be_bytes().as_slice(), &place].concat()
}

pub(crate) fn addressee_prefix(code: &congvan_core::AgencyCode) -> Vec<u8> {
    [code.as_str().as_bytes(), &[0]].concat()
}

pub(crate) fn by_addressee(code: &congvan_core::AgencyCode, time: Time, place: [u8; 12]) -> Vec<u8> {
    [&addressee_prefix(code), time.as_millis().to_be_bytes().as_slice(), &place].concat()
}

pub(crate) fn by_document(document: EntryId, place: [u8; 12]) -> Vec<u8> {
    [document.as_bytes().as_slice(), &place].concat()
}

/// The prefix of all entries on one procedure of a chain. Codes have no zero byte.
pub(crate) fn procedure_prefix(no: ChainNo, code: &ProcedureCode) -> Vec<u8> {
    [no.0.to_be_bytes().as_slice(), code.as_str().as_bytes(), &[0]].concat()
}

pub(crate) fn procedure_key(no: ChainNo, code: &ProcedureCode, seq: u64) -> Vec<u8> {
    [procedure_prefix(no, code).as_slice(), &seq.to_be_bytes()].concat()
}

pub(crate) fn act_value(act: Act) -> [u8; 1] {
    [match act {
        Act::Publish => 0,
        Act::Amend => 1,
        Act::Retire => 2,
    }]
}

pub(crate) fn read_act(value: &[u8]) -> Result<Act, Corruption> {
    match value {
        [0] => Ok(Act::Publish),
        [1] => Ok(Act::Amend),
        [2] => Ok(Act::Retire),
        _ => Err(Corruption::Value { what: "procedure's act", len: value.len() }),
    }
}

/// Chain, code and number out of a key of `procedures`.
pub(crate) fn read_procedure_key(key: &[u8]) -> Result<(ChainNo, ProcedureCode, Seq), Corruption> {
    let malformed = || Corruption::Key(key.to_vec());
    let (no, rest) = key.split_first_chunk::<4>().ok_or_else(malformed)?;
    let (code, seq) = rest.split_last_chunk::<8>().ok_or_else(malformed)?;
    let code = std::str::from_utf8(code.strip_suffix(&[0]).ok_or_else(malformed)?).map_err(|_| malformed())?;
    let seq = Seq::new(u64::from_be_bytes(*seq)).ok_or_else(malformed)?;
    Ok((ChainNo(u32::from_be_bytes(*no)), ProcedureCode::new(code).map_err(|_| malformed())?, seq))
}

/// Where the hash of a complete subtree is kept.
pub(crate) fn tree_key(no: ChainNo, level: u8, index: u64) -> [u8; 13] {
    let mut key = [0; 13];
    key[..4].copy_from_slice(&no.0.to_be_bytes());
    key[4] = level;
    key[5..].copy_from_slice(&index.to_be_bytes());
    key
}

/// The prefix of all checkpoints of a chain; keys go on with size and number.
pub(crate) fn checkpoint_prefix(no: ChainNo) -> Vec<u8> {
    [b"C".as_slice(), &no.0.to_be_bytes()].concat()
}

pub(crate) fn checkpoint_key(no: ChainNo, size: Seq, at: u64) -> Vec<u8> {
    [checkpoint_prefix(no).as_slice(), &size.get().to_be_bytes(), &at.to_be_bytes()].concat()
}

/// Size and number out of a checkpoint's key.
pub(crate) fn read_checkpoint_key(key: &[u8]) -> Result<(Seq, Seq), Corruption> {
    let malformed = || Corruption::Key(key.to_vec());
    let (rest, at) = key.split_last_chunk::<8>().ok_or_else(malformed)?;
    let (_, size) = rest.split_last_chunk::<8>().ok_or_else(malformed)?;
    let number = |bytes| Seq::new(u64::from_be_bytes(bytes)).ok_or_else(malformed);
    Ok((number(*size)?, number(*at)?))
}

/// The prefix of all cosignatures about a chain; keys go on with size and the witness' place.
pub(crate) fn witness_prefix(chain: ChainId) -> Vec<u8> {
    [b"W".as_slice(), chain.as_bytes()].concat()
}

pub(crate) fn witness_key(chain: ChainId, size: Seq, place: [u8; 12]) -> Vec<u8> {
    [witness_prefix(chain).as_slice(), &size.get().to_be_bytes(), &place].concat()
}

/// The prefix of all that names entries of a chain up to some tag's key; keys of `E` go on with the erasing place.
pub(crate) fn erasure_key(tag: u8, place: [u8; 12]) -> Vec<u8> {
    [&[tag], place.as_slice()].concat()
}

pub(crate) fn erased_by_key(erased: [u8; 12], by: [u8; 12]) -> Vec<u8> {
    [b"E".as_slice(), &erased, &by].concat()
}

/// Erased and erasing place out of a key of `E`.
pub(crate) fn read_erased_by(key: &[u8]) -> Result<(Place, Place), Corruption> {
    let malformed = || Corruption::Key(key.to_vec());
    let (erased, by) = key.get(1..).and_then(|key| key.split_at_checked(12)).ok_or_else(malformed)?;
    Ok((read_place(erased)?, read_place(by)?))
}

pub(crate) fn read_entry_id(bytes: &[u8]) -> Result<EntryId, Corruption> {
    let id = <[u8; 32]>::try_from(bytes).map_err(|_| Corruption::Value { what: "entry id", len: bytes.len() })?;
    Ok(EntryId::from_bytes(id))
}

pub(crate) const PROOFS: &[u8] = b"P";

pub(crate) fn proof_key(no: ChainNo, seq: Seq) -> Vec<u8> {
    [PROOFS, &place(no, seq.get())].concat()
}

/// The prefix of the entries set aside that had a number in a chain.
pub(crate) fn orphan_prefix(no: ChainNo, seq: u64) -> Vec<u8> {
    [b"O".as_slice(), &place(no, seq)].concat()
}

pub(crate) fn orphan_key(no: ChainNo, point: Point) -> Vec<u8> {
    [orphan_prefix(no, point.seq.get()).as_slice(), point.id.as_bytes()].concat()
}

pub(crate) fn feed_value(entry: EntryRef, kind: Kind) -> Vec<u8> {
    [entry.chain.as_bytes().as_slice(), &entry.seq.get().to_be_bytes(), entry.id.as_bytes(), &kind.0.to_be_bytes()]
        .concat()
}

pub(crate) fn read_feed_value(bytes: &[u8]) -> Result<(EntryRef, Kind), Corruption> {
    let malformed = || Corruption::Value { what: "feed", len: bytes.len() };
    if bytes.len() != 74 {
        return Err(malformed());
    }
    let mut kind = [0; 2];
    kind.copy_from_slice(&bytes[72..]);
    Ok((read_reference(&bytes[..72])?, Kind(u16::from_be_bytes(kind))))
}

/// Chain id, number and entry id: 72 bytes, also the value of [`crate::LocalPut::Entry`].
pub(crate) fn reference(entry: EntryRef) -> Vec<u8> {
    [entry.chain.as_bytes().as_slice(), &entry.seq.get().to_be_bytes(), entry.id.as_bytes()].concat()
}

pub(crate) fn read_reference(bytes: &[u8]) -> Result<EntryRef, Corruption> {
    let malformed = || Corruption::Value { what: "entry reference", len: bytes.len() };
    if bytes.len() != 72 {
        return Err(malformed());
    }
    let (mut chain, mut seq, mut id) = ([0; 32], [0; 8], [0; 32]);
    chain.copy_from_slice(&bytes[..32]);
    seq.copy_from_slice(&bytes[32..40]);
    id.copy_from_slice(&bytes[40..]);
    let seq = Seq::new(u64::from_be_bytes(seq)).ok_or_else(malformed)?;
    Ok(EntryRef { chain: ChainId::from_bytes(chain), seq, id: EntryId::from_bytes(id) })
}

pub(crate) fn cursor_key(name: &str) -> Vec<u8> {
    [b"c".as_slice(), name.as_bytes()].concat()
}

pub(crate) fn local_key(key: &[u8]) -> Vec<u8> {
    [b"l".as_slice(), key].concat()
}

/// A big-endian number that is a whole value.
pub(crate) fn read_number(what: &'static str, bytes: &[u8]) -> Result<u64, Corruption> {
    Ok(u64::from_be_bytes(bytes.try_into().map_err(|_| Corruption::Value { what, len: bytes.len() })?))
}

pub(crate) fn chunk_key(stage: u64, index: u32) -> [u8; 12] {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&stage.to_be_bytes());
    key[8..].copy_from_slice(&index.to_be_bytes());
    key
}

pub(crate) fn blob_key(id: BlobId) -> Vec<u8> {
    [b"B".as_slice(), id.as_bytes()].concat()
}

/// `tag` is `H` (one chunk's hash), `W` (all hashes) or `S` (in the making); in `erasures`, `B`.
pub(crate) fn stage_key(tag: u8, stage: u64) -> Vec<u8> {
    [&[tag], stage.to_be_bytes().as_slice()].concat()
}

pub(crate) fn hash_key(stage: u64, index: u32) -> Vec<u8> {
    [b"H".as_slice(), &chunk_key(stage, index)].concat()
}

/// That a document or procedure names a blob.
pub(crate) fn blob_named_key(id: BlobId, place: [u8; 12]) -> Vec<u8> {
    [blob_named_prefix(id).as_slice(), &place].concat()
}

pub(crate) fn blob_named_prefix(id: BlobId) -> Vec<u8> {
    [b"R".as_slice(), id.as_bytes()].concat()
}

/// That a blob was dropped for good.
pub(crate) fn blob_dropped_key(id: BlobId) -> Vec<u8> {
    [b"X".as_slice(), id.as_bytes()].concat()
}

/// Where a blob lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BlobRecord {
    pub(crate) stage: u64,
    pub(crate) len: u64,
    pub(crate) whole: bool,
}

impl BlobRecord {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        [self.stage.to_be_bytes().as_slice(), &self.len.to_be_bytes(), &[u8::from(self.whole)]].concat()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Corruption> {
        let malformed = || Corruption::Value { what: "blob record", len: bytes.len() };
        if bytes.len() != 17 || bytes[16] > 1 {
            return Err(malformed());
        }
        let stage = read_number("blob record", &bytes[..8])?;
        Ok(Self { stage, len: read_number("blob record", &bytes[8..16])?, whole: bytes[16] == 1 })
    }
}
