//! The driver of replication: it carries events from libp2p and this node to the state machine, and
//! the state machine's actions back. One thread owns it all; what it stores, it stores itself, so a
//! slow disk slows the peers down instead of filling a queue.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use congvan_core::blob::BlobRef;
use congvan_core::{
    ChainId, DocumentPayload, EquivocationProof, Kind, Roster, Seq, UnverifiedEntry, VerifiedEntry, Wire,
};
use congvan_net::{Net, NetEvent};
use congvan_store::Ledger;
use congvan_sync::message::MAX_RANGE_ENTRIES;
use congvan_sync::{Action, ChainHead, Config, Event, IngestError, Ingested, Instant, Replica};
use tokio::sync::{mpsc, oneshot};

use crate::catalogue::{forms_granted, forms_of};
use crate::node::{Shared, lock};

/// Events of this node that wait for the replica.
pub(crate) const MAX_INPUTS: usize = 1024;
/// Entries whose own signatures are checked behind, between two events.
const CHECKED_AT_ONCE: usize = 512;
/// The consumer under whose name the node itself follows its feed, to fetch attachments.
const BLOB_CURSOR: &str = "\u{0}attachments";
/// Feed items looked at for attachments at once.
const FEED_PAGE: usize = 256;
/// Blobs fetched at the same time; the others wait in the feed. A document's, or a publisher's forms when it is
/// given its right, are wanted together, and may go past it.
const MAX_WANTED: usize = 256;

/// What this node tells its replica.
pub(crate) enum Input {
    /// It wrote an entry.
    Appended(Box<VerifiedEntry>),
    /// Its ledger grew otherwise: an import.
    Changed,
    /// How many blobs are wanted?
    Wanted(oneshot::Sender<Wanted>),
    /// Stop.
    Stop,
}

/// Runs the replica on a thread of its own.
pub(crate) fn spawn(
    shared: Arc<Shared>,
    inputs: mpsc::Receiver<Input>,
    events: mpsc::Receiver<NetEvent>,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    let runtime = tokio::runtime::Handle::current();
    std::thread::Builder::new().name("congvan-replica".to_owned()).spawn(move || {
        let Some(net) = shared.net.clone() else { return };
        let own = shared.own().chain;
        let config = Config { own: Some(own), ..Config::default() };
        let looked = shared.ledger.cursor(BLOB_CURSOR).unwrap_or_default();
        let driver = Driver {
            ledger: Stored(shared.ledger.clone()),
            replica: Replica::new(config),
            started: Clock::now(),
            wanted: BTreeSet::new(),
            open: BTreeMap::new(),
            looked,
            settled: looked,
            shared,
            net,
        };
        runtime.block_on(driver.run(inputs, events));
    })
}

/// What is still to be had of others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Attachments.
    pub(crate) blobs: usize,
    /// Entries, of the peer that is most ahead.
    pub(crate) behind: u64,
    /// Chains of which some peer says that it holds more, and up to which number.
    pub(crate) announced: BTreeMap<ChainId, Seq>,
}

struct Driver {
    shared: Arc<Shared>,
    ledger: Stored,
    replica: Replica,
    net: Net,
    started: Clock,
    wanted: BTreeSet<BlobRef>,
    /// Documents by feed number, and their blobs that are missing.
    open: BTreeMap<u64, BTreeSet<BlobRef>>,
    /// The last feed number looked at for attachments.
    looked: u64,
    /// What the durable cursor holds.
    settled: u64,
}

impl Driver {
    async fn run(mut self, mut inputs: mpsc::Receiver<Input>, mut events: mpsc::Receiver<NetEvent>) {
        self.roster_changed().await;
        self.want_blobs().await;
        let mut tick = tokio::time::interval(Duration::from_millis(500));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut unchecked = true;
        loop {
            tokio::select! {
                input = inputs.recv() => match input {
                    None | Some(Input::Stop) => break,
                    Some(input) => self.on_input(input, &mut inputs).await,
                },
                event = events.recv() => match event {
                    None => break,
                    Some(event) => self.on_net(event).await,
                },
                _ = tick.tick() => {
                    self.feed(Event::Tick).await;
                    self.settle();
                    unchecked = true;
                }
                // Only when nothing else waits, and never without end: a ledger that has failed checks nothing.
                () = std::future::ready(()), if unchecked && inputs.is_empty() && events.is_empty() => {
                    unchecked = self.check_behind().await;
                }
            }
        }
    }

