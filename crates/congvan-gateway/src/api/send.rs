//! Sending: a document in parts, or an edXML packet.

use std::io;
use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use congvan::core::document::Packaging;
use congvan::core::limits::{MAX_ATTACHMENT, MAX_ATTACHMENTS};
use congvan::core::{Attachment, Bounded, Digest, Link, Text};
use congvan::store::LocalChange;
use congvan::{Node, Outgoing, Receipt, SendError, Source};
use congvan_edxml::ImportError;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};

use super::auth::{Caller, DocumentsWrite, May};
use super::draft::{DocumentDraft, FieldError, Parts};
use super::extract::{self, MAX_JSON, PATIENCE, Query, from_json, interrupted, late, too_large};
use super::problem::{Kind, Problem};
use super::{Api, blocking};
use crate::spool::Spool;
use crate::vxp;

/// Bytes that are read only so that the client, which is still sending, hears the answer.
const MAX_DRAINED: usize = 64 << 20;
/// Bytes of the form around the parts.
const FORM: u64 = 1 << 20;

/// An entry that is durable.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Written {
    /// Its id.
    id: String,
    /// Its number in this agency's chain.
    number: u64,
    /// Whether an earlier request with the same `Idempotency-Key` wrote it.
    repeated: bool,
}

impl Written {
    /// 201, or 200 where it was there already.
    pub(super) fn answer(receipt: Receipt) -> Response {
        let written =
            Self { id: receipt.entry.id.to_string(), number: receipt.entry.seq.get(), repeated: receipt.repeated };
        let status = if written.repeated { StatusCode::OK } else { StatusCode::CREATED };
        (status, Json(written)).into_response()
    }
}

/// A document and its attachments, each a part of the form.
#[derive(ToSchema)]
#[allow(dead_code)] // It describes the form; the parts are read as they come.
pub(super) struct DocumentForm {
    /// The document, as JSON.
    document: DocumentDraft,
    /// The attachments, in order, each with its file name and media type.
    #[schema(value_type = Option<Vec<String>>, format = Binary)]
    attachment: Vec<Vec<u8>>,
}

/// Send a document.
///
/// Durable when this answers; its addressees get it from then on. With an `Idempotency-Key`, a retry sends once.
#[utoipa::path(post, path = "/documents", operation_id = "send_document", tag = "documents", security(("bearer" = ["documents:write"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters, of the caller's choice")),
    request_body(content = DocumentForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "Sent", body = Written), (status = 200, description = "Sent before, under this key", body = Written),
        (status = 400, description = "The form is malformed"), (status = 404, description = "A document that it links to is not here"),
        (status = 408, description = "The form did not arrive in time"), (status = 409, description = "It may not link so"),
        (status = 413, description = "An attachment, or all of them, are too large"), (status = 415, description = "It is no multipart form"),
        (status = 503, description = "The node does not write now, or too many uploads at once")))]
pub(super) async fn document(
    State(api): State<Arc<Api>>,
    caller: May<DocumentsWrite>,
    request: Request,
) -> Result<Response, Problem> {
    let key = Key::of(&caller.0, "document", request.headers())?;
    let _turn = turn(&api)?;
    let form = Form::receive(&api, request).await?;
    let attached = form
        .attachments
        .iter()
        .flat_map(|part| [part.name.as_bytes(), part.media_type.as_bytes(), &part.spooled.sha256]);
    let fingerprint = fingerprint(std::iter::once(form.document.as_slice()).chain(attached));
    let draft: DocumentDraft = from_json("document", &form.document)?;
    let parts = draft.into_parts()?;
    let node = api.node.clone();
    let receipt = once(api, key, fingerprint, move |key| async move {
        let reader = node.clone();
        let (outgoing, files) = blocking(move || outgoing(&reader, parts, form.attachments, key)).await?;
        let receipt = node.send(outgoing).await;
        drop(files);
        Ok(receipt?)
    })
    .await?;
    let place = format!("/api/v1/documents/{}", receipt.entry.id);
    let mut response = Written::answer(receipt);
    response.headers_mut().insert(header::LOCATION, HeaderValue::try_from(place).map_err(Problem::internal)?);
    Ok(response)
}

