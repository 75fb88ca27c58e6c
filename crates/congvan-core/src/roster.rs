//! The roster: the registrars' chain, and the directory that follows from it.
//!
//! Every roster entry is verified whole before it counts: its own signature, the approvals of k of
//! n registrars, and that its action is possible. [`Roster`] is a function of the entries alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::chain::{ChainPolicy, KeyGrant, LinkedEntry, VerifiedEntry};
use crate::codec::{Bounded, CodecError, Decode, Encode, Sorted, Text, Wire, encode};
use crate::domain;
use crate::entry::{self, EntryError, Header, Kind, UnverifiedEntry, VERSION};
use crate::genesis::Genesis;
use crate::ids::{AgencyCode, ChainId, Digest, NetworkId, Point, Seq, Time};
use crate::keys::{AgencyKeys, KeyError, KeyId, NodeKey, PublicKey, SecretKey, Signature};
use crate::limits::{MAX_NAME, MAX_NODES, MAX_REGISTRARS};
use crate::wire;

/// Rights beyond writing one's own chain, as bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Rights(pub u32);

impl Rights {
    /// None.
    pub const NONE: Rights = Rights(0);
}

/// An agency as the registrar admits it; an enrolment request carries the same.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Admission {
    /// Its code: the name of its chain, for good.
    pub code: AgencyCode,
    /// Its name.
    pub name: Text<MAX_NAME>,
    /// The agency above it, which the roster must know.
    pub parent: Option<AgencyCode>,
    /// Its first keys.
    pub keys: AgencyKeys,
    /// Proof that it holds them.
    pub possession: Signature,
    /// The network keys of its nodes.
    pub nodes: Bounded<NodeKey, MAX_NODES>,
    /// What it may do besides.
    pub rights: Rights,
}
wire!(Admission, "admission", 4096);

/// A change of the roster. `after`/`last` name the last entry that stands; `None`: none does.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum RosterAction {
    /// A new agency.
    Admit(Admission),
    /// The agency's chain ends, for now, at `last`.
    Suspend {
        /// Its chain.
        chain: ChainId,
        /// The last entry that stands.
        last: Option<Point>,
    },
    /// A suspended agency may write again.
    Reinstate {
        /// Its chain.
        chain: ChainId,
    },
    /// The agency's chain ends at `last` for good.
    Close {
        /// Its chain.
        chain: ChainId,
        /// The last entry that stands.
        last: Option<Point>,
    },
    /// New keys by the registrar's word, for the numbers after `after`.
    Rotate {
        /// Its chain.
        chain: ChainId,
        /// The last entry under the keys before.
        after: Option<Point>,
        /// The new keys.
        keys: AgencyKeys,
        /// Proof that the agency holds them.
        possession: Signature,
    },
    /// The agency's key is void after `last`; it writes again once it is given new ones.
    Revoke {
        /// Its chain.
        chain: ChainId,
        /// The last good entry.
        last: Option<Point>,
    },
    /// Of a forked chain, the branch with this entry stands.
    Resolve {
        /// Its chain.
        chain: ChainId,
        /// The entry at the forked number that stands.
        stands: Point,
    },
    /// The network keys of an agency's nodes, replaced.
    Nodes {
        /// Its chain.
        chain: ChainId,
        /// The new list.
        nodes: Bounded<NodeKey, MAX_NODES>,
    },
    /// Other registrars.
    Registrars {
        /// The new set.
        keys: Sorted<PublicKey, MAX_REGISTRARS>,
        /// How many a change needs from the next entry on.
        threshold: u16,
    },
}
wire!(RosterAction, "roster action", 8192);

/// One registrar's approval.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode)]
pub struct Approval {
    /// Whose.
    pub registrar: KeyId,
    /// Over [`Proposal::message`].
    pub signature: Signature,
}

/// The payload of a [`Kind::ROSTER`] entry.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct RosterPayload {
    /// The change.
    pub action: RosterAction,
    /// Approvals by registrars other than the entry's signer, sorted by key.
    pub approvals: Sorted<Approval, MAX_REGISTRARS>,
}
wire!(RosterPayload, "roster payload", 16384);

