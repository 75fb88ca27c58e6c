//! The running node.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use congvan::Gate;
use congvan::blocking::Blocking;
use congvan::plain;

use crate::consumer::Consumer;
use crate::error::CongvanError;
use crate::options::Options;
use crate::records::{Agency, Document, Draft, NodeState, Receipt, Summary};

/// A running node. Its calls block and may come from any thread; `shutdown` ends it, and so does giving
/// up the last reference to it.
#[derive(Debug, uniffi::Object)]
pub struct Node {
    node: Arc<Blocking>,
}

#[uniffi::export]
impl Node {
    /// Opens a directory's ledger and keys, and connects.
    #[uniffi::constructor]
    pub fn start(options: Options) -> Result<Arc<Self>, CongvanError> {
        Ok(Arc::new(Self { node: Arc::new(Blocking::start(options.builder())?) }))
    }

    /// Sends a document: when this returns, it is durable here and its addressees get it, however long
    /// they are away. A retry with the same key sends once.
    pub fn send(&self, draft: Draft) -> Result<Receipt, CongvanError> {
        Ok(self.node.call(async |node| node.send_plain(draft.into()).await)??.into())
    }

    /// Reports what became of a document: `status` has two digits (`docs/life.md`), `answers` names what it
    /// answers, where several things are asked.
    #[uniffi::method(default(note = "", staff = "", department = "", answers = None))]
    pub fn report(
        &self,
        id: String,
        status: String,
        note: String,
        staff: String,
        department: String,
        answers: Option<String>,
    ) -> Result<Receipt, CongvanError> {
        let status = plain::Status { id, status, note, staff, department, answers };
        Ok(self.node.call(async |node| node.report_plain(status).await)??.into())
    }

    /// Documents addressed to this agency, newest first.
    #[uniffi::method(default(limit = 100))]
    pub fn inbox(&self, limit: u32) -> Result<Vec<Summary>, CongvanError> {
        let inbox = self.node.call(async |node| node.inbox(limit as usize))??;
        Ok(inbox.into_iter().map(Summary::from).collect())
    }

    /// Documents that this agency sent, newest first.
    #[uniffi::method(default(limit = 100))]
    pub fn outbox(&self, limit: u32) -> Result<Vec<Summary>, CongvanError> {
        let outbox = self.node.call(async |node| node.outbox(limit as usize))??;
        Ok(outbox.into_iter().map(Summary::from).collect())
    }

    /// One document, by its id or at least eight leading digits of it. Its signature is checked first.
    pub fn document(&self, id: &str) -> Result<Document, CongvanError> {
        Ok(self.node.call(async |node| node.document(id))??.into())
    }

    /// Writes an attachment, counted from 0, to a file, which appears once it is whole. Returns its length.
    pub fn save_attachment(&self, id: &str, number: u32, path: &str) -> Result<u64, CongvanError> {
        let path = PathBuf::from(path);
        Ok(self.node.call(async |node| node.save_attachment(id, number as usize, &path))??)
    }

    /// An attachment's bytes, at most 64 MiB; a larger one is saved to a file.
    pub fn attachment(&self, id: &str, number: u32) -> Result<Vec<u8>, CongvanError> {
        Ok(self.node.call(async |node| node.attachment_bytes(id, number as usize))??)
    }

    /// A durable consumer with this name, made at its first use: 1 to 64 letters, digits, `-`, `_` and `.`.
    pub fn consumer(&self, name: &str) -> Result<Arc<Consumer>, CongvanError> {
        self.node.call(async |node| node.consumer(name).map(drop))??;
        Ok(Arc::new(Consumer::new(self.node.clone(), name.to_owned())))
    }

    /// The directory of agencies.
    pub fn agencies(&self) -> Result<Vec<Agency>, CongvanError> {
        Ok(self.node.call(async |node| node.agencies())?.into_iter().map(Agency::from).collect())
    }

    /// The node's own state.
    pub fn state(&self) -> Result<NodeState, CongvanError> {
        Ok(self.node.call(async |node| node.view().await)?.into())
    }

    /// The addresses that it listens on, for others to bootstrap by.
    pub fn addresses(&self) -> Result<Vec<String>, CongvanError> {
        Ok(self.node.call(async |node| node.listen_addresses().await)?)
    }

    /// Waits until the node may write, at most so long; then an error says why it may not.
    pub fn wait_writable(&self, timeout: Duration) -> Result<(), CongvanError> {
        match self.node.call(async |node| node.wait_writable(timeout).await)? {
            Gate::Open => Ok(()),
            Gate::Waiting(why) => Err(CongvanError::NotYet(format!("this node does not write yet: {why}"))),
            Gate::Refused(why) => Err(CongvanError::Refused(format!("this node does not write: {why}"))),
        }
    }

    /// Stops writing and replicating and closes the ledger: when this returns, the directory may be opened
    /// again. Calls of other threads that wait end with `Stopped`, as do all later ones.
    pub fn shutdown(&self) {
        self.node.shutdown();
    }
}
