//! An agency enrols by the one-time code that its registrar gave it: one call, and its node can start.
//!
//! The keys are made here and never leave this machine. What comes from the desk is believed only once the desk
//! has proved that it knows the code, and the roster by its signatures from the genesis on.

use std::path::{Path, PathBuf};

use congvan_core::codec::Wire;
use congvan_core::enrol::{EnrolRequest, EnrolResponse, Offer, Refusal, Transcript};
use congvan_core::invitation::InvitationCode;
use congvan_core::limits::CLOCK_TOLERANCE_MS;
use congvan_core::rng::{self, RandomError};
use congvan_core::{Admission, AgencyCode, ChainId, EntryError, Genesis, NetworkId, NodeKey, Seq, UnverifiedEntry};
use congvan_net::Multiaddr;
use congvan_net::enrol::Call;
pub use congvan_net::enrol::CallError;
use congvan_store::{IngestError, Ledger, OpenError, Options};
use libp2p::multiaddr::Protocol;

use crate::setup::{self, Home, SetupError};

/// Why an agency could not enrol. Whatever it is, the same command may be repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolError {
    /// The address is none.
    #[error("{0:?} is no address; write HOST:PORT, for example 192.0.2.10:7413")]
    Address(String),
    /// The desk cannot be asked.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The desk refuses.
    #[error("{0}")]
    Refused(Refusal),
    /// Whoever answers does not know the code: somebody is in the middle, or an address is wrong.
    #[error("whoever answers at {0} does not know this code: it is not the registrar's desk. Nothing was sent to it")]
    Impostor(Multiaddr),
    /// The directory is another agency's.
    #[error("{dir} belongs to {here}; this code is for {offered}")]
    OtherAgency {
        /// The directory.
        dir: PathBuf,
        /// Whose it is.
        here: AgencyCode,
        /// Whom the code is for.
        offered: AgencyCode,
    },
    /// The directory is of another network.
    #[error("{dir} is of network {here}; this code is of {offered}")]
    OtherNetwork {
        /// The directory.
        dir: PathBuf,
        /// Its network.
        here: NetworkId,
        /// The code's.
        offered: NetworkId,
    },
    /// The directory was made half.
    #[error(
        "{0} was made only half, by a command that was interrupted; it holds no document yet. Empty it, and repeat"
    )]
    Incomplete(PathBuf),
    /// Keys and files.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The ledger does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// An entry of the roster is malformed.
    #[error("the desk sent a roster that does not hold: {0}")]
    Entry(#[from] EntryError),
    /// An entry of the roster breaks its rules.
    #[error("the desk sent a roster that does not hold: {0}")]
    Roster(#[from] IngestError),
    /// The desk says that the agency is admitted, its roster does not.
    #[error("the desk's roster does not have {0} with these keys, although the desk says so")]
    NotAdmitted(AgencyCode),
    /// An answer to another question.
    #[error("the desk answered out of turn; one of the two sides runs other software")]
    Unexpected,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A part of the runtime ended.
    #[error("enrolment could not go on: {0}")]
    Io(#[from] std::io::Error),
}

/// How far it is, for whoever waits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The desk answers.
    Connected,
    /// The desk proved the code; it is for this agency of this network.
    Invited {
        /// The agency's code.
        code: AgencyCode,
        /// Its name.
        name: String,
        /// The network's name.
        network: String,
    },
    /// The keys are on disk.
    Keys,
    /// So many entries of the roster are here.
    Roster(u64),
}

/// How an enrolment ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// The agency's code.
    pub code: AgencyCode,
    /// Its name.
    pub name: String,
    /// The network.
    pub network: NetworkId,
    /// The network's name.
    pub network_name: String,
    /// The agency's signing key.
    pub key: String,
    /// Its node's network key.
    pub node: NodeKey,
    /// By how many milliseconds this machine's clock is ahead of the registrar's, where it is more than may be.
    pub clock_ahead_ms: Option<i64>,
    /// Whether it is in the roster.
    pub outcome: Outcome,
}