/// A change at its place in the roster, for registrars to approve one after another.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Proposal {
    /// The network.
    pub network: NetworkId,
    /// The number it will have.
    pub seq: Seq,
    /// The id of the roster entry before it.
    pub prev: crate::EntryId,
    /// The change.
    pub action: RosterAction,
}
wire!(Proposal, "roster proposal", 12288);

impl Proposal {
    /// What an approval signs.
    pub fn message(&self) -> Vec<u8> {
        [domain::SIGN_APPROVAL, &encode(self)].concat()
    }

    /// Approves it.
    pub fn approve(&self, registrar: &SecretKey) -> Approval {
        Approval { registrar: registrar.public().id(), signature: registrar.sign(&self.message()) }
    }
}

/// Whether an agency may write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It may.
    Active,
    /// Not now.
    Suspended,
    /// Never again.
    Closed,
}

/// One agency in the directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agency {
    /// Its code.
    pub code: AgencyCode,
    /// Its chain.
    pub chain: ChainId,
    /// Its name.
    pub name: String,
    /// The agency above it.
    pub parent: Option<AgencyCode>,
    /// Whether it may write.
    pub standing: Standing,
    /// Its nodes' network keys.
    pub nodes: Vec<NodeKey>,
    /// What it may do besides.
    pub rights: Rights,
    /// The roster's number that admitted it.
    pub admitted: Seq,
    standing_limit: Option<u64>,
    revoked_after: Option<u64>,
    policy: Arc<ChainPolicy>,
}

impl Agency {
    /// What the roster says of its chain.
    pub fn policy(&self) -> &Arc<ChainPolicy> {
        &self.policy
    }

    /// The keys that the registrar gave it last; its own rotations are in its chain.
    pub fn granted_keys(&self) -> Option<&AgencyKeys> {
        self.policy.grants.last().map(|grant| &*grant.keys)
    }

    fn edit(&mut self, change: impl FnOnce(&mut ChainPolicy)) {
        let mut policy = (*self.policy).clone();
        change(&mut policy);
        self.policy = Arc::new(policy);
    }

    fn change(&mut self, action: &RosterAction) {
        let end = |point: &Option<Point>| point.map_or(0, |point| point.seq.get());
        match action {
            RosterAction::Suspend { last, .. } => {
                self.standing = Standing::Suspended;
                self.standing_limit = Some(end(last));
                self.pin(*last);
            }
            RosterAction::Reinstate { .. } => {
                self.standing = Standing::Active;
                self.standing_limit = None;
            }
            RosterAction::Close { last, .. } => {
                self.standing = Standing::Closed;
                self.standing_limit = Some(end(last));
                self.pin(*last);
            }
            RosterAction::Rotate { after, keys, .. } => {
                self.revoked_after = None;
                let from = after.and_then(|after| after.seq.next()).unwrap_or(Seq::FIRST);
                let keys = Arc::new(keys.clone());
                // What stood behind `after` is written anew, so pins there would name what is gone.
                self.edit(|policy| {
                    policy.pins.retain(|pin| pin.seq < from);
                    policy.grants.retain(|grant| grant.from < from);
                    policy.grants.push(KeyGrant { from, keys });
                });
                self.pin(*after);
            }
            RosterAction::Revoke { last, .. } => {
                self.revoked_after = Some(end(last));
                self.pin(*last);
            }
            RosterAction::Resolve { stands, .. } => self.pin(Some(*stands)),
            RosterAction::Nodes { nodes, .. } => self.nodes = nodes.to_vec(),
            RosterAction::Admit(_) | RosterAction::Registrars { .. } => {}
        }
        let limit = [self.standing_limit, self.revoked_after].into_iter().flatten().min();
        self.edit(|policy| policy.limit = limit);
    }

    fn pin(&mut self, point: Option<Point>) {
        let Some(point) = point else { return };
        self.edit(|policy| {
            policy.pins.retain(|pin| pin.seq != point.seq);
            policy.pins.push(point);
            policy.pins.sort();
        });
    }
}

/// A roster entry that [`Roster::check`] passed, and what it changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RosterChange {
    entry: VerifiedEntry,
    action: RosterAction,
}

