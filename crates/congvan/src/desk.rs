//! The registrar's desk while it is open: agencies that were invited enrol here by their one-time codes.
//!
//! [`Desk::serve`] listens while an invitation waits, and only then. It answers nobody but invitations' guests
//! ([`congvan_net::enrol`]), and opens the registrar's ledger for the moment in which it changes the roster, so
//! that the registrar's other commands work beside it. Where the keys at this desk are too few for a change,
//! the enrolment waits as a [`Motion`] in [`Home::requests`], and the agency asks again later.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use congvan_core::codec::{Bounded, Bytes};
use congvan_core::enrol::{
    EnrolRequest, EnrolResponse, MAX_PAGE, MAX_PAGE_ENTRIES, MAX_PEERS, Nonce, Offer, Refusal, Transcript,
    check_admission,
};
use congvan_core::invitation::Proof;
use congvan_core::rng::{self, RandomError};
use congvan_core::roster::Motion;
use congvan_core::{Admission, AgencyCode, Genesis, NodeKey, RosterAction, SecretKey, Seq, Text, Wire};
use congvan_net::enrol::{Door, Knock};
use congvan_net::{Multiaddr, NetError};
use congvan_store::{Ledger, OpenError};

use crate::invitations::{Invitation, InvitationError, Invitations, Invite, Standing, State};
use crate::registrar::{self, Registrar, RegistrarError, Review};
use crate::setup::{self, Home, SetupError};

mod publish;

pub use publish::{PublishError, Published, publish};

