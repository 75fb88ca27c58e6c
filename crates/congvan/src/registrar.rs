//! The registrar's desk: a directory with registrars' keys and a ledger that holds the roster.
//!
//! Where a change needs k of n registrars and all keys are in one directory, [`Registrar::change`] makes it at
//! once. Registrars with desks of their own pass a [`Motion`] around: one [proposes](Registrar::propose), others
//! [approve](Registrar::approve), and the last [submits](Registrar::submit). A motion is for one place in
//! the roster, so that nobody approves a change of something that has changed since.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use congvan_core::keyfile::Keys;
use congvan_core::roster::{ActionError, Motion, RosterError};
use congvan_core::{
    ChainId, KeyId, NetworkId, Point, PublicKey, Roster, RosterAction, SecretKey, Seq, Sorted, UnverifiedEntry,
    VerifiedEntry,
};
use congvan_store::{IngestError, Ledger, OpenError};

use crate::setup::{self, Home, SetupError};

/// Why the roster could not be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrarError {
    /// Keys or files.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The ledger does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The change breaks the roster's rules.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The change could not be stored.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// No registrar's key is in the directory.
    #[error("{0} has no registrar-1.key: this is not a registrar's directory")]
    NoKeys(PathBuf),
    /// The keys in the directory are no registrars' at present.
    #[error("no key here is a registrar's at present")]
    NotInOffice,
    /// A motion of another network.
    #[error("the proposal is for network {theirs}; this desk is of {ours}")]
    OtherNetwork {
        /// The motion's.
        theirs: NetworkId,
        /// The desk's.
        ours: NetworkId,
    },
    /// The roster changed since the motion was made.
    #[error("the proposal was for roster entry {proposed}, but the roster has moved on to {reached}; propose it again")]
    Stale {
        /// The number that the motion was for.
        proposed: Seq,
        /// The last number of the roster.
        reached: u64,
    },
    /// The desk's copy of the roster is too old to judge the motion.
    #[error(
        "the proposal is for roster entry {proposed}, but the roster here ends at {reached}; import the newest one"
    )]
    Behind {
        /// The number that the motion is for.
        proposed: Seq,
        /// The last number of the roster here.
        reached: u64,
    },
    /// An approval that is none.
    #[error("the approval by {0} does not hold; take the file as its registrar sent it")]
    BadApproval(KeyId),
}

/// How far a motion is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Registrars in office who approved it.
    pub approved: Vec<PublicKey>,
    /// Registrars in office whose keys are at this desk, and who have not approved yet.
    pub can_approve: Vec<PublicKey>,
    /// How many it needs.
    pub needed: u16,
}

impl Review {
    /// Whether it can be submitted from this desk: its own registrars' signatures count.
    pub fn is_ready(&self) -> bool {
        self.approved.len() + self.can_approve.len() >= usize::from(self.needed)
    }
}

/// Changes a network's roster with the registrars' keys in one directory.
#[derive(Debug)]
pub struct Registrar {
    ledger: Ledger,
    keys: Vec<SecretKey>,
}

impl Registrar {
    /// Opens a directory that [`setup::create_network`] or [`setup::create_desk`] made.
    ///
    /// # Errors
    /// [`RegistrarError`] says which file and what to do.
    pub fn open(dir: &Path, passphrase: Option<&str>) -> Result<Self, RegistrarError> {
        let keys = read_keys(dir, passphrase)?;
        Ok(Self { ledger: Ledger::open(&Home::new(dir).ledger(), Default::default())?, keys })
    }

    /// [`Registrar::open`] with keys that were read before.
    pub(crate) fn open_with(dir: &Path, keys: Vec<SecretKey>) -> Result<Self, RegistrarError> {
        Ok(Self { ledger: Ledger::open(&Home::new(dir).ledger(), Default::default())?, keys })
    }

    /// The roster as it stands here.
    pub fn roster(&self) -> Arc<Roster> {
        self.ledger.roster()
    }