impl RosterChange {
    /// The entry.
    pub fn entry(&self) -> &VerifiedEntry {
        &self.entry
    }

    /// What it changes.
    pub fn action(&self) -> &RosterAction {
        &self.action
    }
}

/// Why an entry does not continue the roster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RosterError {
    /// Another network, chain, kind, number or link.
    #[error("roster entry {seq}: {reason}")]
    Place {
        /// The entry's number.
        seq: Seq,
        /// What is out of place.
        reason: &'static str,
    },
    /// The payload is malformed.
    #[error("roster entry {seq}: {error}")]
    Payload {
        /// The entry's number.
        seq: Seq,
        /// The decoder's error.
        error: CodecError,
    },
    /// A signature does not hold, or its key is no registrar's.
    #[error("roster entry {seq}: {whose}: {error}")]
    Signature {
        /// The entry's number.
        seq: Seq,
        /// The signer.
        whose: String,
        /// What is wrong.
        error: KeyError,
    },
    /// A key that is not a registrar's.
    #[error("{0} is not a registrar's key here")]
    NotARegistrar(KeyId),
    /// Too few distinct registrars.
    #[error("a change needs {needed} registrars; {found} signed")]
    TooFew {
        /// k.
        needed: u16,
        /// Distinct registrars found.
        found: usize,
    },
    /// The action is not possible.
    #[error(transparent)]
    Action(#[from] ActionError),
    /// It cannot be written.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// No registrar's key was given to sign with.
    #[error("no registrar's key was given")]
    NoSigner,
    /// All numbers are used.
    #[error("the roster is full")]
    Full,
}

/// Why a change of the roster is not possible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ActionError {
    /// A code can be admitted once.
    #[error("the agency {0} is in the roster already")]
    Known(AgencyCode),
    /// The chain is no agency's.
    #[error("the roster knows no agency with chain {0}")]
    UnknownChain(ChainId),
    /// The code is no agency's.
    #[error("the roster knows no agency {0}")]
    UnknownCode(AgencyCode),
    /// The agency above is not in the roster.
    #[error("the parent agency {0} is not in the roster")]
    UnknownParent(AgencyCode),
    /// Proof of possession fails.
    #[error("the proof that the agency holds its key: {0}")]
    Possession(KeyError),
    /// A node belongs to one agency.
    #[error("the node {0} belongs to another agency")]
    NodeTaken(NodeKey),
    /// The agency's standing forbids it.
    #[error("the agency {code} is {standing:?}")]
    Standing {
        /// The agency.
        code: AgencyCode,
        /// Its standing.
        standing: Standing,
    },
    /// An impossible k of n.
    #[error("a change would need {threshold} of {registrars} registrars; it must be 1 to {registrars}")]
    Threshold {
        /// k.
        threshold: u16,
        /// n.
        registrars: usize,
    },
    /// No number is left for new keys.
    #[error("the chain is full")]
    ChainFull,
}

/// The directory of a network, as its roster has made it so far.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Roster {
    genesis: Genesis,
    network: NetworkId,
    chain: ChainId,
    registrars: Sorted<PublicKey, MAX_REGISTRARS>,
    threshold: u16,
    head: Option<Point>,
    agencies: BTreeMap<ChainId, Agency>,
    codes: BTreeMap<AgencyCode, ChainId>,
    nodes: BTreeMap<NodeKey, ChainId>,
}

impl Roster {
    /// The roster of a network before its first entry.
    pub fn new(genesis: Genesis) -> Self {
        let network = genesis.network_id();
        Self {
            network,
            chain: ChainId::of_roster(network),
            registrars: genesis.registrars.clone(),
            threshold: genesis.threshold,
            head: None,
            agencies: BTreeMap::new(),
            codes: BTreeMap::new(),
            nodes: BTreeMap::new(),
            genesis,
        }
    }

    /// The genesis it grew from.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The network.
    pub fn network(&self) -> NetworkId {
        self.network
    }

    /// The roster's own chain.
    pub fn chain(&self) -> ChainId {
        self.chain
    }

    /// Its last entry.
    pub fn head(&self) -> Option<Point> {
        self.head
    }

