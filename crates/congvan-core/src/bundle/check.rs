//! The judge of a bundle: from its frames and the network's fingerprint alone.

use std::collections::BTreeSet;

use super::found::{Branch, BundleError, CoverFault, EntryFault, Evidence, Named, Proven, ProvenCover, Shown};
use super::keys::Rotations;
use super::{Continued, Cover as RawCover, Frame, MAX_FORKS, MAX_SAID, ProvenEntry, Split};
use crate::chain::{ChainPolicy, VerifiedEntry};
use crate::checkpoint::{CheckpointPayload, Cosignature};
use crate::codec::Wire;
use crate::document::{Attachment, DocumentPayload};
use crate::domain;
use crate::entry::{Kind, UnverifiedEntry};
use crate::evidence::{self, EquivocationProof};
use crate::facts::facts_of;
use crate::ids::{AgencyCode, EntryId, NetworkId, Seq};
use crate::life::{Document, Fact, Life};
use crate::merkle;
use crate::naming::{NamedTo, NamingError};
use crate::roster::Roster;
use crate::seal::ContentKey;
use crate::status::StatusPayload;

/// Checks a bundle's frames as they come.
///
/// ```
/// use congvan_core::bundle::{BundleError, Checker};
/// # use congvan_core::{NetworkId};
/// # let network = NetworkId::from_bytes([7; 32]);
/// # let frames: Vec<congvan_core::bundle::Frame> = Vec::new();
/// let mut checker = Checker::new(network);
/// for frame in frames {
///     checker.take(frame)?;
/// }
/// // Nothing at all proves nothing.
/// assert!(matches!(checker.finish(), Err(BundleError::Order(_))));
/// # Ok::<(), BundleError>(())
/// ```
#[derive(Debug)]
pub struct Checker {
    network: NetworkId,
    roster: Option<Roster>,
    rotations: Rotations,
    forks: Vec<EquivocationProof>,
    splits: Vec<Split>,
    document: Option<Proven>,
    named: Option<Named>,
    said: Vec<Proven>,
    facts: Vec<Fact>,
    /// Signatures under checkpoints and cosignatures that hold: many entries lie under one checkpoint.
    held: BTreeSet<[u8; 32]>,
    attachments: Vec<u32>,
    /// The attachment that is being read.
    open: Option<OpenAttachment>,
}

#[derive(Debug)]
struct OpenAttachment {
    number: u32,
    listed: Attachment,
    read: u64,
    hasher: Box<blake3::Hasher>,
}

impl Checker {
    /// For a bundle of this network: its fingerprint is what the reader knows from elsewhere.
    pub fn new(network: NetworkId) -> Self {
        Self {
            network,
            roster: None,
            rotations: Rotations::default(),
            forks: Vec::new(),
            splits: Vec::new(),
            document: None,
            named: None,
            said: Vec::new(),
            facts: Vec::new(),
            held: BTreeSet::new(),
            attachments: Vec::new(),
            open: None,
        }
    }

    /// With a roster that was checked before, so that the bundle's own need not be gone through: the caller leaves out
    /// its genesis and roster entries.
    pub fn with_roster(roster: Roster) -> Self {
        Self { network: roster.network(), roster: Some(roster), ..Self::new(NetworkId::from_bytes([0; 32])) }
    }

