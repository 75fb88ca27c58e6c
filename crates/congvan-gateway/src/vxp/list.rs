//! `getReceivedEdocList`, `getSentEdocList` and `updateStatus`.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use congvan::core::{EntryId, Kind, LinkedEntry, StatusCode, StatusPayload, Wire};
use congvan::view::DocumentView;
use serde::Serialize;

use super::answer::{Answer, Data, Fault, Nothing};
use super::mailbox::{MessageType, State, Wanted, is_whole};
use super::send::{check_service, kind};
use super::{Caller, Vxp, blocking};

/// The most rows of one answer; `pageSize` can ask for fewer.
const MAX_ROWS: usize = 1_000;
/// The most entries of the own chain that one list of what was sent looks at.
const MAX_LOOKED_AT: usize = 200_000;

/// A packet that came here.
#[derive(Debug, Serialize)]
struct Received {
    #[serde(rename = "docId")]
    doc_id: String,
    #[serde(rename = "serviceType")]
    service_type: &'static str,
    #[serde(rename = "messageType")]
    message_type: &'static str,
    created_time: String,
    updated_time: String,
    from: String,
    to: String,
    status: String,
    status_desc: &'static str,
}

/// A packet that was sent from here, to one of its addressees.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SentRow {
    service_type: &'static str,
    sender_doc_id: String,
    receiver_doc_id: String,
    from_code: String,
    to_code: String,
    title: String,
    message_type: &'static str,
    notation: String,
    sent_time: String,
    received_time: String,
    send_status: &'static str,
    send_status_desc: &'static str,
    receive_status: String,
    receive_status_desc: String,
}

/// What of a list is wanted.
#[derive(Debug)]
struct Filter {
    kind: MessageType,
    /// A state of the mailbox or a document's status, as the caller wrote it.
    status: Option<String>,
    from: Option<String>,
    /// Milliseconds since 1970, both within.
    since: Option<i64>,
    until: Option<i64>,
    skip: usize,
    rows: usize,
}

impl Filter {
    fn has(&self, millis: u64) -> bool {
        let millis = i64::try_from(millis).unwrap_or(i64::MAX);
        self.since.is_none_or(|since| since <= millis) && self.until.is_none_or(|until| millis <= until)
    }
}