    /// The registrars' keys, and how many a change needs.
    pub fn registrars(&self) -> (&[PublicKey], u16) {
        (&self.registrars, self.threshold)
    }

    /// All agencies, by chain.
    pub fn agencies(&self) -> impl Iterator<Item = &Agency> {
        self.agencies.values()
    }

    /// The agency with this chain.
    pub fn agency(&self, chain: ChainId) -> Option<&Agency> {
        self.agencies.get(&chain)
    }

    /// The agency with this code.
    pub fn by_code(&self, code: &AgencyCode) -> Option<&Agency> {
        self.agencies.get(self.codes.get(code)?)
    }

    /// The agency that a node belongs to.
    pub fn by_node(&self, node: &NodeKey) -> Option<&Agency> {
        self.agencies.get(self.nodes.get(node)?)
    }

    /// Whether a peer with this key gets more than a handshake (DESIGN §3.13).
    pub fn admits(&self, node: &NodeKey) -> bool {
        self.by_node(node).is_some_and(|agency| agency.standing != Standing::Closed)
    }

    /// What the roster says of a chain.
    ///
    /// # Errors
    /// [`ActionError::UnknownChain`].
    pub fn policy(&self, chain: ChainId) -> Result<Arc<ChainPolicy>, ActionError> {
        self.agencies.get(&chain).map(|a| a.policy.clone()).ok_or(ActionError::UnknownChain(chain))
    }

    /// A change at the place that is next.
    ///
    /// # Errors
    /// [`RosterError`] where the action is not possible now.
    pub fn proposal(&self, action: RosterAction) -> Result<Proposal, RosterError> {
        let seq = self.head.map_or(Some(Seq::FIRST), |head| head.seq.next()).ok_or(RosterError::Full)?;
        let prev = self.head.map_or(Header::NO_PREVIOUS, |head| head.id);
        self.judge(&action)?;
        Ok(Proposal { network: self.network, seq, prev, action })
    }

    /// Makes the entry of an approved proposal.
    ///
    /// # Errors
    /// [`RosterError`]: too few registrars, a proposal for another place, or an impossible action.
    pub fn assemble(
        &self,
        proposal: Proposal,
        approvals: Vec<Approval>,
        time: Time,
        signer: &SecretKey,
    ) -> Result<RosterChange, RosterError> {
        let signer_id = signer.public().id();
        let others = approvals.into_iter().filter(|approval| approval.registrar != signer_id).collect();
        let approvals = Sorted::from_unsorted(others).map_err(|e| RosterError::Payload {
            seq: proposal.seq,
            error: CodecError::Malformed { what: "roster approvals", reason: e.to_string() },
        })?;
        let payload = RosterPayload { action: proposal.action, approvals }.to_bytes();
        let header = Header {
            version: VERSION,
            network: proposal.network,
            chain: self.chain,
            seq: proposal.seq,
            prev: proposal.prev,
            time,
            kind: Kind::ROSTER,
            signer: signer_id,
            payload_digest: Digest::from_bytes([0; 32]),
            payload_len: 0,
        };
        let parts = entry::sign(header, &payload, signer)?;
        self.check(UnverifiedEntry::parse(&parts.bytes)?)
    }

    /// Makes an entry with all the keys at hand; the first signs, the others approve.
    ///
    /// # Errors
    /// As [`Roster::assemble`].
    pub fn propose(&self, action: RosterAction, time: Time, keys: &[&SecretKey]) -> Result<RosterChange, RosterError> {
        let (signer, others) = keys.split_first().ok_or(RosterError::NoSigner)?;
        let proposal = self.proposal(action)?;
        let approvals = others.iter().map(|key| proposal.approve(key)).collect();
        self.assemble(proposal, approvals, time, signer)
    }

