//! The embeddable node for Python, Kotlin and Java: the crate `congvan` behind UniFFI.
//!
//! Calls block and may come from any thread. `docs/embedding.md` goes through them in each language; the
//! modules are generated from this library by the example program `congvan-bindgen`:
//!
//! ```sh
//! make bindings
//! PYTHONPATH=target/bindings/python python3 examples/python/send_receive.py
//! ```

mod consumer;
mod error;
mod event;
mod node;
mod options;
mod records;

pub use consumer::Consumer;
pub use error::CongvanError;
pub use event::{Event, EventKind};
pub use node::Node;
pub use options::{Options, PracticeAgency, practice_network, version};
pub use records::{
    Agency, Attachment, Document, Draft, FileInfo, Link, LinkInfo, NodeState, Progress, Receipt, Relation, Signer,
    Status, Summary,
};

uniffi::setup_scaffolding!("congvan");