/// Whether it is in the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is: the node can start.
    Admitted {
        /// Nodes that it begins with; they are remembered in [`Home::bootstrap`].
        peers: Vec<String>,
        /// Entries of the roster that are here.
        roster: u64,
    },
    /// Other registrars have to approve first: repeat the call later.
    Waiting {
        /// How many have.
        approved: u16,
        /// How many it needs.
        needed: u16,
    },
}

/// Where a desk is: `HOST:PORT`, `HOST`, or an address such as `/ip4/192.0.2.10/tcp/7413`.
///
/// # Errors
/// [`EnrolError::Address`].
///
/// ```
/// assert_eq!(congvan::enrol::address("192.0.2.10:7413")?.to_string(), "/ip4/192.0.2.10/tcp/7413");
/// assert_eq!(congvan::enrol::address("dangky.example.vn")?.to_string(), "/dns/dangky.example.vn/tcp/7413");
/// assert_eq!(congvan::enrol::address("[2001:db8::1]:99")?.to_string(), "/ip6/2001:db8::1/tcp/99");
/// # Ok::<(), congvan::enrol::EnrolError>(())
/// ```
pub fn address(text: &str) -> Result<Multiaddr, EnrolError> {
    let bad = || EnrolError::Address(text.to_owned());
    let text = text.trim();
    if text.starts_with('/') {
        return text.parse().map_err(|_| bad());
    }
    let whole = text.parse::<std::net::IpAddr>().is_ok();
    let (host, port) = match text.rsplit_once(':').filter(|_| !whole) {
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0).ok_or_else(bad)?),
        None => (text, crate::desk::DEFAULT_PORT),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let named = |host: &str| {
        let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        !host.is_empty() && host.len() <= 253 && host.bytes().all(letters)
    };
    let host = match host.parse() {
        Ok(std::net::IpAddr::V4(ip)) => Protocol::Ip4(ip),
        Ok(std::net::IpAddr::V6(ip)) => Protocol::Ip6(ip),
        Err(_) if named(host) => Protocol::Dns(host.into()),
        Err(_) => return Err(bad()),
    };
    Ok(Multiaddr::empty().with(host).with(Protocol::Tcp(port)))
}

/// Enrols: makes the agency's directory at `dir` where there is none yet, has its keys admitted, and takes in
/// genesis and roster. Repeated, it goes on where it was, with the same keys.
///
/// # Errors
/// [`EnrolError`] says what to do; it may be repeated.
pub async fn enrol(
    dir: &Path,
    at: &Multiaddr,
    code: &InvitationCode,
    passphrase: Option<String>,
    mut progress: impl FnMut(Step),
) -> Result<Enrolled, EnrolError> {
    let mut call = Call::connect(at.clone(), &code.guest()).await?;
    progress(Step::Connected);
    let (offer, transcript) = invited(&mut call, at, code).await?;
    let (name, network_name) = (offer.name.to_string(), offer.genesis.name.to_string());
    progress(Step::Invited { code: offer.code.clone(), name: name.clone(), network: network_name.clone() });
    let clock_ahead_ms = clock_ahead(&offer);

    let home = Home::new(dir);
    let network = offer.genesis.network_id();
    let (made, offered) = (home.clone(), offer.clone());
    let admission = blocking(move || keys(&made, &offered, passphrase.as_deref())).await?;
    progress(Step::Keys);
    let proof = transcript.keys_proof(&code.proof(), network, &admission);
    let outcome = match call.ask(EnrolRequest::Admit { admission: Box::new(admission.clone()), proof }).await? {
        EnrolResponse::Waiting { approved, needed } => Outcome::Waiting { approved, needed },
        EnrolResponse::Admitted { peers } => {
            let roster = roster(&mut call, &home, &admission, network, &mut progress).await?;
            let peers: Vec<String> = peers.iter().filter_map(|peer| from_here(peer, at)).collect();
            remember(&home, &peers)?;
            Outcome::Admitted { peers, roster }
        }
        other => return Err(unexpected(other)),
    };
    Ok(Enrolled {
        node: admission.nodes.first().copied().ok_or(EnrolError::Unexpected)?,
        key: admission.keys.sign.to_string(),
        code: admission.code,
        name,
        network,
        network_name,
        clock_ahead_ms,
        outcome,
    })
}

