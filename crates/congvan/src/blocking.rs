//! A node for callers without an async runtime: plain threads, and other languages.

use std::future::Future;
use std::sync::{PoisonError, RwLock};

use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::node::{Builder, Node, StartError};

/// The node was shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node was shut down; start it again")]
pub struct Stopped;

/// A running node with a runtime of its own. Its calls block, and may come from any number of threads
/// outside of a runtime. Dropping it shuts the node down.
///
/// ```no_run
/// use congvan::{Node, blocking::Blocking};
///
/// let node = Blocking::start(Node::builder("/var/lib/congvan").listen("/ip4/0.0.0.0/tcp/7411"))?;
/// let inbox = node.call(async |node| node.inbox(20))??;
/// println!("{} documents", inbox.len());
/// node.shutdown();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Blocking {
    /// Calls hold it for reading while they last.
    running: RwLock<Option<Running>>,
    /// Ends calls that wait.
    stop: watch::Sender<bool>,
}

#[derive(Debug)]
struct Running {
    node: Node,
    runtime: Runtime,
}

impl Blocking {
    /// Starts a node.
    ///
    /// # Errors
    /// As [`Builder::start`]; [`StartError::Io`] where the runtime's threads cannot be made.
    pub fn start(builder: Builder) -> Result<Self, StartError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("congvan").build()?;
        let node = runtime.block_on(builder.start())?;
        Ok(Self { running: RwLock::new(Some(Running { node, runtime })), stop: watch::Sender::new(false) })
    }

    /// Runs `work` with the node, and waits for it. Work that is under way when the node is shut down is
    /// dropped; what the ledger took by then stands.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn call<T>(&self, work: impl AsyncFnOnce(Node) -> T) -> Result<T, Stopped> {
        let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
        let Running { node, runtime } = running.as_ref().ok_or(Stopped)?;
        let mut stop = self.stop.subscribe();
        runtime.block_on(unless(async move { drop(stop.wait_for(|stop| *stop).await) }, work(node.clone())))
    }

    /// Shuts the node down and closes its ledger: when this returns, its directory may be opened again.
    /// Calls under way end with [`Stopped`], as do all later ones. A second call does nothing.
    pub fn shutdown(&self) {
        self.stop.send_replace(true);
        // Waits for the calls under way, which end soon now.
        let taken = self.running.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { node, runtime }) = taken {
            runtime.block_on(node.shutdown());
            drop(node);
            // Waits for what still runs on its threads, which holds the ledger.
            drop(runtime);
        }
    }
}

impl Drop for Blocking {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// Does `work` unless `stop` comes first.
async fn unless<T>(stop: impl Future<Output = ()>, work: impl Future<Output = T>) -> Result<T, Stopped> {
    tokio::select! {
        biased;
        done = work => Ok(done),
        () = stop => Err(Stopped),
    }
}
