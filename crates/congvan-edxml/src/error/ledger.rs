//! What can go wrong between a packet and the ledger.

use congvan_core::codec::BoundError;
use thiserror::Error;

use super::{AttachmentError, FieldError, PacketError, SkeletonError, WriteError};

/// Why a packet cannot become an entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It cannot be read.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// A status where a document is wanted.
    #[error("this is a status packet, not a document: report it as a status of the document that it answers")]
    Status,
    /// A document where a status is wanted.
    #[error("this is a document packet, not a status: it has no StatusCode")]
    Document,
    /// The ledger's bound for an element is less than what the packet has.
    #[error("{element}: {bound}")]
    Bound {
        /// The element.
        element: &'static str,
        /// What there is, and what is allowed.
        bound: BoundError,
    },
    /// An attachment is larger than the ledger takes.
    #[error("attachment {number} ({name:?}) has {size} bytes, more than the bound of {limit}")]
    AttachmentTooLarge {
        /// Its number in the packet, from 1.
        number: usize,
        /// Its `AttachmentName`, empty when it has none.
        name: String,
        /// Its bytes.
        size: u64,
        /// The bound, [`MAX_ATTACHMENT`](congvan_core::limits::MAX_ATTACHMENT).
        limit: u64,
    },
    /// The file of an attachment could not be had by whoever receives it.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// An element's text does not mean what it should, and the ledger has to know.
    #[error("{element}: {meaning}")]
    Meaning {
        /// The element.
        element: &'static str,
        /// What is wrong with it.
        meaning: FieldError,
    },
    /// The packet says that it is a state secret.
    #[error("{element} says {text:?}: state secrets must not be sent this way")]
    Secret {
        /// The element.
        element: String,
        /// What it says.
        text: String,
    },
}

/// Why no packet can be made of an entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The skeleton is none, or the attachments are not those that were cut out of it.
    #[error(transparent)]
    Skeleton(#[from] SkeletonError),
    /// What there is cannot be written as a packet.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Not as many attachments as the envelope lists.
    #[error("{given} attachments for a document that has {wanted}")]
    Count {
        /// Attachments given.
        given: usize,
        /// Attachments in the envelope.
        wanted: usize,
    },
    /// The skeleton lacks an attachment that was not given.
    #[error("attachment {number} of the packet was not given")]
    Absent {
        /// Its number in the packet, from 1.
        number: usize,
    },
    /// An attachment is not the one that the envelope lists.
    #[error("attachment {number} ({name:?}) is not the one that the document lists: its length or digest differs")]
    Differs {
        /// Its number, from 1.
        number: usize,
        /// Its name.
        name: String,
    },
    /// A reader of the packet would understand an attachment otherwise than the document says.
    #[error(
        "attachment {number} ({name:?}): as a packet's readers see its bytes, it {}a ZIP around a file, and the \
         document says the contrary; export it apart from the packet",
        if *wrapped { "is " } else { "is not " }
    )]
    Packaging {
        /// Its number, from 1.
        number: usize,
        /// Its name.
        name: String,
        /// What readers would see.
        wrapped: bool,
    },
}
