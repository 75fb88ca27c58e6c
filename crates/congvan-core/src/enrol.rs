//! Enrolment by an invitation: what the two sides say to each other (docs/protocol.md, Enrolment).
//!
//! Both know the invitation's [`ProofKey`], a hash of its code; only the invited side can prove the
//! invitation's guest key in the handshake below. Each side's proof covers the network keys that both proved
//! there, so that what somebody between the two relays is worth nothing.

use crate::codec::{Bounded, Bytes, Decode, Encode, Text, Wire, encode};
use crate::domain;
use crate::entry::SIGNED_LEN;
use crate::genesis::Genesis;
use crate::ids::{AgencyCode, ChainId, NetworkId, Seq, Time};
use crate::invitation::{Proof, ProofKey};
use crate::keys::{KeyError, NodeKey};
use crate::limits::MAX_NAME;
use crate::roster::{Admission, Rights, RosterPayload};
use crate::wire;

/// Bytes of roster entries in one answer, beyond which no further one is added.
pub const MAX_PAGE: usize = 256 * 1024;
/// The most entries in one answer.
pub const MAX_PAGE_ENTRIES: usize = 1_024;
/// The most bytes of one entry of the roster.
pub const MAX_ROSTER_ENTRY: usize = SIGNED_LEN + <RosterPayload as Wire>::MAX;
/// The most addresses of nodes to begin with.
pub const MAX_PEERS: usize = 16;
/// The most bytes of one of them, as text.
pub const MAX_PEER: usize = 256;

/// Random bytes that make a conversation one of its own.
pub type Nonce = [u8; 32];

/// What the invited side says.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum EnrolRequest {
    /// "I have been invited."
    Open {
        /// Random.
        nonce: Nonce,
    },
    /// "These are my keys: admit me." The same again asks how far it is.
    Admit {
        /// The agency's keys and node, with the proof that it holds them.
        admission: Box<Admission>,
        /// By the invitation, over [`Transcript::keys_proof`].
        proof: Proof,
    },
    /// "The roster from this number on."
    Roster {
        /// The first number.
        from: Seq,
    },
}
wire!(EnrolRequest, "enrolment request", 4 + <Admission as Wire>::MAX + 32);

/// What the registrar says.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum EnrolResponse {
    /// "You are invited to this."
    Offer(Box<Offer>),
    /// "You are in the roster. Nodes to begin with:"
    Admitted {
        /// Addresses, each with the node's network key; a host that is unspecified is this one.
        peers: Bounded<Text<MAX_PEER>, MAX_PEERS>,
    },
    /// "Other registrars have to approve it: ask again later."
    Waiting {
        /// How many have.
        approved: u16,
        /// How many it needs.
        needed: u16,
    },
    /// Entries of the roster.
    Roster {
        /// In order.
        entries: Bounded<Bytes<MAX_ROSTER_ENTRY>, MAX_PAGE_ENTRIES>,
        /// Whether there are more.
        more: bool,
    },
    /// "No."
    Refused(Refusal),
}
wire!(EnrolResponse, "enrolment response", 4 + 8 + MAX_PAGE + MAX_ROSTER_ENTRY + 8 * MAX_PAGE_ENTRIES + 1);

/// Why the registrar's desk refuses.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, thiserror::Error)]
pub enum Refusal {
    /// The invitation's time is over.
    #[error("the invitation expired")]
    Expired {
        /// Since then, by the registrar's clock.
        at: Time,
    },
    /// Other keys were admitted by it.
    #[error("the invitation was used already, with other keys")]
    Used {
        /// Then.
        at: Time,
    },
    /// The registrar revoked it.
    #[error("the registrar revoked the invitation")]
    Revoked,
    /// It was misused too often.
    #[error("the invitation was misused too often and is void")]
    Void,
    /// A proof does not hold.
    #[error("the proof does not hold for this invitation")]
    Proof,
    /// The admission is not what the invitation is for.
    #[error("the keys are for another agency, name or parent than the invitation")]
    Other,
    /// `Admit` or `Roster` before `Open` or `Admit`.
    #[error("out of turn")]
    Turn,
    /// The desk cannot do it now.
    #[error("the registrar's desk cannot do it now: {0}")]
    Desk(Text<MAX_NAME>),
}

/// What the invitation is for, and where.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Offer {
    /// The network.
    pub genesis: Genesis,
    /// The agency's code.
    pub code: AgencyCode,
    /// Its name.
    pub name: Text<MAX_NAME>,
    /// The agency above it.
    pub parent: Option<AgencyCode>,
    /// Until when, by the registrar's clock.
    pub expires: Time,
    /// The registrar's clock now.
    pub time: Time,
    /// Random.
    pub nonce: Nonce,
    /// By the invitation, over [`Transcript::offer_proof`].
    pub proof: Proof,
}

impl Offer {
    /// The agency's chain.
    pub fn chain(&self) -> ChainId {
        ChainId::of_agency(self.genesis.network_id(), &self.code)
    }

    /// Whether an admission is what was offered, and its keys were at hand.
    ///
    /// # Errors
    /// [`Refusal::Other`], or [`Refusal::Proof`] where the possession of the keys is not proved.
    pub fn check(&self, admission: &Admission) -> Result<(), Refusal> {
        check_admission(self.genesis.network_id(), (&self.code, &self.name, self.parent.as_ref()), admission)
    }
}

/// [`Offer::check`] without an offer: what is invited is code, name and parent.
///
/// # Errors
/// As there.
pub fn check_admission(
    network: NetworkId,
    (code, name, parent): (&AgencyCode, &str, Option<&AgencyCode>),
    admission: &Admission,
) -> Result<(), Refusal> {
    let same = admission.code == *code && *admission.name == *name && admission.parent.as_ref() == parent;
    if !same || admission.nodes.len() != 1 || admission.rights != Rights::NONE {
        return Err(Refusal::Other);
    }
    let chain = ChainId::of_agency(network, code);
    let possession: Result<(), KeyError> = admission.keys.check_possession(network, chain, &admission.possession);
    possession.map_err(|_| Refusal::Proof)
}

/// What makes one conversation different from every other: both sides' network keys, as the other proved
/// them in the handshake, and the random bytes of both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transcript {
    /// The desk's network key.
    pub desk: NodeKey,
    /// The guest's network key: the invitation's name.
    pub guest: NodeKey,
    /// The guest's random bytes.
    pub opened: Nonce,
    /// The desk's.
    pub offered: Nonce,
}

impl Transcript {
    fn bytes(&self) -> [u8; 128] {
        let mut bytes = [0; 128];
        for (part, to) in [self.desk.as_bytes(), self.guest.as_bytes(), &self.opened, &self.offered]
            .into_iter()
            .zip(bytes.as_chunks_mut::<32>().0)
        {
            *to = *part;
        }
        bytes
    }

    /// The desk's proof that it knows the invitation, over everything that it offers.
    pub fn offer_proof(&self, key: &ProofKey, offer: &Offer) -> Proof {
        let offered = Offer { proof: Proof([0; 32]), ..offer.clone() };
        key.over(&[domain::ENROL_OFFER, &self.bytes(), &encode(&offered)])
    }

    /// The guest's proof that it knows the invitation, over its keys.
    pub fn keys_proof(&self, key: &ProofKey, network: NetworkId, admission: &Admission) -> Proof {
        let chain = ChainId::of_agency(network, &admission.code);
        key.over(&[domain::ENROL_KEYS, &self.bytes(), network.as_bytes(), chain.as_bytes(), &encode(admission)])
    }
}

#[cfg(test)]
#[path = "enrol_tests.rs"]
mod tests;
