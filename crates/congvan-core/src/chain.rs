//! When an entry continues a chain: the rules that every node and every auditor applies alike.
//!
//! A [`ChainState`] is what one must remember of a chain to judge its next entry: the head and the
//! spans of its keys. A [`ChainPolicy`] is what the roster says about that chain. Neither asks a
//! clock (DESIGN §3.12).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::codec::{CodecError, Decode, Encode, Wire};
use crate::entry::{self, EntryError, Header, Kind, Parts, UnverifiedEntry, VERSION, entry_accessors};
use crate::ids::{ChainId, EntryId, NetworkId, Point, Seq, Time};
use crate::keys::{AgencyKeys, AgencySecret, KeyError, KeyId, PublicKey, Signature};
use crate::limits::MAX_ROTATIONS;
use crate::wire;

/// The payload of a [`Kind::ROTATION`] entry: signed by the old key, it names the keys that hold
/// from the next number on.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct KeyRotation {
    /// The new keys.
    pub keys: AgencyKeys,
    /// Made with the new signing key, for this chain.
    pub possession: Signature,
}
wire!(KeyRotation, "key rotation", 128);

impl KeyRotation {
    /// A rotation to `new`, for `chain`.
    pub fn to(new: &AgencySecret, network: NetworkId, chain: ChainId) -> Self {
        Self { keys: new.public(), possession: new.prove_possession(network, chain) }
    }
}

/// From which number on which keys hold, by the registrar's word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyGrant {
    /// The first number that they sign.
    pub from: Seq,
    /// The keys.
    pub keys: Arc<AgencyKeys>,
}

/// From which number on which keys hold, as the chain and the roster together made it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeySpan {
    /// The first number that they sign.
    pub from: Seq,
    /// The keys.
    pub keys: Arc<AgencyKeys>,
    signer: Arc<PublicKey>,
    /// What the entry before named, if it was a rotation: these hold unless a grant overrules them,
    /// and hold again where a later roster takes that grant back.
    rotated: Option<Arc<AgencyKeys>>,
}

impl KeySpan {
    fn new(from: Seq, keys: Arc<AgencyKeys>, rotated: Option<Arc<AgencyKeys>>) -> Self {
        let signer = Arc::new(keys.sign.clone());
        Self { from, keys, signer, rotated }
    }

    fn rotated(from: Seq, keys: Arc<AgencyKeys>) -> Self {
        Self::new(from, keys.clone(), Some(keys))
    }
}

/// What the roster says about one chain.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ChainPolicy {
    /// Keys given by the registrar, by ascending first number; one at most per number.
    pub grants: Vec<KeyGrant>,
    /// Places where the registrar named the entry that stands, by ascending number.
    pub pins: Vec<Point>,
    /// The last number that may be; 0 for none at all. `None`: no limit.
    pub limit: Option<u64>,
}

impl ChainPolicy {
    fn grant_at(&self, seq: Seq) -> Option<&KeyGrant> {
        self.grants.binary_search_by_key(&seq, |g| g.from).ok().map(|i| &self.grants[i])
    }

    /// Whether the registrar named the entry that stands at `seq`.
    pub fn is_pinned(&self, seq: Seq) -> bool {
        self.pin_at(seq).is_some()
    }

    fn pin_at(&self, seq: Seq) -> Option<EntryId> {
        self.pins.binary_search_by_key(&seq, |p| p.seq).ok().map(|i| self.pins[i].id)
    }
}

