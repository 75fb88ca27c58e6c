//! The node's side of the control socket.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use congvan_core::document::Reference;
use congvan_core::erasure::Reason;
use congvan_core::status::{StatusContent, StatusNote};
use congvan_core::{
    AgencyCode, Content, Envelope, Link, ProcedureCode, ProcedurePayload, Relation, StatusCode, Text, UnverifiedEntry,
    Wire,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixListener;
use tokio::sync::mpsc;

use super::frame::{put_end, put_json, put_piece, take_json, take_piece};
use super::protocol::{LinkTo, MAX_DUE, NamedDocument, Reply, Request};
use crate::archive;
use crate::bundle::{Disclose, ProveError};
use crate::catalogue::CatalogueError;
use crate::consumer::ConsumerError;
use crate::erase::EraseError;
use crate::node::Node;
use crate::read::ReadError;
use crate::replicate::Input;
use crate::search::FindError;
use crate::send::{Outgoing, Receipt, SendError, Source};

/// Connections served at once; further ones wait.
const MAX_CONNECTIONS: usize = 32;
/// Body pieces that wait between a connection and the thread that reads or writes them.
const MAX_PIECES: usize = 4;

impl Node {
    /// Serves the control socket in the node's directory until the node is dropped. The socket is
    /// its owner's alone (mode 0600).
    ///
    /// # Errors
    /// The socket cannot be made, or another node serves it.
    pub async fn serve_control(&self) -> io::Result<()> {
        let path = self.0.home.control();
        if tokio::net::UnixStream::connect(&path).await.is_ok() {
            return Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                format!("{}: another node serves it", path.display()),
            ));
        }
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        }
        let node = self.clone();
        let slots = std::sync::Arc::new(tokio::sync::Semaphore::new(MAX_CONNECTIONS));
        let task = tokio::spawn(async move {
            while let Ok(slot) = slots.clone().acquire_owned().await {
                let Ok((stream, _)) = listener.accept().await else { break };
                let node = node.clone();
                tokio::spawn(async move {
                    let (input, output) = stream.into_split();
                    if let Err(error) = serve(node, input, output).await {
                        tracing::debug!(%error, "a control connection ended early");
                    }
                    drop(slot);
                });
            }
        });
        self.on_shutdown(async move {
            task.abort();
            let _ = std::fs::remove_file(path);
        });
        Ok(())
    }
}

/// What a request ends in: a reply, and perhaps a body behind it.
enum Answer {
    Reply(Reply),
    Body(mpsc::Receiver<Vec<u8>>, tokio::task::JoinHandle<Result<(), String>>),
}

/// A request that fails.
struct Failure {
    message: String,
    message_vi: Option<String>,
    retry: bool,
}

impl Failure {
    fn new(message: impl std::fmt::Display) -> Self {
        Self { message: message.to_string(), message_vi: None, retry: false }
    }
}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        let message_vi = match &error {
            SendError::Life(error) => Some(error.vietnamese()),
            _ => None,
        };
        Self { retry: matches!(error, SendError::NotYet(_)), message: error.to_string(), message_vi }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let retry = matches!(error, ReadError::Incomplete { .. } | ReadError::Missing | ReadError::NotFound(_));
        let message_vi = match &error {
            ReadError::Erased(said) => Some(format!("nội dung {}; vị trí trong chuỗi vẫn còn", said.vietnamese())),
            _ => None,
        };
        Self { retry, message_vi, ..Self::new(error) }
    }
}

impl From<EraseError> for Failure {
    fn from(error: EraseError) -> Self {
        match error {
            EraseError::Send(error) => error.into(),
            EraseError::Read(error) => error.into(),
            error => Self { message_vi: error.vietnamese(), ..Self::new(error) },
        }
    }
}

impl From<ProveError> for Failure {
    fn from(error: ProveError) -> Self {
        match error {
            ProveError::Read(error) => error.into(),
            error => {
                Self { retry: matches!(error, ProveError::Changed), message_vi: error.vietnamese(), ..Self::new(error) }
            }
        }
    }
}

impl From<FindError> for Failure {
    fn from(error: FindError) -> Self {
        Self { message_vi: error.vietnamese(), ..Self::new(error) }
    }
}

