//! The listener's loop: so many connections at once, with or without TLS, and patience that ends.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
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

use crate::limit::site;
use crate::tls::Tls;

/// Connections at once; further ones wait.
pub(crate) const MAX_CONNECTIONS: usize = 1_024;
/// Those of one address, so that nobody takes all; further ones are closed. An office behind one address and a proxy on
/// this machine, which come from one address too, have enough of them.
pub(crate) const MAX_FROM_ONE: usize = 256;
/// How long a client may take to agree on TLS, and to send a request's head.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Pause after a failed `accept`, as where no file descriptor is left.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` is done; what is being answered then is finished. Each request knows its peer as
/// [`ConnectInfo<SocketAddr>`].
pub(crate) async fn serve(listener: TcpListener, tls: Option<Tls>, routes: Router, stop: impl Future<Output = ()>) {
    let (slots, callers) = (Arc::new(Semaphore::new(MAX_CONNECTIONS)), Callers::default());
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
        let Some(caller) = callers.enter(peer.ip()) else {
            tracing::debug!(%peer, "closed: its address has {MAX_FROM_ONE} connections already");
            continue;
        };
        let (routes, tls, watcher) = (routes.clone(), tls.clone(), graceful.watcher());
        tokio::spawn(async move {
            connection(stream, peer, tls, routes, watcher).await;
            drop((slot, caller));
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// How many connections each address has.
#[derive(Clone, Debug, Default)]
struct Callers(Arc<Mutex<HashMap<IpAddr, usize>>>);

impl Callers {
    /// One more of this address, until what is returned is dropped; `None` where it has enough.
    fn enter(&self, address: IpAddr) -> Option<Caller> {
        let site = site(address);
        let mut callers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = callers.entry(site).or_default();
        (*count < MAX_FROM_ONE).then(|| {
            *count += 1;
            Caller { callers: self.clone(), site }
        })
    }
}

/// A connection that is counted.
#[derive(Debug)]
struct Caller {
    callers: Callers,
    site: IpAddr,
}

impl Drop for Caller {
    fn drop(&mut self) {
        let mut callers = self.callers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = callers.get_mut(&self.site) {
            *count -= 1;
            if *count == 0 {
                callers.remove(&self.site);
            }
        }
    }
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_so_many_connections_and_no_more() {
        let callers = Callers::default();
        let [one, other] = ["203.0.113.7", "203.0.113.8"].map(|text| text.parse::<IpAddr>().unwrap());
        let mut held: Vec<_> = (0..MAX_FROM_ONE).map(|_| callers.enter(one).unwrap()).collect();
        assert!(callers.enter(one).is_none(), "one past the bound");
        assert!(callers.enter("::ffff:203.0.113.7".parse().unwrap()).is_none(), "the same, written otherwise");
        assert!(callers.enter(other).is_some());
        held.pop();
        assert!(callers.enter(one).is_some(), "what ended makes room");
        drop(held);
        assert!(callers.0.lock().unwrap().is_empty(), "nothing is kept of who left");
    }
}