    /// Takes the next frame.
    ///
    /// # Errors
    /// [`BundleError`]: the bundle proves nothing.
    pub fn take(&mut self, frame: Frame) -> Result<(), BundleError> {
        match frame {
            Frame::Genesis(genesis) => {
                if self.roster.is_some() {
                    return Err(BundleError::Order("a second genesis"));
                }
                // Decoding alone does not judge its threshold.
                let genesis = crate::Genesis::parse(&genesis.to_bytes()).map_err(BundleError::Genesis)?;
                let (asked, found) = (self.network, genesis.network_id());
                if asked != found {
                    return Err(BundleError::OtherNetwork { found, asked });
                }
                self.roster = Some(Roster::new(genesis));
                Ok(())
            }
            Frame::Roster(bytes) => self.roster_entry(&bytes),
            Frame::Rotation(bytes) => {
                let entry = UnverifiedEntry::parse(&bytes)?;
                let roster = self.roster.as_ref().ok_or(BundleError::Order("no genesis"))?;
                self.rotations.take(roster, &entry)
            }
            Frame::Fork(raw) => self.fork(&raw.to_bytes()),
            Frame::Entry(proven) => self.entry(proven),
            Frame::Attachment { number, bytes } => self.attachment(number, &bytes),
            Frame::Split(split) => self.split(split),
            Frame::Named(named) => self.named(named),
            Frame::End { .. } => Ok(()),
        }
    }

    fn roster_entry(&mut self, bytes: &[u8]) -> Result<(), BundleError> {
        if self.document.is_some() {
            return Err(BundleError::Order("the roster comes first"));
        }
        let entry = UnverifiedEntry::parse(bytes)?;
        let roster = self.roster.as_mut().ok_or(BundleError::Order("no genesis"))?;
        let seq = entry.seq().get();
        let wrong = |error| BundleError::Roster { seq, error };
        let change = roster.check(entry).map_err(wrong)?;
        roster.apply(&change).map_err(wrong)?;
        Ok(())
    }

    fn fork(&mut self, raw: &[u8]) -> Result<(), BundleError> {
        let roster = self.roster.as_ref().ok_or(BundleError::Order("no genesis"))?;
        let proof = EquivocationProof::parse(raw).map_err(BundleError::Fork)?;
        if self.document.is_some() {
            return Err(BundleError::Order("proofs of equivocation come before entries"));
        }
        if self.forks.len() >= MAX_FORKS {
            return Err(BundleError::TooMany("proofs of equivocation"));
        }
        let policy = roster.policy(proof.chain()).ok().filter(|_| proof.network() == roster.network());
        let keys = policy.map(|policy| self.rotations.keys_of(&policy, proof.chain())).unwrap_or_default();
        // By a key that was never the agency's, it convicts nobody.
        if !keys.contains(proof.signer()) {
            return Err(BundleError::Fork(evidence::ProofError::NotRivals));
        }
        self.forks.push(proof);
        Ok(())
    }

    fn split(&mut self, split: Split) -> Result<(), BundleError> {
        let roster = self.roster.as_ref().ok_or(BundleError::Order("no genesis"))?;
        if self.document.is_some() || self.splits.len() >= MAX_FORKS {
            return Err(BundleError::Order("proofs of two histories come before entries, and are few"));
        }
        let agency = roster.agency(split.chain).ok_or(BundleError::Split("the roster does not know its chain"))?;
        let signed = |(at, signed): &(Seq, CheckpointPayload)| {
            let key = self.rotations.key_at(agency.policy(), split.chain, *at);
            key.is_some_and(|key| signed.verify(roster.network(), &agency.code, &key).is_ok())
        };
        if !signed(&split.one) || !signed(&split.other) {
            return Err(BundleError::Split("one of the two is not signed by the agency"));
        }
        let (one, other) = (split.one.1.checkpoint, split.other.1.checkpoint);
        let (size, after) = (one.size.get(), (other.size.get(), other.root));
        if merkle::check_consistency(&split.consistency, (size, split.root), after).is_err() {
            return Err(BundleError::Split("the second does not continue the root that it is said to"));
        }
        if split.root == one.root {
            return Err(BundleError::Split("both are of one history"));
        }
        self.splits.push(split);
        Ok(())
    }

