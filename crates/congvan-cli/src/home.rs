//! What commands begin with: the directory, whose it is, its passphrase, and a way to its ledger.

use std::fs;
use std::io::{self, IsTerminal};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use congvan::control::{OpenOptions, Reply, Request, Session};
use congvan::core::keyfile::KeyFileError;
use congvan::setup::{self, Home, SetupError};
use congvan::store::Ledger;
use congvan::view::{AgencyView, DocumentView, NodeView};

use crate::args::Global;
use crate::exit::Failure;
use crate::output::Output;

/// A command's surroundings.
#[derive(Debug)]
pub(crate) struct App {
    pub home: Home,
    pub out: Output,
    passphrase_file: Option<PathBuf>,
}

impl App {
    /// `makes`: the command makes a directory that is no node's.
    pub(crate) fn new(global: Global, out: Output, makes: bool) -> Self {
        let dir = global.dir.unwrap_or_else(|| usual_dir(makes));
        Self { home: Home::new(dir), out, passphrase_file: global.passphrase_file }
    }

    /// Whether a node answers here.
    pub(crate) fn is_running(&self) -> bool {
        UnixStream::connect(self.home.control()).is_ok()
    }

    /// Whether this is a directory without an agency's key, but with a ledger: the registrar's.
    pub(crate) fn is_registrars(&self) -> bool {
        !self.home.agency_key().exists() && self.home.ledger().exists()
    }

    /// The passphrase that was given in a file or in the environment.
    pub(crate) fn given_passphrase(&self) -> Result<Option<String>, Failure> {
        let Some(path) = &self.passphrase_file else {
            return Ok(std::env::var("CONGVAN_PASSPHRASE").ok().filter(|text| !text.is_empty()));
        };
        let mode = fs::metadata(path).map_err(Failure::file(path))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Failure::PassphraseMode(path.clone()));
        }
        let text = fs::read_to_string(path).map_err(Failure::file(path))?;
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(Failure::PassphraseEmpty),
            text => Ok(Some(text.to_owned())),
        }
    }

    /// The passphrase for a key file: as given, or asked for where the file is encrypted.
    pub(crate) fn passphrase(&self, key: &Path) -> Result<Option<String>, Failure> {
        if let Some(given) = self.given_passphrase()? {
            return Ok(Some(given));
        }
        match setup::read_keys(key, None) {
            Err(SetupError::KeyFile { error: KeyFileError::NeedsPassphrase, .. }) => {}
            _ => return Ok(None),
        }
        if !io::stdin().is_terminal() {
            return Err(Failure::NeedsPassphrase(key.to_owned()));
        }
        Ok(Some(rpassword::prompt_password(self.out.lang.ask_passphrase(key.display()))?))
    }

    /// The passphrase for new key files; `None` to leave them unencrypted.
    pub(crate) fn new_passphrase(&self, encrypt: bool) -> Result<Option<String>, Failure> {
        match self.given_passphrase()? {
            None if !encrypt => Ok(None),
            // Whoever gives a passphrase wants it used.
            Some(given) => Ok(Some(given)),
            None if !io::stdin().is_terminal() => Err(Failure::NeedsPassphrase(self.home.dir().to_owned())),
            None => match self.ask_twice(self.out.lang.ask_new_passphrase())? {
                first if first.is_empty() => Err(Failure::PassphraseEmpty),
                first => Ok(Some(first)),
            },
        }
    }

    /// What somebody types twice without its being shown.
    pub(crate) fn ask_twice(&self, question: String) -> Result<String, Failure> {
        let first = rpassword::prompt_password(question)?;
        match rpassword::prompt_password(self.out.lang.ask_again())? == first {
            true => Ok(first),
            false => Err(Failure::PassphraseDiffers),
        }
    }

    /// A way to the node's ledger, through the node where one runs.
    pub(crate) async fn session(&self, offline: bool) -> Result<Link, Failure> {
        let passphrase = match self.is_running() {
            true => None,
            false if !self.home.ledger().exists() => return Err(Failure::NoLedger(self.home.dir().to_owned())),
            false => self.passphrase(&self.home.agency_key())?,
        };
        Ok(Link(Session::open(self.home.dir(), OpenOptions { passphrase, offline }).await?))
    }

    /// The same, only where a node runs.
    pub(crate) async fn running(&self) -> Result<Link, Failure> {
        match self.is_running() {
            true => self.session(false).await,
            false => Err(Failure::NotRunning(self.home.dir().to_owned())),
        }
    }

    /// The ledger, to read, beside a node that may run.
    pub(crate) fn read_only(&self) -> Result<Ledger, Failure> {
        match self.home.ledger() {
            path if path.exists() => Ok(Ledger::open_read_only(&path)?),
            _ => Err(Failure::NoLedger(self.home.dir().to_owned())),
        }
    }
}

/// Where the node's configuration is, unless the environment says otherwise.
const CONFIG: &str = "/etc/congvan/node.toml";
/// Names another one, to the node as well.
const ENV_CONFIG: &str = "CONGVAN_NODE_CONFIG";

/// The directory where none is named: this one if it is a node's or a registrar's, else that of the node that
/// is installed here.
fn usual_dir(makes: bool) -> PathBuf {
    let here = PathBuf::from(".");
    if makes || Home::new(&here).genesis().exists() {
        return here;
    }
    let config = std::env::var_os(ENV_CONFIG).map_or_else(|| CONFIG.into(), PathBuf::from);
    let text = fs::read_to_string(config).unwrap_or_default();
    let table = text.parse::<toml::Table>().unwrap_or_default();
    table.get("dir").and_then(toml::Value::as_str).map_or(here, PathBuf::from)
}

/// A session, and the replies that commands want of it.
#[derive(Debug)]
pub(crate) struct Link(pub Session);

impl Link {
    pub(crate) async fn node(&self) -> Result<NodeView, Failure> {
        match self.0.call(Request::Node).await? {
            Reply::Node(view) => Ok(*view),
            _ => Err(Failure::Unexpected),
        }
    }

    pub(crate) async fn agencies(&self) -> Result<Vec<AgencyView>, Failure> {
        match self.0.call(Request::Agencies).await? {
            Reply::Agencies { agencies } => Ok(agencies),
            _ => Err(Failure::Unexpected),
        }
    }

    pub(crate) async fn document(&self, request: Request) -> Result<DocumentView, Failure> {
        match self.0.call(request).await? {
            Reply::Document(view) => Ok(*view),
            Reply::Erased(summary) => {
                Err(summary.erased.map_or(Failure::Unexpected, |said| Failure::Erased(said.into())))
            }
            _ => Err(Failure::Unexpected),
        }
    }

    /// A reply's body, in memory: what an entry holds is small.
    pub(crate) async fn bytes(&self, request: Request) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        self.0.fetch(request, &mut bytes).await?;
        Ok(bytes)
    }

    pub(crate) async fn close(self) {
        self.0.close().await;
    }
}
