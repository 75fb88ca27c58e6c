//! A node's directory: what is in it, and how it is made.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use congvan_core::codec::BoundError;
use congvan_core::genesis::GenesisError;
use congvan_core::keyfile::{self, KeyFileError, Keys};
use congvan_core::rng::{self, RandomError};
use congvan_core::{
    Admission, AgencyCode, AgencySecret, Bounded, ChainId, CodecError, Genesis, NodeKey, PublicKey, Rights, SecretKey,
    Text, Time, Wire,
};
use congvan_store::{Ledger, OpenError};

/// The files of a node's or a registrar's directory.
///
/// ```
/// let home = congvan::setup::Home::new("/var/lib/congvan");
/// assert!(home.agency_key().ends_with("agency.key"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    /// The directory at `dir`, which need not exist.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self(dir.into())
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.0
    }

    /// The network's genesis.
    pub fn genesis(&self) -> PathBuf {
        self.0.join("genesis.cgv")
    }

    /// The agency's secret keys.
    pub fn agency_key(&self) -> PathBuf {
        self.0.join("agency.key")
    }

    /// The agency's next secret keys, while they are being rotated.
    pub fn next_agency_key(&self) -> PathBuf {
        self.0.join("agency.key.next")
    }

    /// The node's network key.
    pub fn node_key(&self) -> PathBuf {
        self.0.join("node.key")
    }

    /// A registrar's key; they count from 1.
    pub fn registrar_key(&self, number: u16) -> PathBuf {
        self.0.join(format!("registrar-{number}.key"))
    }

    /// What the registrar needs to admit the agency.
    pub fn enrolment(&self) -> PathBuf {
        self.0.join("enrolment.cgv")
    }

    /// A registrar's invitations ([`crate::invitations`]).
    pub fn invitations(&self) -> PathBuf {
        self.0.join("invitations.json")
    }

    /// Enrolments that wait for other registrars' approval ([`crate::desk`]).
    pub fn requests(&self) -> PathBuf {
        self.0.join("requests")
    }

    /// Addresses of nodes to begin with, one a line: what the registrar's desk gave at enrolment. A node heeds
    /// them beside those of its configuration.
    pub fn bootstrap(&self) -> PathBuf {
        self.0.join("bootstrap")
    }

    /// The highest number signed, beside the key and outside the database (DESIGN §3.8).
    pub fn high_water(&self) -> PathBuf {
        self.0.join("high-water")
    }

    /// The database.
    pub fn ledger(&self) -> PathBuf {
        self.0.join("ledger")
    }

    /// The running node's control socket.
    pub fn control(&self) -> PathBuf {
        self.0.join("control.sock")
    }

    /// The programs that may speak for the agency, and their secrets ([`crate::systems`]).
    pub fn systems(&self) -> PathBuf {
        self.0.join("systems.json")
    }

    /// The people who may use the web console ([`crate::users`]).
    pub fn users(&self) -> PathBuf {
        self.0.join("users.json")
    }

    /// The tokens of the HTTP API, hashed ([`crate::tokens`]).
    pub fn tokens(&self) -> PathBuf {
        self.0.join("tokens.json")
    }

    /// Where the HTTP API reports events of its own accord, and the secrets that it signs with.
    pub fn webhooks(&self) -> PathBuf {
        self.0.join("webhooks.json")
    }

    /// Certificates of the authorities that the operator trusts; need not be there ([`crate::certificate`]).
    pub fn trust(&self) -> PathBuf {
        self.0.join("trust")
    }

    /// Where attachments wait before they are in the ledger.
    pub fn spool(&self) -> PathBuf {
        self.0.join("spool")
    }
}

