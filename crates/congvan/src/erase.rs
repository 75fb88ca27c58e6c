//! Lawful forgetting: erasing what this agency wrote, saying what was erased by whom and why, and following the
//! network's terms of retention.
//!
//! Erasing is an entry like any other ([`congvan_core::Erasure`]): every node that has it drops the payloads that it
//! names, and the attachments that nothing else names, and clears them from its files. It cannot be undone.

use std::collections::BTreeSet;
use std::time::Duration;

use congvan_core::codec::BoundError;
use congvan_core::erasure::{Reason, Rule, YEAR_MS};
use congvan_core::limits::{MAX_ERASED, MAX_SUBJECT};
use congvan_core::roster::RosterPayload;
use congvan_core::{
    DocumentPayload, Draft, EntryId, EntryRef, Erasure, Kind, LinkedEntry, Point, RosterAction, Seq, Sorted, Text,
    Time, Wire,
};
use congvan_store::StoreError;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::gate::Gate;
use crate::node::{Node, Own};
use crate::read::ReadError;
use crate::send::{Receipt, SendError};
use crate::setup;

/// How often a node looks whether a term of retention has passed, or files are to be cleared, unless told otherwise.
pub const EVERY: Duration = Duration::from_secs(600);
/// Erasures that a node writes of itself at once; the rest comes the next time.
const AT_ONCE: usize = 8;

/// By whose word something was erased, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErasedView {
    /// The erasing entry's id.
    pub erasure: String,
    /// The agency's code; empty where the registrars ordered it.
    pub by: String,
    /// The number in its chain, or in the roster.
    pub number: u64,
    /// When, by its author's clock: milliseconds since 1970.
    pub time: u64,
    /// `retention`, `order`, `personal-data`, `mistake` or `other`.
    pub reason: String,
    /// In English.
    pub meaning: String,
    /// In Vietnamese.
    pub meaning_vi: String,
    /// The law, decision or case, as its author wrote it; may be empty.
    pub basis: String,
}

impl std::fmt::Display for ErasedView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let by = if self.by.is_empty() { "the registrars" } else { &self.by };
        let day = day(self.time);
        write!(f, "erased on {day} by {by}: {}{}", self.meaning, in_brackets(&self.basis))
    }
}

impl ErasedView {
    /// The same in Vietnamese.
    pub fn vietnamese(&self) -> String {
        let by = if self.by.is_empty() { "cơ quan đăng ký" } else { &self.by };
        format!("đã bị {by} xóa ngày {}: {}{}", day(self.time), self.meaning_vi, in_brackets(&self.basis))
    }
}

fn in_brackets(basis: &str) -> String {
    if basis.is_empty() { String::new() } else { format!(" ({basis})") }
}

/// The day of a time, in the time zone of Viet Nam.
fn day(millis: u64) -> String {
    let at = i64::try_from(millis).ok().and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    let day = at.map(|at| jiff::tz::Offset::constant(7).to_datetime(at).date());
    day.map(|day| format!("{:02}/{:02}/{:04}", day.day(), day.month(), day.year())).unwrap_or_default()
}

/// An erasure, to be followed by software that keeps copies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErasureView {
    /// Who, when and why.
    #[serde(flatten)]
    pub said: ErasedView,
    /// The agency whose entries are erased.
    pub of: String,
    /// The ids of those that are here and erased by it.
    pub erased: Vec<String>,
}

