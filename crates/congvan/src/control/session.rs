//! The command's side of the control socket.

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::UnixStream;

use super::frame::{put_end, put_json, put_piece, take_json, take_piece};
use super::protocol::{MAX_PIECE, Reply, Request};
use super::server;
use crate::node::{Node, StartError};
use crate::setup::Home;

/// How a session is to open a directory where no node runs.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// The agency key's passphrase.
    pub passphrase: Option<String>,
    /// Write without asking peers where this agency's chain ends (DESIGN §3.8).
    pub offline: bool,
}

/// Why a session fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// No node runs, and the directory cannot be opened without one.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The socket.
    #[error("{path}: {error}")]
    Socket {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The connection broke.
    #[error("the node ended the connection: {0}")]
    Broken(io::Error),
    /// The caller's bytes.
    #[error("reading or writing: {0}")]
    Local(io::Error),
    /// The node refuses.
    #[error("{message}")]
    Node {
        /// What, where, and what to do, in English.
        message: String,
        /// The same in Vietnamese, for what a clerk may do wrong.
        message_vi: Option<String>,
        /// Whether asking again later may help.
        retry: bool,
    },
}

/// A way to a node's ledger: the running node's, or one opened here.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use congvan::control::{Request, Session};
///
/// let session = Session::open("/var/lib/congvan".as_ref(), Default::default()).await?;
/// println!("{:?}", session.call(Request::Node).await?);
/// session.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Session(Way);

#[derive(Debug)]
enum Way {
    Running(PathBuf),
    Here(Node),
}

enum Stream {
    Socket(UnixStream),
    Pipe(DuplexStream),
}

impl Session {
    /// Finds the node of a directory, or opens the directory itself.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn open(dir: &Path, options: OpenOptions) -> Result<Self, SessionError> {
        let path = Home::new(dir).control();
        match UnixStream::connect(&path).await {
            Ok(_) => Ok(Self(Way::Running(path))),
            // No socket, or one that a killed node left behind.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                let builder = Node::builder(dir).local_only().offline_start(options.offline);
                Ok(Self(Way::Here(builder.passphrase(options.passphrase).start().await?)))
            }
            Err(error) => Err(SessionError::Socket { path, error }),
        }
    }

    /// A way to a node that runs in this process, which [`Session::close`] would shut down.
    pub fn with(node: Node) -> Self {
        Self(Way::Here(node))
    }

    /// Whether a running node answers.
    pub fn is_running(&self) -> bool {
        matches!(self.0, Way::Running(_))
    }

    async fn stream(&self) -> Result<Stream, SessionError> {
        match &self.0 {
            Way::Running(path) => UnixStream::connect(path)
                .await
                .map(Stream::Socket)
                .map_err(|error| SessionError::Socket { path: path.clone(), error }),
            Way::Here(node) => {
                let (ours, theirs) = tokio::io::duplex(2 * MAX_PIECE);
                let node = node.clone();
                let (input, output) = tokio::io::split(theirs);
                tokio::spawn(server::serve(node, input, output));
                Ok(Stream::Pipe(ours))
            }
        }
    }

    /// Asks, and returns the reply.
    ///
    /// # Errors
    /// [`SessionError::Node`] where the node refuses.
    pub async fn call(&self, request: Request) -> Result<Reply, SessionError> {
        Ok(self.exchange(request, None::<&mut tokio::io::Empty>, None::<&mut tokio::io::Sink>).await?.0)
    }

    /// Asks with a body.
    ///
    /// # Errors
    /// As [`Session::call`].
    pub async fn call_with(
        &self,
        request: Request,
        body: &mut (impl AsyncRead + Unpin),
    ) -> Result<Reply, SessionError> {
        Ok(self.exchange(request, Some(body), None::<&mut tokio::io::Sink>).await?.0)
    }

    /// Asks, and writes the reply's body to `out`. Returns the reply and the body's length.
    ///
    /// # Errors
    /// As [`Session::call`]; [`SessionError::Broken`] where the body ended early.
    pub async fn fetch(
        &self,
        request: Request,
        out: &mut (impl AsyncWrite + Unpin),
    ) -> Result<(Reply, u64), SessionError> {
        self.exchange(request, None::<&mut tokio::io::Empty>, Some(out)).await
    }

    async fn exchange(
        &self,
        request: Request,
        body: Option<&mut (impl AsyncRead + Unpin)>,
        out: Option<&mut (impl AsyncWrite + Unpin)>,
    ) -> Result<(Reply, u64), SessionError> {
        match self.stream().await? {
            Stream::Socket(stream) => converse(stream, request, body, out).await,
            Stream::Pipe(stream) => converse(stream, request, body, out).await,
        }
    }

    /// Ends the session; a node that was opened here is shut down.
    pub async fn close(self) {
        if let Way::Here(node) = self.0 {
            node.shutdown().await;
        }
    }
}

async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: Request,
    body: Option<&mut (impl AsyncRead + Unpin)>,
    out: Option<&mut (impl AsyncWrite + Unpin)>,
) -> Result<(Reply, u64), SessionError> {
    put_json(&mut stream, &request).await.map_err(SessionError::Broken)?;
    if let Some(body) = body {
        // A node that refuses early closes its side; its reply says why.
        if let Err(Pump::Local(error)) = pump(&mut stream, body).await {
            return Err(SessionError::Local(error));
        }
    }
    let reply: Reply = take_json(&mut stream).await.map_err(SessionError::Broken)?;
    if let Reply::Error { message, message_vi, retry } = reply {
        return Err(SessionError::Node { message, message_vi, retry });
    }
    let mut len = 0;
    if let Some(out) = out {
        while let Some(piece) = take_piece(&mut stream).await.map_err(SessionError::Broken)? {
            out.write_all(&piece).await.map_err(SessionError::Local)?;
            len += piece.len() as u64;
        }
        out.flush().await.map_err(SessionError::Local)?;
    }
    Ok((reply, len))
}

enum Pump {
    Local(io::Error),
    Broken,
}

async fn pump(stream: &mut (impl AsyncWrite + Unpin), body: &mut (impl AsyncRead + Unpin)) -> Result<(), Pump> {
    let mut buffer = vec![0; MAX_PIECE];
    loop {
        let read = body.read(&mut buffer).await.map_err(Pump::Local)?;
        if read == 0 {
            return put_end(stream).await.map_err(|_| Pump::Broken);
        }
        put_piece(stream, &buffer[..read]).await.map_err(|_| Pump::Broken)?;
    }
}
