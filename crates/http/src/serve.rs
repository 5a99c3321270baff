//! Connections, all of them bounded: in number, in the size and in the time of a request's head.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
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

/// Answers on `listener` until `stop`; then finishes what it is answering.
pub async fn serve(listener: TcpListener, pages: Router, bounds: Bounds, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(bounds.connections));
    let open = TaskTracker::new();
    while let Some(stream) = next(&listener, &places, &stop).await {
        let (pages, stop) = (pages.clone(), stop.clone());
        open.spawn(async move {
            let (stream, _place) = stream;
            let _ = tokio::time::timeout(bounds.connection_timeout, connection(stream, pages, bounds, stop)).await;
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

async fn connection(stream: TcpStream, pages: Router, bounds: Bounds, stop: CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(bounds.head_timeout)
        .max_buf_size(HEAD_BYTES_MAX);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(pages));
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