/// Why an entry does not continue a chain; always with the number it concerns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("number {seq}: {fault}")]
pub struct ChainError {
    /// The number in the chain.
    pub seq: Seq,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What can be wrong with an entry in its chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It belongs to another network.
    #[error("the entry belongs to another network")]
    Network,
    /// It belongs to another chain.
    #[error("the entry belongs to another chain")]
    Chain,
    /// Another number was due.
    #[error("number {0} was due: an entry is missing, repeated or out of place")]
    Number(Seq),
    /// Its `prev` is not the id of the entry before it.
    #[error("it does not link to the entry before it: one of the two was altered or replaced")]
    Link,
    /// Signed by a key that does not hold at this number.
    #[error("it names a signer whose key does not hold at this number")]
    Signer,
    /// The signature does not hold.
    #[error("its signature does not hold")]
    Signature,
    /// No key of this chain is known: its agency is not in the roster.
    #[error("the roster knows no key for this chain")]
    NoKey,
    /// The registrar ended the chain before this number.
    #[error("the registrar lets this chain end at number {0}")]
    Limit(u64),
    /// The registrar named another entry for this number.
    #[error("the registrar named another entry for this number")]
    Pinned,
    /// A control entry without its payload.
    #[error("it changes chain rules and its payload is missing")]
    ControlErased,
    /// A control entry that breaks its own rules.
    #[error("it changes chain rules wrongly: {0}")]
    Control(String),
    /// A chain names its own new keys at most [`MAX_ROTATIONS`] times: every node remembers them all.
    #[error("the chain has rotated its keys {MAX_ROTATIONS} times already; the registrar must give it new ones")]
    TooManyRotations,
    /// A control entry that this software does not know.
    #[error("entry kind {0} changes chain rules and is not known here; upgrade this software")]
    UnknownControl(u16),
    /// A key that the writer holds is not the chain's.
    #[error("the key at hand is not the one that signs this number")]
    NotOurKey,
    /// All 2^64 − 1 numbers are used.
    #[error("the chain is full")]
    Full,
    /// Not an entry at all.
    #[error(transparent)]
    Entry(#[from] EntryError),
}

/// An entry that a signed descendant in its chain authenticates (DESIGN §3.5): it may be stored
/// and relayed. Its own signature may still be bad, which [`LinkedEntry::verify`] finds out.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkedEntry {
    parts: Parts,
    signer: Arc<PublicKey>,
}

impl LinkedEntry {
    fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The key that holds at this entry's number.
    pub fn signer(&self) -> &PublicKey {
        &self.signer
    }

    /// Checks the entry's own signature.
    ///
    /// # Errors
    /// [`Fault::Signature`] with the number.
    pub fn check(&self) -> Result<(), ChainError> {
        self.parts
            .check_signature(&self.signer)
            .map_err(|_| ChainError { seq: self.parts.header.seq, fault: Fault::Signature })
    }

    /// The same entry without its payload: what is left of it once it is erased.
    pub fn without_payload(&self) -> Self {
        let parts = Parts {
            header: self.parts.header.clone(),
            id: self.parts.id,
            bytes: self.parts.bytes[..entry::SIGNED_LEN].into(),
        };
        Self { parts, signer: self.signer.clone() }
    }

    /// Checks the entry's own signature and keeps the proof in the type.
    ///
    /// # Errors
    /// As [`LinkedEntry::check`].
    pub fn verify(self) -> Result<VerifiedEntry, ChainError> {
        self.check()?;
        Ok(VerifiedEntry(self))
    }
}
entry_accessors!(LinkedEntry);

impl fmt::Debug for LinkedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkedEntry({:?} {:?} {:?})", self.parts.header.chain, self.seq(), self.id())
    }
}

/// An entry whose own signature was checked, under the key that holds at its number.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedEntry(LinkedEntry);

impl VerifiedEntry {
    fn parts(&self) -> &Parts {
        &self.0.parts
    }

    pub(crate) fn signed_now(parts: Parts, signer: Arc<PublicKey>) -> Self {
        Self(LinkedEntry { parts, signer })
    }

    pub(crate) fn checked(entry: UnverifiedEntry, signer: PublicKey) -> Result<Self, KeyError> {
        let parts = entry.into_parts();
        parts.check_signature(&signer)?;
        Ok(Self(LinkedEntry { parts, signer: Arc::new(signer) }))
    }

    /// The key that signed it.
    pub fn signer(&self) -> &PublicKey {
        &self.0.signer
    }

    /// The same entry as one that may be stored.
    pub fn into_linked(self) -> LinkedEntry {
        self.0
    }
}
entry_accessors!(VerifiedEntry);

impl fmt::Debug for VerifiedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedEntry({:?} {:?} {:?})", self.parts().header.chain, self.seq(), self.id())
    }
}

/// What an agency wants to write next; number, link and signature are the chain's to add.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// What the payload is.
    pub kind: Kind,
    /// When, by the author's clock.
    pub time: Time,
    /// At most [`entry::MAX_PAYLOAD`] bytes.
    pub payload: Vec<u8>,
}

/// What one remembers of a chain to judge its next entry.
///
/// It moves only by [`append`](Self::append) and [`extend`](Self::extend), and not at all where
/// these fail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainState {
    chain: ChainId,
    head: Option<Point>,
    spans: Vec<KeySpan>,
}

impl ChainState {
    /// A chain without entries.
    pub fn new(chain: ChainId) -> Self {
        Self { chain, head: None, spans: Vec::new() }
    }