impl From<CatalogueError> for Failure {
    fn from(error: CatalogueError) -> Self {
        match error {
            CatalogueError::Send(error) => error.into(),
            CatalogueError::Read(error) => error.into(),
            error => {
                let retry = matches!(error, CatalogueError::NotFound(_) | CatalogueError::Gone { .. });
                Self { retry, ..Self::new(error) }
            }
        }
    }
}

impl From<ConsumerError> for Failure {
    fn from(error: ConsumerError) -> Self {
        Self::new(error)
    }
}

/// One connection: one request.
pub(super) async fn serve(
    node: Node,
    mut input: impl AsyncRead + Unpin + Send + 'static,
    mut output: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let request: Request = take_json(&mut input).await?;
    let answer = answer(&node, request, &mut input).await;
    match answer {
        Ok(Answer::Reply(reply)) => put_json(&mut output, &reply).await,
        Ok(Answer::Body(mut pieces, job)) => {
            put_json(&mut output, &Reply::Done).await?;
            while let Some(piece) = pieces.recv().await {
                put_piece(&mut output, &piece).await?;
            }
            match job.await.map_err(io::Error::other)? {
                Ok(()) => put_end(&mut output).await,
                // Without an end frame the other side knows that the body is not whole.
                Err(error) => Err(io::Error::other(error)),
            }
        }
        Err(Failure { message, message_vi, retry }) => {
            put_json(&mut output, &Reply::Error { message, message_vi, retry }).await
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(Failure::new)
}

/// A document, or that its content was erased.
fn show(node: &Node, id: &str) -> Result<Reply, ReadError> {
    match node.inspect(id) {
        Ok(document) => Ok(Reply::Document(Box::new(document))),
        Err(ReadError::Erased(_)) => Ok(Reply::Erased(Box::new(node.listed(id)?))),
        Err(error) => Err(error),
    }
}

fn written(node: &Node, receipt: Receipt) -> Answer {
    Answer::Reply(Reply::Written {
        id: receipt.entry.id.to_string(),
        agency: node.code().to_string(),
        number: receipt.entry.seq.get(),
    })
}

async fn answer(
    node: &Node,
    request: Request,
    input: &mut (impl AsyncRead + Unpin + Send + 'static),
) -> Result<Answer, Failure> {
    let n = node.clone();
    let reply = match request {
        Request::Node => Reply::Node(Box::new(node.view().await)),
        Request::Peers => Reply::Peers { peers: node.peers().await },
        Request::Agencies => Reply::Agencies { agencies: blocking(move || n.agencies()).await? },
        Request::Inbox { limit } => Reply::Documents { documents: blocking(move || n.inbox(limit)).await?? },
        Request::Outbox { limit } => Reply::Documents { documents: blocking(move || n.outbox(limit)).await?? },
        Request::Show { id } => blocking(move || show(&n, &id)).await??,
        Request::Send { to, content, attachments, skeleton, key, public, links, references, force } => {
            let links = blocking(move || linked(&n, links)).await??;
            let references = references.into_iter().map(named).collect::<Result<Vec<_>, _>>()?;
            let to: Result<Vec<_>, _> = to.into_iter().map(AgencyCode::new).collect();
            let bytes = hex::decode(content).map_err(Failure::new)?;
            let Content::V1(envelope) = Content::from_bytes(&bytes).map_err(Failure::new)?;
            let body = spool(node, input, attachments, skeleton).await?;
            let outgoing = Outgoing {
                to: to.map_err(Failure::new)?,
                envelope,
                attachments: body.files.iter().map(|file| Source::File(file.path().to_owned())).collect(),
                skeleton: body.skeleton,
                key,
                public,
                links,
                references,
                force,
            };
            let receipt = node.send(outgoing).await?;
            drop(body.files);
            return Ok(written(node, receipt));
        }
        Request::Report { id, status, answers, content } => {
            let code: StatusCode = status.parse().map_err(Failure::new)?;
            let bytes = hex::decode(content).map_err(Failure::new)?;
            let StatusContent::V1(note) = StatusContent::from_bytes(&bytes).map_err(Failure::new)?;
            let note: StatusNote = note;
            return Ok(written(node, node.report_answer(&id, code, answers.as_deref(), note).await?));
        }
        Request::RotateKey => return Ok(written(node, node.rotate_key().await?)),
        Request::Attachment { id, number } => {
            let reader = blocking(move || n.attachment(&id, number)).await??;
            return Ok(stream(move |put| {
                for piece in reader {
                    put(piece.map_err(|error| error.to_string())?)?;
                }
                Ok(())
            }));
        }
        Request::Skeleton { id } => {
            let bytes = blocking(move || n.skeleton(&id)).await??;
            return Ok(stream(move |put| put(bytes)));
        }
        Request::Prove { id, attachments, sealed, only } => {
            let disclose = match only {
                Some(code) => Disclose::Only(AgencyCode::new(code).map_err(Failure::new)?),
                None if sealed => Disclose::Sealed,
                None if attachments => Disclose::Attachments,
                None => Disclose::Content,
            };
            let bundle = blocking(move || n.prove(&id, &disclose)).await??;
            return Ok(stream(move |put| {
                let out = io::BufWriter::with_capacity(super::MAX_PIECE, PieceWriter(put));
                bundle.write(out, &mut |_| {}).map(drop).map_err(|error| error.to_string())
            }));
        }
        Request::ProveCompactly { id } => {
            let text = blocking(move || n.prove_compactly(&id)).await??;
            return Ok(stream(move |put| put(text.into_bytes())));
        }
        Request::Envelope { id } => {
            let envelope: Envelope = blocking(move || n.envelope(&id)).await??;
            return Ok(stream(move |put| put(Content::V1(envelope).to_bytes())));
        }
        Request::Find { named: what } => {
            let (_, what) = named(what)?;
            let found = blocking(move || n.find_by_reference(&what)).await??;
            Reply::Found { ids: found.into_iter().map(|document| document.id.to_string()).collect() }
        }
        Request::Search(query) => Reply::Searched(blocking(move || n.find(&query)).await??),
        Request::Due { side, only, limit, deadlines } => {
            let (now, limit) = (crate::setup::now(), limit.min(MAX_DUE));
            let late = blocking(move || match deadlines {
                None => n.late(side, only, now, limit),
                Some(deadlines) => n.late_by(&deadlines, side, only, now, limit),
            });
            Reply::Due(late.await??)
        }
        Request::WaitComplete { id, timeout_ms } => {
            Reply::Document(Box::new(wait_complete(node, id, Duration::from_millis(timeout_ms)).await?))
        }
        Request::Events { consumer, limit, timeout_ms } => {
            let mut consumer = node.consumer(&consumer)?;
            Reply::Events { events: consumer.next_within(limit, Duration::from_millis(timeout_ms)).await? }
        }
        Request::Acknowledge { consumer, number } => {
            node.consumer(&consumer)?.acknowledge(number)?;
            Reply::Done
        }
        Request::Catalogue { filter, limit } => Reply::Catalogue(blocking(move || n.catalogue(filter, limit)).await??),
        Request::Procedure { code, publisher } => {
            let (code, publisher) = named_procedure(code, publisher)?;
            Reply::Procedure(Box::new(blocking(move || n.procedure(&code, publisher.as_ref())).await??))
        }
        Request::Form { code, publisher, number } => {
            let (code, publisher) = named_procedure(code, publisher)?;
            let reader = blocking(move || n.form(&code, publisher.as_ref(), number)).await??;
            return Ok(stream(move |put| {
                for piece in reader {
                    put(piece.map_err(|error| error.to_string())?)?;
                }
                Ok(())
            }));
        }
        Request::LiveProcedures { publisher } => {
            let publisher = AgencyCode::new(publisher).map_err(Failure::new)?;
            let live = blocking(move || n.live_procedures(&publisher)).await??;
            return Ok(stream(move |put| {
                let mut out = io::BufWriter::with_capacity(super::MAX_PIECE, PieceWriter(put));
                for procedure in live {
                    let bytes = procedure.to_bytes();
                    let framed =
                        out.write_all(&(bytes.len() as u32).to_le_bytes()).and_then(|()| out.write_all(&bytes));
                    framed.map_err(|error| error.to_string())?;
                }
                out.flush().map_err(|error| error.to_string())
            }));
        }
        Request::CatalogueChanges { since, limit } => {
            Reply::CatalogueChanges(blocking(move || n.catalogue_changes(since, limit)).await??)
        }
        Request::StoreForm { len } => {
            let body = spool(node, input, vec![len], None).await?;
            let file = body.files.first().map(|file| Source::File(file.path().to_owned()));
            let stored = node.store_form(file.unwrap_or(Source::Bytes(Vec::new()))).await?.blob();
            Reply::Form { blob: stored.id.to_string(), len: stored.len }
        }
        Request::ChangeCatalogue { changes } => {
            let read = |change: String| {
                let bytes = hex::decode(change).map_err(Failure::new)?;
                ProcedurePayload::from_bytes(&bytes).map(ProcedurePayload::into_change).map_err(Failure::new)
            };
            let changes = changes.into_iter().map(read).collect::<Result<_, _>>()?;
            let receipts = node.change_catalogue(changes).await?;
            Reply::CatalogueChanged { numbers: receipts.iter().map(|receipt| receipt.entry.seq.get()).collect() }
        }
        Request::Export { blobs } => {
            return Ok(stream(move |put| {
                let out = io::BufWriter::with_capacity(super::MAX_PIECE, PieceWriter(put));
                archive::export(n.ledger(), blobs, out, &mut |_| {}).map(drop).map_err(|error| error.to_string())
            }));
        }
        Request::Import => import(node, input).await?,
        Request::Backup { to } => {
            blocking(move || n.ledger().backup(&PathBuf::from(to))).await?.map_err(Failure::new)?;
            Reply::Done
        }
        Request::Erase { ids, reason, basis } => {
            let reason = Reason::ALL.into_iter().find(|known| known.name() == reason);
            let reason = reason.ok_or_else(|| Failure::new("no such reason to erase"))?;
            let written = node.erase(&ids, reason, &basis).await?;
            let numbers = written.iter().map(|receipt| receipt.entry.seq.get()).collect();
            Reply::ErasureWritten { numbers, cleared: node.purge().await.map_err(Failure::new)? }
        }
        Request::Roster { entry } => {
            let bytes = hex::decode(entry).map_err(Failure::new)?;
            let entry = UnverifiedEntry::parse(&bytes).map_err(Failure::new)?;
            let (id, number) = (entry.id().to_string(), entry.seq().get());
            blocking(move || n.ledger().ingest(n.ledger().roster().chain(), vec![entry]))
                .await?
                .map_err(Failure::new)?;
            changed(node).await;
            Reply::Written { id, agency: String::new(), number }
        }
    };
    Ok(Answer::Reply(reply))
}

/// A procedure, and whose.
fn named_procedure(code: String, publisher: Option<String>) -> Result<(ProcedureCode, Option<AgencyCode>), Failure> {
    let publisher = publisher.map(AgencyCode::new).transpose().map_err(Failure::new)?;
    Ok((ProcedureCode::new(code).map_err(Failure::new)?, publisher))
}

/// Links to documents that are here.
fn linked(node: &Node, links: Vec<LinkTo>) -> Result<Vec<Link>, Failure> {
    let link = |LinkTo { relation, document }| {
        Ok(Link { relation: relation.into(), document: node.document_entry(&document)?.reference() })
    };
    links.into_iter().map(link).collect()
}

/// A document as a packet names it.
fn named(named: NamedDocument) -> Result<(Relation, Reference), Failure> {
    let NamedDocument { relation, document_id, code, date, agency } = named;
    let text = |text: String| Text::new(text).map_err(Failure::new);
    let reference =
        Reference { agency: text(agency)?, code: text(code)?, date: text(date)?, document_id: text(document_id)? };
    Ok((relation.into(), reference))
}

/// Tells the node that its ledger grew by an operator's hand.
async fn changed(node: &Node) {
    node.0.judge();
    node.0.arrived();
    if node.0.net.is_some() {
        let _ = node.0.to_replica.send(Input::Changed).await;
    }
}

async fn wait_complete(node: &Node, id: String, limit: Duration) -> Result<crate::view::DocumentView, Failure> {
    let deadline = tokio::time::Instant::now() + limit;
    let mut arrivals = node.0.arrivals.subscribe();
    loop {
        arrivals.mark_unchanged();
        let (n, wanted) = (node.clone(), id.clone());
        let last = match blocking(move || n.document(&wanted)).await? {
            Ok(document) if document.summary.complete => return Ok(document),
            Ok(_) => Failure {
                retry: true,
                ..Failure::new(format_args!("document {id} is here, its attachments not all yet"))
            },
            Err(error @ ReadError::NotFound(_)) => error.into(),
            Err(error) => return Err(error.into()),
        };
        if !matches!(tokio::time::timeout_at(deadline, arrivals.changed()).await, Ok(Ok(()))) {
            return Err(last);
        }
    }
}

struct Body {
    files: Vec<tempfile::NamedTempFile>,
    skeleton: Option<Vec<u8>>,
}

/// Takes a body's attachments into files and the skeleton behind them into memory.
async fn spool(
    node: &Node,
    input: &mut (impl AsyncRead + Unpin),
    attachments: Vec<u64>,
    skeleton: Option<u64>,
) -> Result<Body, Failure> {
    let dir = node.0.home.spool();
    std::fs::create_dir_all(&dir).map_err(Failure::new)?;
    let mut body = PieceReader { input, rest: Vec::new(), at: 0 };
    let mut files = Vec::new();
    for len in attachments {
        let mut file = tempfile::NamedTempFile::new_in(&dir).map_err(Failure::new)?;
        body.copy(len, |piece| file.write_all(piece)).await.map_err(Failure::new)?;
        file.flush().map_err(Failure::new)?;
        files.push(file);
    }
    let mut bytes = Vec::new();
    if let Some(len) = skeleton {
        body.copy(len, |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })
        .await
        .map_err(Failure::new)?;
    }
    body.end().await.map_err(Failure::new)?;
    Ok(Body { files, skeleton: skeleton.map(|_| bytes) })
}

struct PieceReader<'a, R> {
    input: &'a mut R,
    rest: Vec<u8>,
    at: usize,
}

impl<R: AsyncRead + Unpin> PieceReader<'_, R> {
    async fn copy(&mut self, len: u64, mut put: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut left = len;
        while left > 0 {
            if self.at == self.rest.len() {
                self.rest = take_piece(self.input).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
                self.at = 0;
            }
            let most = usize::try_from(left).unwrap_or(usize::MAX);
            let piece = &self.rest[self.at..][..most.min(self.rest.len() - self.at)];
            put(piece)?;
            left -= piece.len() as u64;
            self.at += piece.len();
        }
        Ok(())
    }

    async fn end(self) -> io::Result<()> {
        match self.at == self.rest.len() && take_piece(self.input).await?.is_none() {
            true => Ok(()),
            false => Err(io::Error::new(io::ErrorKind::InvalidData, "the body is longer than it states")),
        }
    }
}