/// Why something is not erased.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EraseError {
    /// It cannot be written.
    #[error(transparent)]
    Send(#[from] SendError),
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Nothing was named.
    #[error("name at least one document to erase")]
    Nothing,
    /// The reason says nothing by itself.
    #[error("the reason {0} needs a basis: the decision, law or case, in words")]
    NoBasis(&'static str),
    /// The basis is too long.
    #[error("the basis: {0}")]
    Basis(#[from] BoundError),
    /// Another agency wrote it.
    #[error("{id} is not of this agency: its author erases it, or the registrars order it (`congvan roster erase`)")]
    NotOurs {
        /// Its id.
        id: String,
    },
    /// Nothing that may be erased.
    #[error("{id} is a {kind}: only documents, statuses and notes are erased")]
    NotErasable {
        /// Its id.
        id: String,
        /// What it is.
        kind: &'static str,
    },
    /// It is to be kept longer.
    #[error(
        "{id} is to be kept until {until} by the network's terms of retention; age is no reason to erase it before"
    )]
    Kept {
        /// Its id.
        id: String,
        /// The day.
        until: String,
    },
}

impl EraseError {
    /// The same in Vietnamese, for what a clerk may do wrong.
    pub fn vietnamese(&self) -> Option<String> {
        Some(match self {
            Self::Nothing => "hãy nêu ít nhất một văn bản cần xóa".to_owned(),
            Self::NoBasis(reason) => format!("lý do {reason} cần có căn cứ: quyết định, luật hoặc vụ việc"),
            Self::NotOurs { id } => format!(
                "{id} không phải của cơ quan này: cơ quan ban hành tự xóa, hoặc cơ quan đăng ký ra lệnh (`congvan roster erase`)"
            ),
            Self::NotErasable { id, .. } => format!("{id}: chỉ xóa được nội dung văn bản, trạng thái và ghi chú"),
            Self::Kept { id, until } => {
                format!("{id} phải được lưu giữ đến {until} theo thời hạn lưu giữ của mạng; chưa thể xóa vì hết hạn")
            }
            Self::Send(_) | Self::Read(_) | Self::Basis(_) => return None,
        })
    }
}

impl From<StoreError> for EraseError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