    /// The chain.
    pub fn chain(&self) -> ChainId {
        self.chain
    }

    /// Its last entry; `None` while it is empty.
    pub fn head(&self) -> Option<Point> {
        self.head
    }

    /// The spans of its keys, by ascending first number.
    pub fn spans(&self) -> &[KeySpan] {
        &self.spans
    }

    /// The number due next; `None` when the chain is full.
    pub fn next_seq(&self) -> Option<Seq> {
        self.head.map_or(Some(Seq::FIRST), |head| head.seq.next())
    }

    /// The keys that hold at `seq`, of the spans known so far.
    pub fn keys_at(&self, seq: Seq) -> Option<&AgencyKeys> {
        span_at(&self.spans, seq).map(|span| &*span.keys)
    }

    /// The key that signs `seq` by what is known now, under `policy`; exact up to the number due next.
    pub fn key_at(&self, policy: &ChainPolicy, seq: Seq) -> Option<KeyId> {
        let grant = policy.grants.iter().rfind(|grant| grant.from <= seq);
        let keys = match (grant, span_at(&self.spans, seq)) {
            (Some(grant), Some(span)) if span.from > grant.from => &span.keys,
            (Some(grant), _) => &grant.keys,
            (None, Some(span)) => &span.keys,
            (None, None) => return None,
        };
        Some(keys.sign.id())
    }

    fn previous_id(&self) -> EntryId {
        self.head.map_or(Header::NO_PREVIOUS, |head| head.id)
    }

    /// The keys that sign the next entry under `policy`; `None` where the roster gave none.
    pub fn next_keys(&self, policy: &ChainPolicy) -> Option<Arc<AgencyKeys>> {
        let seq = self.next_seq()?;
        Walk { state: self, head: self.head, new_spans: Vec::new() }.span(policy, seq).map(|span| span.keys)
    }

    /// Signs the next entry.
    ///
    /// # Errors
    /// [`ChainError`]: the payload is too long, the key is not the chain's, the registrar ended the
    /// chain, or a control payload breaks its rules. Nothing changes then.
    pub fn append(
        &mut self,
        network: NetworkId,
        policy: &ChainPolicy,
        draft: Draft,
        secret: &AgencySecret,
    ) -> Result<VerifiedEntry, ChainError> {
        let last = self.head.map_or(Seq::FIRST, |head| head.seq);
        let seq = self.next_seq().ok_or(ChainError { seq: last, fault: Fault::Full })?;
        let at = |fault| ChainError { seq, fault };
        let header = Header {
            version: VERSION,
            network,
            chain: self.chain,
            seq,
            prev: self.previous_id(),
            time: draft.time,
            kind: draft.kind,
            signer: secret.sign.public().id(),
            payload_digest: crate::Digest::from_bytes([0; 32]),
            payload_len: 0,
        };
        let mut walk = Walk { state: self, head: self.head, new_spans: Vec::new() };
        let span = walk.span(policy, seq).ok_or_else(|| at(Fault::NoKey))?;
        if span.keys.sign != secret.sign.public() {
            return Err(at(Fault::NotOurKey));
        }
        let parts = entry::sign(header, &draft.payload, &secret.sign).map_err(|e| at(e.into()))?;
        walk.step(network, policy, &parts)?;
        let Walk { head, new_spans, .. } = walk;
        self.commit(head, new_spans);
        Ok(VerifiedEntry::signed_now(parts, span.signer))
    }

    /// Accepts the entries that follow the head, in order: links, signers and policy of each; own
    /// signatures of the last of them, of the last in every key's span, and of those that change
    /// rules. These authenticate all the others (DESIGN §3.5).
    ///
    /// # Errors
    /// The first [`ChainError`]; nothing is accepted then.
    pub fn extend(
        &mut self,
        network: NetworkId,
        policy: &ChainPolicy,
        entries: Vec<UnverifiedEntry>,
    ) -> Result<Vec<LinkedEntry>, ChainError> {
        let mut walk = Walk { state: self, head: self.head, new_spans: Vec::new() };
        let mut linked: Vec<LinkedEntry> = Vec::with_capacity(entries.len());
        for entry in entries {
            let parts = entry.into_parts();
            let span = walk.step(network, policy, &parts)?;
            // The span before ended with the entry before.
            if let Some(before) = linked.last().filter(|before| !Arc::ptr_eq(&before.signer, &span.signer)) {
                before.check()?;
            }
            let entry = LinkedEntry { parts, signer: span.signer };
            if entry.header().kind.is_control() {
                entry.check()?;
            }
            linked.push(entry);
        }
        if let Some(last) = linked.last().filter(|last| !last.header().kind.is_control()) {
            last.check()?;
        }
        let Walk { head, new_spans, .. } = walk;
        self.commit(head, new_spans);
        Ok(linked)
    }