/// What the node sends, and the files that must be there until it has.
fn outgoing(
    node: &Node,
    parts: Parts,
    attachments: Vec<Part>,
    key: Option<String>,
) -> Result<(Outgoing, Vec<Spooled>), Problem> {
    let Parts { to, links, mut envelope, public } = parts;
    let link = |(relation, id): (_, String)| Ok::<_, Problem>(Link { relation, document: node.reference_of(&id)? });
    let links = links.into_iter().map(link).collect::<Result<_, _>>()?;
    let (mut listed, mut sources, mut files) = (Vec::new(), Vec::new(), Vec::new());
    for (blob, part) in (0..).zip(attachments) {
        let named = |what: &str, error: &dyn std::fmt::Display| {
            Problem::invalid("attachment", format!("the {what} of attachment {blob}: {error}"))
        };
        listed.push(Attachment {
            name: Text::new(part.name).map_err(|error| named("name", &error))?,
            media_type: Text::new(part.media_type).map_err(|error| named("media type", &error))?,
            description: Text::default(),
            packaging: Packaging::Plain,
            len: part.spooled.len,
            // The node, which reads the bytes, fills it in.
            digest: Digest::from_bytes([0; 32]),
            blob,
        });
        sources.push(Source::File(part.spooled.file.path().to_owned()));
        files.push(part.spooled);
    }
    envelope.attachments = Bounded::new(listed).map_err(SendError::from)?;
    Ok((Outgoing { to, links, envelope, attachments: sources, key, public, ..Outgoing::default() }, files))
}

/// What came and lies on disk until this is dropped.
#[derive(Debug)]
struct Spooled {
    file: NamedTempFile,
    len: u64,
    sha256: [u8; 32],
}

impl Spooled {
    async fn of(spool: Spool<Sha256>, len: u64) -> io::Result<Self> {
        let (file, hash) = spool.finish().await?;
        Ok(Self { file, len, sha256: hash.finalize().into() })
    }
}

/// A turn to upload; held until what was uploaded is in the ledger.
fn turn(api: &Api) -> Result<OwnedSemaphorePermit, Problem> {
    let turn = api.uploads.clone().try_acquire_owned();
    turn.map_err(|_| Problem::new(Kind::Busy, "too many uploads at once"))
}

/// An attachment that came.
struct Part {
    name: String,
    media_type: String,
    spooled: Spooled,
}

/// A form that came.
struct Form {
    document: Vec<u8>,
    attachments: Vec<Part>,
}

impl Form {
    async fn receive(api: &Api, request: Request) -> Result<Self, Problem> {
        let length = request.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > api.options.max_upload.saturating_add(FORM)) {
            return Err(too_large(api.options.max_upload));
        }
        let multipart = Multipart::from_request(request, &()).await;
        let mut multipart = multipart.map_err(|error| Problem::new(Kind::MediaType, error.body_text()))?;
        let form = Self::read(api, &mut multipart).await;
        if form.is_err() {
            drain(&mut multipart).await;
        }
        form
    }

    async fn read(api: &Api, multipart: &mut Multipart) -> Result<Self, Problem> {
        let (mut document, mut attachments) = (None, Vec::new());
        let mut left = api.options.max_upload;
        while let Some(field) = patient(multipart.next_field()).await? {
            match field.name() {
                Some("document") if document.is_none() => document = Some(small(field).await?),
                Some("attachment") if attachments.len() == MAX_ATTACHMENTS => {
                    return Err(Problem::invalid(
                        "attachment",
                        format!("a document has at most {MAX_ATTACHMENTS} attachments"),
                    ));
                }
                Some("attachment") => attachments.push(spool(api, field, &mut left).await?),
                _ => {
                    return Err(Problem::invalid(
                        "form",
                        "the parts are one `document` and any number of `attachment`",
                    ));
                }
            }
        }
        let document = document.ok_or_else(|| Problem::invalid("document", "the form has no part `document`"))?;
        Ok(Self { document, attachments })
    }
}