    fn entry(&mut self, given: ProvenEntry) -> Result<(), BundleError> {
        if self.said.len() >= MAX_SAID {
            return Err(BundleError::TooMany("entries"));
        }
        if self.open.is_some() || !self.attachments.is_empty() {
            return Err(BundleError::Order("entries come before attachments"));
        }
        let parsed = UnverifiedEntry::parse(&given.entry)?;
        let (chain, seq) = (parsed.header().chain, parsed.seq());
        let roster = self.roster.take().ok_or(BundleError::Order("no genesis"))?;
        let judged = self.judge(&roster, parsed, &given);
        let agency = roster.agency(chain).map_or_else(|| chain.to_string(), |agency| agency.code.to_string());
        let named = |fault| BundleError::Entry { agency: agency.clone(), seq, fault };
        let proven = judged.map_err(named);
        self.roster = Some(roster);
        let proven = proven?;
        match &self.document {
            None => {
                if proven.entry.header().kind != Kind::DOCUMENT {
                    return Err(named(EntryFault::NotAbout("it is no document")));
                }
                if let Some(from) = proven.quarantined {
                    return Err(named(EntryFault::Quarantined(from)));
                }
                self.document = Some(proven);
            }
            Some(document) => {
                let about = document.entry.id();
                let stands = proven.quarantined.is_none();
                let facts = facts_of(
                    proven.entry.reference(),
                    proven.entry.header(),
                    proven.entry.payload(),
                    &proven.agency,
                    stands,
                );
                let before = self.facts.len();
                self.facts.extend(facts.into_iter().filter(|fact| fact.about.id == about));
                if self.facts.len() == before {
                    return Err(named(EntryFault::NotAbout("it says nothing about the document")));
                }
                self.said.push(proven);
            }
        }
        Ok(())
    }

    fn named(&mut self, named: NamedTo) -> Result<(), BundleError> {
        let Some(document) = self.document.as_ref().filter(|_| self.named.is_none() && self.said.is_empty()) else {
            return Err(BundleError::Order("an addressee is named right behind the document, and only one"));
        };
        let checked = match document.shown {
            Shown::Withheld => named.check(document.entry.header()),
            _ => Err(NamingError::Shown),
        };
        let (agency, seq) = (document.agency.to_string(), document.entry.seq());
        checked.map_err(|error| BundleError::Entry { agency, seq, fault: error.into() })?;
        self.named = Some(Named { code: named.code, of: named.tail.roll.count });
        Ok(())
    }

    fn judge(&mut self, roster: &Roster, entry: UnverifiedEntry, given: &ProvenEntry) -> Result<Proven, EntryFault> {
        let header = entry.header().clone();
        let agency = roster.agency(header.chain).ok_or(EntryFault::NoAgency)?;
        if header.network != roster.network() {
            return Err(EntryFault::Network);
        }
        let policy = agency.policy();
        if let Some(limit) = policy.limit.filter(|limit| header.seq.get() > *limit) {
            return Err(EntryFault::Limit(limit));
        }
        if policy.pins.iter().any(|pin| pin.seq == header.seq && pin.id != entry.id()) {
            return Err(EntryFault::Pinned);
        }
        let key = self.rotations.key_at(policy, header.chain, header.seq);
        let key = key.filter(|key| key.id() == header.signer).ok_or(EntryFault::Signer)?;
        let entry = VerifiedEntry::checked(entry, key).map_err(|_| EntryFault::Signature)?;
        let cover = match &given.cover {
            Some(raw) => Some(self.cover(roster, policy, &agency.code, &entry, raw)?),
            None => None,
        };
        let reached = cover.as_ref().map_or(0, |cover| cover.reaches.get());
        // A pin under the cover was found there; one at this very number is this entry.
        let beyond = policy.pins.iter().find(|pin| pin.seq.get() > reached && pin.seq != header.seq);
        let branch = beyond.map_or(Branch::Stands, |pin| Branch::Open(pin.seq));
        let undecided = |fork: &&EquivocationProof| fork.chain() == header.chain && !policy.is_pinned(fork.seq());
        let quarantined = self.forks.iter().filter(undecided).map(EquivocationProof::seq).min();
        Ok(Proven {
            shown: shown(&entry, given.content_key)?,
            agency: agency.code.clone(),
            name: agency.name.clone(),
            quarantined: quarantined.filter(|from| *from <= header.seq),
            entry,
            cover,
            branch,
        })
    }