    fn commit(&mut self, head: Option<Point>, new_spans: Vec<KeySpan>) {
        self.head = head;
        for span in new_spans {
            self.spans.retain(|s| s.from < span.from);
            self.spans.push(span);
        }
    }

    /// Reads back an entry that [`extend`](Self::extend) or [`append`](Self::append) accepted
    /// before: for a ledger that stored it, and for nothing else.
    ///
    /// # Errors
    /// [`ChainError`] where the entry cannot have been accepted: another chain, or another signer.
    pub fn stored(&self, entry: UnverifiedEntry) -> Result<LinkedEntry, ChainError> {
        let parts = entry.into_parts();
        let seq = parts.header.seq;
        let at = |fault| ChainError { seq, fault };
        if parts.header.chain != self.chain {
            return Err(at(Fault::Chain));
        }
        let span = span_at(&self.spans, seq).ok_or_else(|| at(Fault::NoKey))?;
        if span.signer.id() != parts.header.signer {
            return Err(at(Fault::Signer));
        }
        Ok(LinkedEntry { parts, signer: span.signer.clone() })
    }

    /// Whether the chain as it stands obeys `policy`, which may be newer than its entries.
    ///
    /// `id_at` gives the id at a number up to the head. Returns `None` if all of it stands, else
    /// the last number that does (0 for none): what follows is to be set aside.
    pub fn obeys(&self, policy: &ChainPolicy, mut id_at: impl FnMut(Seq) -> Option<EntryId>) -> Option<u64> {
        let head = self.head?.seq.get();
        let mut keep = policy.limit.unwrap_or(u64::MAX);
        for pin in policy.pins.iter().filter(|pin| pin.seq.get() <= head) {
            if id_at(pin.seq) != Some(pin.id) {
                keep = keep.min(pin.seq.get() - 1);
            }
        }
        for grant in policy.grants.iter().filter(|grant| grant.from.get() <= head) {
            if self.keys_at(grant.from) != Some(&grant.keys) {
                keep = keep.min(grant.from.get() - 1);
            }
        }
        // A span stands by a grant of this policy, by a rotation, or by going on with the keys before.
        let mut before = None;
        for span in self.spans.iter().filter(|span| span.from.get() <= head) {
            let due = policy.grant_at(span.from).map(|grant| &grant.keys).or(span.rotated.as_ref()).or(before);
            if due != Some(&span.keys) {
                keep = keep.min(span.from.get() - 1);
            }
            before = Some(&span.keys);
        }
        (keep < head).then_some(keep)
    }

    /// The same chain cut back to `head`, which must be one of its entries.
    pub fn cut_back(&self, head: Option<Point>) -> Self {
        let last = head.map_or(0, |point| point.seq.get());
        let mut spans: Vec<_> = self.spans.iter().filter(|s| s.from.get() <= last).cloned().collect();
        // Of the number due next, the chain itself knows what its last entry named; a grant is the policy's.
        let next = self.spans.iter().find(|s| s.from.get() - 1 == last);
        spans.extend(next.and_then(|s| Some(KeySpan::rotated(s.from, s.rotated.clone()?))));
        Self { chain: self.chain, head, spans }
    }

    /// What a ledger stores of this state.
    pub fn to_record(&self) -> ChainRecord {
        ChainRecord {
            chain: self.chain,
            head: self.head,
            spans: self.spans.iter().map(|s| (s.from, (*s.keys).clone())).collect(),
            rotated: self.spans.iter().filter_map(|s| Some((s.from, (**s.rotated.as_ref()?).clone()))).collect(),
        }
    }

    /// The state that a ledger stored.
    pub fn from_record(record: ChainRecord) -> Self {
        let rotated: BTreeMap<_, _> = record.rotated.into_iter().map(|(from, keys)| (from, Arc::new(keys))).collect();
        let span = |(from, keys)| KeySpan::new(from, Arc::new(keys), rotated.get(&from).cloned());
        let spans = record.spans.into_iter().map(span).collect();
        Self { chain: record.chain, head: record.head, spans }
    }
}