impl Node {
    /// By whose word an entry is erased; `None` where it is not.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn erased(&self, entry: &LinkedEntry) -> Result<Option<ErasedView>, StoreError> {
        for by in self.0.ledger.erased_by(entry)? {
            if let Some(erasing) = self.0.ledger.entry(by.chain, by.seq)?
                && let Some((_, erasure)) = self.erasure_in(&erasing)
            {
                return Ok(Some(self.erased_view(&erasing, &erasure)));
            }
        }
        Ok(None)
    }

    /// Why an entry's payload is not here.
    pub(crate) fn gone(&self, entry: &LinkedEntry) -> ReadError {
        match self.erased(entry) {
            Ok(Some(said)) => ReadError::Erased(Box::new(said)),
            Ok(None) => ReadError::Missing,
            Err(error) => error.into(),
        }
    }

    /// What an entry erases, and of which chain.
    fn erasure_in(&self, entry: &LinkedEntry) -> Option<(congvan_core::ChainId, Erasure)> {
        let header = entry.header();
        match header.kind {
            Kind::ROSTER => match RosterPayload::from_bytes(entry.payload()?).ok()?.action {
                RosterAction::Erase { chain, erasure } => Some((chain, erasure)),
                _ => None,
            },
            kind => Some((header.chain, Erasure::of(kind, entry.payload())?)),
        }
    }

    fn erased_view(&self, erasing: &LinkedEntry, erasure: &Erasure) -> ErasedView {
        let roster = self.0.ledger.roster();
        let header = erasing.header();
        ErasedView {
            erasure: erasing.id().to_string(),
            by: roster.agency(header.chain).map(|agency| agency.code.to_string()).unwrap_or_default(),
            number: header.seq.get(),
            time: header.time.as_millis(),
            reason: erasure.reason.name().to_owned(),
            meaning: erasure.reason.english().to_owned(),
            meaning_vi: erasure.reason.vietnamese().to_owned(),
            basis: erasure.basis.to_string(),
        }
    }

    /// The ids of the entries here that an entry of the feed erases; none for any other. For whatever keeps copies.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn erased_entries(&self, erasing: EntryRef) -> Result<Vec<EntryId>, StoreError> {
        let Some(entry) = self.0.ledger.entry(erasing.chain, erasing.seq)? else { return Ok(Vec::new()) };
        let Some((chain, erasure)) = self.erasure_in(&entry) else { return Ok(Vec::new()) };
        let mut erased = Vec::new();
        for point in erasure.entries.iter() {
            if let Some(entry) = self.0.ledger.entry(chain, point.seq)?
                && entry.id() == point.id
                && self.0.ledger.erased_by(&entry)?.contains(&erasing)
            {
                erased.push(entry.id());
            }
        }
        Ok(erased)
    }

    /// An erasure as an event; `None` for an entry that erases nothing.
    pub(crate) fn erasure_event(&self, entry: &LinkedEntry) -> Result<Option<ErasureView>, StoreError> {
        let Some((chain, erasure)) = self.erasure_in(entry) else { return Ok(None) };
        let of = self.0.ledger.roster().agency(chain).map(|agency| agency.code.to_string());
        let erased = self.erased_entries(entry.reference())?.iter().map(EntryId::to_string).collect();
        Ok(Some(ErasureView { said: self.erased_view(entry, &erasure), of: of.unwrap_or_default(), erased }))
    }

    /// Erases the content of what this agency wrote, on every node of the network and for good: documents, statuses and
    /// notes, by their ids or at least [`crate::read::MIN_ID_DIGITS`] leading digits of them. What is erased already is
    /// passed over. Returns the erasing entries once they are durable; [`Node::purge`] clears the files.
    ///
    /// # Errors
    /// [`EraseError`]; nothing is erased then.
    pub async fn erase(&self, ids: &[String], reason: Reason, basis: &str) -> Result<Vec<Receipt>, EraseError> {
        let own = self.writable_own().await?;
        let (node, ids, basis) = (self.clone(), ids.to_vec(), basis.trim().to_owned());
        let planned = tokio::task::spawn_blocking(move || node.plan_erasure(&own, &ids, reason, &basis)).await;
        let mut written = Vec::new();
        for draft in planned.map_err(|_| SendError::Stopping)?? {
            written.push(Receipt { entry: self.append_own(draft).await?.reference(), repeated: false });
        }
        Ok(written)
    }

    fn plan_erasure(&self, own: &Own, ids: &[String], reason: Reason, basis: &str) -> Result<Vec<Draft>, EraseError> {
        if ids.is_empty() {
            return Err(EraseError::Nothing);
        }
        if reason.needs_basis() && basis.is_empty() {
            return Err(EraseError::NoBasis(reason.name()));
        }
        let basis = Text::<MAX_SUBJECT>::new(basis)?;
        let mut points = BTreeSet::new();
        for id in ids {
            let entry = self.entry_of(id, |_| true)?;
            let (header, id) = (entry.header(), entry.id().to_string());
            if header.chain != own.chain {
                return Err(EraseError::NotOurs { id });
            }
            if !header.kind.is_erasable() {
                return Err(EraseError::NotErasable { id, kind: header.kind.name() });
            }
            if entry.payload().is_none() && self.erased(&entry)?.is_some() {
                continue;
            }
            let rule = self.rule_of(own, &entry);
            if let Some(rule) =
                rule.filter(|rule| reason == Reason::RetentionEnded && rule.keeps(header.time, setup::now()))
            {
                let until = day(header.time.as_millis().saturating_add(u64::from(rule.keep_years) * YEAR_MS));
                return Err(EraseError::Kept { id, until });
            }
            points.insert(entry.point());
        }
        Ok(drafts(points.into_iter().collect(), reason, &basis))
    }

    /// The network's rule of retention for an entry of this agency.
    fn rule_of(&self, own: &Own, entry: &LinkedEntry) -> Option<Rule> {
        let roster = self.0.ledger.roster();
        if roster.retention().rules.is_empty() {
            return None;
        }
        let kind = entry.header().kind;
        let payload = entry.payload().filter(|_| kind == Kind::DOCUMENT);
        let payload = payload.and_then(|payload| DocumentPayload::from_bytes(payload).ok());
        let envelope = payload.and_then(|payload| self.open(own, entry, &payload).ok());
        roster.retention().rule(kind, envelope.as_ref().map(|envelope| &*envelope.type_name)).cloned()
    }

    /// Clears what was dropped from the ledger's files (see [`congvan_store::Ledger::purge`]); returns how much was.
    /// A running node does this by itself.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge(&self) -> Result<u64, StoreError> {
        let _one = self.0.purging.lock().await;
        let ledger = self.0.ledger.clone();
        let cleared = tokio::task::spawn_blocking(move || ledger.purge()).await;
        cleared.unwrap_or(Ok(0))
    }

    /// What this agency has to erase now by the network's terms of retention. `settled` moves past what needs no more
    /// looking at.
    fn due_erasures(&self, settled: &mut u64, now: Time) -> Result<Vec<Draft>, StoreError> {
        let own = self.0.own();
        let roster = self.0.ledger.roster();
        let Some(shortest) = roster.retention().shortest_drop() else { return Ok(Vec::new()) };
        let last = self.0.ledger.status(own.chain).head.map_or(0, |head| head.seq.get());
        let Some(first) = Seq::new(settled.saturating_add(1)) else { return Ok(Vec::new()) };
        let mut due = Vec::new();
        for entry in self.0.ledger.entries(own.chain, first) {
            let entry = entry?;
            let header = entry.header();
            // Our own times ascend, but for a clock that was set; then the next look finds the rest.
            let young = !congvan_core::erasure::has_passed(header.time, shortest, now);
            if header.seq.get() > last || young || due.len() >= AT_ONCE * MAX_ERASED {
                break;
            }
            let empty = entry.payload().is_none_or(<[u8]>::is_empty);
            if !header.kind.is_erasable() || empty {
                if header.seq.get() == *settled + 1 {
                    *settled += 1;
                }
            } else if self.rule_of(&own, &entry).is_some_and(|rule| rule.drops(header.time, now)) {
                due.push(entry.point());
            }
        }
        Ok(drafts(due, Reason::RetentionEnded, &Text::default()))
    }
}