    fn cover(
        &mut self,
        roster: &Roster,
        policy: &ChainPolicy,
        code: &AgencyCode,
        entry: &VerifiedEntry,
        raw: &RawCover,
    ) -> Result<ProvenCover, CoverFault> {
        let chain = entry.header().chain;
        let checkpoint = raw.signed.checkpoint;
        let (size, root) = (checkpoint.size.get(), checkpoint.root);
        if raw.at <= checkpoint.size {
            return Err(CoverFault::Place);
        }
        let leaf = |id: &EntryId| merkle::leaf_hash(id);
        merkle::check_inclusion(&raw.inclusion, entry.seq().get() - 1, size, leaf(&entry.id()), root)?;
        let network = roster.network();
        let mut signed = |rotations: &Rotations, at: Seq, signed: &CheckpointPayload| {
            let key = rotations.key_at(policy, chain, at).ok_or(CoverFault::Signature)?;
            let (bytes, id) = (signed.to_bytes(), key.id());
            let name = [&bytes[..], id.as_bytes(), chain.as_bytes()];
            once(&mut self.held, &name, || signed.verify(network, code, &key).is_ok()).ok_or(CoverFault::Signature)
        };
        signed(&self.rotations, raw.at, &raw.signed)?;
        let mut last = checkpoint;
        if let Some(Continued { at, signed: later, consistency }) = &raw.continued {
            last = later.checkpoint;
            if *at <= last.size {
                return Err(CoverFault::Place);
            }
            merkle::check_consistency(consistency, (size, root), (last.size.get(), last.root))
                .map_err(CoverFault::Continued)?;
            signed(&self.rotations, *at, later)?;
        }
        let mut proofs = raw.pins.iter();
        for pin in policy.pins.iter().filter(|pin| pin.seq <= last.size) {
            let proof = proofs.next().ok_or(CoverFault::Pin(pin.seq))?;
            merkle::check_inclusion(proof, pin.seq.get() - 1, last.size.get(), leaf(&pin.id), last.root)
                .map_err(|_| CoverFault::Pin(pin.seq))?;
        }
        let asked = roster.witnesses();
        let mut witnesses: Vec<(AgencyCode, u64)> = Vec::new();
        for word in raw.witnesses.iter() {
            let witness = roster.agency(word.witness);
            let name = || witness.map_or_else(|| word.witness.to_string(), |witness| witness.code.to_string());
            let fault = || CoverFault::Witness(name());
            let witness = witness.ok_or_else(fault)?;
            let said =
                Cosignature { chain, at: raw.at, signed: raw.signed, seconds: word.seconds, signature: word.signature };
            let keys = self.rotations.keys_of(witness.policy(), witness.chain);
            let seconds = word.seconds.to_be_bytes();
            let signed = raw.signed.to_bytes();
            let parts = [&signed[..], chain.as_bytes(), witness.chain.as_bytes(), &seconds, &word.signature.0];
            once(&mut self.held, &parts, || keys.iter().any(|key| said.verify(network, code, key).is_ok()))
                .ok_or_else(fault)?;
            // Whom the roster does not name, and the agency itself, say nothing that counts; nobody counts twice.
            let counts = asked.witnesses.contains(&witness.chain) && witness.chain != chain;
            if counts && witnesses.iter().all(|(code, _)| *code != witness.code) {
                witnesses.push((witness.code.clone(), word.seconds));
            }
        }
        witnesses.sort_by_key(|(_, seconds)| *seconds);
        Ok(ProvenCover { checkpoint, reaches: last.size, witnesses, needed: asked.threshold })
    }

