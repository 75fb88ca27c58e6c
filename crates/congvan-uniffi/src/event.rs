//! What consumers are told.

use congvan::view;

use crate::error::CongvanError;
use crate::records::{Document, Status};

/// An event of a consumer.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Event {
    /// Its number in this node's log, to acknowledge it by.
    pub number: u64,
    /// What happened.
    pub what: EventKind,
}

/// What an event is. Kinds may be added: acknowledge those that you do not know.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
#[allow(clippy::large_enum_variant)] // They cross to another language, one at a time.
pub enum EventKind {
    /// A document addressed to this agency arrived.
    Received {
        /// It.
        document: Document,
    },
    /// This agency sent a document.
    Sent {
        /// It.
        document: Document,
    },
    /// Somebody reported on a document of this agency, or this agency did on another's.
    Reported {
        /// What.
        status: Status,
    },
    /// The roster of agencies changed.
    Roster {
        /// The roster's number.
        number: u64,
    },
    /// The catalogue of procedures changed.
    Catalogue {
        /// How: JSON, as `congvan --json catalogue changes` prints it.
        change: String,
    },
    /// Content was erased: drop what you keep of it.
    Erased {
        /// The ids of the documents and statuses.
        ids: Vec<String>,
        /// By whom, when and why: JSON, as `congvan --json events` prints it.
        said: String,
    },
    /// Another entry, or one that cannot be read.
    Other {
        /// Its id.
        id: String,
        /// Why it is not shown.
        note: String,
    },
}

impl TryFrom<view::EventView> for Event {
    type Error = CongvanError;

    fn try_from(event: view::EventView) -> Result<Self, CongvanError> {
        let what = match event.what {
            view::EventKind::Received(document) => EventKind::Received { document: (*document).into() },
            view::EventKind::Sent(document) => EventKind::Sent { document: (*document).into() },
            view::EventKind::Status(status) => EventKind::Reported { status: (*status).into() },
            view::EventKind::Roster { roster_number, .. } => EventKind::Roster { number: roster_number },
            view::EventKind::Catalogue(change) => {
                let change = serde_json::to_string(&change).map_err(|error| CongvanError::Failed(error.to_string()))?;
                EventKind::Catalogue { change }
            }
            view::EventKind::Erased(erasure) => {
                let said = serde_json::to_string(&erasure.said);
                let said = said.map_err(|error| CongvanError::Failed(error.to_string()))?;
                EventKind::Erased { ids: erasure.erased, said }
            }
            view::EventKind::Other { id, note } => EventKind::Other { id, note },
            _ => EventKind::Other { id: String::new(), note: "an event that this library does not know".to_owned() },
        };
        Ok(Self { number: event.number, what })
    }
}
