//! A peer-to-peer replicated ledger for official documents, to embed in the software that an agency
//! already has.
//!
//! [`Node::send`] returns once a document is durable, signed and linked into this agency's chain;
//! every addressee gets it from then on, however long it is away, and anybody can prove afterwards
//! who sent what.
//!
//! # Send and receive
//!
//! ```no_run
//! use congvan::{Node, Outgoing};
//! use congvan::core::{AgencyCode, Envelope, Text};
//! use congvan::view::EventKind;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let node = Node::builder("/var/lib/congvan").listen("/ip4/0.0.0.0/tcp/7411").start().await?;
//!
//! let receipt = node.send(Outgoing {
//!     to: vec![AgencyCode::new("000.00.01.H55")?],
//!     envelope: Envelope { subject: Text::new("Báo cáo tháng 11")?, ..Envelope::default() },
//!     key: Some("bao-cao-11".into()),
//!     ..Outgoing::default()
//! }).await?;
//! println!("number {} is durable", receipt.entry.seq);
//!
//! let mut consumer = node.consumer("register")?;
//! let delivery = consumer.next().await?;
//! if let EventKind::Received(document) = &delivery.event.what {
//!     println!("{}: {}", document.summary.from, document.summary.subject);
//! }
//! delivery.acknowledge()?;
//! node.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # The parts
//!
//! [`setup`] makes directories and keys, [`systems`] keeps the programs that may speak for the agency,
//! [`tokens`] what the HTTP API lets in, [`users`] the people who may use the web console,
//! [`registrar`] changes the roster, [`invitations`], [`desk`] and [`enrol`] admit agencies by one-time
//! codes, [`Node`] sends and reads, [`catalogue`] publishes and follows
//! administrative procedures, [`Consumer`] follows events, [`archive`] exports and imports, [`audit`]
//! judges a copy without trusting any node, [`certificate`] says what X.509 certificates vouch for
//! agencies' keys, [`search`] is where a searcher of documents is plugged in, [`control`] is the operator's socket. [`blocking`] and [`plain`]
//! are what bindings for other languages are made of, [`practice`] makes a network to try things in.

pub mod archive;
pub mod audit;
pub mod blocking;
pub mod bundle;
pub mod catalogue;
pub mod certificate;
pub mod consumer;
pub mod control;
pub mod deadline;
pub mod desk;
pub mod enrol;
pub mod erase;
pub mod gate;
pub mod invitations;
pub mod legal;
pub mod life;
pub mod node;
pub mod page;
pub mod plain;
pub mod practice;
pub mod private_file;
pub mod read;
pub mod registrar;
mod registry;
mod replicate;
pub mod report;
pub mod rotate;
pub mod search;
pub mod send;
pub mod setup;
pub mod systems;
pub mod tally;
pub mod tiles;
pub mod tokens;
pub mod users;
pub mod view;
pub mod witness;

pub use congvan_core as core;
pub use congvan_store as store;
pub use consumer::{Consumer, ConsumerError, Delivery, Events};
pub use gate::Gate;
pub use node::{Builder, Node, StartError};
pub use read::{AttachmentReader, ReadError};
pub use report::LifeError;
pub use send::{Outgoing, Receipt, SendError, Source};