    async fn on_input(&mut self, input: Input, inputs: &mut mpsc::Receiver<Input>) {
        match input {
            Input::Appended(entry) => {
                let mut burst = vec![*entry];
                let mut rest = None;
                while let Ok(next) = inputs.try_recv() {
                    match next {
                        Input::Appended(entry) => burst.push(*entry),
                        other => {
                            rest = Some(other);
                            break;
                        }
                    }
                }
                self.feed(Event::Appended(burst)).await;
                if let Some(Input::Stop) = rest {
                    inputs.close();
                } else if let Some(other) = rest {
                    Box::pin(self.on_input(other, inputs)).await;
                }
            }
            Input::Changed => {
                self.roster_changed().await;
                let whole: Vec<_> =
                    self.wanted.iter().filter(|blob| self.shared.ledger.has_blob(blob)).map(|b| b.id).collect();
                whole.into_iter().for_each(|id| self.blob_complete(id));
                self.want_blobs().await;
                for chain in self.shared.ledger.chains() {
                    self.feed(Event::Changed(chain)).await;
                }
            }
            Input::Wanted(answer) => {
                let behind = self.replica.peers().iter().map(|peer| peer.behind_by).max().unwrap_or_default();
                let _ = answer.send(Wanted { blobs: self.wanted.len(), behind, announced: self.replica.ahead_of_us() });
            }
            Input::Stop => inputs.close(),
        }
    }

    async fn on_net(&mut self, event: NetEvent) {
        let event = match event {
            NetEvent::Listening(address) => {
                tracing::info!(%address, "listening");
                return;
            }
            NetEvent::Connected(peer) => Event::Connected(peer),
            NetEvent::Disconnected(peer) => Event::Disconnected(peer),
            NetEvent::Request { peer, reply, request } => Event::Request { peer, reply, request },
            NetEvent::Response { peer, id, response } => Event::Response { peer, id, response },
            NetEvent::RequestFailed { peer, id } => Event::RequestFailed { peer, id },
            NetEvent::Announced { peer, id, announcement } => Event::Announced { peer, id, announcement },
        };
        self.feed(event).await;
    }

