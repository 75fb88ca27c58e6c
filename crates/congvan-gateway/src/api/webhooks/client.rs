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
    let mut status = std::pin::pin!(status);
    // The connection is driven until the status is there, and then dropped. A receiver may close it with its answer:
    // what it answered counts.
    tokio::select! {
        status = &mut status => Ok(status?),
        _ = connection => Ok(status.await?),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Delivers to a receiver that answers with these bytes and closes at once.
    async fn deliver_to(answer: &'static [u8]) -> Result<(), Undelivered> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/a", listener.local_addr().unwrap());
        let receiver = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"{}") {
                let mut piece = [0; 1024];
                let read = stream.read(&mut piece).await.unwrap();
                assert_ne!(read, 0, "the whole request comes");
                request.extend_from_slice(&piece[..read]);
            }
            stream.write_all(answer).await.unwrap();
        });
        let target = Target::parse(&url, false).unwrap();
        let delivered =
            Client::default().post(&target, &[("webhook-id", "7".to_owned())], Bytes::from_static(b"{}")).await;
        receiver.await.unwrap();
        delivered
    }

    #[tokio::test]
    async fn what_a_receiver_answers_counts_also_where_it_closes_at_once() {
        for _ in 0..100 {
            deliver_to(b"HTTP/1.0 204 No Content\r\n\r\n").await.unwrap();
        }
        for (answer, status) in [
            (&b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n"[..], 302),
            (b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", 500),
        ] {
            let refused = deliver_to(answer).await.unwrap_err();
            assert!(matches!(refused, Undelivered::Refused(answered) if answered == status), "{refused}");
        }
        for answer in [&b""[..], b"SSH-2.0-x\r\n"] {
            let failed = deliver_to(answer).await.unwrap_err();
            assert!(matches!(failed, Undelivered::NoAnswer(_)), "{failed}");
        }
    }
}
