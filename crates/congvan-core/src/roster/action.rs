//! What registrars decide, and how they sign it.

use crate::codec::{Bounded, Bytes, Decode, Encode, Sorted, Text, encode};
use crate::domain;
use crate::erasure::{Erasure, Retention};
use crate::ids::{AgencyCode, ChainId, EntryId, NetworkId, Point, Seq};
use crate::keys::{AgencyKeys, KeyError, KeyId, NodeKey, PublicKey, SecretKey, Signature};
use crate::limits::{
    MAX_ACTION, MAX_CERTIFICATE, MAX_CERTIFICATE_PROOF, MAX_CERTIFICATES, MAX_NAME, MAX_NODES, MAX_REGISTRARS,
    MAX_WITNESSES,
};
use crate::wire;

/// Rights beyond writing documents, as bits. Bits that are not defined here mean nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct Rights(pub u32);

impl Rights {
    /// None.
    pub const NONE: Rights = Rights(0);
    /// To publish administrative procedures in the catalogue.
    pub const PUBLISH: Rights = Rights(1);

    /// Whether all of `rights` are among them.
    pub fn include(self, rights: Rights) -> bool {
        self.0 & rights.0 == rights.0
    }
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
    /// Other rights, for the numbers after `after`.
    Rights {
        /// Its chain.
        chain: ChainId,
        /// The last entry under the rights before.
        after: Option<Point>,
        /// The new rights, instead of those before.
        rights: Rights,
    },
    /// A key of the agency belongs to the holder of a certificate of its authority.
    Certify {
        /// Its chain.
        chain: ChainId,
        /// Key, certificates, and both sides' word.
        certification: Certification,
    },
    /// Who witnesses checkpoints from the next entry on.
    Witnesses(WitnessPolicy),
    /// Entries of an agency's chain lose their payloads, by the registrars' order.
    Erase {
        /// Its chain.
        chain: ChainId,
        /// Which, and why.
        erasure: Erasure,
    },
    /// How long payloads are kept, from the next entry on.
    Retention(Retention),
}
wire!(RosterAction, "roster action", MAX_ACTION);

/// Which agencies witness others' checkpoints, and how many of them make a checkpoint witnessed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct WitnessPolicy {
    /// The witnesses' chains.
    pub witnesses: Sorted<ChainId, MAX_WITNESSES>,
    /// How many of them it takes; 0 where there are none.
    pub threshold: u16,
}

/// That an agency's key and an X.509 certificate have one holder: each side signs for the other.
///
/// The roster checks the agency's side alone; the certificate's, and whether its authority is to be trusted,
/// is a reader's judgement and decides nothing in a chain.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Certification {
    /// The agency's signing key.
    pub key: PublicKey,
    /// Certificates in DER, the agency's own first, each issued by the next.
    pub certificates: Bounded<Bytes<MAX_CERTIFICATE>, MAX_CERTIFICATES>,
    /// By the first certificate's key over [`Certification::proof_message`], in the form that is usual for
    /// its algorithm.
    pub proof: Bytes<MAX_CERTIFICATE_PROOF>,
    /// By `key` over [`Certification::consent_message`].
    pub consent: Signature,
}
wire!(Certification, "certification", MAX_ACTION);

impl Certification {
    /// What the certificate's key signs.
    pub fn proof_message(network: NetworkId, chain: ChainId, key: KeyId) -> Vec<u8> {
        [domain::SIGN_CERTIFICATE, network.as_bytes(), chain.as_bytes(), key.as_bytes()].concat()
    }

    /// What the agency's key signs.
    pub fn consent_message(
        network: NetworkId,
        chain: ChainId,
        certificates: &Bounded<Bytes<MAX_CERTIFICATE>, MAX_CERTIFICATES>,
    ) -> Vec<u8> {
        [domain::SIGN_CONSENT, network.as_bytes(), chain.as_bytes(), &encode(certificates)].concat()
    }

    /// Joins both sides' signatures.
    pub fn new(
        network: NetworkId,
        chain: ChainId,
        secret: &SecretKey,
        certificates: Bounded<Bytes<MAX_CERTIFICATE>, MAX_CERTIFICATES>,
        proof: Bytes<MAX_CERTIFICATE_PROOF>,
    ) -> Self {
        let consent = secret.sign(&Self::consent_message(network, chain, &certificates));
        Self { key: secret.public(), certificates, proof, consent }
    }

    /// Whether the agency's key agrees.
    ///
    /// # Errors
    /// [`KeyError::BadSignature`].
    pub fn check_consent(&self, network: NetworkId, chain: ChainId) -> Result<(), KeyError> {
        self.key.verify(&Self::consent_message(network, chain, &self.certificates), &self.consent)
    }
}

/// One registrar's approval.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode)]
pub struct Approval {
    /// Whose.
    pub registrar: KeyId,
    /// Over [`Proposal::message`].
    pub signature: Signature,
}

/// The payload of a [`crate::Kind::ROSTER`] entry.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct RosterPayload {
    /// The change.
    pub action: RosterAction,
    /// Approvals by registrars other than the entry's signer, sorted by key.
    pub approvals: Sorted<Approval, MAX_REGISTRARS>,
}
wire!(RosterPayload, "roster payload", MAX_ACTION + 8192);

/// A change at its place in the roster, for registrars to approve one after another.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Proposal {
    /// The network.
    pub network: NetworkId,
    /// The number it will have.
    pub seq: Seq,
    /// The id of the roster entry before it.
    pub prev: EntryId,
    /// The change.
    pub action: RosterAction,
}
wire!(Proposal, "roster proposal", MAX_ACTION + 128);

/// A proposal on its way from one registrar's desk to the next, with the approvals that it has so far.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Motion {
    /// The change at its place.
    pub proposal: Proposal,
    /// Who approved it, sorted by key.
    pub approvals: Sorted<Approval, MAX_REGISTRARS>,
}
wire!(Motion, "roster motion", MAX_ACTION + 128 + 8192);

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
            | Self::Nodes { chain, .. }
            | Self::Rights { chain, .. }
            | Self::Certify { chain, .. }
            | Self::Erase { chain, .. } => Some(*chain),
            Self::Admit(_) | Self::Registrars { .. } | Self::Witnesses(_) | Self::Retention(_) => None,
        }
    }
}
