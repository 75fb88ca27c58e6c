//! Two agencies with a node, a console and users each.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use congvan::Node;
use congvan::core::{AgencyCode, Attachment, Bounded, Digest, Envelope, Text};
use congvan::setup::Home;
use congvan::users::{Password, Role, Users};
use congvan::{Outgoing, Source};
use congvan_gateway::{ConsoleOptions, Exposure, Gateway};
use tokio::sync::oneshot;

pub(crate) const PASSWORD: &str = "mật khẩu của văn thư";
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
        users.add(name.parse().unwrap(), role, password).unwrap();
    }
    users.save(home).unwrap();
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
        let [province, finance] = congvan_examples::network(dir.path()).await.unwrap();
        let province = start(&province, &[]).await;
        let finance = start(&finance, &[&province]).await;
        let options = ConsoleOptions::default();
        let (province, finance) = (Office::open(province, options).await, Office::open(finance, options).await);
        Self { province, finance, _dir: dir }
    }
}

async fn start(home: &Path, others: &[&Node]) -> Node {
    let mut builder = Node::builder(home).listen("/ip4/127.0.0.1/tcp/0").offline_start(true);
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
