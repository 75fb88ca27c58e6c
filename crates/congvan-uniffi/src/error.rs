//! What a call fails with.

use congvan::blocking::Stopped;
use congvan::plain::PlainError;
use congvan::practice::PracticeError;
use congvan::{ConsumerError, ReadError, SendError, StartError};

/// Why a call failed; the message says what, where, and what to do.
#[derive(Debug, thiserror::Error, uniffi::Error)]
#[uniffi(flat_error)]
#[non_exhaustive]
pub enum CongvanError {
    /// The node's directory, keys, ledger or addresses do not let it start.
    #[error("{0}")]
    Start(String),
    /// The node does not write yet; the same call may succeed later.
    #[error("{0}")]
    NotYet(String),
    /// The node does not write, and will not until its operator or the registrar does something.
    #[error("{0}")]
    Refused(String),
    /// It would break the rules of a document's life; the message says what is possible now.
    #[error("{0}")]
    Rule(String),
    /// There is no such document here; it may not have arrived yet.
    #[error("{0}")]
    NotFound(String),
    /// Pieces of an attachment have not arrived yet; the node fetches them.
    #[error("{0}")]
    Incomplete(String),
    /// An argument is not what it must be; the message begins with its name where it has one.
    #[error("{0}")]
    Invalid(String),
    /// A file of the caller's cannot be read or written.
    #[error("{0}")]
    File(String),
    /// The node was shut down.
    #[error("{0}")]
    Stopped(String),
    /// The ledger or the system failed.
    #[error("{0}")]
    Failed(String),
}

impl From<StartError> for CongvanError {
    fn from(error: StartError) -> Self {
        Self::Start(error.to_string())
    }
}

impl From<PracticeError> for CongvanError {
    fn from(error: PracticeError) -> Self {
        Self::Start(error.to_string())
    }
}

impl From<Stopped> for CongvanError {
    fn from(error: Stopped) -> Self {
        Self::Stopped(error.to_string())
    }
}

impl From<ConsumerError> for CongvanError {
    fn from(error: ConsumerError) -> Self {
        match error {
            ConsumerError::Name(_) => Self::Invalid(error.to_string()),
            ConsumerError::Stopped => Self::Stopped(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<ReadError> for CongvanError {
    fn from(error: ReadError) -> Self {
        let message = error.to_string();
        match error {
            ReadError::NotFound(_) => Self::NotFound(message),
            ReadError::Incomplete { .. } => Self::Incomplete(message),
            ReadError::Ambiguous(_) | ReadError::NotAnId(_) | ReadError::NoAttachment { .. } => Self::Invalid(message),
            _ => Self::Failed(message),
        }
    }
}

impl From<SendError> for CongvanError {
    fn from(error: SendError) -> Self {
        let message = error.to_string();
        match error {
            SendError::NotYet(_) => Self::NotYet(message),
            SendError::Refused(_) => Self::Refused(message),
            SendError::Life(_) => Self::Rule(message),
            SendError::Read(error) => error.into(),
            SendError::AttachmentUnreadable { .. } => Self::File(message),
            SendError::Stopping => Self::Stopped(message),
            SendError::UnknownAddressees(_)
            | SendError::NoAddressee
            | SendError::AttachmentTooLong { .. }
            | SendError::KeyLength(_)
            | SendError::Document(_)
            | SendError::Bound(_) => Self::Invalid(message),
            _ => Self::Failed(message),
        }
    }
}

impl From<PlainError> for CongvanError {
    fn from(error: PlainError) -> Self {
        match error {
            PlainError::Read(error) => error.into(),
            PlainError::Send(error) => error.into(),
            PlainError::File { .. } => Self::File(error.to_string()),
            error => Self::Invalid(error.to_string()),
        }
    }
}