    /// One event through the state machine, and everything that follows from it.
    async fn feed(&mut self, event: Event) {
        let now = Instant(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX));
        let actions = self.replica.handle(&mut self.ledger, now, event);
        for action in actions {
            Box::pin(self.perform(action)).await;
        }
    }

    async fn perform(&mut self, action: Action) {
        match action {
            Action::Request { peer, id, request } => match self.net.ask(peer, id, request).await {
                // No outcome follows what was never asked.
                Err(congvan_net::NetError::TooManyAsks) => self.feed(Event::RequestFailed { peer, id }).await,
                result => sent(result),
            },
            Action::Respond { reply, response } => sent(self.net.respond(reply, response).await),
            Action::Announce(announcement) => sent(self.net.announce(announcement).await),
            Action::Validated { id, verdict } => sent(self.net.validated(id, verdict).await),
            Action::Ban { peer, reason } => {
                tracing::warn!(%peer, reason, "peer banned");
                sent(self.net.ban(peer, reason).await);
            }
            Action::RosterChanged => self.roster_changed().await,
            Action::Stored { chain } => {
                if chain == self.shared.own().chain {
                    self.shared.judge();
                }
                self.shared.arrived();
                self.want_blobs().await;
            }
            Action::Equivocation(proof) => {
                let roster = self.shared.ledger.roster();
                let agency = roster.agency(proof.chain()).map(|agency| agency.code.to_string());
                tracing::error!(agency, number = %proof.seq(), "an agency signed two entries with one number");
                self.shared.judge();
                self.shared.arrived();
            }
            Action::BlobErased(id) => {
                self.blob_complete(id);
                self.want_blobs().await;
            }
            Action::BlobComplete(id) => {
                self.blob_complete(id);
                self.shared.arrived();
                self.want_blobs().await;
            }
            Action::OwnChainConfirmed => {
                lock(&self.shared.facts).confirmed = true;
                self.shared.judge();
            }
            Action::OwnChainContradicted { seq } => {
                tracing::error!(number = %seq, "peers hold another entry of this agency with this number");
                lock(&self.shared.facts).contradicted = Some(seq);
                self.shared.judge();
            }
        }
    }

    async fn roster_changed(&mut self) {
        let roster = self.shared.ledger.roster();
        let admitted = roster
            .agencies()
            .flat_map(|agency| agency.nodes.iter().copied())
            .filter(|node| roster.admits(node) && *node != self.shared.node)
            .collect();
        sent(self.net.admit(admitted).await);
        self.shared.judge();
        self.shared.arrived();
    }

    /// Follows the feed for attachments to fetch, as far as there is room to want them.
    async fn want_blobs(&mut self) {
        let ledger = self.shared.ledger.clone();
        let own = self.shared.own();
        let mut new = Vec::new();
        'pages: while self.wanted.len() < MAX_WANTED {
            let page = match ledger.feed(self.looked, FEED_PAGE) {
                Ok(page) if page.is_empty() => break,
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(%error, "the feed cannot be followed for attachments");
                    break;
                }
            };
            for item in page {
                let blobs = match item.kind {
                    Kind::DOCUMENT => {
                        let all = self.shared.archive || item.entry.chain == own.chain;
                        wanted_of(&ledger, &own.code, all, item.entry.chain, item.entry.seq)
                    }
                    Kind::PROCEDURE => forms_of(&ledger, item.entry.chain, item.entry.seq),
                    Kind::ROSTER => forms_granted(&ledger, item.entry.seq).unwrap_or_else(|error| {
                        tracing::error!(%error, "the forms of a publisher cannot be read");
                        Vec::new()
                    }),
                    _ => Vec::new(),
                };
                if !blobs.is_empty() {
                    let missing: BTreeSet<_> = blobs.into_iter().filter(|blob| !ledger.has_blob(blob)).collect();
                    new.extend(missing.iter().filter(|blob| self.wanted.insert(**blob)));
                    if !missing.is_empty() {
                        self.open.insert(item.number, missing);
                    }
                }
                self.looked = item.number;
                if self.wanted.len() >= MAX_WANTED {
                    break 'pages;
                }
            }
        }
        if !new.is_empty() {
            Box::pin(self.feed(Event::WantBlobs(new))).await;
        }
    }

    /// A blob is whole, or erased: whoever wanted it no longer does.
    fn blob_complete(&mut self, id: congvan_core::BlobId) {
        self.wanted.retain(|blob| blob.id != id);
        self.open.retain(|_, missing| {
            missing.retain(|blob| blob.id != id);
            !missing.is_empty()
        });
    }

    /// Moves the cursor up to the first document that is not whole, so that a restart wants the same
    /// again. Now and then is enough: what is looked at twice costs little, and a write each time much.
    fn settle(&mut self) {
        let settled = self.open.keys().next().map_or(self.looked, |first| first - 1);
        if settled <= self.settled {
            return;
        }
        match self.shared.ledger.set_cursor(BLOB_CURSOR, settled) {
            Ok(()) => self.settled = settled,
            Err(error) => tracing::error!(%error, "the attachments' cursor cannot be written"),
        }
    }

    /// Checks some signatures of what came in bulk. `true` if more are left.
    async fn check_behind(&mut self) -> bool {
        match self.shared.ledger.verify_pending(CHECKED_AT_ONCE) {
            Ok(done) => {
                for (chain, seq) in &done.bad {
                    tracing::error!(%chain, number = %seq, "a stored entry's own signature is bad; its chain is in quarantine");
                    self.feed(Event::Changed(*chain)).await;
                }
                if !done.bad.is_empty() {
                    self.shared.judge();
                    self.shared.arrived();
                }
                done.checked > 0 && done.remaining > 0
            }
            Err(error) => {
                tracing::error!(%error, "stored entries cannot be checked");
                false
            }
        }
    }
}

