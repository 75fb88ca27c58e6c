//! p2panda: append-only logs in its SQLite store, and two nodes of p2panda-net that sync them.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use p2panda_core::operation::{validate_backlink, validate_operation};
use p2panda_core::{Body, Header, Operation, SigningKey, Timestamp, Topic};
use p2panda_net::addrs::{NodeInfo, TransportAddress, TrustedTransportInfo};
use p2panda_net::iroh_endpoint::IrohConfig;
use p2panda_net::{AddressBook, Discovery, Endpoint, Gossip, LogSync};
use p2panda_store::logs::LogStore;
use p2panda_store::operations::OperationStore;
use p2panda_store::topics::TopicStore;
use p2panda_store::{SqliteStore, SqliteStoreBuilder, Transaction};
use p2panda_sync::protocols::TopicLogSyncEvent;
use peer_work::{BATCH, CaughtUp, Error, Peer, Stopwatch};
use rayon::prelude::*;
use tokio::sync::mpsc;

type LogId = u64;
/// An author has one log.
const LOG: LogId = 1;

fn main() -> ExitCode {
    peer_work::main::<P2panda>()
}

/// An author with one log.
struct P2panda {
    store: SqliteStore,
    key: SigningKey,
    topic: Topic,
    head: Option<Header>,
}

async fn store_in(dir: &Path) -> Result<SqliteStore, Error> {
    let file: PathBuf = dir.join("p2panda.sqlite");
    Ok(SqliteStoreBuilder::new().database_url(&format!("sqlite://{}", file.display())).build().await?)
}

/// Stores operations in one transaction.
async fn insert(store: &SqliteStore, operations: &[Operation]) -> Result<(), Error> {
    let permit = store.begin().await?;
    for operation in operations {
        store.insert_operation(&operation.hash, operation, &LOG).await?;
    }
    Ok(store.commit(permit).await?)
}

impl P2panda {
    fn sign(&mut self, payload: Vec<u8>) -> Operation {
        let body = Body::from(payload);
        let mut header = Header {
            version: 1,
            verifying_key: self.key.verifying_key(),
            signature: None,
            payload_size: body.size(),
            payload_hash: Some(body.hash()),
            timestamp: Timestamp::now(),
            seq_num: self.head.as_ref().map_or(0, |head| head.seq_num + 1),
            backlink: self.head.as_ref().map(Header::hash),
            extensions: (),
        };
        header.sign(&self.key);
        self.head = Some(header.clone());
        Operation { hash: header.hash(), header, body: Some(body) }
    }
}

/// A node's parts, as its example for chats puts them together.
struct Node {
    endpoint: Endpoint,
    address_book: AddressBook,
    sync: LogSync<SqliteStore, LogId, ()>,
    _discovery: Discovery,
    _gossip: Gossip,
}

impl Node {
    async fn start(store: SqliteStore, key: SigningKey, peer: Option<NodeInfo>) -> Result<Self, Error> {
        let address_book = AddressBook::builder().spawn().await?;
        if let Some(peer) = peer {
            address_book.insert_node_info(peer).await?;
        }
        let loopback =
            IrohConfig { bind_ip_v4: Ipv4Addr::LOCALHOST, bind_ip_v6: Ipv6Addr::LOCALHOST, ..IrohConfig::default() };
        let endpoint = Endpoint::builder(address_book.clone()).config(loopback).signing_key(key).spawn().await?;
        let discovery = Discovery::builder(address_book.clone(), endpoint.clone()).spawn().await?;
        let gossip = Gossip::builder(address_book.clone(), endpoint.clone()).spawn().await?;
        let sync = LogSync::builder(store, endpoint.clone(), gossip.clone()).spawn().await?;
        Ok(Self { endpoint, address_book, sync, _discovery: discovery, _gossip: gossip })
    }
}

/// Checks operations as they arrive and stores those that continue the log, many in a transaction.
async fn store_all(
    store: SqliteStore,
    mut arriving: mpsc::UnboundedReceiver<Operation>,
    last: u64,
) -> Result<(), Error> {
    let mut head: Option<Header> = None;
    let mut some = Vec::new();
    while head.as_ref().is_none_or(|head| head.seq_num < last) {
        if arriving.recv_many(&mut some, BATCH).await == 0 {
            return Err("the replica's sync ended early".into());
        }
        some.par_iter().try_for_each(|operation| validate_operation::<()>(operation))?;
        let mut next = Vec::with_capacity(some.len());
        for operation in some.drain(..) {
            match &head {
                Some(head) => match validate_backlink::<()>(head, &operation.header) {
                    Ok(()) => {}
                    // After what the stream of events dropped, or what came before.
                    Err(_) => continue,
                },
                None if operation.header.seq_num == 0 => {}
                None => continue,
            }
            head = Some(operation.header.clone());
            next.push(operation);
        }
        insert(&store, &next).await?;
    }
    Ok(())
}

