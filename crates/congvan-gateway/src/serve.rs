//! The listener's loop: so many connections at once, with or without TLS, and patience that ends.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::tls::Tls;

/// Connections at once; further ones wait.
pub(crate) const MAX_CONNECTIONS: usize = 1_024;
/// How long a client may take to agree on TLS, and to send a request's head.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Pause after a failed `accept`, as where no file descriptor is left.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` is done; what is being answered then is finished. Each request knows its peer as
/// [`ConnectInfo<SocketAddr>`].
pub(crate) async fn serve(listener: TcpListener, tls: Option<Tls>, routes: Router, stop: impl Future<Output = ()>) {
    let slots = std::sync::Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            let slot = slots.clone().acquire_owned().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>((slot, listener.accept().await?))
        };
        let (slot, (stream, peer)) = tokio::select! {
            () = &mut stop => break,
            accepted = accepted => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::debug!(%error, "a connection could not be accepted");
                    sleep(PAUSE).await;
                    continue;
                }
            },
        };
        let (routes, tls, watcher) = (routes.clone(), tls.clone(), graceful.watcher());
        tokio::spawn(async move {
            connection(stream, peer, tls, routes, watcher).await;
            drop(slot);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn connection(stream: TcpStream, peer: SocketAddr, tls: Option<Tls>, routes: Router, watcher: Watcher) {
    // An answer's last piece is not held back.
    let _ = stream.set_nodelay(true);
    match tls {
        None => exchange(stream, peer, routes, watcher).await,
        Some(tls) => match timeout(PATIENCE, tls.0.accept(stream)).await {
            Ok(Ok(stream)) => exchange(stream, peer, routes, watcher).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS was not agreed on"),
            Err(_) => tracing::debug!(%peer, "TLS was not agreed on in time"),
        },
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    routes: Router,
    watcher: Watcher,
) {
    let routes = tower_service(routes, peer);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

/// The routes, told who asks.
fn tower_service(
    routes: Router,
    peer: SocketAddr,
) -> impl tower_service::Service<
    hyper::Request<Incoming>,
    Response = axum::response::Response,
    Error = std::convert::Infallible,
    Future: Send,
> + Clone {
    Told { routes, peer }
}

#[derive(Clone)]
struct Told {
    routes: Router,
    peer: SocketAddr,
}

impl tower_service::Service<hyper::Request<Incoming>> for Told {
    type Response = axum::response::Response;
    type Error = std::convert::Infallible;
    type Future = <Router as tower_service::Service<hyper::Request<Body>>>::Future;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: hyper::Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        tower_service::Service::call(&mut self.routes, request.map(Body::new))
    }
}
