//! The mailbox between the node and the receiving software: what arrived, in which order, and how far the
//! software is with it.
//!
//! The ledger's feed tells what arrived. The mailbox follows it with a cursor of its own and keeps, among
//! the ledger's local values:
//!
//! | key | value |
//! |---|---|
//! | `vxp/next` | number of the last feed item that was looked at |
//! | `vxp/open/` ‖ feed number | an item that the software has not finished |
//! | `vxp/done/` ‖ feed number | one that it has |
//! | `vxp/item/` ‖ entry id | `0` open or `1` done ‖ feed number |
//!
//! What is finished is thus not in the way of listing what is not, however long the ledger gets.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use congvan::Node;
use congvan::core::{DocumentPayload, EntryId, Kind, LinkedEntry, StatusPayload, Wire};
use congvan::store::{Ledger, LocalChange};
use serde::{Deserialize, Serialize};

use super::answer::Fault;

/// Feed items that are looked at in one go.
const STEP: usize = 1_000;
/// Requests that an item remembers to have obeyed.
const MAX_OBEYED: usize = 32;

const NEXT: &[u8] = b"vxp/next";

/// What kind of packet it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MessageType {
    /// A document.
    Edoc,
    /// What became of one.
    Status,
}

impl FromStr for MessageType {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "edoc" => Ok(Self::Edoc),
            "status" => Ok(Self::Status),
            _ => Err(()),
        }
    }
}

impl MessageType {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Edoc => "edoc",
            Self::Status => "status",
        }
    }
}

/// How far the receiving software is with a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Not fetched.
    Inbox,
    /// Being fetched.
    Processing,
    /// Taken in: it leaves the list.
    Done,
    /// It could not be taken in.
    Fail,
    /// The words of other gateways, kept as they are told.
    Rejection,
    Acceptance,
    Assignment,
    Cancellation,
}

impl State {
    const ALL: [(Self, &'static str, &'static str); 8] = [
        (Self::Inbox, "inbox", "Chờ nhận / Waiting"),
        (Self::Processing, "processing", "Đang nhận / Being fetched"),
        (Self::Done, "done", "Đã nhận / Received"),
        (Self::Fail, "fail", "Nhận lỗi / Failed"),
        (Self::Rejection, "rejection", "Từ chối / Rejected"),
        (Self::Acceptance, "acceptance", "Tiếp nhận / Accepted"),
        (Self::Assignment, "assignment", "Phân công / Assigned"),
        (Self::Cancellation, "cancellation", "Hủy / Cancelled"),
    ];
    /// What a system may say.
    pub(crate) const WANTED: &str =
        "inbox, processing, done, fail, rejection, acceptance, assignment and cancellation are known";

    fn entry(self) -> (Self, &'static str, &'static str) {
        Self::ALL.into_iter().find(|(state, ..)| *state == self).unwrap_or(Self::ALL[0])
    }

    pub(crate) fn description(self) -> &'static str {
        self.entry().2
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry().1)
    }
}

impl FromStr for State {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|(_, name, _)| *name == text).map(|(state, ..)| state).ok_or(())
    }
}

/// A packet in the mailbox.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Item {
    /// The entry's id.
    pub(crate) id: String,
    pub(crate) kind: MessageType,
    pub(crate) state: State,
    /// When the state changed last: milliseconds since 1970.
    pub(crate) updated: u64,
    /// Signatures of the requests that changed it, newest last.
    #[serde(default)]
    obeyed: Vec<String>,
}

/// Which items are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wanted {
    /// Those that the software has not finished.
    Open,
    /// Those in one state.
    In(State),
    /// All.
    All,
}

/// The mailbox of a node.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    /// Held while anything in it changes.
    changing: Mutex<()>,
}