/// Waits for the next piece, but not for ever.
async fn patient<T>(next: impl Future<Output = Result<T, MultipartError>>) -> Result<T, Problem> {
    match timeout(PATIENCE, next).await {
        Err(_) => Err(late()),
        Ok(Ok(next)) => Ok(next),
        Ok(Err(error)) => Err(Problem::new(Kind::Malformed, error.body_text())),
    }
}

async fn small(mut field: Field<'_>) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(piece) = patient(field.chunk()).await? {
        if bytes.len() + piece.len() > MAX_JSON {
            return Err(too_large(MAX_JSON as u64));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

async fn spool(api: &Api, mut field: Field<'_>, left: &mut u64) -> Result<Part, Problem> {
    let name = field.file_name().filter(|name| !name.is_empty()).map(str::to_owned);
    let name = name.ok_or_else(|| Problem::invalid("attachment", "an attachment needs a file name"))?;
    let media_type = field.content_type().unwrap_or_default().to_owned();
    let spool = Spool::<Sha256>::new(&api.spool());
    let mut len = 0;
    while let Some(piece) = patient(field.chunk()).await? {
        len += piece.len() as u64;
        if len > MAX_ATTACHMENT {
            return Err(too_large(MAX_ATTACHMENT));
        }
        *left = left.checked_sub(piece.len() as u64).ok_or_else(|| too_large(api.options.max_upload))?;
        // Where the disk failed, `finish` says so; the rest of the form is heard out.
        let _ = spool.push(piece).await;
    }
    Ok(Part { name, media_type, spooled: Spooled::of(spool, len).await? })
}

/// Reads what is left, within bounds: a client that is still sending would otherwise see a broken connection instead of
/// the answer.
async fn drain(multipart: &mut Multipart) {
    let mut read = 0;
    while let Ok(Some(mut field)) = patient(multipart.next_field()).await {
        while let Ok(Some(piece)) = patient(field.chunk()).await {
            read += piece.len();
            if read > MAX_DRAINED {
                return;
            }
        }
    }
}

/// What an upload is, so that another one under the same key is noticed.
fn fingerprint<'a>(parts: impl Iterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = sha2::Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The same of what came as JSON.
pub(super) fn fingerprint_of(value: &impl Serialize) -> [u8; 32] {
    // Texts and lists of texts: this cannot fail.
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    fingerprint([bytes.as_slice()].into_iter())
}

/// An idempotency key: each caller has its own.
pub(super) struct Key(String);

impl Key {
    pub(super) fn of(caller: &Caller, what: &str, headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        Ok(extract::key(headers)?.map(|key| Self(format!("api/{what}/{}/{key}", caller.name))))
    }

    fn place(&self) -> Vec<u8> {
        format!("fingerprint/{}", self.0).into_bytes()
    }

    /// Binds it to one request, durably; the same key with another is refused.
    fn bind(&self, api: &Api, fingerprint: [u8; 32]) -> Result<(), Problem> {
        let _one_by_one = api.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let ledger = api.node.ledger();
        match ledger.get_local(&self.place())? {
            None => Ok(ledger.put_local(&self.place(), &fingerprint)?),
            Some(known) if known == fingerprint => Ok(()),
            Some(_) => Err(Problem::new(Kind::KeyReused, "another request was made with this key; take a new one")),
        }
    }

    /// Frees it: the request was refused, and a better one may take its place.
    fn release(&self, api: &Api) -> Result<(), Problem> {
        Ok(api.node.ledger().change_local(vec![LocalChange::Delete(self.place())])?)
    }
}

/// Writes under a key, and to its end, also where the caller gives up waiting: it will try again, and the retry must
/// find what was begun.
pub(super) async fn once<W>(
    api: Arc<Api>,
    key: Option<Key>,
    fingerprint: [u8; 32],
    write: impl FnOnce(Option<String>) -> W + Send + 'static,
) -> Result<Receipt, Problem>
where
    W: Future<Output = Result<Receipt, Problem>> + Send,
{
    let written = tokio::spawn(async move {
        let Some(key) = key else { return write(None).await };
        let name = key.0.clone();
        let binding = api.clone();
        let key = blocking(move || key.bind(&binding, fingerprint).map(|()| key)).await?;
        let written = write(Some(name)).await;
        if written.as_ref().is_err_and(Problem::is_the_callers) {
            blocking(move || key.release(&api)).await?;
        }
        written
    });
    written.await?
}

/// How a packet is sent.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Manner {
    /// Send it although what it recalls, updates or replaces is not found here.
    #[serde(default)]
    force: bool,
}

/// Send an edXML packet as it is: a document, or a status.
///
/// It is kept byte for byte. `To` names the addressees; this agency is the sender, whatever `From` says.
#[utoipa::path(post, path = "/packets", operation_id = "send_packet", tag = "documents", security(("bearer" = ["documents:write"])),
    params(Manner, ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters, of the caller's choice")),
    request_body(content = String, content_type = "application/xml"),
    responses((status = 201, description = "Sent", body = Written), (status = 200, description = "Sent before, under this key", body = Written),
        (status = 400, description = "The packet did not arrive in full"), (status = 404, description = "The document that it is about is not here"),
        (status = 408, description = "The packet did not arrive in time"), (status = 409, description = "The document's life has no such step"),
        (status = 413, description = "The packet is too large"), (status = 415, description = "It is no XML"),
        (status = 503, description = "The node does not write now, or too many packets at once")))]