fn span_at(spans: &[KeySpan], seq: Seq) -> Option<&KeySpan> {
    let after = spans.partition_point(|span| span.from <= seq);
    spans[..after].last()
}

/// A [`ChainState`] as bytes in a ledger: never on the wire, never evidence.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ChainRecord {
    /// The chain.
    pub chain: ChainId,
    /// Its last entry.
    pub head: Option<Point>,
    /// Its keys' spans.
    pub spans: Vec<(Seq, AgencyKeys)>,
    /// Of these, the keys that rotations named.
    pub rotated: Vec<(Seq, AgencyKeys)>,
}
wire!(ChainRecord, "chain record", 1 << 20);

/// A walk over entries that may fail halfway: what the state becomes if it does not.
struct Walk<'a> {
    state: &'a ChainState,
    head: Option<Point>,
    new_spans: Vec<KeySpan>,
}

impl Walk<'_> {
    /// The span that holds at `seq`, the next number: the registrar's grant before all else.
    fn span(&mut self, policy: &ChainPolicy, seq: Seq) -> Option<KeySpan> {
        let known = span_at(&self.new_spans, seq).or_else(|| span_at(&self.state.spans, seq));
        match policy.grant_at(seq) {
            Some(grant) if known.is_none_or(|span| span.from != seq || span.keys != grant.keys) => {
                let rotated = known.filter(|span| span.from == seq).and_then(|span| span.rotated.clone());
                let span = KeySpan::new(seq, grant.keys.clone(), rotated);
                self.new_spans.retain(|s| s.from < seq);
                self.new_spans.push(span.clone());
                Some(span)
            }
            _ => known.cloned(),
        }
    }

    /// Everything about one entry but its own signature.
    fn step(&mut self, network: NetworkId, policy: &ChainPolicy, parts: &Parts) -> Result<KeySpan, ChainError> {
        let header = &parts.header;
        let at = |fault| ChainError { seq: header.seq, fault };
        if header.network != network {
            return Err(at(Fault::Network));
        }
        if header.chain != self.state.chain {
            return Err(at(Fault::Chain));
        }
        let due = match self.head {
            None => Seq::FIRST,
            Some(head) => head.seq.next().ok_or_else(|| at(Fault::Full))?,
        };
        if header.seq != due {
            return Err(at(Fault::Number(due)));
        }
        if header.prev != self.head.map_or(Header::NO_PREVIOUS, |head| head.id) {
            return Err(at(Fault::Link));
        }
        if let Some(limit) = policy.limit.filter(|limit| header.seq.get() > *limit) {
            return Err(at(Fault::Limit(limit)));
        }
        if policy.pin_at(header.seq).is_some_and(|id| id != parts.id) {
            return Err(at(Fault::Pinned));
        }
        let span = self.span(policy, header.seq).ok_or_else(|| at(Fault::NoKey))?;
        if span.signer.id() != header.signer {
            return Err(at(Fault::Signer));
        }
        if header.kind.is_control() {
            self.control(network, parts)?;
        }
        self.head = Some(Point { seq: header.seq, id: parts.id });
        Ok(span)
    }

    /// How often the chain has rotated its keys so far.
    fn rotations(&self) -> usize {
        let replaced_from = self.new_spans.first().map(|span| span.from);
        let old = self.state.spans.iter().filter(|span| replaced_from.is_none_or(|from| span.from < from));
        old.chain(&self.new_spans).filter(|span| span.rotated.is_some()).count()
    }

    fn control(&mut self, network: NetworkId, parts: &Parts) -> Result<(), ChainError> {
        let header = &parts.header;
        let at = |fault| ChainError { seq: header.seq, fault };
        let wrong = |e: &dyn fmt::Display| at(Fault::Control(e.to_string()));
        if header.kind != Kind::ROTATION {
            return Err(at(Fault::UnknownControl(header.kind.0)));
        }
        let payload = &parts.bytes[entry::SIGNED_LEN..];
        if payload.is_empty() {
            return Err(at(Fault::ControlErased));
        }
        let rotation = KeyRotation::from_bytes(payload).map_err(|e: CodecError| wrong(&e))?;
        rotation.keys.check_possession(network, header.chain, &rotation.possession).map_err(|e| wrong(&e))?;
        if self.rotations() >= MAX_ROTATIONS {
            return Err(at(Fault::TooManyRotations));
        }
        if let Some(next) = header.seq.next() {
            self.new_spans.push(KeySpan::rotated(next, Arc::new(rotation.keys)));
        }
        Ok(())
    }
}