    /// Verifies the roster's next entry whole, without applying it.
    ///
    /// # Errors
    /// [`RosterError`] says what does not hold.
    pub fn check(&self, entry: UnverifiedEntry) -> Result<RosterChange, RosterError> {
        let header = entry.header().clone();
        let seq = header.seq;
        let place = |reason| RosterError::Place { seq, reason };
        if header.network != self.network {
            return Err(place("it belongs to another network"));
        }
        if header.chain != self.chain {
            return Err(place("it belongs to another chain"));
        }
        if header.kind != Kind::ROSTER {
            return Err(place("its kind has no place in the roster; newer software may have written it"));
        }
        if Some(seq) != self.head.map_or(Some(Seq::FIRST), |head| head.seq.next()) {
            return Err(place("another number was due"));
        }
        if header.prev != self.head.map_or(Header::NO_PREVIOUS, |head| head.id) {
            return Err(place("it does not link to the entry before it"));
        }
        let payload = entry.payload().ok_or_else(|| place("its payload is missing"))?;
        let RosterPayload { action, approvals } =
            RosterPayload::from_bytes(payload).map_err(|error| RosterError::Payload { seq, error })?;

        let registrar =
            |id: &KeyId| self.registrars.iter().find(|key| key.id() == *id).ok_or(RosterError::NotARegistrar(*id));
        let bad = |id: &KeyId| {
            let whose = id.to_string();
            move |error| RosterError::Signature { seq, whose, error }
        };
        let proposal = Proposal { network: self.network, seq, prev: header.prev, action };
        let message = proposal.message();
        let mut signed = vec![header.signer];
        for approval in approvals.iter() {
            registrar(&approval.registrar)?.verify(&message, &approval.signature).map_err(bad(&approval.registrar))?;
            signed.push(approval.registrar);
        }
        signed.sort();
        signed.dedup();
        if signed.len() < usize::from(self.threshold) {
            return Err(RosterError::TooFew { needed: self.threshold, found: signed.len() });
        }
        let signer = registrar(&header.signer)?.clone();
        let entry = VerifiedEntry::checked(entry, signer).map_err(bad(&header.signer))?;
        self.judge(&proposal.action)?;
        Ok(RosterChange { entry, action: proposal.action })
    }

    /// Reads back a roster entry that [`check`](Self::check) accepted before: for a ledger that stored it,
    /// and for nothing else. Its own signature is checked again.
    ///
    /// # Errors
    /// [`RosterError`] where it cannot have been accepted.
    pub fn stored(&self, entry: UnverifiedEntry) -> Result<LinkedEntry, RosterError> {
        let header = entry.header();
        let seq = header.seq;
        if header.network != self.network || header.chain != self.chain || header.kind != Kind::ROSTER {
            return Err(RosterError::Place { seq, reason: "it is no entry of this roster" });
        }
        let whose = header.signer.to_string();
        let bad = |error| RosterError::Signature { seq, whose, error };
        let signer = PublicKey::new(header.signer.as_bytes()).map_err(bad.clone())?;
        Ok(VerifiedEntry::checked(entry, signer).map_err(bad)?.into_linked())
    }

    /// Applies the next change. Returns the chains whose rules it changed.
    ///
    /// # Errors
    /// [`RosterError`] where the change was checked at another place; nothing changes then.
    pub fn apply(&mut self, change: &RosterChange) -> Result<Vec<ChainId>, RosterError> {
        let header = change.entry.header();
        if header.prev != self.head.map_or(Header::NO_PREVIOUS, |head| head.id) || header.chain != self.chain {
            return Err(RosterError::Place { seq: header.seq, reason: "it was checked at another place" });
        }
        self.judge(&change.action)?;
        let touched = self.act(&change.action, header.seq);
        self.head = Some(change.entry.point());
        Ok(touched)
    }