/// Why a directory cannot be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A file.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It exists already, and is not overwritten.
    #[error("{0} exists already; it is not overwritten")]
    Exists(PathBuf),
    /// Others may read a secret.
    #[error("{path} has mode {mode:04o}: others may read the secret key. Run: chmod 600 {path}")]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A key file.
    #[error("{path}: {error}")]
    KeyFile {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        error: KeyFileError,
    },
    /// A file that is malformed.
    #[error("{path}: {error}")]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        error: CodecError,
    },
    /// A key file with other keys than needed.
    #[error("{0} holds keys of another kind")]
    WrongKeys(PathBuf),
    /// A name that is too long.
    #[error("the name: {0}")]
    Name(#[from] BoundError),
    /// Impossible registrars.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] OpenError),
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> SetupError + '_ {
    |error| match error.kind() {
        io::ErrorKind::AlreadyExists => SetupError::Exists(path.to_owned()),
        _ => SetupError::File { path: path.to_owned(), error },
    }
}

/// This machine's clock, as an entry states it.
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Writes a new file, durably, with the given mode; never over an old one.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), SetupError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let write = || -> io::Result<()> {
        let mut file = options.open(path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        sync_parent(path)
    };
    write().map_err(file_error(path))
}

/// Writes a file, durably and at once, over an old one or into a directory that is made for it; its mode is 0600.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), SetupError> {
    let write = || -> io::Result<()> {
        let dir = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(dir)?;
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        sync_parent(path)
    };
    write().map_err(|error| SetupError::File { path: path.to_owned(), error })
}

pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Writes a new key file with mode 0600, under a passphrase if there is one.
///
/// # Errors
/// [`SetupError::Exists`], or the file cannot be written.
pub fn write_keys(path: &Path, keys: &Keys, passphrase: Option<&str>) -> Result<(), SetupError> {
    let error = |error| SetupError::KeyFile { path: path.to_owned(), error };
    let bytes = keyfile::write(keys, passphrase, &mut rng::from_os()?).map_err(error)?;
    write_new(path, &bytes, 0o600)
}

/// Puts a file that is on disk in the place of another, at once: after a crash it is the old one or
/// the new one.
///
/// # Errors
/// The files cannot be renamed.
pub(crate) fn promote(from: &Path, to: &Path) -> Result<(), SetupError> {
    fs::rename(from, to).and_then(|()| sync_parent(to)).map_err(file_error(to))
}

/// Reads a key file. A mode that lets others read it is refused.
///
/// # Errors
/// [`SetupError`] names the file and what to do.
pub fn read_keys(path: &Path, passphrase: Option<&str>) -> Result<Keys, SetupError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).map_err(file_error(path))?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(SetupError::Mode { path: path.to_owned(), mode });
        }
    }
    let bytes = zeroizing(fs::read(path).map_err(file_error(path))?);
    keyfile::read(&bytes, passphrase).map_err(|error| SetupError::KeyFile { path: path.to_owned(), error })
}

fn zeroizing(bytes: Vec<u8>) -> impl std::ops::Deref<Target = [u8]> {
    struct Wiped(Vec<u8>);
    impl std::ops::Deref for Wiped {
        type Target = [u8];
        fn deref(&self) -> &[u8] {
            &self.0
        }
    }
    impl Drop for Wiped {
        fn drop(&mut self) {
            self.0.fill(0);
            std::hint::black_box(&self.0);
        }
    }
    Wiped(bytes)
}

/// Reads a genesis file.
///
/// # Errors
/// [`SetupError`] names the file.
pub fn read_genesis(path: &Path) -> Result<Genesis, SetupError> {
    let bytes = fs::read(path).map_err(file_error(path))?;
    Genesis::parse(&bytes).map_err(|error| SetupError::Malformed { path: path.to_owned(), error })
}

/// Reads an enrolment file.
///
/// # Errors
/// [`SetupError`] names the file.
pub fn read_enrolment(path: &Path) -> Result<Admission, SetupError> {
    let bytes = fs::read(path).map_err(file_error(path))?;
    Admission::from_bytes(&bytes).map_err(|error| SetupError::Malformed { path: path.to_owned(), error })
}

/// Reads the addresses of nodes that were remembered at enrolment; none where there is no such file.
///
/// # Errors
/// [`SetupError`] names the file.
pub fn read_bootstrap(home: &Home) -> Result<Vec<String>, SetupError> {
    let path = home.bootstrap();
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(file_error(&path)(error)),
    }
}

