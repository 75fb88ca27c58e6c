//! The operator's commands and the node on one machine: a socket in the node's directory that only
//! its owner may use.
//!
//! [`Session::open`] talks to the running node, or, where none runs, to one without a network that it
//! starts itself: either way the same words.

mod frame;
mod protocol;
mod server;
mod session;

pub use protocol::{LinkTo, MAX_DUE, MAX_JSON, MAX_PIECE, NamedDocument, RelationTo, Reply, Request};
pub use session::{OpenOptions, Session, SessionError};
