//! Whether an entry continues the roster, and how one is made that does.

use super::{Admission, Agency, Approval, Proposal, Roster, RosterAction, RosterPayload, Standing, WitnessPolicy};
use crate::chain::{LinkedEntry, VerifiedEntry};
use crate::codec::{CodecError, Sorted, Wire};
use crate::entry::{self, EntryError, Header, Kind, UnverifiedEntry, VERSION};
use crate::erasure::RetentionError;
use crate::ids::{AgencyCode, ChainId, Digest, Seq, Time};
use crate::keys::{KeyError, KeyId, NodeKey, PublicKey, SecretKey};

/// A roster entry that [`Roster::check`] passed, and what it changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RosterChange {
    pub(super) entry: VerifiedEntry,
    pub(super) action: RosterAction,
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
    /// An impossible k of n.
    #[error("a checkpoint would need {threshold} of {witnesses} witnesses; it must be 1 to {witnesses}, or 0 of 0")]
    Witnesses {
        /// k.
        threshold: u16,
        /// n.
        witnesses: usize,
    },
    /// A certification without certificates.
    #[error("the certification has no certificate")]
    NoCertificate,
    /// The agency's key did not sign for the certificate.
    #[error("the agency's consent to its certificate: {0}")]
    Consent(KeyError),
    /// An erasure of nothing, or without the basis that its reason asks for.
    #[error("an order to erase names at least one entry, and the decision that it stands on")]
    Erasure,
    /// A policy of retention that cannot be followed.
    #[error(transparent)]
    Retention(#[from] RetentionError),
    /// No number is left for what is to hold from the next on.
    #[error("the chain is full")]
    ChainFull,
}

impl Roster {
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

    /// Whether an action is possible now.
    pub(super) fn judge(&self, action: &RosterAction) -> Result<(), ActionError> {
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
            RosterAction::Witnesses(WitnessPolicy { witnesses, threshold }) => {
                witnesses.iter().try_for_each(|chain| self.open(*chain).map(|_| ()))?;
                match (usize::from(*threshold), witnesses.len()) {
                    (0, 0) => Ok(()),
                    (k, n) if k == 0 || k > n => Err(ActionError::Witnesses { threshold: *threshold, witnesses: n }),
                    _ => Ok(()),
                }
            }
            // Also of a closed agency: what it wrote is subject to the law as before.
            RosterAction::Erase { chain, erasure } => match self.agencies.contains_key(chain) {
                false => Err(ActionError::UnknownChain(*chain)),
                true if !erasure.is_complete() => Err(ActionError::Erasure),
                true => Ok(()),
            },
            RosterAction::Retention(policy) => Ok(policy.check()?),
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
            RosterAction::Rights { chain, after, .. } => {
                self.open(*chain)?;
                match after {
                    Some(after) if after.seq.next().is_none() => Err(ActionError::ChainFull),
                    _ => Ok(()),
                }
            }
            RosterAction::Certify { chain, certification } => {
                self.open(*chain)?;
                if certification.certificates.is_empty() {
                    return Err(ActionError::NoCertificate);
                }
                certification.check_consent(self.network, *chain).map_err(ActionError::Consent)
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
}
