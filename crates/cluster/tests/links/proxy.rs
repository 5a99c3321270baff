//! A way between two nodes that can be cut, or that cuts itself after so many bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::net::{TcpListener, TcpStream};

/// Forwards connections to an address.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    /// Connections made so far.
    pub(crate) made: Arc<AtomicUsize>,
    whole: Arc<AtomicBool>,
}

impl Proxy {
    /// Each connection is cut after its share of bytes each way, which differs from one to the next, until the proxy
    /// is [mended](Proxy::mend).
    pub(crate) async fn cutting(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (made, whole) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, mended) = (Arc::clone(&made), Arc::clone(&whole));
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let nth = count.fetch_add(1, Ordering::Relaxed);
                // Some are cut in the middle of the handshake, most somewhere in the stream.
                let share = 3_500 + (nth * 7_919) % 30_000;
                tokio::spawn(carry(near, to, share, Arc::clone(&mended)));
            }
        });
        Self { address, made, whole }
    }

    /// From now on nothing is cut.
    pub(crate) fn mend(&self) {
        self.whole.store(true, Ordering::Relaxed);
    }
}

async fn carry(near: TcpStream, to: SocketAddr, share: usize, whole: Arc<AtomicBool>) {
    let Ok(far) = TcpStream::connect(to).await else { return };
    let (near_reader, near_writer) = split(near);
    let (far_reader, far_writer) = split(far);
    tokio::select! {
        () = one_way(near_reader, far_writer, share, &whole) => {}
        () = one_way(far_reader, near_writer, share, &whole) => {}
    }
}

async fn one_way(mut from: ReadHalf<TcpStream>, mut to: WriteHalf<TcpStream>, mut share: usize, whole: &AtomicBool) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let passed = if whole.load(Ordering::Relaxed) {
            count
        } else {
            count.min(share)
        };
        if to.write_all(&buffer[..passed]).await.is_err() || passed < count {
            return;
        }
        share = share.saturating_sub(passed);
    }
}