    /// The last entry of an agency's chain that this ledger knows.
    pub fn head_of(&self, chain: ChainId) -> Option<Point> {
        self.ledger.status(chain).head
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The keys at hand that are registrars' at present.
    fn in_office(&self, roster: &Roster) -> Vec<&SecretKey> {
        let (registrars, _) = roster.registrars();
        self.keys.iter().filter(|key| registrars.contains(&key.public())).collect()
    }

    /// Signs a change with the registrars' keys at hand, as many as are registrars now, and stores it.
    ///
    /// # Errors
    /// [`RegistrarError`]; the roster is unchanged then.
    pub fn change(&self, action: RosterAction) -> Result<VerifiedEntry, RegistrarError> {
        let motion = self.propose(action)?;
        self.submit(motion)
    }

    /// A change at the roster's next place, approved by the keys at hand.
    ///
    /// # Errors
    /// [`RegistrarError`] where the change is not possible now, or no key here is a registrar's.
    pub fn propose(&self, action: RosterAction) -> Result<Motion, RegistrarError> {
        let proposal = self.ledger.roster().proposal(action)?;
        self.approve(Motion { proposal, approvals: Sorted::default() })
    }

    /// Whether a motion can still be approved, and who did.
    ///
    /// # Errors
    /// [`RegistrarError`] where it is for another network or place, is not possible, or carries an approval that
    /// is none.
    pub fn review(&self, motion: &Motion) -> Result<Review, RegistrarError> {
        let roster = self.ledger.roster();
        let (theirs, ours) = (motion.proposal.network, roster.network());
        if theirs != ours {
            return Err(RegistrarError::OtherNetwork { theirs, ours });
        }
        let (proposed, reached) = (motion.proposal.seq, roster.head().map_or(0, |head| head.seq.get()));
        if proposed.get() > reached.saturating_add(1) {
            return Err(RegistrarError::Behind { proposed, reached });
        }
        // The place first: what was possible there may not be so here, which would be a misleading answer.
        let due = roster.head().map_or(congvan_core::Header::NO_PREVIOUS, |head| head.id);
        if proposed.get() <= reached || motion.proposal.prev != due {
            return Err(RegistrarError::Stale { proposed, reached });
        }
        roster.proposal(motion.proposal.action.clone())?;
        let (registrars, needed) = roster.registrars();
        let message = motion.proposal.message();
        let mut approved = Vec::new();
        for approval in motion.approvals.iter() {
            let registrar = registrars.iter().find(|key| key.id() == approval.registrar);
            let registrar = registrar.ok_or(RosterError::NotARegistrar(approval.registrar))?;
            let bad = |_| RegistrarError::BadApproval(approval.registrar);
            registrar.verify(&message, &approval.signature).map_err(bad)?;
            approved.push(registrar.clone());
        }
        approved.dedup();
        let own = self.in_office(&roster).into_iter().map(SecretKey::public);
        let can_approve = own.filter(|key| !approved.contains(key)).collect();
        Ok(Review { approved, can_approve, needed })
    }

    /// Adds the approvals of the keys at hand that have not approved yet.
    ///
    /// # Errors
    /// As [`Registrar::review`]; [`RegistrarError::NotInOffice`] where no key here is a registrar's.
    pub fn approve(&self, motion: Motion) -> Result<Motion, RegistrarError> {
        let review = self.review(&motion)?;
        let keys = self.in_office(&self.ledger.roster()).into_iter().cloned().collect::<Vec<_>>();
        if keys.is_empty() {
            return Err(RegistrarError::NotInOffice);
        }
        let own = keys.iter().filter(|key| review.can_approve.contains(&key.public()));
        let own: Vec<_> = own.map(|key| motion.proposal.approve(key)).collect();
        let all = motion.approvals.iter().cloned().chain(own).collect();
        // No more than there are registrars, each once: within the bound.
        let approvals = Sorted::from_unsorted(all).map_err(|_| RosterError::NoSigner)?;
        Ok(Motion { approvals, ..motion })
    }

    /// Makes the roster's entry of a motion that enough registrars approved, and stores it. A key at hand signs
    /// it; those at hand that have not approved yet thereby do.
    ///
    /// # Errors
    /// As [`Registrar::review`]; [`RosterError::TooFew`] where it needs more. The roster is unchanged then.
    pub fn submit(&self, motion: Motion) -> Result<VerifiedEntry, RegistrarError> {
        let motion = self.approve(motion)?;
        let roster = self.ledger.roster();
        let keys = self.in_office(&roster);
        let signer = keys.first().ok_or(RegistrarError::NotInOffice)?;
        let change = roster.assemble(motion.proposal, motion.approvals.to_vec(), setup::now(), signer)?;
        let entry = UnverifiedEntry::parse(change.entry().bytes()).map_err(RosterError::from)?;
        self.ledger.ingest(roster.chain(), vec![entry])?;
        // No node looks after this ledger.
        self.ledger.purge().map_err(IngestError::Storage)?;
        Ok(change.entry().clone())
    }

    /// The change that makes these the registrars: those at present without some and with others.
    ///
    /// # Errors
    /// [`RosterError::NotARegistrar`] for one to remove that is none; [`ActionError::Threshold`] where fewer than k
    /// are left, or more than there may be.
    pub fn other_registrars(
        &self,
        add: &[PublicKey],
        remove: &[KeyId],
        threshold: Option<u16>,
    ) -> Result<RosterAction, RegistrarError> {
        let roster = self.ledger.roster();
        let (registrars, k) = roster.registrars();
        if let Some(stranger) = remove.iter().find(|id| !registrars.iter().any(|key| key.id() == **id)) {
            return Err(RosterError::NotARegistrar(*stranger).into());
        }
        let stay = registrars.iter().filter(|key| !remove.contains(&key.id()));
        let keys: Vec<_> = stay.chain(add).cloned().collect();
        let (threshold, registrars) = (threshold.unwrap_or(k), keys.len());
        let keys = Sorted::from_unsorted(keys)
            .map_err(|_| RosterError::Action(ActionError::Threshold { threshold, registrars }))?;
        Ok(RosterAction::Registrars { keys, threshold })
    }
}

/// The registrars' keys in a directory.
pub(crate) fn read_keys(dir: &Path, passphrase: Option<&str>) -> Result<Vec<SecretKey>, RegistrarError> {
    let home = Home::new(dir);
    let mut keys = Vec::new();
    for path in (1..).map(|number| home.registrar_key(number)).take_while(|path| path.exists()) {
        match setup::read_keys(&path, passphrase)? {
            Keys::Registrar(key) => keys.push(key),
            _ => return Err(SetupError::WrongKeys(path).into()),
        }
    }
    if keys.is_empty() {
        return Err(RegistrarError::NoKeys(dir.to_owned()));
    }
    Ok(keys)
}