impl Mailbox {
    /// The items of one kind that are wanted, in order of arrival.
    pub(crate) fn items<'a>(
        &self,
        node: &'a Node,
        kind: MessageType,
        wanted: Wanted,
        now: u64,
    ) -> Result<impl Iterator<Item = Result<Item, Fault>> + use<'a>, Fault> {
        self.follow(node, now)?;
        let (open, done) = match wanted {
            Wanted::Open => (true, false),
            Wanted::In(state) => (state != State::Done, state == State::Done),
            Wanted::All => (true, true),
        };
        let ledger = node.ledger();
        let scan = move |done: bool| ledger.scan_local(if done { b"vxp/done/" } else { b"vxp/open/" });
        let stored = done.then(|| scan(true)).into_iter().chain(open.then(|| scan(false))).flatten();
        Ok(stored.map(|pair| read(&pair?.1)).filter(move |item| match item {
            Ok(item) => item.kind == kind && (!matches!(wanted, Wanted::In(state) if state != item.state)),
            Err(_) => true,
        }))
    }

    /// The state of one packet; `None` if it is not in the mailbox.
    pub(crate) fn state(&self, ledger: &Ledger, id: &str) -> Result<Option<State>, Fault> {
        let Ok(id) = id.parse::<EntryId>() else { return Ok(None) };
        Ok(find(ledger, id)?.map(|(_, item)| item.state))
    }

    /// Sets the state of one packet, as a signed request asks. A request that was obeyed before changes
    /// nothing: where the state is still what it asked for it is a retry, and otherwise a replay.
    pub(crate) fn set(&self, node: &Node, id: &str, state: State, signature: &str, now: u64) -> Result<(), Fault> {
        self.follow(node, now)?;
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = || Fault::NoDocument(id.to_owned());
        let entry = id.parse::<EntryId>().map_err(|_| missing())?;
        let ledger = node.ledger();
        let (number, item) = find(ledger, entry)?.ok_or_else(missing)?;
        if item.obeyed.iter().any(|obeyed| obeyed == signature) {
            return if item.state == state { Ok(()) } else { Err(Fault::Replay) };
        }
        let was_done = item.state == State::Done;
        let mut obeyed = item.obeyed;
        obeyed.drain(..(obeyed.len() + 1).saturating_sub(MAX_OBEYED));
        obeyed.push(signature.to_owned());
        let changed = Item { state, updated: now, obeyed, ..item };
        let mut changes = vec![LocalChange::Delete(key(was_done, number))];
        changes.extend(put(entry, number, &changed));
        Ok(ledger.change_local(changes)?)
    }

    /// Takes in what arrived since it was last looked at.
    fn follow(&self, node: &Node, now: u64) -> Result<(), Fault> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let ledger = node.ledger();
        loop {
            let next = ledger.get_local(NEXT)?;
            let next = next.and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?))).unwrap_or(0);
            let news = ledger.feed(next, STEP)?;
            let Some(last) = news.last().map(|item| item.number) else { return Ok(()) };
            let mut changes = vec![LocalChange::Put(NEXT.to_vec(), last.to_be_bytes().to_vec())];
            for news in news {
                // It may come a second time, after it was set aside.
                let known = ledger.get_local(&item_key(news.entry.id))?.is_some();
                let Some(entry) = ledger.entry_by_id(news.entry.id)?.filter(|_| !known) else { continue };
                if let Some(kind) = kind_of(node, &entry) {
                    let id = news.entry.id.to_string();
                    let item = Item { id, kind, state: State::Inbox, updated: now, obeyed: Vec::new() };
                    changes.extend(put(news.entry.id, news.number, &item));
                }
            }
            ledger.change_local(changes)?;
        }
    }
}

/// What an entry is to this agency's mailbox, if anything.
fn kind_of(node: &Node, entry: &LinkedEntry) -> Option<MessageType> {
    let code = node.code();
    match entry.header().kind {
        Kind::DOCUMENT => {
            let document = DocumentPayload::from_bytes(entry.payload()?).ok()?;
            document.cover.addressees.binary_search(&code).ok().map(|_| MessageType::Edoc)
        }
        Kind::STATUS => {
            let status = StatusPayload::from_bytes(entry.payload()?).ok()?;
            let others = status.cover.to == code && entry.header().chain != node.chain();
            others.then_some(MessageType::Status)
        }
        _ => None,
    }
}

/// Whether all of a packet is here, so that it can be fetched.
pub(crate) fn is_whole(ledger: &Ledger, entry: &LinkedEntry) -> bool {
    match (entry.header().kind, entry.payload()) {
        (Kind::DOCUMENT, Some(payload)) => DocumentPayload::from_bytes(payload)
            .is_ok_and(|document| document.cover.blobs.iter().all(|blob| ledger.has_blob(blob))),
        (_, payload) => payload.is_some(),
    }
}

fn key(done: bool, number: u64) -> Vec<u8> {
    let list: &[u8] = if done { b"vxp/done/" } else { b"vxp/open/" };
    [list, &number.to_be_bytes()].concat()
}

fn item_key(id: EntryId) -> Vec<u8> {
    [b"vxp/item/".as_slice(), id.as_bytes()].concat()
}

fn put(id: EntryId, number: u64, item: &Item) -> [LocalChange; 2] {
    let done = item.state == State::Done;
    let place = [&[u8::from(done)], number.to_be_bytes().as_slice()].concat();
    // Texts and numbers: this cannot fail.
    let value = serde_json::to_vec(item).unwrap_or_default();
    [LocalChange::Put(key(done, number), value), LocalChange::Put(item_key(id), place)]
}

fn find(ledger: &Ledger, id: EntryId) -> Result<Option<(u64, Item)>, Fault> {
    let Some(place) = ledger.get_local(&item_key(id))? else { return Ok(None) };
    let malformed = || Fault::Internal("the mailbox's index is damaged".to_owned());
    let (done, number) = place.split_first().ok_or_else(malformed)?;
    let number = u64::from_be_bytes(number.try_into().map_err(|_| malformed())?);
    let item = ledger.get_local(&key(*done == 1, number))?.ok_or_else(malformed)?;
    Ok(Some((number, read(&item)?)))
}

fn read(bytes: &[u8]) -> Result<Item, Fault> {
    serde_json::from_slice(bytes)
        .map_err(|error| Fault::Internal(format!("an item of the mailbox is damaged: {error}")))
}
