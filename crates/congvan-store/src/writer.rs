//! Appending to one's own chain: signed in one thread, committed in another, so that many appends
//! share one sync of the log.
//!
//! ```text
//! append ──▶ signer ──groups──▶ committer ──▶ callbacks
//!            (links, signs)     (one batch, one sync; then the mark, the view, the callbacks)
//! ```
//!
//! The links make signing sequential, so the signer never waits for the disk. Where nothing is being
//! committed and one draft waits alone, the signer commits it itself and saves the hop.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Duration;

use congvan_core::{AgencySecret, ChainId, ChainPolicy, ChainState, Draft, Point, Seq, VerifiedEntry};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::batch::{Batch, Meaning};
use crate::error::{AppendError, StoreError, WriterError};
use crate::layout::{self, Cf};
use crate::ledger::{Ledger, guard};
use crate::mark::HighWater;

/// Drafts that may wait for the signer; whoever comes then is held.
const MAX_WAITING: usize = 256;
/// Entries that the signer hands over at once: few, so that the committer writes some while the rest
/// of sixty-four callers' entries are being signed.
const MAX_GROUP: usize = 16;
/// Groups that may wait for the committer.
const MAX_GROUPS: usize = 32;
/// Bytes of entries in one write.
const MAX_WRITE: usize = 8 * 1024 * 1024;
/// The mark reaches the disk at most this long after the entry that it counts.
const MARK_LAG: Duration = Duration::from_millis(50);

/// Called once with what became of an append.
pub type Done = Box<dyn FnOnce(Result<VerifiedEntry, AppendError>) + Send>;

/// A local value written with an entry, in one atomic write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LocalPut {
    /// This value under this key.
    Value(Vec<u8>, Vec<u8>),
    /// The new entry's reference under this key; [`Ledger::get_local_entry`] reads it.
    Entry(Vec<u8>),
}

/// An append that found no room in the queue.
pub struct Full {
    /// The draft.
    pub draft: Draft,
    /// Local values that were to go with it.
    pub local: Vec<LocalPut>,
    /// Not called.
    pub done: Done,
}

impl std::fmt::Debug for Full {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Full")
    }
}

struct Waiting {
    draft: Draft,
    local: Vec<LocalPut>,
    done: Done,
}

struct Signed {
    entry: VerifiedEntry,
    local: Vec<LocalPut>,
    done: Done,
}

/// Entries signed one after another on `base`, and the chain behind them.
struct Group {
    base: Option<Point>,
    epoch: u64,
    state: ChainState,
    entries: Vec<Signed>,
}

/// Writes one chain. Clones share it; it closes with [`close`](Self::close), or with the last one.
#[derive(Clone)]
pub struct Writer(Arc<Handle>);

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writer")
    }
}

struct Handle {
    queue: RwLock<Option<Sender<Waiting>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    ids: Vec<ThreadId>,
}

impl Ledger {
    /// Opens a chain for writing, with its agency's secret and the mark beside that secret.
    ///
    /// # Errors
    /// [`WriterError`]: the mark shows that this ledger is older than the key, the chain is in
    /// quarantine, or it has a writer already.
    pub fn writer(&self, chain: ChainId, secret: AgencySecret, mut mark: HighWater) -> Result<Writer, WriterError> {
        self.0.db.writable()?;
        let known = self.chain(chain).filter(|_| self.roster().agency(chain).is_some());
        let known = known.ok_or(WriterError::UnknownChain(chain))?;
        if let Some(quarantine) = known.quarantine {
            return Err(WriterError::Quarantined(quarantine.from));
        }
        let head = known.head();
        if mark.number() > head {
            return Err(WriterError::OlderThanKey { head, mark: mark.number() });
        }
        mark.raise(head)?;
        if !guard(&self.0.writers).insert(chain) {
            return Err(WriterError::Taken(chain));
        }
        let taken = Taken { ledger: self.clone(), chain };
        let (queue, drafts) = bounded(MAX_WAITING);
        let (groups, committed) = bounded(MAX_GROUPS);
        let (dirty, flushes) = bounded(1);
        let file = mark.file();
        let committer = Arc::new(Committer { taken, chain, mark: Mutex::new(mark), dirty, busy: AtomicUsize::new(0) });
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            thread::Builder::new().name(name.to_owned()).spawn(run).map_err(WriterError::Thread)
        };
        let signer = Signer { committer: committer.clone(), secret, drafts, groups };
        let threads = vec![
            spawn("congvan-sign", Box::new(move || signer.run()))?,
            spawn("congvan-commit", Box::new(move || committer.run(&committed)))?,
            spawn("congvan-mark", Box::new(move || flush_mark(&file, &flushes)))?,
        ];
        let ids = threads.iter().map(|thread| thread.thread().id()).collect();
        Ok(Writer(Arc::new(Handle { queue: RwLock::new(Some(queue)), threads: Mutex::new(threads), ids })))
    }
}

