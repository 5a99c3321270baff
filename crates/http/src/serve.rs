//! Connections, all of them bounded: in number, in the size and in the time of a request's head.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How much connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Connections served at a time; others wait in the kernel's queue.
    pub connections: usize,
    /// A head that has not arrived after this long never will. It bounds idle connections too.
    pub head_timeout: Duration,
    /// A connection lives this long at most, however slowly its peer reads or sends.
    pub connection_timeout: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        let (head_timeout, connection_timeout) = (Duration::from_secs(10), Duration::from_secs(120));
        Self {
            connections: 64,
            head_timeout,
            connection_timeout,
        }
    }
}

/// Bytes of a head at most.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// A pause after an accept that failed, as it does when descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where pages are had.
pub struct Door {
    /// Where connections come in.
    pub listener: TcpListener,
    /// Their TLS, where they have any.
    pub tls: Option<Arc<ServerConfig>>,
}

/// Answers at `door` until `stop`; then finishes what it is answering. A handler finds its peer's address in
/// `ConnectInfo<SocketAddr>`.
pub async fn serve(door: Door, pages: Router, bounds: Bounds, stop: CancellationToken) {
    let Door { listener, tls } = door;
    let tls = tls.map(TlsAcceptor::from);
    let places = Arc::new(Semaphore::new(bounds.connections));
    let open = TaskTracker::new();
    while let Some(stream) = next(&listener, &places, &stop).await {
        let (pages, stop, tls) = (pages.clone(), stop.clone(), tls.clone());
        open.spawn(async move {
            let (stream, _place) = stream;
            let _ = tokio::time::timeout(bounds.connection_timeout, enter(stream, tls, pages, bounds, stop)).await;
        });
    }
    open.close();
    open.wait().await;
}

/// The next connection and its place among [`Bounds::connections`]; none once it is time to stop.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let accept = async {
        let place = Arc::clone(places).acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return Some((stream, place)),
                Err(error) => {
                    tracing::warn!(%error, "an HTTP connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => None,
        accepted = accept => accepted,
    }
}

/// Shakes hands where there is TLS, in the time that a head may take.
async fn enter(stream: TcpStream, tls: Option<TlsAcceptor>, pages: Router, bounds: Bounds, stop: CancellationToken) {
    let Ok(peer) = stream.peer_addr() else { return };
    let Some(tls) = tls else {
        return connection(stream, peer, pages, bounds, stop).await;
    };
    match tokio::time::timeout(bounds.head_timeout, tls.accept(stream)).await {
        Ok(Ok(stream)) => connection(stream, peer, pages, bounds, stop).await,
        Ok(Err(error)) => tracing::debug!(%error, "an HTTPS connection got no TLS"),
        Err(_) => tracing::debug!("an HTTPS connection got no TLS in time"),
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: SocketAddr,
    pages: Router,
    bounds: Bounds,
    stop: CancellationToken,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(bounds.head_timeout)
        .max_buf_size(HEAD_BYTES_MAX);
    let pages = TowerToHyperService::new(pages);
    let pages = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        pages.call(request)
    });
    let connection = http.serve_connection(TokioIo::new(stream), pages);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an HTTP connection ended early");
    }
}