fn unexpected(response: EnrolResponse) -> EnrolError {
    match response {
        EnrolResponse::Refused(refusal) => EnrolError::Refused(refusal),
        _ => EnrolError::Unexpected,
    }
}

/// The desk's offer, once the desk has proved that it knows the code.
async fn invited(call: &mut Call, at: &Multiaddr, code: &InvitationCode) -> Result<(Offer, Transcript), EnrolError> {
    let opened = rng::bytes(&mut rng::from_os()?);
    let offer = match call.ask(EnrolRequest::Open { nonce: opened }).await? {
        EnrolResponse::Offer(offer) => *offer,
        other => return Err(unexpected(other)),
    };
    let guest = congvan_core::invitation::name_of(code);
    let transcript = Transcript { desk: call.desk(), guest, opened, offered: offer.nonce };
    // Parsed anew: a genesis that no network can start from is no offer.
    let sound = Genesis::parse(&offer.genesis.to_bytes()).is_ok();
    match sound && offer.proof == transcript.offer_proof(&code.proof(), &offer) {
        true => Ok((offer, transcript)),
        false => Err(EnrolError::Impostor(at.clone())),
    }
}

fn clock_ahead(offer: &Offer) -> Option<i64> {
    let ahead = i128::from(setup::now().as_millis()) - i128::from(offer.time.as_millis());
    (ahead.unsigned_abs() > u128::from(CLOCK_TOLERANCE_MS)).then(|| i64::try_from(ahead).unwrap_or(i64::MAX))
}

/// The agency's keys: those in the directory, or new ones.
fn keys(home: &Home, offer: &Offer, passphrase: Option<&str>) -> Result<Admission, EnrolError> {
    let network = offer.genesis.network_id();
    let dir = || home.dir().to_owned();
    if home.genesis().exists() {
        let here = setup::read_genesis(&home.genesis())?.network_id();
        if here != network {
            return Err(EnrolError::OtherNetwork { dir: dir(), here, offered: network });
        }
    }
    if !home.enrolment().exists() {
        if home.agency_key().exists() || home.node_key().exists() {
            return Err(EnrolError::Incomplete(dir()));
        }
        let (code, parent) = (offer.code.clone(), offer.parent.clone());
        return Ok(setup::create_agency(home.dir(), &offer.genesis, code, &offer.name, parent, passphrase)?);
    }
    let admission = setup::read_enrolment(&home.enrolment())?;
    if admission.code != offer.code {
        return Err(EnrolError::OtherAgency { dir: dir(), here: admission.code, offered: offer.code.clone() });
    }
    if !home.ledger().exists() {
        Ledger::create(&home.ledger(), &offer.genesis, Options::default())?;
    }
    // The name is the registrar's to say; the keys' proof does not cover it.
    Ok(Admission { name: offer.name.clone(), parent: offer.parent.clone(), ..admission })
}