/// The network takes no more commands only when it stops; its event stream then ends too.
fn sent(result: Result<(), congvan_net::NetError>) {
    if let Err(error) = result {
        tracing::debug!(%error, "the network is stopping");
    }
}

/// The blobs of a document that this node is to hold: with `all`, for it keeps everything, or the
/// document is its own and came back from peers after a loss; else if it is addressed to `own`.
fn wanted_of(ledger: &Ledger, own: &congvan_core::AgencyCode, all: bool, chain: ChainId, seq: Seq) -> Vec<BlobRef> {
    let Ok(Some(entry)) = ledger.entry(chain, seq) else { return Vec::new() };
    let Some(document) = entry.payload().and_then(|payload| DocumentPayload::from_bytes(payload).ok()) else {
        return Vec::new();
    };
    match all || document.is_to(own) {
        true => document.cover.blobs.to_vec(),
        false => Vec::new(),
    }
}

/// RocksDB as the state machine sees it.
struct Stored(Ledger);

fn readable(entries: Result<Vec<Arc<[u8]>>, congvan_store::StoreError>) -> Vec<Arc<[u8]>> {
    entries.unwrap_or_else(|error| {
        tracing::error!(%error, "entries cannot be read for a peer");
        Vec::new()
    })
}

fn in_words(error: congvan_store::IngestError) -> IngestError {
    error.map_storage(|error| error.to_string())
}

impl congvan_sync::Ledger for Stored {
    fn roster(&self) -> Arc<Roster> {
        self.0.roster()
    }

    fn head(&self, chain: ChainId) -> ChainHead {
        let status = self.0.status(chain);
        ChainHead { head: status.head, quarantined: status.quarantined.map(|quarantine| quarantine.from) }
    }

    fn heads(&self) -> Vec<(ChainId, ChainHead)> {
        self.0.chains().into_iter().map(|chain| (chain, self.head(chain))).collect()
    }

    fn ingest(&mut self, chain: ChainId, entries: Vec<UnverifiedEntry>) -> Result<Ingested, IngestError> {
        self.0.ingest(chain, entries).map_err(in_words)
    }

    fn range(&self, chain: ChainId, from: Seq, max_bytes: usize) -> Vec<Arc<[u8]>> {
        readable(self.0.range(chain, from, max_bytes, MAX_RANGE_ENTRIES))
    }

    fn evidence(&self, chain: ChainId, from: Seq, max_bytes: usize) -> Vec<Arc<[u8]>> {
        readable(self.0.evidence(chain, from, max_bytes, MAX_RANGE_ENTRIES))
    }

    fn add_proof(&mut self, proof: &EquivocationProof) -> Result<bool, IngestError> {
        self.0.add_proof(proof).map_err(in_words)
    }

    fn proof(&self, chain: ChainId) -> Option<EquivocationProof> {
        self.0.proof(chain)
    }

    fn missing_payloads(&self, after: Option<(ChainId, Seq)>, limit: usize) -> Vec<(ChainId, Seq)> {
        self.0.missing_payloads(after, limit).unwrap_or_else(|error| {
            tracing::error!(%error, "what is missing cannot be looked up");
            Vec::new()
        })
    }

    fn has_blob(&self, blob: &BlobRef) -> bool {
        self.0.has_blob(blob)
    }

    fn missing_chunks(&self, blob: &BlobRef, limit: usize) -> Vec<u32> {
        self.0.missing_chunks(blob, limit)
    }

    fn put_chunk(&mut self, blob: &BlobRef, index: u32, bytes: &[u8]) -> Result<bool, IngestError> {
        self.0.put_chunk(blob, index, bytes).map_err(|error| IngestError::Storage(error.to_string()))
    }

    fn chunk(&self, blob: &BlobRef, index: u32) -> Option<(Vec<u8>, Vec<[u8; 32]>)> {
        self.0.chunk(blob, index).unwrap_or_else(|error| {
            tracing::error!(%error, "a chunk cannot be read for a peer");
            None
        })
    }
}
