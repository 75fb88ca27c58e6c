//! `getEdoc`: the packet that was sent, byte for byte.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use congvan::core::document::Reference;
use congvan::core::{AgencyCode, EntryId, Envelope, Kind, Text};
use congvan::view::DocumentView;
use congvan::{Node, ReadError};
use futures::stream;
use tokio::sync::OwnedSemaphorePermit;

use super::answer::{Answer, Data, Fault, json};
use super::{Caller, Vxp, blocking};

/// Bytes that are encoded at a time, a multiple of 3.
const PIECE: usize = 48 << 10;

impl Vxp {
    pub(super) async fn fetch(self: &Arc<Self>, caller: &Caller) -> Result<Response, Fault> {
        caller.of_own_agency(&self.node)?;
        let asked = caller.claim.get("docId").ok_or(Fault::Key("getEdoc", "docId"))?;
        let missing = || Fault::NoDocument(asked.chars().take(64).collect());
        let id = asked.parse::<EntryId>().map_err(|_| missing())?;
        let kind = self.node.ledger().entry_by_id(id)?.map(|entry| entry.header().kind);
        let (node, id) = (self.node.clone(), id.to_string());
        match kind {
            Some(Kind::DOCUMENT) => {
                let (view, envelope) = blocking({
                    let (node, id) = (node.clone(), id.clone());
                    move || Ok((node.document(&id)?, node.envelope(&id)?))
                })
                .await?;
                let attached: u64 = envelope.attachments.iter().map(|attachment| attachment.len).sum();
                // In base64, as the packet has it.
                let room = self.room(attached.saturating_mul(4) / 3).await?;
                let packet = blocking(move || document_packet(&node, &view, envelope)).await?;
                Ok(streamed(packet, room))
            }
            Some(Kind::STATUS) => {
                let room = self.room(0).await?;
                Ok(streamed(blocking(move || status_packet(&node, &id)).await?, room))
            }
            _ => Err(missing()),
        }
    }
}

/// A document's packet: as it came, or written now where it did not come as one.
pub(crate) fn document_packet(node: &Node, document: &DocumentView, mut envelope: Envelope) -> Result<Vec<u8>, Fault> {
    let id = &document.summary.id;
    let mut attachments = Vec::with_capacity(envelope.attachments.len());
    for (number, listed) in envelope.attachments.iter().enumerate() {
        let mut bytes = Vec::with_capacity(usize::try_from(listed.len).unwrap_or_default());
        for piece in node.attachment(id, number)? {
            bytes.extend_from_slice(&piece?);
        }
        attachments.push(bytes);
    }
    if document.has_packet {
        return congvan_edxml::packet_of(&node.skeleton(id)?, &attachments).map_err(refused);
    }
    // A packet cannot be without an id; the ledger's own is one that nobody else has.
    if envelope.document_id.is_empty() {
        envelope.document_id = Text::new(id.as_str()).unwrap_or_default();
    }
    let roster = node.ledger().roster();
    let named = |code: &String| {
        let known = AgencyCode::new(code.as_str()).ok().and_then(|code| roster.by_code(&code));
        (code.clone(), known.map(|agency| agency.name.clone()).unwrap_or_default())
    };
    let to: Vec<_> = document.summary.to.iter().map(named).collect();
    let from = (document.summary.from.as_str(), document.summary.from_name.as_str());
    congvan_edxml::build_packet(&envelope, from, &to, &attachments).map_err(refused)
}

/// A status' packet: as it came, or written now.
fn status_packet(node: &Node, id: &str) -> Result<Vec<u8>, Fault> {
    let (status, note) = node.status(id)?;
    if let Some(packet) = note.packet {
        return Ok(packet.into_vec());
    }
    let code = status.status.parse().map_err(|_| Fault::Refused("its status code is none".to_owned()))?;
    let reporter = AgencyCode::new(status.by.as_str()).ok();
    let roster = node.ledger().roster();
    let name = reporter.and_then(|code| roster.by_code(&code).map(|agency| agency.name.clone())).unwrap_or_default();
    let answers = reference(node, &status.document)?;
    congvan_edxml::build_status((&status.by, &name), &answers, code, &note).map_err(refused)
}

/// How a packet names a document of the ledger.
fn reference(node: &Node, id: &str) -> Result<Reference, ReadError> {
    let (document, envelope) = (node.document(id)?, node.envelope(id)?);
    let id = match envelope.document_id.is_empty() {
        true => Text::new(id).unwrap_or_default(),
        false => envelope.document_id,
    };
    Ok(Reference {
        agency: Text::new(document.summary.from.as_str()).unwrap_or_default(),
        code: Text::new(document.summary.code.as_str()).unwrap_or_default(),
        date: envelope.promulgated,
        document_id: id,
    })
}

fn refused(error: congvan_edxml::ExportError) -> Fault {
    Fault::Refused(error.to_string())
}

/// The answer with the packet in base64, encoded as it is sent: in memory there is only the packet, and its
/// room is free once the last byte has left.
fn streamed(packet: Vec<u8>, room: OwnedSemaphorePermit) -> Response {
    let whole = Answer::done(Data::<()> { data: Vec::new() }).text();
    // The list that stands for the packet: `[]`.
    let before = format!("{}\"", whole.trim_end_matches("[]}"));
    let length = before.len() + packet.len().div_ceil(3) * 4 + 2;
    let mut before = Some(Bytes::from(before));
    let mut at = Some(0);
    let pieces = stream::iter(std::iter::from_fn(move || {
        let _held = &room;
        if let Some(before) = before.take() {
            return Some(before);
        }
        let from = at?;
        let piece = packet.get(from..packet.len().min(from + PIECE)).filter(|piece| !piece.is_empty());
        at = piece.map(|piece| from + piece.len());
        Some(piece.map_or(Bytes::from_static(b"\"}"), |piece| Bytes::from(STANDARD.encode(piece))))
    }));
    let mut response = json(Body::from_stream(futures::StreamExt::map(pieces, Ok::<_, std::convert::Infallible>)));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}
