//! `sendEdoc`: a packet becomes an entry of this agency's chain.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use congvan::core::document::{Reference, Relation};
use congvan::core::{AgencyCode, DocumentPayload, EntryRef, StatusCode, Text, Wire};
use congvan::{Node, Outgoing, Receipt, SendError, Source};
use congvan_edxml::{Draft, ImportError, PacketLink, StatusDraft};
use tokio::sync::OwnedSemaphorePermit;

use super::answer::{Answer, Fault, Sent};
use super::mailbox::MessageType;
use super::spool::Spooled;
use super::{Caller, Vxp, blocking};

impl Vxp {
    pub(super) async fn send(&self, caller: &Caller, body: &mut Body) -> Result<Response, Fault> {
        let key = |key: &'static str| caller.claim.get(key).ok_or(Fault::Key("sendEdoc", key));
        let (from, hash) = (key("from")?, key("hash-file")?);
        let kind = kind(key("messagetype")?)?;
        check_service(key("servicetype")?)?;
        caller.of_own_agency(&self.node)?;
        if !caller.means_own(&self.node, from) {
            return Err(Fault::Unbound { system: caller.id.clone(), agency: from.chars().take(64).collect() });
        }
        // The same request again is a retry: it writes nothing, and gets the same answer.
        let retry = format!("vxp/{}/{}", caller.id, caller.claim.signature());
        let packet = Spooled::receive(body, self.options.max_packet, &self.spool(), hash.to_owned()).await?;
        let room = self.room(packet.len()).await?;
        let node = self.node.clone();
        let receipt = match kind {
            MessageType::Edoc => {
                let draft = blocking(move || {
                    congvan_edxml::draft_of(&packet.read()?).map_err(|error| match error {
                        ImportError::Status => Fault::Packet("it is a status packet: messagetype is status".to_owned()),
                        error => Fault::Packet(error.to_string()),
                    })
                })
                .await?;
                // The SDK has no way to insist, and what it recalls may be of the time before this ledger.
                let outgoing = Outgoing { force: true, key: Some(retry), ..outgoing(draft)? };
                to_its_end(room, async move { node.send(outgoing).await }).await?
            }
            MessageType::Status => {
                let reader = node.clone();
                let (document, draft) = blocking(move || {
                    let draft = congvan_edxml::status_of(&packet.read()?).map_err(|error| match error {
                        ImportError::Document => Fault::Packet("it is a document: messagetype is edoc".to_owned()),
                        error => Fault::Packet(error.to_string()),
                    })?;
                    Ok((answered_document(&reader, draft.code, &draft.responds_to)?, draft))
                })
                .await?;
                let StatusDraft { code, note, .. } = draft;
                to_its_end(room, async move { node.report_once(&document, code, note, &retry).await }).await?
            }
        };
        Ok(Answer::done(Sent { doc_id: receipt.entry.id.to_string() }).into_response())
    }
}

/// Writes, also where the caller gives up waiting: it will try again, and the retry must find what was
/// begun. The packet's room in memory is free afterwards.
async fn to_its_end(
    room: OwnedSemaphorePermit,
    writing: impl Future<Output = Result<Receipt, SendError>> + Send + 'static,
) -> Result<Receipt, Fault> {
    let written = tokio::spawn(async move {
        let _room = room;
        writing.await
    });
    Ok(written.await??)
}

/// A message type by its name.
pub(super) fn kind(text: &str) -> Result<MessageType, Fault> {
    text.parse().map_err(|()| Fault::Value {
        key: "messagetype",
        value: text.chars().take(64).collect(),
        wanted: "edoc and status are known",
    })
}

/// There is one service.
pub(super) fn check_service(text: &str) -> Result<(), Fault> {
    match text {
        text if text.eq_ignore_ascii_case("eDoc") => Ok(()),
        text => {
            Err(Fault::Value { key: "servicetype", value: text.chars().take(64).collect(), wanted: "eDoc is known" })
        }
    }
}

/// What a packet's draft sends; how, is the caller's.
pub(crate) fn outgoing(draft: Draft) -> Result<Outgoing, Fault> {
    let to = draft.to.into_iter().map(AgencyCode::new).collect::<Result<Vec<_>, _>>();
    Ok(Outgoing {
        references: draft.links.into_iter().filter_map(named).collect(),
        to: to.map_err(|error| Fault::Packet(format!("To/OrganId: {error}")))?,
        envelope: draft.envelope,
        attachments: draft.attachments.into_iter().map(Source::Bytes).collect(),
        skeleton: Some(draft.skeleton),
        ..Outgoing::default()
    })
}

/// A document that the packet refers to; `None` where a text is longer than any in the ledger.
fn named(link: PacketLink) -> Option<(Relation, Reference)> {
    let text = |text: Option<String>| Text::new(text.unwrap_or_default()).ok();
    let reference = Reference {
        agency: text(link.author().map(str::to_owned))?,
        code: text(link.code)?,
        date: text(link.date)?,
        document_id: text(link.document_id)?,
    };
    Some((link.relation, reference))
}

/// The id of the document that a status packet is about: for 13 one of this agency's own, else one that
/// came to it. Where its author sent it anew under the same id, the last is meant.
pub(crate) fn answered_document(node: &Node, code: StatusCode, answers: &Reference) -> Result<String, Fault> {
    let mut found = node.find_by_reference(answers)?;
    found.retain(|document| match code {
        StatusCode::RecallAsked => document.chain == node.chain(),
        _ => addresses(node, *document),
    });
    match found.last() {
        Some(document) => Ok(document.id.to_string()),
        None => {
            let named = [&*answers.document_id, &*answers.agency, &*answers.code, &*answers.date].join(" ");
            Err(Fault::ResponseFor(named.trim().to_owned()))
        }
    }
}

/// Whether a document is addressed to this agency; its own may be, too.
fn addresses(node: &Node, document: EntryRef) -> bool {
    let entry = node.ledger().entry_by_id(document.id).ok().flatten();
    let payload = entry.as_ref().and_then(|entry| entry.payload()).map(DocumentPayload::from_bytes);
    payload.is_some_and(|payload| payload.is_ok_and(|payload| payload.is_to(&node.code())))
}