impl Writer {
    /// Appends an entry; returns once it is on disk.
    ///
    /// # Errors
    /// [`AppendError`]. Nothing was written then, but for [`StoreError::Failed`], where only opening
    /// the ledger anew shows it.
    pub fn append(&self, draft: Draft) -> Result<VerifiedEntry, AppendError> {
        let (answer, answered) = bounded(1);
        let done = Box::new(move |result| {
            // Whoever asked waits below; this cannot fail.
            let _ = answer.send(result);
        });
        self.append_then(draft, Vec::new(), done);
        answered.recv().unwrap_or(Err(AppendError::Closed))
    }

    /// Hands over an entry, with local values for the same atomic write, and returns; `done` is called
    /// from a thread of the writer once the entry is on disk, or is not. Blocks while too many wait.
    /// `done` must be brief, and must not append.
    pub fn append_then(&self, draft: Draft, local: Vec<LocalPut>, done: Done) {
        let queue = self.0.queue.read().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = &*queue else { return done(Err(AppendError::Closed)) };
        if let Err(refused) = queue.send(Waiting { draft, local, done }) {
            (refused.into_inner().done)(Err(AppendError::Closed));
        }
    }

    /// As [`append_then`](Self::append_then), but never blocks: while too many wait, it gives everything
    /// back. For asynchronous callers.
    ///
    /// # Errors
    /// [`Full`], with what was to be appended.
    pub fn try_append_then(&self, draft: Draft, local: Vec<LocalPut>, done: Done) -> Result<(), Full> {
        let queue = self.0.queue.read().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = &*queue else {
            done(Err(AppendError::Closed));
            return Ok(());
        };
        match queue.try_send(Waiting { draft, local, done }) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(Waiting { draft, local, done })) => Err(Full { draft, local, done }),
            Err(TrySendError::Disconnected(refused)) => {
                (refused.done)(Err(AppendError::Closed));
                Ok(())
            }
        }
    }

    /// Takes no more drafts, writes those that wait, and ends, also for all clones.
    pub fn close(self) {
        self.0.close();
    }
}

impl Handle {
    fn close(&self) {
        drop(self.queue.write().unwrap_or_else(PoisonError::into_inner).take());
        // A callback may hold the last clone: then this is a thread of the writer, which ends by itself.
        if self.ids.contains(&thread::current().id()) {
            return;
        }
        let mut threads = guard(&self.threads);
        for thread in threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

/// That a chain has a writer.
struct Taken {
    ledger: Ledger,
    chain: ChainId,
}

impl Drop for Taken {
    fn drop(&mut self) {
        guard(&self.ledger.0.writers).remove(&self.chain);
    }
}

/// What the signer signs on.
struct Working {
    epoch: u64,
    state: ChainState,
    policy: Arc<ChainPolicy>,
    quarantined: Option<Seq>,
}

struct Signer {
    committer: Arc<Committer>,
    secret: AgencySecret,
    drafts: Receiver<Waiting>,
    groups: Sender<Group>,
}

impl Signer {
    fn run(self) {
        let mut working = None;
        while let Ok(first) = self.drafts.recv() {
            let mut group = self.sign(&mut working, first);
            if group.entries.is_empty() {
                continue;
            }
            let idle = self.committer.busy.load(Ordering::Acquire) == 0;
            if idle && group.entries.len() == 1 && self.drafts.is_empty() {
                self.committer.commit(vec![group]);
                continue;
            }
            self.committer.busy.fetch_add(1, Ordering::AcqRel);
            if let Err(refused) = self.groups.send(group) {
                group = refused.into_inner();
                fail(group.entries, &AppendError::Closed);
            }
        }
    }

    /// Signs what waits.
    fn sign(&self, working: &mut Option<Working>, first: Waiting) -> Group {
        let working = self.renew(working);
        let (base, network) = (working.state.head(), self.committer.ledger().0.network);
        let mut entries = Vec::new();
        let mut next = Some(first);
        while let Some(Waiting { draft, local, done }) = next.take() {
            let signed = match (self.committer.ledger().0.db.writable(), working.quarantined) {
                // The chain in memory is ahead of the one on disk from the first failure on.
                (Err(failed), _) => Err(failed.into()),
                (_, Some(from)) => Err(AppendError::Quarantined(from)),
                _ => working.state.append(network, &working.policy, draft, &self.secret).map_err(AppendError::from),
            };
            match signed {
                Ok(entry) => entries.push(Signed { entry, local, done }),
                Err(error) => done(Err(error)),
            }
            if entries.len() < MAX_GROUP {
                next = self.drafts.try_recv().ok();
            }
        }
        Group { base, epoch: working.epoch, state: working.state.clone(), entries }
    }

    /// What to sign on: what it was, unless the chain or the roster's word on it changed otherwise.
    fn renew<'a>(&self, working: &'a mut Option<Working>) -> &'a mut Working {
        let view = self.committer.ledger().0.view();
        let chain = view.chains.get(&self.committer.chain);
        let epoch = chain.map_or(0, |chain| chain.epoch);
        if working.as_ref().is_none_or(|working| working.epoch != epoch) {
            *working = None;
        }
        working.get_or_insert_with(|| Working {
            epoch,
            state: chain.map_or_else(|| ChainState::new(self.committer.chain), |chain| chain.state.clone()),
            policy: view.roster.policy(self.committer.chain).unwrap_or_default(),
            quarantined: chain.and_then(|chain| chain.quarantine).map(|quarantine| quarantine.from),
        })
    }
}