fn drafts(points: Vec<Point>, reason: Reason, basis: &Text<MAX_SUBJECT>) -> Vec<Draft> {
    let lists = points.chunks(MAX_ERASED).filter_map(|points| Sorted::from_unsorted(points.to_vec()).ok());
    lists
        .map(|entries| Erasure { entries, reason, basis: basis.clone() }.to_bytes())
        .map(|payload| Draft { kind: Kind::ERASE, time: setup::now(), payload })
        .collect()
}

/// Erases what its term of retention has passed, and clears files, beside a node that has a network, until it stops.
pub(crate) async fn run(node: Node, every: Duration, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut settled = 0;
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            _ = ticks.tick() => {}
        }
        let looking = node.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let due = looking.due_erasures(&mut settled, setup::now());
            (due, looking.0.ledger.purge_due(), settled)
        });
        let Ok((due, purge, after)) = looked.await else { return };
        settled = after;
        match due {
            Ok(due) => {
                for draft in due {
                    if node.gate() != Gate::Open || *stop.borrow() {
                        break;
                    }
                    if let Err(error) = node.append_own(draft).await {
                        tracing::warn!(%error, "what is kept no longer is erased later");
                        break;
                    }
                }
            }
            Err(error) => tracing::error!(%error, "terms of retention cannot be followed"),
        }
        let cleared = match purge {
            Ok(false) => Ok(0),
            Ok(true) => node.purge().await,
            Err(error) => Err(error),
        };
        match cleared {
            Ok(0) => {}
            Ok(cleared) => tracing::info!(cleared, "what was erased was cleared from files"),
            Err(error) => tracing::error!(%error, "what was erased cannot be cleared from files"),
        }
    }
}
