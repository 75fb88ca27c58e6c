//! iroh-docs: a document in its redb store, its contents in iroh-blobs, and two endpoints.

use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use iroh::endpoint::presets;
use iroh::protocol::Router;
use iroh::{Endpoint, EndpointAddr};
use iroh_blobs::store::fs::FsStore;
use iroh_blobs::{BlobsProtocol, Hash};
use iroh_docs::actor::SyncHandle;
use iroh_docs::api::Doc;
use iroh_docs::engine::{DefaultAuthorStorage, Engine, LiveEvent};
use iroh_docs::protocol::Docs;
use iroh_docs::store::Store;
use iroh_docs::{Author, AuthorId, Capability, ContentStatus, DocTicket, NamespaceSecret, Record, SignedEntry};
use iroh_gossip::net::Gossip;
use peer_work::{CALLERS, CaughtUp, Error, Peer, Stopwatch};
use rayon::prelude::*;

fn main() -> ExitCode {
    peer_work::main::<IrohDocs>()
}

/// An endpoint with documents and blobs on disk.
struct Node {
    router: Router,
    docs: Docs,
    sync: SyncHandle,
    blobs: FsStore,
}

impl Node {
    async fn start(dir: &Path) -> Result<Self, Error> {
        let loopback = Endpoint::builder(presets::Minimal).clear_ip_transports().bind_addr("127.0.0.1:0")?;
        let endpoint = loopback.bind().await?;
        let blobs = FsStore::load(dir.join("blobs")).await?;
        let gossip = Gossip::builder().spawn(endpoint.clone());
        // As `Docs::persistent` does, which keeps for itself what flushes.
        let engine = Engine::spawn(
            endpoint.clone(),
            gossip.clone(),
            Store::persistent(dir.join("docs.redb"))?,
            (*blobs).clone(),
            blobs.downloader(&endpoint),
            DefaultAuthorStorage::Persistent(dir.join("default-author")),
            None,
        )
        .await?;
        let sync = engine.sync.clone();
        let docs = Docs::new(engine);
        let router = Router::builder(endpoint)
            .accept(iroh_blobs::ALPN, BlobsProtocol::new(&blobs, None))
            .accept(iroh_gossip::ALPN, gossip)
            .accept(iroh_docs::ALPN, docs.clone())
            .spawn();
        Ok(Self { router, docs, sync, blobs })
    }

    fn address(&self) -> EndpointAddr {
        let endpoint = self.router.endpoint();
        endpoint.bound_sockets().into_iter().fold(EndpointAddr::new(endpoint.id()), EndpointAddr::with_ip_addr)
    }

    /// Waits until all that was set or received is synced.
    async fn flush(&self) -> Result<(), Error> {
        self.blobs.sync_db().await?;
        Ok(self.sync.flush_store().await?)
    }

    async fn shutdown(self) -> Result<(), Error> {
        // Ends its protocols, and they their stores.
        Ok(self.router.shutdown().await?)
    }
}

/// An author with a document.
struct IrohDocs {
    node: Node,
    doc: Doc,
    namespace: NamespaceSecret,
    author: Author,
    payloads: Vec<Vec<u8>>,
}

fn key(number: usize) -> Vec<u8> {
    (number as u64).to_be_bytes().to_vec()
}

async fn set(doc: &Doc, author: AuthorId, number: usize, payload: Vec<u8>) -> Result<(), Error> {
    doc.set_bytes(author, key(number), payload).await?;
    Ok(())
}

impl Peer for IrohDocs {
    const NAME: &'static str = "iroh-docs 0.101 (redb, iroh 1.4)";
    const DURABILITY: &'static str = "none of its own: it commits every 500 ms; here its two stores are flushed after each \
        append, or at the end of many";
    const MANY: &'static str = "64 sets under way at a time, then one flush";
    const VERIFIES: &'static str = "both signatures of every entry, the author's and the document's, and the content's \
        digest, on all cores; entries are not linked";
    const CATCHES_UP: &'static str = "both signatures of every entry as it arrives; contents are fetched one by one \
        afterwards, each against its digest";

    async fn create(dir: &Path) -> Result<Self, Error> {
        let node = Node::start(dir).await?;
        let seed = *Hash::new(dir.as_os_str().as_encoded_bytes()).as_bytes();
        let (author, namespace) = (Author::from_bytes(&seed), NamespaceSecret::from_bytes(&seed));
        node.docs.author_import(author.clone()).await?;
        let doc = node.docs.import_namespace(Capability::Write(namespace.clone())).await?;
        Ok(Self { node, doc, namespace, author, payloads: Vec::new() })
    }

    async fn append(&mut self, payload: Vec<u8>) -> Result<(), Error> {
        set(&self.doc, self.author.id(), self.payloads.len(), payload.clone()).await?;
        self.payloads.push(payload);
        self.node.flush().await
    }

    async fn append_many(&mut self, payloads: Vec<Vec<u8>>) -> Result<(), Error> {
        let sets = payloads.iter().enumerate();
        let sets = sets.map(|(number, payload)| set(&self.doc, self.author.id(), number, payload.clone()));
        stream::iter(sets).buffer_unordered(CALLERS).try_collect::<()>().await?;
        self.payloads = payloads;
        self.node.flush().await
    }

    async fn verify(&mut self) -> Result<Duration, Error> {
        let bytes: Vec<_> = self
            .payloads
            .par_iter()
            .enumerate()
            .map(|(number, payload)| {
                let record = Record::new(Hash::new(payload), payload.len() as u64, 1);
                let entry = SignedEntry::from_parts(&self.namespace, &self.author, key(number), record);
                Ok::<_, Error>((postcard::to_allocvec(&entry)?, payload))
            })
            .collect::<Result<_, _>>()?;
        let keys = iroh_docs::store::MemPublicKeyStore::default();
        let start = Instant::now();
        bytes.par_iter().try_for_each(|(entry, payload)| {
            let entry: SignedEntry = postcard::from_bytes(entry)?;
            entry.verify(&keys)?;
            match entry.content_hash() == Hash::new(payload) {
                true => Ok::<_, Error>(()),
                false => Err("a content is not its digest's".into()),
            }
        })?;
        Ok(start.elapsed())
    }

    async fn catch_up(self, replica: &Path) -> Result<CaughtUp, Error> {
        self.doc.start_sync(Vec::new()).await?;
        let node = Node::start(replica).await?;
        let ticket = DocTicket::new(Capability::Read(self.namespace.id()), vec![self.node.address()]);
        let watch = Stopwatch::start()?;
        let (_doc, mut events) = node.docs.import_and_subscribe(ticket).await?;
        let (mut entries, mut contents) = (0, HashSet::new());
        while entries < self.payloads.len() || contents.len() < self.payloads.len() {
            match events.next().await.ok_or("the stream of events ended")?? {
                LiveEvent::InsertRemote { entry, content_status, .. } => {
                    entries += 1;
                    if content_status == ContentStatus::Complete {
                        contents.insert(entry.content_hash());
                    }
                }
                LiveEvent::ContentReady { hash } => drop(contents.insert(hash)),
                _ => {}
            }
        }
        node.flush().await?;
        let stored = watch.stop()?;
        drop(events);
        node.shutdown().await?;
        self.node.shutdown().await?;
        Ok(CaughtUp { stored, checked: None })
    }
}
