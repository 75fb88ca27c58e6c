//! Two connected nodes, one with the API.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use congvan::control::{OpenOptions, Request, Session};
use congvan::core::catalogue::{Form, Title};
use congvan::core::{AgencyCode, Bounded, Procedure, Rights, RosterAction, Sorted, Text, WitnessPolicy};
use congvan::registrar::Registrar;
use congvan::setup::{self, Home};
use congvan::tokens::{Scope, Tokens};
use congvan::{Node, Source, archive};
use congvan_gateway::{ApiOptions, Exposure, Gateway};
use tokio::sync::oneshot;

use crate::client::Client;
use crate::contract::Contract;

pub(crate) const H55: &str = "000.00.00.H55";
pub(crate) const TTTT: &str = "000.00.01.H55";

/// Two nodes with APIs; their files go when it is dropped.
pub(crate) struct Pair {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) nodes: [Node; 2],
    pub(crate) clients: [Client; 2],
    pub(crate) stops: Vec<oneshot::Sender<()>>,
}

impl Pair {
    pub(crate) async fn new() -> Self {
        Self::with(ApiOptions::default()).await
    }

    pub(crate) async fn with(options: ApiOptions) -> Self {
        Self::having(options, congvan::witness::EVERY).await
    }

    /// The second witnesses what the first wrote, and neither takes a minute for it.
    pub(crate) async fn witnessed() -> Self {
        Self::having(ApiOptions::default(), Duration::from_millis(50)).await
    }

    async fn having(options: ApiOptions, checkpoints: Duration) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let homes = network(dir.path()).await;
        let builder = |home| Node::builder(home).listen("/ip4/127.0.0.1/tcp/0").checkpoints(checkpoints);
        let receiver = builder(&homes[1]).start().await.unwrap();
        let sender = builder(&homes[0]);
        let sender = sender.bootstrap(congvan_examples::address(&receiver).await).start().await.unwrap();
        let nodes = [sender, receiver];
        for node in &nodes {
            assert_eq!(node.wait_writable(Duration::from_secs(60)).await, congvan::Gate::Open);
        }
        let (mut clients, mut stops) = (Vec::new(), Vec::new());
        for (node, home) in nodes.iter().zip(&homes) {
            let (client, stop) = serve(node, options).await;
            clients.push(client.with(Some(&token(home, "all", &Scope::ALL))));
            stops.push(stop);
        }
        let clients = clients.try_into().unwrap();
        Self { dir, nodes, clients, stops }
    }

    pub(crate) fn home(&self, number: usize) -> PathBuf {
        self.nodes[number].home().dir().to_owned()
    }

    /// Stops the gateways, then the nodes.
    pub(crate) async fn stop(self) {
        drop(self.stops);
        for node in self.nodes {
            node.shutdown().await;
        }
    }

    /// A published procedure with a form, which the sender has.
    pub(crate) async fn publish(&self) {
        let node = &self.nodes[0];
        let blob = node.store_form(Source::Bytes(b"mau don".to_vec())).await.unwrap();
        let mut procedure = Procedure::new("1.001/A".parse().unwrap(), Title::new("Đăng ký khai sinh").unwrap());
        let (name, media_type) = (Text::new("mau.txt").unwrap(), Text::new("text/plain").unwrap());
        procedure.forms = Bounded::new(vec![Form { name, media_type, blob }]).unwrap();
        node.publish(procedure).await.unwrap();
    }
}

pub(crate) async fn serve(node: &Node, options: ApiOptions) -> (Client, oneshot::Sender<()>) {
    let gateway = Gateway::bind("127.0.0.1:0".parse().unwrap(), Exposure::ThisMachine).await.unwrap().api(options);
    let address = gateway.address();
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(gateway.serve(node.clone(), async { drop(stopped.await) }));
    let mut client = Client { address, token: None, contract: Arc::new(Contract::default()), seen: Arc::default() };
    client.contract = Arc::new(Contract::new(&client.get("/api/v1/openapi.json").await.is(200).json()));
    (client, stop)
}

/// A network of two agencies, of which the first may publish.
async fn network(dir: &std::path::Path) -> [PathBuf; 2] {
    let desk = dir.join("registrar");
    let genesis = setup::create_network(&desk, "Thái Nguyên", 1, 1, None).unwrap();
    let homes = [dir.join("sender"), dir.join("receiver")];
    let mut roster = Vec::new();
    {
        let registrar = Registrar::open(&desk, None).unwrap();
        for ((home, code), name) in homes.iter().zip([H55, TTTT]).zip(["UBND tỉnh Thái Nguyên", "Sở Tài chính"])
        {
            let code = AgencyCode::new(code).unwrap();
            let admission = setup::create_agency(home, &genesis, code, name, None, None).unwrap();
            registrar.change(RosterAction::Admit(admission)).unwrap();
        }
        let chain = |code| registrar.ledger().roster().by_code(&AgencyCode::new(code).unwrap()).unwrap().chain;
        let action = RosterAction::Rights { chain: chain(H55), rights: Rights::PUBLISH, after: None };
        registrar.change(action).unwrap();
        let witnesses = Sorted::from_unsorted(vec![chain(TTTT)]).unwrap();
        registrar.change(RosterAction::Witnesses(WitnessPolicy { witnesses, threshold: 1 })).unwrap();
        archive::export(registrar.ledger(), false, &mut roster, &mut |_| {}).unwrap();
    }
    for home in &homes {
        let session = Session::open(home, OpenOptions { passphrase: None, offline: true }).await.unwrap();
        session.call_with(Request::Import, &mut roster.as_slice()).await.unwrap();
        session.close().await;
    }
    homes
}

/// A new token of a node.
pub(crate) fn token(home: &std::path::Path, name: &str, scopes: &[Scope]) -> String {
    let home = Home::new(home);
    let mut tokens = Tokens::load(&home).unwrap();
    let secret = tokens.add(name.parse().unwrap(), scopes.iter().copied(), None).unwrap();
    tokens.save(&home).unwrap();
    secret.expose().to_owned()
}

/// Asks until there is an answer, at most a minute.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let found = async {
        loop {
            match look().await {
                Some(found) => return found,
                None => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), found).await.unwrap_or_else(|_| panic!("never: {what}"))
}
