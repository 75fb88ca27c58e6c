//! A node as its operator has it: the real process, its configuration, and the control socket.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code)]

pub(crate) mod machine;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use congvan::control::{OpenOptions, Reply, Request, Session, SessionError};
use congvan::core::document::{Content, Packaging};
use congvan::core::{Attachment, Bounded, Envelope, Text, Wire};
use congvan::view::NodeView;

/// No condition takes longer to come true.
pub(crate) const BOUND: Duration = Duration::from_secs(30);

/// Waits for a condition; panics, saying which, if it does not come true.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + BOUND;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "still not: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// How a node is started.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) home: PathBuf,
    pub(crate) port: u16,
    pub(crate) http: u16,
    pub(crate) bootstrap: Vec<String>,
    pub(crate) offline_start: bool,
}

impl Setting {
    pub(crate) fn new(home: &Path) -> Self {
        Self {
            home: home.to_owned(),
            port: free_port(),
            http: free_port(),
            bootstrap: Vec::new(),
            offline_start: false,
        }
    }

    pub(crate) fn write(&self) -> PathBuf {
        let path = self.home.with_extension("toml");
        let text = format!(
            "dir = {:?}\nlisten = [\"/ip4/127.0.0.1/tcp/{}\"]\nbootstrap = {:?}\nhttp = \"127.0.0.1:{}\"\noffline_start = {}\n",
            self.home, self.port, self.bootstrap, self.http, self.offline_start
        );
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_congvan-node"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CONGVAN_")) {
            command.env_remove(name);
        }
        command.arg("--config").arg(self.write()).stdin(Stdio::null());
        command
    }

    /// Starts the process and waits until its control socket answers.
    pub(crate) async fn start(&self) -> NodeProcess {
        self.start_as(self.command()).await
    }

    pub(crate) async fn start_as(&self, mut command: Command) -> NodeProcess {
        let log = self.home.with_extension("log");
        let file = std::fs::File::options().create(true).append(true).open(&log).unwrap();
        let child = command.stderr(file).spawn().unwrap();
        let mut node = NodeProcess { child, home: self.home.clone(), http: self.http, log };
        until("the node answers", async || {
            if let Some(status) = node.child.try_wait().unwrap() {
                panic!("the node ended with {status}\n{}", node.log());
            }
            // Not through a session yet: it would open the directory itself while nobody listens.
            UnixStream::connect(node.home.join("control.sock")).ok()
        })
        .await;
        node
    }
}

/// A running node; killed when dropped.
pub(crate) struct NodeProcess {
    pub(crate) child: Child,
    pub(crate) home: PathBuf,
    http: u16,
    log: PathBuf,
}

impl NodeProcess {
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) async fn session(&self) -> Result<Session, SessionError> {
        Session::open(&self.home, OpenOptions { passphrase: None, offline: false }).await
    }

    pub(crate) async fn view(&self) -> NodeView {
        match self.session().await.unwrap().call(Request::Node).await.unwrap() {
            Reply::Node(view) => *view,
            other => panic!("{other:?}"),
        }
    }

    /// The first address that it listens on, with its network key: what others bootstrap by.
    pub(crate) async fn address(&self) -> String {
        until("the node listens", async || self.view().await.listening.first().cloned()).await
    }

    /// The last number of an agency's chain here.
    pub(crate) async fn head_of(&self, code: &str) -> u64 {
        match self.session().await.unwrap().call(Request::Agencies).await.unwrap() {
            Reply::Agencies { agencies } => agencies.iter().find(|a| a.code == code).map_or(0, |a| a.head),
            other => panic!("{other:?}"),
        }
    }

    /// The documents that it sent, by number: id, and whether all of each is here.
    pub(crate) async fn sent(&self) -> BTreeMap<u64, (String, bool)> {
        match self.session().await.unwrap().call(Request::Outbox { limit: 1_000_000 }).await.unwrap() {
            Reply::Documents { documents } => documents
                .into_iter()
                .map(|document| {
                    assert!(document.subject.starts_with("Văn bản "), "subject {:?}", document.subject);
                    (document.number, (document.id, document.complete))
                })
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    /// How many documents arrived here in full.
    pub(crate) async fn received(&self) -> usize {
        match self.session().await.unwrap().call(Request::Inbox { limit: 1_000_000 }).await.unwrap() {
            Reply::Documents { documents } => documents.iter().filter(|document| document.complete).count(),
            other => panic!("{other:?}"),
        }
    }

    /// SIGKILL, now.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal and waits for the end.
    pub(crate) async fn signal(&mut self, name: &str) -> (ExitStatus, Duration) {
        let began = Instant::now();
        // The shell's own kill, because the standard library only knows SIGKILL.
        let pid = self.child.id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &pid]).status().unwrap();
        assert!(sent.success());
        let status = until("the node has stopped", async || self.child.try_wait().unwrap()).await;
        (status, began.elapsed())
    }

    /// Asks over HTTP: status and body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.http)).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// One figure of `/metrics`.
    pub(crate) fn figure(&self, name: &str) -> u64 {
        let (_, body) = self.get("/metrics");
        let line = body.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in\n{body}")).parse().unwrap()
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- {}\n{}", self.log.display(), self.log());
        }
    }
}

/// Sends a document with one attachment; what the node answers when it is durable: number and id.
pub(crate) async fn send(session: &Session, to: &str, name: &str) -> Result<(u64, String), SessionError> {
    send_with(session, to, name, name.repeat(100).as_bytes()).await
}

/// Sends a document with this attachment.
pub(crate) async fn send_with(
    session: &Session,
    to: &str,
    name: &str,
    mut bytes: &[u8],
) -> Result<(u64, String), SessionError> {
    let attachment = Attachment {
        name: Text::new("phu-luc.txt").unwrap(),
        media_type: Text::new("text/plain").unwrap(),
        description: Text::default(),
        packaging: Packaging::Plain,
        len: bytes.len() as u64,
        digest: Attachment::digest([bytes]),
        blob: 0,
    };
    let envelope = Envelope {
        subject: Text::new(format!("Văn bản {name}")).unwrap(),
        attachments: Bounded::new(vec![attachment]).unwrap(),
        ..Envelope::default()
    };
    let request = Request::Send {
        to: vec![to.to_owned()],
        content: hex(&Content::V1(envelope).to_bytes()),
        attachments: vec![bytes.len() as u64],
        skeleton: None,
        key: None,
        public: false,
        links: Vec::new(),
        references: Vec::new(),
        force: false,
    };
    match session.call_with(request, &mut bytes).await? {
        Reply::Written { id, number, .. } => Ok((number, id)),
        other => panic!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