/// Makes a network: its registrars' keys, its genesis, and the registrar's ledger.
///
/// # Errors
/// [`SetupError`]; nothing that exists is overwritten.
pub fn create_network(
    dir: &Path,
    name: &str,
    registrars: u16,
    threshold: u16,
    passphrase: Option<&str>,
) -> Result<Genesis, SetupError> {
    let home = Home::new(dir);
    fs::create_dir_all(dir).map_err(file_error(dir))?;
    if home.genesis().exists() {
        return Err(SetupError::Exists(home.genesis()));
    }
    let mut rng = rng::from_os()?;
    let keys: Vec<_> = (0..registrars).map(|_| SecretKey::generate(&mut rng)).collect();
    let salt = rng::bytes(&mut rng);
    let genesis = Genesis::new(name, now(), keys.iter().map(SecretKey::public).collect(), threshold, salt)?;
    for (number, key) in (1..).zip(keys) {
        write_keys(&home.registrar_key(number), &Keys::Registrar(key), passphrase)?;
    }
    Ledger::create(&home.ledger(), &genesis, Default::default())?;
    write_new(&home.genesis(), &genesis.to_bytes(), 0o644)?;
    Ok(genesis)
}

/// Makes a further registrar's desk: a directory with a key of its own, which never leaves it, and an empty ledger
/// of the network. The key is a registrar's once the registrars at present make it one.
///
/// # Errors
/// [`SetupError`]; nothing that exists is overwritten.
pub fn create_desk(dir: &Path, genesis: &Genesis, passphrase: Option<&str>) -> Result<PublicKey, SetupError> {
    let home = Home::new(dir);
    fs::create_dir_all(dir).map_err(file_error(dir))?;
    for path in [home.registrar_key(1), home.genesis()] {
        if path.exists() {
            return Err(SetupError::Exists(path));
        }
    }
    let key = SecretKey::generate(&mut rng::from_os()?);
    let public = key.public();
    write_keys(&home.registrar_key(1), &Keys::Registrar(key), passphrase)?;
    Ledger::create(&home.ledger(), genesis, Default::default())?;
    write_new(&home.genesis(), &genesis.to_bytes(), 0o644)?;
    Ok(public)
}

/// Makes an agency's directory: its keys, its node's key, an empty ledger of the network, and the
/// enrolment that the registrar admits it by.
///
/// # Errors
/// [`SetupError`]; nothing that exists is overwritten.
pub fn create_agency(
    dir: &Path,
    genesis: &Genesis,
    code: AgencyCode,
    name: &str,
    parent: Option<AgencyCode>,
    passphrase: Option<&str>,
) -> Result<Admission, SetupError> {
    let home = Home::new(dir);
    fs::create_dir_all(dir).map_err(file_error(dir))?;
    if home.agency_key().exists() {
        return Err(SetupError::Exists(home.agency_key()));
    }
    let mut rng = rng::from_os()?;
    let network = genesis.network_id();
    let secret = AgencySecret::generate(&mut rng);
    let node = SecretKey::generate(&mut rng);
    let node_key = NodeKey::from_bytes(*node.public().id().as_bytes());
    let admission = Admission {
        possession: secret.prove_possession(network, ChainId::of_agency(network, &code)),
        keys: secret.public(),
        code,
        name: Text::new(name)?,
        parent,
        nodes: Bounded::new(vec![node_key])?,
        rights: Rights::NONE,
    };
    write_keys(&home.agency_key(), &Keys::of_agency(secret), passphrase)?;
    write_keys(&home.node_key(), &Keys::Node(node), None)?;
    write_new(&home.genesis(), &genesis.to_bytes(), 0o644)?;
    write_new(&home.enrolment(), &admission.to_bytes(), 0o644)?;
    Ledger::create(&home.ledger(), genesis, Default::default())?;
    Ok(admission)
}
