//! p2panda: an append-only log in its SQLite store, and two endpoints that sync it.
//!
//! The stream of events that p2panda-net puts over its sync drops operations where 256 wait, and its store then has a gap
//! that no later sync fills; so p2panda-sync is used by itself here, over p2panda-net's endpoints, with room for all.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use iroh::endpoint::{Connection, RecvStream, SendStream};
use iroh::protocol::{AcceptError, ProtocolHandler};
use p2panda_core::operation::{validate_backlink, validate_operation};
use p2panda_core::{Body, Header, Operation, SigningKey, Timestamp, Topic};
use p2panda_net::addrs::NodeInfo;
use p2panda_net::cbor::{into_cbor_sink, into_cbor_stream};
use p2panda_net::iroh_endpoint::{EndpointAddr, IrohConfig};
use p2panda_net::{AddressBook, Endpoint};
use p2panda_store::logs::LogStore;
use p2panda_store::operations::OperationStore;
use p2panda_store::topics::TopicStore;
use p2panda_store::{SqliteStore, SqliteStoreBuilder, Transaction};
use p2panda_sync::protocols::{TopicLogSync, TopicLogSyncEvent};
use p2panda_sync::traits::Protocol;
use peer_work::{BATCH, CaughtUp, Error, Peer, Stopwatch};
use rayon::prelude::*;
use tokio::sync::broadcast;

type LogId = u64;
/// An author has one log.
const LOG: LogId = 1;
/// The sync's name on a connection.
const SYNC: [u8; 4] = *b"sync";

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
    let file = dir.join("p2panda.sqlite");
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

/// An endpoint on loopback that knows a peer's address.
async fn endpoint(key: SigningKey, peer: Option<NodeInfo>) -> Result<Endpoint, Error> {
    let address_book = AddressBook::builder().spawn().await?;
    if let Some(peer) = peer {
        address_book.insert_node_info(peer).await?;
    }
    let loopback =
        IrohConfig { bind_ip_v4: Ipv4Addr::LOCALHOST, bind_ip_v6: Ipv6Addr::LOCALHOST, ..IrohConfig::default() };
    Ok(Endpoint::builder(address_book).config(loopback).signing_key(key).spawn().await?)
}

/// Syncs the topic over a stream. What arrives is sent on as events, which are lost where more wait than the channel
/// holds.
async fn sync(
    (store, topic): (SqliteStore, Topic),
    (sending, receiving): (SendStream, RecvStream),
    events: broadcast::Sender<TopicLogSyncEvent>,
) -> Result<(), Error> {
    let session = TopicLogSync::<Topic, SqliteStore, LogId, ()>::new(topic, store, None, events);
    Ok(session.run(&mut into_cbor_sink(sending), &mut into_cbor_stream(receiving)).await?)
}

/// The author's end.
#[derive(Clone, Debug)]
struct Serving {
    store: SqliteStore,
    topic: Topic,
}

impl ProtocolHandler for Serving {
    async fn accept(&self, connection: Connection) -> Result<(), AcceptError> {
        let (events, _kept) = broadcast::channel(BATCH);
        let streams = connection.accept_bi().await?;
        if let Err(error) = sync((self.store.clone(), self.topic), streams, events).await {
            eprintln!("the author's end: {error}");
        }
        connection.closed().await;
        Ok(())
    }
}

/// Checks operations as they arrive and stores them, many in a transaction, up to the last.
async fn store_all(
    store: SqliteStore,
    mut events: broadcast::Receiver<TopicLogSyncEvent>,
    last: u64,
) -> Result<(), Error> {
    let mut head: Option<Header> = None;
    while head.as_ref().is_none_or(|head| head.seq_num < last) {
        let mut some = Vec::new();
        let mut event = Some(events.recv().await?);
        while let Some(arrived) = event {
            if let TopicLogSyncEvent::OperationReceived { operation, .. } = arrived {
                some.push(*operation);
            }
            event = if some.len() < BATCH { events.try_recv().ok() } else { None };
        }
        some.par_iter().try_for_each(|operation| validate_operation::<()>(operation))?;
        for operation in &some {
            match &head {
                Some(head) => validate_backlink::<()>(head, &operation.header)?,
                None if operation.header.seq_num == 0 => {}
                None => return Err("the log's start did not arrive".into()),
            }
            head = Some(operation.header.clone());
        }
        insert(&store, &some).await?;
    }
    Ok(())
}

impl Peer for P2panda {
    const NAME: &'static str = "p2panda 0.6.1 (SQLite, iroh)";
    const DURABILITY: &'static str = "SQLite's write-ahead log, as its store sets it up, synced at each commit";
    const MANY: &'static str = "1,024 operations in a transaction";
    const VERIFIES: &'static str = "decoding (which in this version checks no signature), validate_operation (which does) \
        and validate_backlink, on all cores";
    const CATCHES_UP: &'static str = "its sync hands operations over unchecked, and those that its channel cannot hold not at \
        all; here the channel holds the whole log, each operation is validated, signature and backlink included, and \
        up to 1,024 are stored in a transaction";

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
        let author = endpoint(self.key.clone(), None).await?;
        author.accept(SYNC, Serving { store: self.store.clone(), topic: self.topic }).await?;
        let bound = author.endpoint().await?;
        let at = bound.bound_sockets().into_iter().fold(EndpointAddr::new(bound.id()), EndpointAddr::with_ip_addr);
        let store = store_in(replica).await?;
        let node = endpoint(SigningKey::generate(), Some(NodeInfo::from(at))).await?;

        let (events, arriving) = broadcast::channel(last as usize + BATCH);
        let watch = Stopwatch::start()?;
        let storing = tokio::spawn(store_all(store.clone(), arriving, last));
        let connection = node.connect(author.node_id(), SYNC).await?;
        sync((store.clone(), self.topic), connection.open_bi().await?, events).await?;
        storing.await??;
        let stored = watch.stop()?;
        connection.close(0u8.into(), b"done");
        store.pool().close().await;
        self.store.pool().close().await;
        Ok(CaughtUp { stored, checked: None })
    }
}