pub(super) async fn packet(
    State(api): State<Arc<Api>>,
    caller: May<DocumentsWrite>,
    Query(Manner { force }): Query<Manner>,
    request: Request,
) -> Result<Response, Problem> {
    extract::media_type(request.headers(), &["application/xml", "text/xml"])?;
    let key = Key::of(&caller.0, "packet", request.headers())?;
    let turn = turn(&api)?;
    let spooled = receive(&api, request.into_body()).await?;
    let room = api.room(spooled.len).await?;
    let node = api.node.clone();
    let fingerprint = fingerprint([spooled.sha256.as_slice()].into_iter());
    let receipt = once(api, key, fingerprint, move |key| async move {
        let _held = (turn, room);
        let bytes = blocking(move || std::fs::read(spooled.file.path())).await?;
        let refused = |error: &dyn std::fmt::Display| Problem::invalid("packet", error.to_string());
        let read = blocking(move || match congvan_edxml::draft_of(&bytes) {
            Ok(draft) => Ok(Ok(draft)),
            Err(ImportError::Status) => Ok(Err(congvan_edxml::status_of(&bytes).map_err(|error| refused(&error))?)),
            Err(error) => Err(refused(&error)),
        });
        match read.await? {
            Ok(draft) => Ok(node.send(Outgoing { force, key, ..vxp::outgoing(draft)? }).await?),
            Err(status) => {
                let reader = node.clone();
                let (code, note) = (status.code, status.note);
                let about = blocking(move || vxp::answered_document(&reader, code, &status.responds_to)).await?;
                Ok(node.report_with(&about, code, None, note, key.as_deref()).await?)
            }
        }
    })
    .await?;
    Ok(Written::answer(receipt))
}

async fn receive(api: &Api, mut body: axum::body::Body) -> Result<Spooled, Problem> {
    use http_body_util::BodyExt;
    let spool = Spool::<Sha256>::new(&api.spool());
    let mut len = 0;
    while let Some(frame) = timeout(PATIENCE, body.frame()).await.map_err(|_| late())? {
        let Ok(piece) = frame.map_err(|_| interrupted())?.into_data() else { continue };
        len += piece.len() as u64;
        if len > api.options.max_packet {
            return Err(too_large(api.options.max_packet));
        }
        let _ = spool.push(piece).await;
    }
    Ok(Spooled::of(spool, len).await?)
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        Self::invalid(error.field, error.reason)
    }
}