fn fail(entries: Vec<Signed>, error: &AppendError) {
    for signed in entries {
        (signed.done)(Err(error.clone()));
    }
}

struct Committer {
    taken: Taken,
    chain: ChainId,
    mark: Mutex<HighWater>,
    dirty: Sender<()>,
    /// Groups handed over and not yet committed.
    busy: AtomicUsize,
}

impl Committer {
    fn ledger(&self) -> &Ledger {
        &self.taken.ledger
    }

    fn run(&self, groups: &Receiver<Group>) {
        while let Ok(first) = groups.recv() {
            let mut waiting = vec![first];
            let mut bytes = 0;
            while let Some(next) = groups.try_recv().ok().filter(|_| bytes < MAX_WRITE) {
                bytes += next.entries.iter().map(|signed| signed.entry.bytes().len()).sum::<usize>();
                waiting.push(next);
            }
            let handled = waiting.len();
            self.commit(waiting);
            self.busy.fetch_sub(handled, Ordering::AcqRel);
        }
    }

    /// Commits groups in one write, and calls back.
    fn commit(&self, groups: Vec<Group>) {
        let (signed, written) = self.store(groups);
        match written {
            Ok(()) => signed.into_iter().for_each(|signed| (signed.done)(Ok(signed.entry))),
            Err(error) => fail(signed, &error.into()),
        }
    }

    /// The entries that are on disk, or that failed to get there.
    fn store(&self, groups: Vec<Group>) -> (Vec<Signed>, Result<(), StoreError>) {
        let inner = &self.ledger().0;
        let mut side = guard(&inner.write);
        let Some(before) = self.ledger().chain(self.chain) else { return (Vec::new(), Ok(())) };
        let mut after = (*before).clone();
        let mut stored: Vec<Signed> = Vec::new();
        let mut void = Vec::new();
        for group in groups {
            if group.epoch != before.epoch || group.base != after.state.head() {
                void.extend(group.entries);
                continue;
            }
            after.state = group.state;
            stored.extend(group.entries);
        }
        if !void.is_empty() {
            // Signed, but never shown to anybody: their numbers are free.
            let failed = inner.db.writable().err().map(AppendError::from);
            fail(void, &failed.unwrap_or(AppendError::Changed));
        }
        if stored.is_empty() {
            return (stored, Ok(()));
        }
        if before.verified == before.head() {
            after.verified = after.head();
        }
        after.standing = after.state.head();
        let bytes: usize = stored.iter().map(|signed| signed.entry.bytes().len() + 256).sum();
        let mut batch = Batch::new(&inner.db, side.next_feed, bytes);
        let mut erases = false;
        for Signed { entry, local, .. } in &stored {
            let linked = entry.clone().into_linked();
            erases |= batch.note_own_erasure(after.no, &linked);
            let meaning = Meaning::of(entry.header().kind, entry.payload());
            batch.put_entry(after.no, &linked, &meaning);
            if inner.owner.concerns(&linked, &meaning) {
                batch.feed(&linked);
            }
            for put in local {
                match put {
                    LocalPut::Value(key, value) => batch.put(Cf::Local, layout::local_key(key), value),
                    LocalPut::Entry(key) => {
                        batch.put(Cf::Local, layout::local_key(key), layout::reference(entry.reference()));
                    }
                }
            }
        }
        batch.put_chain(&after, Some(&before));
        let (write, next_feed) = batch.finish();
        if let Err(error) = inner.db.write(write, true) {
            return (stored, Err(error));
        }
        side.next_feed = next_feed;
        if let Err(error) = guard(&self.mark).raise(after.head()) {
            // The entries are safe, but the next ones would be without their guard.
            inner.db.fail(error.to_string());
        }
        let _ = self.dirty.try_send(());
        inner.view_mut().publish(after);
        if erases && let Err(error) = self.ledger().drop_named() {
            // It is written, and what it names is dropped at the next start.
            tracing::error!(%error, "what was erased cannot be dropped now");
        }
        (stored, Ok(()))
    }
}

/// Brings the mark to disk behind the commits, until its committer is gone.
fn flush_mark(file: &std::fs::File, dirty: &Receiver<()>) {
    while dirty.recv().is_ok() {
        if let Err(error) = file.sync_data() {
            tracing::error!(%error, "the high-water mark cannot be brought to disk");
        }
        thread::sleep(MARK_LAG);
    }
    let _ = file.sync_data();
}