    fn attachment(&mut self, number: u32, bytes: &[u8]) -> Result<(), BundleError> {
        let wrong = BundleError::Attachment(number);
        if self.open.as_ref().is_none_or(|open| open.number != number) {
            self.close()?;
            let Some(Proven { shown: Shown::Document { envelope: Some(envelope), .. }, .. }) = &self.document else {
                return Err(BundleError::Order("an attachment of a document whose content is withheld"));
            };
            let listed = envelope.attachments.get(number as usize).ok_or(wrong.clone())?.clone();
            if self.attachments.last().is_some_and(|last| *last >= number) {
                return Err(wrong);
            }
            let hasher = Box::new(blake3::Hasher::new_derive_key(domain::ATTACHMENT));
            self.open = Some(OpenAttachment { number, listed, read: 0, hasher });
        }
        if let Some(open) = &mut self.open {
            open.read += bytes.len() as u64;
            if open.read > open.listed.len {
                return Err(wrong);
            }
            open.hasher.update(bytes);
        }
        Ok(())
    }

    /// Judges the attachment that has been read.
    fn close(&mut self) -> Result<(), BundleError> {
        let Some(OpenAttachment { number, listed, read, hasher }) = self.open.take() else { return Ok(()) };
        if read != listed.len || hasher.finalize().as_bytes() != listed.digest.as_bytes() {
            return Err(BundleError::Attachment(number));
        }
        self.attachments.push(number);
        Ok(())
    }

    /// What all frames together prove.
    ///
    /// # Errors
    /// [`BundleError`]: something is missing, or the last attachment is not the one that was signed.
    pub fn finish(mut self) -> Result<Evidence, BundleError> {
        self.close()?;
        let roster = self.roster.ok_or(BundleError::Order("no genesis"))?;
        let document = self.document;
        if document.is_none() && self.forks.is_empty() && self.splits.is_empty() {
            return Err(BundleError::Order("neither a document nor a proof against anybody"));
        }
        let life = match document.as_ref().map(|document| (document, &document.shown)) {
            Some((document, Shown::Document { cover, .. })) => {
                let (entry, sender) = (document.entry.reference(), document.agency.clone());
                let addressees = cover.addressees.to_vec();
                Some(Life::of(Document { entry, sender, addressees }, self.facts))
            }
            _ => None,
        };
        let Self { named, said, forks, splits, attachments, .. } = self;
        Ok(Evidence { roster, document, named, said, life, forks, splits, attachments })
    }
}

/// Checks something unless the same was found to hold before.
fn once(held: &mut BTreeSet<[u8; 32]>, what: &[&[u8]], holds: impl FnOnce() -> bool) -> Option<()> {
    let name = domain::hash(domain::BUNDLE, what);
    if !held.contains(&name) {
        holds().then_some(())?;
        held.insert(name);
    }
    Some(())
}

/// Holds what is shown of an entry against what was signed.
fn shown(entry: &VerifiedEntry, key: Option<[u8; 32]>) -> Result<Shown, EntryFault> {
    let header = entry.header();
    let Some(payload) = entry.payload() else { return Ok(Shown::Withheld) };
    let key = key.map(ContentKey::disclosed);
    match header.kind {
        Kind::DOCUMENT => {
            let payload = DocumentPayload::from_bytes(payload).map_err(EntryFault::Payload)?;
            let envelope = payload.open_with(header.network, header.chain, key.as_ref());
            let envelope = envelope.transpose().map_err(EntryFault::ContentKey)?;
            Ok(Shown::Document { cover: payload.cover, envelope })
        }
        Kind::STATUS => {
            let payload = StatusPayload::from_bytes(payload).map_err(EntryFault::Payload)?;
            let note = key.map(|key| payload.open_with(header.network, header.chain, &key));
            let note = note.transpose().map_err(EntryFault::ContentKey)?;
            Ok(Shown::Status { cover: payload.cover, note })
        }
        _ => Err(EntryFault::NotAbout("only documents and statuses say something about a document")),
    }
}