    /// Whether an action is possible now.
    fn judge(&self, action: &RosterAction) -> Result<(), ActionError> {
        match action {
            RosterAction::Admit(Admission { code, parent, keys, possession, nodes, .. }) => {
                let chain = ChainId::of_agency(self.network, code);
                if self.codes.contains_key(code) {
                    return Err(ActionError::Known(code.clone()));
                }
                if let Some(parent) = parent.as_ref().filter(|parent| !self.codes.contains_key(parent)) {
                    return Err(ActionError::UnknownParent(parent.clone()));
                }
                keys.check_possession(self.network, chain, possession).map_err(ActionError::Possession)?;
                self.free_nodes(nodes, chain)
            }
            RosterAction::Registrars { keys, threshold } => match (usize::from(*threshold), keys.len()) {
                (k, n) if k == 0 || k > n => Err(ActionError::Threshold { threshold: *threshold, registrars: n }),
                _ => Ok(()),
            },
            RosterAction::Reinstate { chain } => match self.open(*chain)? {
                agency if agency.standing == Standing::Suspended => Ok(()),
                agency => Err(ActionError::Standing { code: agency.code.clone(), standing: agency.standing }),
            },
            RosterAction::Rotate { chain, after, keys, possession } => {
                self.open(*chain)?;
                if after.is_some_and(|after| after.seq.next().is_none()) {
                    return Err(ActionError::ChainFull);
                }
                keys.check_possession(self.network, *chain, possession).map_err(ActionError::Possession)
            }
            RosterAction::Nodes { chain, nodes } => {
                self.open(*chain)?;
                self.free_nodes(nodes, *chain)
            }
            RosterAction::Suspend { chain, .. }
            | RosterAction::Close { chain, .. }
            | RosterAction::Revoke { chain, .. }
            | RosterAction::Resolve { chain, .. } => self.open(*chain).map(|_| ()),
        }
    }

    /// An agency that the roster may still change.
    fn open(&self, chain: ChainId) -> Result<&Agency, ActionError> {
        let agency = self.agencies.get(&chain).ok_or(ActionError::UnknownChain(chain))?;
        match agency.standing {
            Standing::Closed => Err(ActionError::Standing { code: agency.code.clone(), standing: agency.standing }),
            _ => Ok(agency),
        }
    }

    fn free_nodes(&self, nodes: &[NodeKey], chain: ChainId) -> Result<(), ActionError> {
        match nodes.iter().find(|node| self.nodes.get(node).is_some_and(|owner| *owner != chain)) {
            Some(node) => Err(ActionError::NodeTaken(*node)),
            None => Ok(()),
        }
    }

    /// Does what [`Roster::judge`] found possible.
    fn act(&mut self, action: &RosterAction, seq: Seq) -> Vec<ChainId> {
        if let RosterAction::Admit(admission) = action {
            return vec![self.admit(admission, seq)];
        }
        if let RosterAction::Registrars { keys, threshold } = action {
            self.registrars = keys.clone();
            self.threshold = *threshold;
            return vec![];
        }
        if let RosterAction::Nodes { chain, nodes } = action {
            self.nodes.retain(|_, owner| owner != chain);
            self.nodes.extend(nodes.iter().map(|node| (*node, *chain)));
        }
        let Some(agency) = action.chain().and_then(|chain| self.agencies.get_mut(&chain)) else { return vec![] };
        agency.change(action);
        vec![agency.chain]
    }

    fn admit(&mut self, admission: &Admission, seq: Seq) -> ChainId {
        let Admission { code, name, parent, keys, nodes, rights, .. } = admission;
        let chain = ChainId::of_agency(self.network, code);
        self.codes.insert(code.clone(), chain);
        self.nodes.extend(nodes.iter().map(|node| (*node, chain)));
        let grant = KeyGrant { from: Seq::FIRST, keys: Arc::new(keys.clone()) };
        let agency = Agency {
            code: code.clone(),
            chain,
            name: name.to_string(),
            parent: parent.clone(),
            standing: Standing::Active,
            nodes: nodes.to_vec(),
            rights: *rights,
            admitted: seq,
            standing_limit: None,
            revoked_after: None,
            policy: Arc::new(ChainPolicy { grants: vec![grant], ..ChainPolicy::default() }),
        };
        self.agencies.insert(chain, agency);
        chain
    }
}

impl RosterAction {
    /// The agency's chain that the action is about, where it exists already.
    pub fn chain(&self) -> Option<ChainId> {
        match self {
            Self::Suspend { chain, .. }
            | Self::Reinstate { chain }
            | Self::Close { chain, .. }
            | Self::Rotate { chain, .. }
            | Self::Revoke { chain, .. }
            | Self::Resolve { chain, .. }
            | Self::Nodes { chain, .. } => Some(*chain),
            Self::Admit(_) | Self::Registrars { .. } => None,
        }
    }
}