/// Takes in the whole roster, and sees that the agency is in it. Returns how many entries it has.
async fn roster(
    call: &mut Call,
    home: &Home,
    admission: &Admission,
    network: NetworkId,
    progress: &mut impl FnMut(Step),
) -> Result<u64, EnrolError> {
    let (path, own) = (home.ledger(), ChainId::of_agency(network, &admission.code));
    let code = admission.code.clone();
    let ledger = blocking(move || {
        let mut options = Options::default();
        (options.own, options.own_code) = (Some(own), Some(code));
        Ok(Ledger::open(&path, options)?)
    })
    .await?;
    let chain = ChainId::of_roster(network);
    let head = |ledger: &Ledger| ledger.status(chain).head.map_or(0, |head| head.seq.get());
    loop {
        let before = head(&ledger);
        let from = Seq::new(before.saturating_add(1)).ok_or(EnrolError::Unexpected)?;
        let (entries, more) = match call.ask(EnrolRequest::Roster { from }).await? {
            EnrolResponse::Roster { entries, more } => (entries, more),
            other => return Err(unexpected(other)),
        };
        let entries = entries.iter().map(|entry| UnverifiedEntry::parse(entry)).collect::<Result<Vec<_>, _>>()?;
        if !entries.is_empty() {
            let ledger = ledger.clone();
            blocking(move || Ok(ledger.ingest(chain, entries)?)).await?;
        }
        let now = head(&ledger);
        progress(Step::Roster(now));
        match (more, now > before) {
            (false, _) => break,
            (true, true) => {}
            (true, false) => return Err(EnrolError::Unexpected),
        }
    }
    let known = ledger.roster().by_code(&admission.code).is_some_and(|agency| {
        agency.granted_keys() == Some(&admission.keys) && admission.nodes.iter().all(|node| agency.nodes.contains(node))
    });
    match known {
        true => Ok(head(&ledger)),
        false => Err(EnrolError::NotAdmitted(admission.code.clone())),
    }
}

/// A node's address as the desk gave it; where its host is unspecified, it is the host where the desk was found.
fn from_here(peer: &str, at: &Multiaddr) -> Option<String> {
    let address: Multiaddr = peer.parse().ok()?;
    congvan_net::split_peer(&address).ok()?;
    let host = at.iter().next()?;
    let parts = address.iter().map(|part| match part {
        Protocol::Ip4(ip) if ip.is_unspecified() => host.clone(),
        Protocol::Ip6(ip) if ip.is_unspecified() => host.clone(),
        other => other,
    });
    Some(parts.collect::<Multiaddr>().to_string())
}

fn remember(home: &Home, peers: &[String]) -> Result<(), SetupError> {
    let mut known = setup::read_bootstrap(home)?;
    let new: Vec<_> = peers.iter().filter(|peer| !known.contains(peer)).cloned().collect();
    if new.is_empty() {
        return Ok(());
    }
    known.extend(new);
    setup::replace(&home.bootstrap(), (known.join("\n") + "\n").as_bytes())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EnrolError> + Send + 'static,
) -> Result<T, EnrolError> {
    tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other)?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in
            ["", ":7413", "host:", "host:0", "host:65536", "ho st", "a/b", "/ip4/1.2.3", "[::1", &"a".repeat(254)]
        {
            assert!(matches!(address(bad), Err(EnrolError::Address(_))), "{bad:?}");
        }
        assert_eq!(address("::1").unwrap().to_string(), "/ip6/::1/tcp/7413");
        assert!(address(&"a".repeat(253)).is_ok());
    }

    #[test]
    fn an_unspecified_host_is_the_desks() {
        let at = address("dangky.example.vn:7413").unwrap();
        let p2p = "/p2p/12D3KooWRm8J3iL796zPFi2EtGGtUJn58AG67gcqzMFjvX9pRnRB";
        let here = |peer: &str| from_here(&format!("{peer}{p2p}"), &at);
        assert_eq!(here("/ip4/0.0.0.0/tcp/7411"), Some(format!("/dns/dangky.example.vn/tcp/7411{p2p}")));
        assert_eq!(here("/ip4/192.0.2.1/tcp/1"), Some(format!("/ip4/192.0.2.1/tcp/1{p2p}")));
        assert_eq!(from_here("/ip4/192.0.2.1/tcp/1", &at), None, "without a key nobody can be trusted to be there");
        assert_eq!(from_here("nonsense", &at), None);
    }
}
