//! The roster: the registrars' chain, and the directory that follows from it.
//!
//! Every roster entry is verified whole before it counts: its own signature, the approvals of k of
//! n registrars, and that its action is possible. [`Roster`] is a function of the entries alone.

mod action;
mod check;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use action::{
    Admission, Approval, Certification, Motion, Proposal, Rights, RosterAction, RosterPayload, WitnessPolicy,
};
pub use check::{ActionError, RosterChange, RosterError};

use crate::chain::{ChainPolicy, KeyGrant};
use crate::codec::Sorted;
use crate::entry::Header;
use crate::erasure::Retention;
use crate::genesis::Genesis;
use crate::ids::{AgencyCode, ChainId, NetworkId, Point, Seq};
use crate::keys::{AgencyKeys, KeyId, NodeKey, PublicKey};
use crate::limits::MAX_REGISTRARS;

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
    /// The roster's number that admitted it.
    pub admitted: Seq,
    rights: Vec<(Seq, Rights)>,
    certified: BTreeMap<KeyId, Vec<Seq>>,
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

    /// What it may do besides writing documents, with a number of its chain.
    pub fn rights_at(&self, seq: Seq) -> Rights {
        self.rights.iter().rev().find(|(from, _)| *from <= seq).map_or(Rights::NONE, |(_, rights)| *rights)
    }

    /// From which number of its chain on it may do what, ascending.
    pub fn right_spans(&self) -> &[(Seq, Rights)] {
        &self.rights
    }

    /// What it may do from its next number on, as far as the roster says.
    pub fn rights(&self) -> Rights {
        self.rights.last().map_or(Rights::NONE, |(_, rights)| *rights)
    }

    /// The roster's numbers whose entries carry the certifications of one of its keys, ascending: certificates
    /// are renewed, and an old one still speaks for its time.
    pub fn certified(&self, key: KeyId) -> &[Seq] {
        self.certified.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The keys that any certification is of.
    pub fn certified_keys(&self) -> impl Iterator<Item = KeyId> {
        self.certified.keys().copied()
    }

    fn edit(&mut self, change: impl FnOnce(&mut ChainPolicy)) {
        let mut policy = (*self.policy).clone();
        change(&mut policy);
        self.policy = Arc::new(policy);
    }

    fn change(&mut self, action: &RosterAction, at: Seq) {
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
                let from = behind(after);
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
            RosterAction::Rights { after, rights, .. } => {
                let from = behind(after);
                self.rights.retain(|(since, _)| *since < from);
                self.rights.push((from, *rights));
                self.pin(*after);
            }
            RosterAction::Certify { certification, .. } => {
                self.certified.entry(certification.key.id()).or_default().push(at);
            }
            RosterAction::Admit(_)
            | RosterAction::Registrars { .. }
            | RosterAction::Witnesses(_)
            | RosterAction::Erase { .. }
            | RosterAction::Retention(_) => {}
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

/// The first number after a point.
fn behind(point: &Option<Point>) -> Seq {
    point.and_then(|point| point.seq.next()).unwrap_or(Seq::FIRST)
}

/// The directory of a network, as its roster has made it so far.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Roster {
    genesis: Genesis,
    network: NetworkId,
    chain: ChainId,
    registrars: Sorted<PublicKey, MAX_REGISTRARS>,
    threshold: u16,
    witnesses: WitnessPolicy,
    retention: Retention,
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
            witnesses: WitnessPolicy::default(),
            retention: Retention::default(),
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

    /// Who witnesses checkpoints now.
    pub fn witnesses(&self) -> &WitnessPolicy {
        &self.witnesses
    }

    /// How long payloads are kept now.
    pub fn retention(&self) -> &Retention {
        &self.retention
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
        if let RosterAction::Witnesses(policy) = action {
            self.witnesses = policy.clone();
            return vec![];
        }
        if let RosterAction::Retention(policy) = action {
            self.retention = policy.clone();
            return vec![];
        }
        if let RosterAction::Nodes { chain, nodes } = action {
            self.nodes.retain(|_, owner| owner != chain);
            self.nodes.extend(nodes.iter().map(|node| (*node, *chain)));
        }
        let Some(agency) = action.chain().and_then(|chain| self.agencies.get_mut(&chain)) else { return vec![] };
        agency.change(action, seq);
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
            admitted: seq,
            rights: vec![(Seq::FIRST, *rights)],
            certified: BTreeMap::new(),
            standing_limit: None,
            revoked_after: None,
            policy: Arc::new(ChainPolicy { grants: vec![grant], ..ChainPolicy::default() }),
        };
        self.agencies.insert(chain, agency);
        chain
    }
}
