//! Two agencies with a node, a console and users each.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use congvan::control::{OpenOptions, Request, Session};
use congvan::core::{AgencyCode, Attachment, Bounded, Digest, Envelope, RosterAction, Sorted, Text, WitnessPolicy};
use congvan::registrar::Registrar;
use congvan::setup::Home;
use congvan::users::{Password, Role, Users, UsersError};
use congvan::witness::EVERY;
use congvan::{Node, Outgoing, Source, archive};
use congvan_gateway::{ConsoleOptions, Exposure, Gateway};
use tokio::sync::oneshot;

pub(crate) const PASSWORD: &str = "mật khẩu của văn thư";
/// Every page that has no subject of its own.
pub(crate) const PAGES: [&str; 11] = [
    "/inbox",
    "/outbox",
    "/send",
    "/due",
    "/agencies",
    "/catalogue",
    "/catalogue/changes",
    "/node",
    "/alarms",
    "/help",
    "/check",
];
pub(crate) const PROVINCE: &str = congvan_examples::CODES[0];
pub(crate) const FINANCE: &str = congvan_examples::CODES[1];

/// A node with its console; it stops when dropped.
pub(crate) struct Office {
    pub(crate) node: Node,
    pub(crate) address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Office {
    /// Serves a running node's console, to the users `vanthu` (clerk) and `lanhdao` (viewer).
    pub(crate) async fn open(node: Node, options: ConsoleOptions) -> Self {
        add_users(node.home());
        let gateway = Gateway::bind("127.0.0.1:0".parse().unwrap(), Exposure::ThisMachine).await.unwrap();
        let gateway = gateway.console(options);
        let address = gateway.address();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(gateway.serve(node.clone(), async { drop(stopped.await) }));
        Self { node, address, _stop: stop }
    }
}

fn add_users(home: &Home) {
    let mut users = Users::load(home).unwrap();
    for (name, role) in [("vanthu", Role::Clerk), ("lanhdao", Role::Viewer)] {
        let password = Some(Password::new(PASSWORD.to_owned()).unwrap());
        // Whoever opens an office again has its users already.
        match users.add(name.parse().unwrap(), role, password) {
            Ok(_) | Err(UsersError::Exists(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    users.save(home).unwrap();
}

/// Has the registrar name the finance department as witness, and carries its word to everybody.
pub(crate) async fn name_witness(dir: &Path, homes: &[PathBuf]) {
    let mut roster = Vec::new();
    {
        let registrar = Registrar::open(&dir.join("registrar"), None).unwrap();
        let chain = registrar.ledger().roster().by_code(&AgencyCode::new(FINANCE).unwrap()).unwrap().chain;
        let witnesses = Sorted::from_unsorted(vec![chain]).unwrap();
        registrar.change(RosterAction::Witnesses(WitnessPolicy { witnesses, threshold: 1 })).unwrap();
        archive::export(registrar.ledger(), false, &mut roster, &mut |_| {}).unwrap();
    }
    for home in homes {
        let session = Session::open(home, OpenOptions { passphrase: None, offline: true }).await.unwrap();
        session.call_with(Request::Import, &mut roster.as_slice()).await.unwrap();
        session.close().await;
    }
}

/// The province's and the finance department's offices, connected to each other.
pub(crate) struct Pair {
    pub(crate) province: Office,
    pub(crate) finance: Office,
    _dir: tempfile::TempDir,
}

impl Pair {
    pub(crate) async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let homes = congvan_examples::network(dir.path()).await.unwrap();
        Self::of(dir, homes, EVERY).await
    }

    /// The finance department witnesses what the province writes, and neither takes a minute for it.
    pub(crate) async fn witnessed() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let homes = congvan_examples::network(dir.path()).await.unwrap();
        name_witness(dir.path(), &homes).await;
        Self::of(dir, homes, Duration::from_millis(200)).await
    }

    async fn of(dir: tempfile::TempDir, [province, finance]: [PathBuf; 2], checkpoints: Duration) -> Self {
        let province = start(&province, &[], checkpoints).await;
        let finance = start(&finance, &[&province], checkpoints).await;
        let options = ConsoleOptions::default();
        let (province, finance) = (Office::open(province, options).await, Office::open(finance, options).await);
        Self { province, finance, _dir: dir }
    }
}

async fn start(home: &Path, others: &[&Node], checkpoints: Duration) -> Node {
    let mut builder = Node::builder(home).listen("/ip4/127.0.0.1/tcp/0").offline_start(true).checkpoints(checkpoints);
    for other in others {
        builder = builder.bootstrap(congvan_examples::address(other).await);
    }
    builder.start().await.unwrap()
}

/// A node without a network, and its console.
pub(crate) async fn alone(options: ConsoleOptions) -> (Office, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let [home, _] = congvan_examples::network(dir.path()).await.unwrap();
    let node = Node::builder(home).local_only().offline_start(true).start().await.unwrap();
    (Office::open(node, options).await, dir)
}

/// A document with one attachment, ready to go.
pub(crate) fn letter(to: &str, subject: &str, file: &[u8]) -> Outgoing {
    let attachment = Attachment {
        name: Text::new("bao-cao.pdf").unwrap(),
        media_type: Text::new("application/pdf").unwrap(),
        description: Text::default(),
        packaging: congvan::core::document::Packaging::Plain,
        len: file.len() as u64,
        digest: Digest::from_bytes([0; 32]),
        blob: 0,
    };
    let envelope = Envelope {
        subject: Text::new(subject).unwrap(),
        number: Text::new("123").unwrap(),
        notation: Text::new("BC-UBND").unwrap(),
        attachments: Bounded::new(vec![attachment]).unwrap(),
        ..Envelope::default()
    };
    let attachments = vec![Source::Bytes(file.to_vec())];
    Outgoing { to: vec![AgencyCode::new(to).unwrap()], envelope, attachments, ..Outgoing::default() }
}

/// A sample of the repository.
pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data").join(name)
}

/// Waits until something holds, at most a minute.
pub(crate) async fn until<T>(what: &str, mut holds: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1200 {
        if let Some(value) = holds().await {
            return value;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("within a minute: {what}");
}
