//! A network of agencies in a directory, and nodes of theirs with gateways.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use congvan::control::{OpenOptions, Request, Session};
use congvan::core::{AgencyCode, RosterAction};
use congvan::registrar::Registrar;
use congvan::setup::{self, Home};
use congvan::systems::{Secret, Systems};
use congvan::{Node, archive};
use congvan_gateway::{Exposure, Gateway, VxpOptions};
use tokio::sync::oneshot;

pub(crate) const H55: &str = "000.00.00.H55";
pub(crate) const TTTT: &str = "000.00.01.H55";
pub(crate) const TC: &str = "000.00.02.H55";
/// Agencies of the recorded packets.
pub(crate) const SAAS: &str = "vxp.saas.03";
pub(crate) const VPCP: &str = "000.00.00.G22";
/// The recording's system.
pub(crate) const SYSTEM: &str = "sys1";
pub(crate) const SECRET: &str = "c2VjcmV0";

/// A network whose registrar has admitted all of the agencies above.
pub(crate) struct Network(tempfile::TempDir);

impl Network {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let registrar = dir.path().join("registrar");
        let genesis = setup::create_network(&registrar, "Thái Nguyên", 1, 1, None).unwrap();
        let mut roster = Vec::new();
        {
            let registrar = Registrar::open(&registrar, None).unwrap();
            for code in [H55, TTTT, TC, SAAS, VPCP] {
                let parent = (code == TTTT || code == TC).then(|| AgencyCode::new(H55).unwrap());
                let home = dir.path().join(code);
                let code = AgencyCode::new(code).unwrap();
                let name = format!("Cơ quan {code}");
                let admission = setup::create_agency(&home, &genesis, code, &name, parent, None).unwrap();
                registrar.change(RosterAction::Admit(admission)).unwrap();
            }
            archive::export(registrar.ledger(), false, &mut roster, &mut |_| {}).unwrap();
        }
        for code in [H55, TTTT, TC, SAAS, VPCP] {
            let options = OpenOptions { passphrase: None, offline: true };
            let session = Session::open(&dir.path().join(code), options).await.unwrap();
            session.call_with(Request::Import, &mut roster.as_slice()).await.unwrap();
            session.close().await;
        }
        Self(dir)
    }

    pub(crate) fn home(&self, code: &str) -> PathBuf {
        self.0.path().join(code)
    }

    /// A node that listens, and calls the others.
    pub(crate) async fn node(&self, code: &str, others: &[&Node]) -> Node {
        let mut builder = Node::builder(self.home(code)).listen("/ip4/127.0.0.1/tcp/0").offline_start(true);
        for other in others {
            builder = builder.bootstrap(congvan_examples::address(other).await);
        }
        builder.start().await.unwrap()
    }

    /// A node without a network.
    pub(crate) async fn alone(&self, code: &str) -> Node {
        Node::builder(self.home(code)).local_only().offline_start(true).start().await.unwrap()
    }
}

/// Lets a system speak for agencies.
pub(crate) fn bind(home: &Path, system: &str, secret: &str, agencies: &[&str]) {
    let home = Home::new(home);
    let mut systems = Systems::load(&home).unwrap();
    let agencies = agencies.iter().map(|code| AgencyCode::new(*code).unwrap()).collect();
    systems.add(system.parse().unwrap(), agencies, Some(Secret::new(secret.to_owned()).unwrap())).unwrap();
    systems.save(&home).unwrap();
}

/// A running gateway; it stops when dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

pub(crate) async fn serve(node: &Node, options: VxpOptions) -> Served {
    let gateway = Gateway::bind("127.0.0.1:0".parse().unwrap(), Exposure::ThisMachine).await.unwrap().vxp(options);
    let address = gateway.address();
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(gateway.serve(node.clone(), async { drop(stopped.await) }));
    Served { address, _stop: stop }
}

/// Runs what blocks, as a program beside the node does.
pub(crate) fn beside<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

pub(crate) fn sample(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