type Put<'a> = &'a mut dyn FnMut(Vec<u8>) -> Result<(), String>;

/// Runs `work` on a blocking thread; what it puts is the reply's body.
fn stream(work: impl FnOnce(Put<'_>) -> Result<(), String> + Send + 'static) -> Answer {
    let (pieces, body) = mpsc::channel(MAX_PIECES);
    let job = tokio::task::spawn_blocking(move || {
        work(&mut |piece| pieces.blocking_send(piece).map_err(|_| "the command went away".to_owned()))
    });
    Answer::Body(body, job)
}

struct PieceWriter<'a>(Put<'a>);

impl Write for PieceWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.0)(bytes.to_vec()).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct ChannelReader {
    pieces: mpsc::Receiver<Vec<u8>>,
    rest: io::Cursor<Vec<u8>>,
}

impl Read for ChannelReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.rest.read(buffer)? {
                0 if !buffer.is_empty() => match self.pieces.blocking_recv() {
                    Some(piece) => self.rest = io::Cursor::new(piece),
                    None => return Ok(0),
                },
                read => return Ok(read),
            }
        }
    }
}

async fn import(node: &Node, input: &mut (impl AsyncRead + Unpin)) -> Result<Reply, Failure> {
    let (pieces, rest) = mpsc::channel(MAX_PIECES);
    let ledger = node.ledger().clone();
    let job = tokio::task::spawn_blocking(move || {
        let reader = ChannelReader { pieces: rest, rest: io::Cursor::new(Vec::new()) };
        archive::import(&ledger, io::BufReader::new(reader), &mut |_| {})
    });
    while let Some(piece) = take_piece(input).await.map_err(Failure::new)? {
        // A job that failed takes no more; what is left of the body is read and dropped.
        let _ = pieces.send(piece).await;
    }
    drop(pieces);
    let done = job.await.map_err(Failure::new)?;
    changed(node).await;
    let done = done.map_err(Failure::new)?;
    Ok(Reply::Imported { entries: done.entries, blobs: done.blobs })
}
