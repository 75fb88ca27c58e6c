//! The model of the Congvan ledger: what a document's entry is, to the byte, and when it is genuine.
//!
//! This crate decides and never acts: it opens no file and no socket, reads no clock, and runs no
//! task, so that a node, an auditor's command and a simulator of a whole province share one set of
//! rules. `docs/format.md` specifies everything here for other languages.
//!
//! The way of an entry through the types:
//!
//! ```text
//! bytes ──parse──▶ UnverifiedEntry ──ChainState::extend──▶ LinkedEntry ──verify──▶ VerifiedEntry
//!                  well-formed,       authenticated by        its own signature
//!                  digest fits        a signed descendant     checked as well
//! ```
//!
//! # Example: one agency writes, another checks
//!
//! ```
//! use congvan_core::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut rng = rng::from_os()?;
//! let registrar = SecretKey::generate(&mut rng);
//! let genesis = Genesis::new("Thái Nguyên", Time::from_millis(0), vec![registrar.public()], 1, [7; 16])?;
//! let network = genesis.network_id();
//!
//! // The registrar admits an agency.
//! let keys = AgencySecret::generate(&mut rng);
//! let code = AgencyCode::new("000.00.00.H55")?;
//! let chain = ChainId::of_agency(network, &code);
//! let admit = RosterAction::Admit(Admission {
//!     code, name: Text::new("UBND tỉnh Thái Nguyên")?, parent: None,
//!     keys: keys.public(), possession: keys.prove_possession(network, chain),
//!     nodes: Bounded::new(vec![])?, rights: Rights::NONE,
//! });
//! let mut roster = Roster::new(genesis);
//! let change = roster.propose(admit, Time::from_millis(1), &[&registrar])?;
//! roster.apply(&change)?;
//!
//! // The agency writes the first entry of its chain.
//! let mut written = ChainState::new(chain);
//! let draft = Draft { kind: Kind::NOTE, time: Time::from_millis(2), payload: b"xin ch\xc3\xa0o".to_vec() };
//! let entry = written.append(network, &*roster.policy(chain)?, draft, &keys)?;
//!
//! // Anybody checks it from its bytes and the roster alone.
//! let mut read = ChainState::new(chain);
//! let received = UnverifiedEntry::parse(entry.bytes())?;
//! let linked = read.extend(network, &*roster.policy(chain)?, vec![received])?;
//! assert_eq!(linked[0].clone().verify()?.id(), entry.id());
//! # Ok(())
//! # }
//! ```

pub mod archive;
pub mod blob;
pub mod bundle;
pub mod catalogue;
pub mod chain;
pub mod checkpoint;
pub mod codec;
pub mod document;
pub mod domain;
pub mod enrol;
pub mod entry;
pub mod erasure;
pub mod evidence;
pub mod facts;
pub mod genesis;
pub mod ids;
pub mod ingest;
pub mod invitation;
pub mod keyfile;
pub mod keys;
pub mod life;
pub mod limits;
pub mod merkle;
pub mod naming;
pub mod note;
pub mod quarantine;
pub mod rng;
pub mod roster;
pub mod seal;
pub mod status;
pub mod tile;

pub use catalogue::{Procedure, ProcedureChange, ProcedureCode, ProcedurePayload};
pub use chain::{ChainError, ChainPolicy, ChainState, Draft, KeyGrant, KeySpan, LinkedEntry, VerifiedEntry};
pub use checkpoint::{Checkpoint, CheckpointPayload, Cosignature, WitnessPayload};
pub use codec::{Bounded, Bytes, CodecError, Sorted, Text, Wire};
pub use document::{Attachment, Body, Content, Cover, DocumentPayload, Envelope, Link, Relation};
pub use entry::{EntryError, Header, Kind, UnverifiedEntry};
pub use erasure::{Erasure, Retention};
pub use evidence::EquivocationProof;
pub use genesis::Genesis;
pub use ids::{AgencyCode, BlobId, ChainId, Digest, EntryId, EntryRef, NetworkId, Point, Seq, Time};
pub use keys::{AgencyKeys, AgencySecret, KeyId, NodeKey, PublicKey, SealPublic, SealSecret, SecretKey, Signature};
pub use merkle::TreeHash;
pub use naming::{NamedTo, Naming};
pub use quarantine::{Doubts, Quarantine, Reason};
pub use roster::{
    Admission, Agency, Certification, Rights, Roster, RosterAction, RosterChange, RosterError, Standing, WitnessPolicy,
};
pub use status::{StatusCode, StatusCover, StatusPayload};
