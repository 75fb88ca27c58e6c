//! One POST over a connection of its own: no redirect is followed, no answer is read but its status.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::target::Target;

/// How long one delivery may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a delivery failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Undelivered {
    /// Nobody answered.
    #[error("the receiver was not reached: {0}")]
    Unreachable(#[from] io::Error),
    /// Somebody answered what is no HTTP.
    #[error("the receiver did not answer: {0}")]
    NoAnswer(#[from] hyper::Error),
    /// It took too long.
    #[error("the receiver did not answer within {} s", PATIENCE.as_secs())]
    Late,
    /// It refused.
    #[error("the receiver answered {0}; it must be 2xx")]
    Refused(StatusCode),
    /// It makes no request.
    #[error("the request cannot be made: {0}")]
    Request(#[from] axum::http::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be used: {0}")]
    Tls(String),
}

/// Delivers, and knows whom to trust.
#[derive(Default)]
pub(super) struct Client {
    tls: OnceLock<Result<TlsConnector, String>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    /// Sends a body with its headers, and waits for a 2xx.
    pub(super) async fn post(
        &self,
        target: &Target,
        headers: &[(&str, String)],
        body: Bytes,
    ) -> Result<(), Undelivered> {
        let mut request = Request::post(&target.path).header("host", &target.authority);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(body))?;
        match timeout(PATIENCE, self.exchange(target, request)).await.map_err(|_| Undelivered::Late)?? {
            status if status.is_success() => Ok(()),
            status => Err(Undelivered::Refused(status)),
        }
    }

    async fn exchange(&self, target: &Target, request: Request<Full<Bytes>>) -> Result<StatusCode, Undelivered> {
        let stream = TcpStream::connect((target.host.as_str(), target.port)).await?;
        if !target.encrypted {
            return send(stream, request).await;
        }
        let tls = self.tls.get_or_init(connector).as_ref().map_err(|error| Undelivered::Tls(error.clone()))?;
        let name = ServerName::try_from(target.host.clone()).map_err(|error| Undelivered::Tls(error.to_string()))?;
        send(tls.connect(name, stream).await?, request).await
    }
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<StatusCode, Undelivered> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let status = async {
        let answer = sender.send_request(request).await?;
        Ok::<_, hyper::Error>(answer.status())
    };
    // The connection is driven until the status is there, and then dropped.
    tokio::select! {
        status = status => Ok(status?),
        ended = connection => {
            ended?;
            Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())
        }
    }
}

/// Whom this machine trusts.
fn connector() -> Result<TlsConnector, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (known, _) = roots.add_parsable_certificates(found.certs);
    if known == 0 {
        return Err(
            "this machine has no certificates of authorities; install ca-certificates, or set SSL_CERT_FILE".to_owned()
        );
    }
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config).into())
}