impl Vxp {
    /// Reads the keys of a list; those that are left over from earlier calls are passed over.
    fn filter(&self, caller: &Caller) -> Result<Filter, Fault> {
        let claim = &caller.claim;
        claim.get("servicetype").map_or(Ok(()), check_service)?;
        let date = |key: &'static str, end| {
            let date = |text: &str| {
                self.options.utc_offset.date(text, end).ok_or_else(|| Fault::Value {
                    key,
                    value: text.chars().take(64).collect(),
                    wanted: "a date is yyyy/MM/dd, yyyy-MM-dd or dd/MM/yyyy, alone or with HH:mm:ss",
                })
            };
            claim.get(key).map(date).transpose()
        };
        let number = |key: &'static str, otherwise: usize| {
            let wanted = "a number from 1 on is wanted";
            let number = |text: &str| match text.parse() {
                Ok(number) if number > 0 => Ok(number),
                _ => Err(Fault::Value { key, value: text.chars().take(64).collect(), wanted }),
            };
            claim.get(key).map_or(Ok(otherwise), number)
        };
        let rows = number("pageSize", MAX_ROWS)?.min(MAX_ROWS);
        Ok(Filter {
            kind: claim.get("messagetype").map_or(Ok(MessageType::Edoc), kind)?,
            status: claim.get("status").filter(|status| !self.is_left_over(caller, status)).map(str::to_owned),
            // One's own code is left over from sendEdoc, or says whose mailbox it is.
            from: claim.get("from").filter(|code| !caller.means_own(&self.node, code)).map(str::to_owned),
            since: date("fromDate", false)?,
            until: date("toDate", true)?,
            skip: (number("pageIndex", 1)? - 1).saturating_mul(rows),
            rows,
        })
    }

    /// Whether a status is what `updateStatus` left in the caller's header map: it then comes with the
    /// document that has it.
    fn is_left_over(&self, caller: &Caller, status: &str) -> bool {
        let left = |id: &str| self.mailbox.state(self.node.ledger(), id);
        let ids = [caller.claim.get("docId"), caller.claim.get_otherwise_spelt("docId")];
        ids.into_iter().flatten().any(|id| matches!(left(id), Ok(Some(state)) if state.to_string() == status))
    }

    pub(super) async fn received(self: &Arc<Self>, caller: &Caller) -> Result<Response, Fault> {
        caller.of_own_agency(&self.node)?;
        let filter = self.filter(caller)?;
        let wanted = match filter.status.as_deref() {
            None => Wanted::Open,
            Some("all") => Wanted::All,
            Some(state) => Wanted::In(mailbox_state(state)?),
        };
        let vxp = self.clone();
        let rows = blocking(move || {
            let ledger = vxp.node.ledger();
            let roster = ledger.roster();
            let mut rows = Vec::new();
            let mut skip = filter.skip;
            for item in vxp.mailbox.items(&vxp.node, filter.kind, wanted, vxp.now())? {
                let item = item?;
                // An entry that was set aside is not there, and one that has not arrived in full cannot be fetched.
                let Some(entry) = entry(&vxp, &item.id)?.filter(|entry| is_whole(ledger, entry)) else { continue };
                let time = entry.header().time.as_millis();
                let from = roster.agency(entry.header().chain).map(|agency| agency.code.to_string());
                let from = from.unwrap_or_default();
                if !filter.has(time) || filter.from.as_ref().is_some_and(|wanted| *wanted != from) {
                    continue;
                }
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                rows.push(Received {
                    doc_id: item.id,
                    service_type: "eDoc",
                    message_type: item.kind.text(),
                    created_time: vxp.options.utc_offset.written(time),
                    updated_time: vxp.options.utc_offset.written(item.updated),
                    from,
                    to: vxp.node.code().to_string(),
                    status: item.state.to_string(),
                    status_desc: item.state.description(),
                });
                if rows.len() == filter.rows {
                    break;
                }
            }
            Ok(rows)
        })
        .await?;
        Ok(Answer::done(Data { data: rows }).into_response())
    }

    pub(super) async fn sent(self: &Arc<Self>, caller: &Caller) -> Result<Response, Fault> {
        caller.of_own_agency(&self.node)?;
        let filter = self.filter(caller)?;
        let vxp = self.clone();
        let rows = blocking(move || vxp.sent_rows(&filter)).await?;
        Ok(Answer::done(Data { data: rows }).into_response())
    }

    /// What this agency sent, newest first.
    fn sent_rows(&self, filter: &Filter) -> Result<Vec<SentRow>, Fault> {
        let (ledger, chain) = (self.node.ledger(), self.node.chain());
        let wanted = match filter.kind {
            MessageType::Edoc => Kind::DOCUMENT,
            MessageType::Status => Kind::STATUS,
        };
        let mut rows = Vec::new();
        let mut skip = filter.skip;
        let mut next = ledger.status(chain).head.map(|head| head.seq);
        for _ in 0..MAX_LOOKED_AT {
            let Some(seq) = next.filter(|_| rows.len() < filter.rows) else { break };
            next = seq.previous();
            let Some(entry) = ledger.entry(chain, seq)? else { continue };
            if entry.header().kind != wanted || !filter.has(entry.header().time.as_millis()) {
                continue;
            }
            let found = match filter.kind {
                MessageType::Edoc => self.document_rows(&self.node.document(&entry.id().to_string())?),
                MessageType::Status => self.status_row(&entry).into_iter().collect(),
            };
            for row in found {
                let fits = |wanted: &String| *wanted == row.send_status || *wanted == row.receive_status;
                if !filter.status.as_ref().is_none_or(fits) {
                    continue;
                }
                match skip {
                    0 if rows.len() < filter.rows => rows.push(row),
                    0 => break,
                    _ => skip -= 1,
                }
            }
        }
        Ok(rows)
    }

    fn document_rows(&self, document: &DocumentView) -> Vec<SentRow> {
        let summary = &document.summary;
        let row = |to: &String| {
            let said = || document.history.iter().filter(|status| status.by == *to);
            let last = said().next_back();
            SentRow {
                title: summary.subject.clone(),
                notation: summary.code.clone(),
                received_time: said()
                    .next()
                    .map(|status| self.options.utc_offset.written(status.time))
                    .unwrap_or_default(),
                receive_status: last.map(|status| status.status.clone()).unwrap_or_default(),
                receive_status_desc: last
                    .map(|status| format!("{} / {}", status.meaning_vi, status.meaning))
                    .unwrap_or_default(),
                ..self.row(MessageType::Edoc, &summary.id, to, summary.time)
            }
        };
        summary.to.iter().map(row).collect()
    }

    fn status_row(&self, entry: &LinkedEntry) -> Option<SentRow> {
        let payload = StatusPayload::from_bytes(entry.payload()?).ok()?;
        Some(SentRow {
            title: meaning(payload.cover.code),
            ..self.row(
                MessageType::Status,
                &entry.id().to_string(),
                payload.cover.to.as_str(),
                entry.header().time.as_millis(),
            )
        })
    }

    /// What is in the ledger is sent: peers get it, however long they are away.
    fn row(&self, kind: MessageType, id: &str, to: &str, time: u64) -> SentRow {
        SentRow {
            service_type: "eDoc",
            sender_doc_id: id.to_owned(),
            receiver_doc_id: id.to_owned(),
            from_code: self.node.code().to_string(),
            to_code: to.to_owned(),
            title: String::new(),
            message_type: kind.text(),
            notation: String::new(),
            sent_time: self.options.utc_offset.written(time),
            received_time: String::new(),
            send_status: "done",
            send_status_desc: "Đã gửi / Sent",
            receive_status: String::new(),
            receive_status_desc: String::new(),
        }
    }

    pub(super) async fn update_status(self: &Arc<Self>, caller: &Caller) -> Result<Response, Fault> {
        caller.of_own_agency(&self.node)?;
        // Systems that spell it `docid` here also send the `docId` of their last getEdoc.
        let id = caller.claim.get_otherwise_spelt("docId").ok_or(Fault::Key("updateStatus", "docId"))?.to_owned();
        let state = mailbox_state(caller.claim.get("status").ok_or(Fault::Key("updateStatus", "status"))?)?;
        let (vxp, signature) = (self.clone(), caller.claim.signature());
        blocking(move || vxp.mailbox.set(&vxp.node, &id, state, &signature, vxp.now())).await?;
        Ok(Answer::done(Nothing {}).into_response())
    }
}

fn entry(vxp: &Vxp, id: &str) -> Result<Option<LinkedEntry>, Fault> {
    let Ok(id) = id.parse::<EntryId>() else { return Ok(None) };
    Ok(vxp.node.ledger().entry_by_id(id)?)
}

fn meaning(code: StatusCode) -> String {
    format!("{code} {} / {}", code.vietnamese(), code.english())
}

fn mailbox_state(text: &str) -> Result<State, Fault> {
    text.parse().map_err(|()| Fault::Value {
        key: "status",
        value: text.chars().take(64).collect(),
        wanted: State::WANTED,
    })
}