/// The port on which a desk listens unless told otherwise.
pub const DEFAULT_PORT: u16 = 7413;
/// How often the invitations are looked at, for those that other commands made or ended.
const LOOK: Duration = Duration::from_secs(1);
/// How long guests may stay once no invitation waits.
const LINGER: Duration = Duration::from_secs(10);
/// How long another command of the registrar may hold the ledger.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the desk cannot work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// Keys, files, or a change of the roster.
    #[error(transparent)]
    Registrar(#[from] RegistrarError),
    /// The invitations.
    #[error(transparent)]
    Invitations(#[from] InvitationError),
    /// The network.
    #[error(transparent)]
    Net(#[from] NetError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A part of the runtime ended.
    #[error("the desk could not go on: {0}")]
    Io(#[from] std::io::Error),
}

impl From<SetupError> for DeskError {
    fn from(error: SetupError) -> Self {
        Self::Registrar(error.into())
    }
}

/// What happens at the desk, for whoever watches it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum News {
    /// It listens there.
    Listening(Vec<String>),
    /// It does not listen any more: no invitation waits.
    Closed,
    /// An agency is in the roster.
    Admitted {
        /// Its code.
        agency: AgencyCode,
        /// Its signing key.
        key: String,
        /// The roster entry.
        number: u64,
    },
    /// An agency's keys wait for other registrars.
    Waiting {
        /// Its code.
        agency: AgencyCode,
        /// The motion for them.
        file: PathBuf,
        /// How many have approved.
        approved: usize,
        /// How many it needs.
        needed: u16,
    },
    /// An agency has the whole roster: it is done.
    Collected(AgencyCode),
    /// Somebody with an invitation's code was refused.
    Refused {
        /// The agency's code.
        agency: AgencyCode,
        /// Why.
        reason: Refusal,
    },
    /// What the node of this office was given.
    Published(Published),
    /// It could not be given anything; it will be tried again.
    Unpublished(String),
}

/// How a desk is to serve.
#[derive(Clone, Debug, Default)]
pub struct Serve {
    /// Where it listens.
    pub listen: Vec<Multiaddr>,
    /// The directory of this office's node, which passes roster entries on to the network.
    pub node: Option<PathBuf>,
    /// Nodes for agencies to begin with, besides this office's.
    pub peers: Vec<String>,
    /// Whether it ends once no invitation waits.
    pub until_done: bool,
}

/// An enrolment that waits for other registrars.
#[derive(Clone, Debug)]
pub struct Request {
    /// The invitation.
    pub invitation: Invitation,
    /// The agency's signing key.
    pub key: String,
    /// The motion, for `roster approve` and `roster submit`.
    pub file: PathBuf,
    /// How far it is.
    pub review: Review,
}

/// The registrar's desk.
#[derive(Debug)]
pub struct Desk {
    home: Home,
    genesis: Genesis,
    keys: Vec<SecretKey>,
    /// Conversations by guest: the last one that each began.
    talks: HashMap<NodeKey, Talk>,
    peers: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct Talk {
    transcript: Transcript,
    admitted: bool,
}

impl Desk {
    /// Reads the keys of a registrar's directory; the ledger stays closed.
    ///
    /// # Errors
    /// [`DeskError`].
    pub fn open(dir: &Path, passphrase: Option<&str>) -> Result<Self, DeskError> {
        let home = Home::new(dir);
        let keys = registrar::read_keys(dir, passphrase)?;
        let genesis = setup::read_genesis(&home.genesis())?;
        Ok(Self { home, genesis, keys, talks: HashMap::new(), peers: Vec::new() })
    }

    /// Invites an agency that the roster can admit.
    ///
    /// # Errors
    /// [`DeskError`]: it is in the roster, the agency above it is not, or it is invited already.
    pub fn invite(home: &Home, invite: Invite) -> Result<congvan_core::invitation::InvitationCode, DeskError> {
        use congvan_core::roster::{ActionError, RosterError};
        let roster = Ledger::open_read_only(&home.ledger()).map_err(RegistrarError::from)?.roster();
        let refuse = |error: ActionError| Err(RegistrarError::from(RosterError::from(error)).into());
        if roster.by_code(&invite.agency).is_some() {
            return refuse(ActionError::Known(invite.agency));
        }
        if let Some(parent) = invite.parent.as_ref().filter(|parent| roster.by_code(parent).is_none()) {
            return refuse(ActionError::UnknownParent(parent.clone()));
        }
        Ok(Invitations::change(home, |invitations| invitations.invite(invite))?)
    }

    /// Serves until it is done, or this future is dropped.
    ///
    /// # Errors
    /// [`DeskError`]; what an agency does wrong is no error of the desk.
    pub async fn serve(mut self, options: Serve, mut news: impl FnMut(News)) -> Result<(), DeskError> {
        let key = SecretKey::generate(&mut rng::from_os()?);
        let mut door: Option<Door> = None;
        let mut publisher = publish::Publisher::new(options.node.clone());
        let mut look = Instant::now();
        let mut ending = None;
        loop {
            let invitations = Invitations::load(&self.home)?;
            match (invitations.awaits(setup::now()), &door) {
                (true, None) => {
                    let opened = Door::open(&options.listen, &key).await?;
                    news(News::Listening(opened.addresses().iter().map(ToString::to_string).collect()));
                    (door, ending) = (Some(opened), None);
                }
                (false, Some(open)) => {
                    // Whoever is being answered gets the answer.
                    let since = *ending.get_or_insert_with(Instant::now);
                    if open.is_empty() || since.elapsed() > LINGER {
                        (door, ending) = (None, None);
                        self.talks.clear();
                        news(News::Closed);
                    }
                }
                _ => ending = None,
            }
            if let Some(told) = publisher.turn(&self.home).await {
                news(told);
            }
            if door.is_none() && options.until_done && publisher.is_done() {
                return Ok(());
            }
            self.peers = publisher.peers().iter().chain(&options.peers).take(MAX_PEERS).cloned().collect();
            look += LOOK;
            let pause = tokio::time::sleep_until(look.max(Instant::now()).into());
            let Some(open) = &mut door else {
                pause.await;
                continue;
            };
            open.invite(invitations.guests());
            let knock = tokio::select! {
                knock = open.next() => knock,
                () = pause => continue,
            };
            let (guest, of) = (knock.guest, open.key());
            let (done, knock, response, told) = tokio::task::spawn_blocking(move || self.receive(of, guest, knock))
                .await
                .map_err(std::io::Error::other)?;
            self = done;
            open.answer(knock, response);
            for told in told {
                if matches!(told, News::Admitted { .. }) {
                    publisher.due();
                }
                news(told);
            }
        }
    }

    fn receive(mut self, desk: NodeKey, guest: NodeKey, knock: Knock) -> (Self, Knock, EnrolResponse, Vec<News>) {
        let (response, news) = self.answer(desk, guest, knock.request.clone());
        (self, knock, response, news)
    }

    /// What a guest is answered. `desk` is the network key that this side proved to it.
    pub fn answer(&mut self, desk: NodeKey, guest: NodeKey, request: EnrolRequest) -> (EnrolResponse, Vec<News>) {
        let home = self.home.clone();
        let mut news = Vec::new();
        let answered = Invitations::change(&home, |invitations| {
            // A guest whose invitation was forgotten meanwhile.
            let Some(invitation) = invitations.of(guest) else { return Ok(Err(Refusal::Revoked)) };
            let answered = self.judge(desk, invitation, request, &mut news);
            if let Err(reason) = &answered {
                if matches!(reason, Refusal::Proof | Refusal::Other) {
                    invitation.failed();
                }
                news.push(News::Refused { agency: invitation.agency().clone(), reason: reason.clone() });
            }
            Ok::<_, InvitationError>(answered)
        });
        let response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(refusal)) => EnrolResponse::Refused(refusal),
            Err(error) => EnrolResponse::Refused(desk_fails(&error)),
        };
        (response, news)
    }

    fn judge(
        &mut self,
        desk: NodeKey,
        invitation: &mut Invitation,
        request: EnrolRequest,
        news: &mut Vec<News>,
    ) -> Result<EnrolResponse, Refusal> {
        match invitation.standing(setup::now()) {
            Standing::Open | Standing::Asked | Standing::Admitted => {}
            Standing::Expired => return Err(Refusal::Expired { at: invitation.expires() }),
            Standing::Revoked => return Err(Refusal::Revoked),
            Standing::Void => return Err(Refusal::Void),
        }
        match request {
            EnrolRequest::Open { nonce } => self.offer(desk, invitation, nonce),
            EnrolRequest::Admit { admission, proof } => self.admit(invitation, *admission, proof, news),
            EnrolRequest::Roster { from } => self.roster(invitation, from, news),
        }
    }

    fn offer(&mut self, desk: NodeKey, invitation: &Invitation, opened: Nonce) -> Result<EnrolResponse, Refusal> {
        let offered = rng::bytes(&mut rng::from_os().map_err(|error| desk_fails(&error))?);
        let transcript = Transcript { desk, guest: invitation.guest(), opened, offered };
        self.talks.insert(invitation.guest(), Talk { transcript, admitted: false });
        let mut offer = Offer {
            genesis: self.genesis.clone(),
            code: invitation.agency().clone(),
            name: Text::new(invitation.name()).map_err(|error| desk_fails(&error))?,
            parent: invitation.parent().cloned(),
            expires: invitation.expires(),
            time: setup::now(),
            nonce: offered,
            proof: Proof([0; 32]),
        };
        offer.proof = transcript.offer_proof(&invitation.proof(), &offer);
        Ok(EnrolResponse::Offer(Box::new(offer)))
    }

    fn admit(
        &mut self,
        invitation: &mut Invitation,
        admission: Admission,
        proof: Proof,
        news: &mut Vec<News>,
    ) -> Result<EnrolResponse, Refusal> {
        let network = self.genesis.network_id();
        let transcript = self.talks.get(&invitation.guest()).ok_or(Refusal::Turn)?.transcript;
        if proof != transcript.keys_proof(&invitation.proof(), network, &admission) {
            return Err(Refusal::Proof);
        }
        check_admission(network, (invitation.agency(), invitation.name(), invitation.parent()), &admission)?;
        match &invitation.state {
            State::Admitted { admission: admitted, .. } if *admitted == admission => {}
            State::Admitted { at, .. } => return Err(Refusal::Used { at: congvan_core::Time::from_millis(*at) }),
            _ => match self.decide(&admission).map_err(|error| desk_fails(&error))? {
                Decided::Admitted(number) => {
                    let at = setup::now().as_millis();
                    news.push(News::Admitted {
                        agency: admission.code.clone(),
                        key: admission.keys.sign.to_string(),
                        number,
                    });
                    invitation.state = State::Admitted { admission, at, collected: false };
                }
                Decided::Waiting { file, review } => {
                    let (approved, needed) = (review.approved.len(), review.needed);
                    news.push(News::Waiting { agency: admission.code.clone(), file, approved, needed });
                    invitation.state = State::Asked { admission };
                    return Ok(EnrolResponse::Waiting {
                        approved: u16::try_from(approved).unwrap_or(u16::MAX),
                        needed,
                    });
                }
            },
        }
        if let Some(talk) = self.talks.get_mut(&invitation.guest()) {
            talk.admitted = true;
        }
        let peers = self.peers.iter().filter_map(|peer| Text::new(peer.as_str()).ok()).collect();
        Ok(EnrolResponse::Admitted { peers: Bounded::new(peers).unwrap_or_default() })
    }

    fn roster(&self, invitation: &mut Invitation, from: Seq, news: &mut Vec<News>) -> Result<EnrolResponse, Refusal> {
        if !self.talks.get(&invitation.guest()).is_some_and(|talk| talk.admitted) {
            return Err(Refusal::Turn);
        }
        let registrar = self.registrar().map_err(|error| desk_fails(&error))?;
        let (roster, ledger) = (registrar.roster(), registrar.ledger());
        let stored = ledger.range(roster.chain(), from, MAX_PAGE, MAX_PAGE_ENTRIES);
        let (stored, head) = (stored.map_err(|e| desk_fails(&e))?, roster.head().map_or(0, |head| head.seq.get()));
        let more = from.get().saturating_add(stored.len() as u64) <= head;
        if let State::Admitted { collected, .. } = &mut invitation.state
            && !more
            && !std::mem::replace(collected, true)
        {
            news.push(News::Collected(invitation.agency().clone()));
        }
        let entries = stored.iter().map(|entry| Bytes::new(entry.to_vec())).collect::<Result<Vec<_>, _>>();
        let entries = entries.and_then(Bounded::new).map_err(|error| desk_fails(&error))?;
        Ok(EnrolResponse::Roster { entries, more })
    }

    /// The registrar's ledger, once no other command has it.
    fn registrar(&self) -> Result<Registrar, RegistrarError> {
        let begun = Instant::now();
        loop {
            match Registrar::open_with(self.home.dir(), self.keys.clone()) {
                Err(RegistrarError::Open(OpenError::Locked(_))) if begun.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                opened => return opened,
            }
        }
    }

    /// Admits these keys if the registrars at hand are enough, or have become enough.
    fn decide(&self, admission: &Admission) -> Result<Decided, RegistrarError> {
        let registrar = self.registrar()?;
        if let Some(agency) = registrar.roster().by_code(&admission.code)
            && agency.granted_keys() == Some(&admission.keys)
        {
            return Ok(Decided::Admitted(agency.admitted.get()));
        }
        let (file, motion, review) = self.motion(&registrar, admission)?;
        if !review.is_ready() {
            return Ok(Decided::Waiting { file, review });
        }
        let entry = registrar.submit(motion)?;
        // It was for this entry alone.
        let _ = fs::remove_file(&file);
        Ok(Decided::Admitted(entry.seq().get()))
    }

    /// The motion for these keys: the one that waits, or a new one where that is for other keys or too late.
    fn motion(
        &self,
        registrar: &Registrar,
        admission: &Admission,
    ) -> Result<(PathBuf, Motion, Review), RegistrarError> {
        let action = RosterAction::Admit(admission.clone());
        let file = self.home.requests().join(format!("{}.cgvm", admission.code));
        let waiting = fs::read(&file).ok().and_then(|bytes| Motion::from_bytes(&bytes).ok());
        if let Some(motion) = waiting.filter(|motion| motion.proposal.action == action)
            && let Ok(review) = registrar.review(&motion)
        {
            return Ok((file, motion, review));
        }
        let motion = registrar.propose(action)?;
        let review = registrar.review(&motion)?;
        if !review.is_ready() {
            setup::replace(&file, &motion.to_bytes())?;
        }
        Ok((file, motion, review))
    }

    /// The enrolments that wait for other registrars; a motion that came too late is made anew.
    ///
    /// # Errors
    /// [`DeskError`].
    pub fn requests(&self) -> Result<Vec<Request>, DeskError> {
        let waiting: Vec<_> = Invitations::load(&self.home)?.list().cloned().collect();
        let mut requests = Vec::new();
        let mut registrar = None;
        for invitation in waiting {
            let State::Asked { admission } = &invitation.state else { continue };
            if invitation.standing(setup::now()) != Standing::Asked {
                continue;
            }
            let registrar = match &registrar {
                Some(opened) => opened,
                None => registrar.insert(self.registrar()?),
            };
            if registrar.roster().by_code(&admission.code).is_some() {
                continue;
            }
            let (file, _, review) = self.motion(registrar, admission)?;
            requests.push(Request { key: admission.keys.sign.to_string(), file, review, invitation });
        }
        Ok(requests)
    }
}

enum Decided {
    Admitted(u64),
    Waiting { file: PathBuf, review: Review },
}

/// What goes wrong at the desk is said to the guest in words, cut to the bound.
fn desk_fails(error: &dyn std::error::Error) -> Refusal {
    let mut text = error.to_string();
    while text.len() > congvan_core::limits::MAX_NAME {
        text.pop();
    }
    Refusal::Desk(Text::new(text).unwrap_or_default())
}