impl Peer for P2panda {
    const NAME: &'static str = "p2panda 0.6.1 (SQLite, iroh)";
    const DURABILITY: &'static str =
        "SQLite's defaults, as its store sets them up: a rollback journal, synced at each commit";
    const MANY: &'static str = "1,024 operations in a transaction";
    const VERIFIES: &'static str = "decoding (which in this version checks no signature), validate_operation (which does) \
        and validate_backlink, on all cores";
    const CATCHES_UP: &'static str = "its sync hands operations over unchecked; here each is validated, signature and \
        backlink included, and stored 1,024 to a transaction";

    async fn create(dir: &Path) -> Result<Self, Error> {
        let store = store_in(dir).await?;
        let key = SigningKey::generate();
        let topic = Topic::random();
        let permit = store.begin().await?;
        store.associate(&topic, &key.verifying_key(), &LOG).await?;
        store.commit(permit).await?;
        Ok(Self { store, key, topic, head: None })
    }

    async fn append(&mut self, payload: Vec<u8>) -> Result<(), Error> {
        let operation = self.sign(payload);
        insert(&self.store, &[operation]).await
    }

    async fn append_many(&mut self, payloads: Vec<Vec<u8>>) -> Result<(), Error> {
        for some in payloads.chunks(BATCH) {
            let operations: Vec<_> = some.iter().map(|payload| self.sign(payload.clone())).collect();
            insert(&self.store, &operations).await?;
        }
        Ok(())
    }

    async fn verify(&mut self) -> Result<Duration, Error> {
        let stored: Option<Vec<(Operation, Vec<u8>)>> =
            self.store.get_log_entries(&self.key.verifying_key(), &LOG, None, None).await?;
        let bytes: Vec<_> = stored
            .ok_or("the log is missing")?
            .into_iter()
            .map(|(operation, header)| (header, operation.body.map(|body| body.to_bytes()).unwrap_or_default()))
            .collect();
        let start = Instant::now();
        let headers: Vec<Header> = bytes
            .par_iter()
            .map(|(header, body)| {
                let header = Header::try_from(header.as_slice())?;
                let operation = Operation { hash: header.hash(), header, body: Some(Body::new(body)) };
                validate_operation::<()>(&operation)?;
                Ok::<_, Error>(operation.header)
            })
            .collect::<Result<_, _>>()?;
        headers.par_windows(2).try_for_each(|pair| validate_backlink::<()>(&pair[0], &pair[1]))?;
        Ok(start.elapsed())
    }

    async fn catch_up(self, replica: &Path) -> Result<CaughtUp, Error> {
        let last = self.head.as_ref().ok_or("nothing to catch up with")?.seq_num;
        let author = Node::start(self.store.clone(), self.key.clone(), None).await?;
        let sockets = author.endpoint.endpoint().await?.bound_sockets();
        let at = TransportAddress::from_iroh(author.endpoint.node_id(), None, sockets);
        let mut peer = NodeInfo::new(author.endpoint.node_id()).bootstrap();
        peer.transports = Some(TrustedTransportInfo::from_addrs([at]).into());
        let _serving = author.sync.stream(self.topic, true).await?;

        let store = store_in(replica).await?;
        let node = Node::start(store.clone(), SigningKey::generate(), Some(peer)).await?;
        let stream = node.sync.stream(self.topic, true).await?;
        let mut events = stream.subscribe().await?;
        let (arrived, arriving) = mpsc::unbounded_channel();
        let mut storing = tokio::spawn(store_all(store.clone(), arriving, last));
        // From when a session has found what is missing, so that finding each other does not count.
        let mut watch = None;
        let stored = loop {
            tokio::select! {
                done = &mut storing => {
                    done??;
                    break watch.unwrap_or(Stopwatch::start()?).stop()?;
                }
                event = events.next() => match event {
                    Some(Ok(event)) => match event.event {
                        TopicLogSyncEvent::SyncStarted { .. } if watch.is_none() => watch = Some(Stopwatch::start()?),
                        TopicLogSyncEvent::OperationReceived { operation, .. } => drop(arrived.send(*operation)),
                        other => eprintln!("p2panda: {other:?}"),
                    },
                    Some(Err(lagged)) => eprintln!("p2panda: {lagged}"),
                    None => return Err("the stream of events ended".into()),
                },
            }
        };
        drop((stream, node.address_book));
        store.pool().close().await;
        self.store.pool().close().await;
        Ok(CaughtUp { stored, checked: None })
    }
}
