//! The accept loop: never faster than the gate's pace, never spinning on an error, never waiting for a client.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use nix::errno::Errno;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{Accepted, Listener, proxy};
use crate::gate::{Refusal, Slot};
use crate::names;

/// The first pause after the system had no descriptor or memory for a connection; it doubles up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

type Take = dyn Fn(Accepted) + Send + Sync;

pub(super) async fn serve(listener: Listener, stop: CancellationToken, take: Arc<Take>) {
    let mut door = Door {
        listener,
        stop: stop.clone(),
        take,
        spare: spare(),
        pause: SHORTEST_PAUSE,
    };
    // A cancelled wait loses nothing: what was not accepted is still in the backlog.
    stop.run_until_cancelled(door.run()).await;
}

struct Door {
    listener: Listener,
    stop: CancellationToken,
    take: Arc<Take>,
    /// A descriptor kept for the day when there is no other.
    spare: Option<File>,
    pause: Duration,
}

impl Door {
    async fn run(&mut self) {
        loop {
            match self.listener.socket.accept().await {
                Ok((socket, peer)) => {
                    self.pause = SHORTEST_PAUSE;
                    self.arrive(socket, peer);
                    self.keep_pace().await;
                }
                Err(error) => self.recover(&error).await,
            }
        }
    }

    async fn keep_pace(&self) {
        let wait = self.listener.gate.pace(Instant::now().into_std());
        if !wait.is_zero() {
            sleep(wait).await;
        }
    }

    fn arrive(&self, socket: TcpStream, peer: SocketAddr) {
        let slot = match self.listener.gate.enter() {
            Ok(slot) => slot,
            Err(refusal) => return self.refuse(peer, refusal),
        };
        let arrival = Arrival { socket, peer, slot };
        if self
            .listener
            .settings
            .balancers
            .iter()
            .any(|network| network.contains(peer.ip()))
        {
            self.ask_balancer(arrival);
        } else if let Err(refusal) = arrival.admit(peer, self.take.as_ref()) {
            self.refuse(peer, refusal);
        }
    }

    /// Reads the balancer's header in a task of its own: a slow balancer holds up nobody else.
    fn ask_balancer(&self, mut arrival: Arrival) {
        let (stop, take) = (self.stop.clone(), Arc::clone(&self.take));
        let (gate, deadline) = (Arc::clone(&self.listener.gate), self.listener.settings.proxy_deadline);
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            let balancer = arrival.peer;
            let admitted = match timeout(deadline, proxy::read(&mut arrival.socket)).await {
                Ok(Ok(source)) => {
                    let peer = source.unwrap_or(balancer);
                    arrival.admit(peer, take.as_ref()).map_err(|refusal| (peer, refusal))
                }
                Ok(Err(error)) => {
                    tracing::debug!(target: "transport", %balancer, "bad PROXY header: {error}");
                    Err((balancer, Refusal::Proxy))
                }
                Err(_) => Err((balancer, Refusal::Proxy)),
            };
            if let Err((peer, refusal)) = admitted {
                gate.refuse(peer.ip(), refusal, Instant::now().into_std());
            }
        }));
    }

    fn refuse(&self, peer: SocketAddr, refusal: Refusal) {
        self.listener.gate.refuse(peer.ip(), refusal, Instant::now().into_std());
    }

    async fn recover(&mut self, error: &io::Error) {
        match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EMFILE | Errno::ENFILE) => {
                counter!(names::ACCEPT_ERRORS, "kind" => "descriptors").increment(1);
                self.turn_one_away();
                self.back_off(error).await;
            }
            // The client has gone again, or the network had something to say about it: the next one may be fine.
            Some(Errno::ECONNABORTED | Errno::EINTR | Errno::EPROTO | Errno::EPERM) => {
                counter!(names::ACCEPT_ERRORS, "kind" => "gone").increment(1);
            }
            _ => {
                counter!(names::ACCEPT_ERRORS, "kind" => "other").increment(1);
                self.back_off(error).await;
            }
        }
    }

    /// Gives the spare descriptor to the client at the head of the queue and closes it again, so that the client
    /// hears a no instead of waiting in a queue that does not move.
    fn turn_one_away(&mut self) {
        if self.spare.take().is_some()
            && let Ok((socket, peer)) = self.accept_now()
        {
            drop(socket);
            self.refuse(peer, Refusal::Descriptors);
        }
        self.spare = spare();
    }

    fn accept_now(&self) -> io::Result<(socket2::Socket, SocketAddr)> {
        let (socket, peer) = socket2::SockRef::from(&self.listener.socket).accept()?;
        let peer = peer.as_socket().ok_or(io::ErrorKind::InvalidData)?;
        Ok((socket, peer))
    }

    async fn back_off(&mut self, error: &io::Error) {
        if self.pause == SHORTEST_PAUSE {
            let local = self.listener.local;
            tracing::error!(target: "transport", %local, "cannot accept connections, trying again: {error}");
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

/// A connection that has a place, but no known owner yet.
struct Arrival {
    socket: TcpStream,
    peer: SocketAddr,
    slot: Slot,
}

impl Arrival {
    fn admit(self, peer: SocketAddr, take: &Take) -> Result<(), Refusal> {
        let permit = self.slot.admit(peer.ip())?;
        // Both fail only on a connection that is already dead; its session will find out by reading.
        let _ = self.socket.set_nodelay(true);
        let local = self.socket.local_addr().unwrap_or(peer);
        take(Accepted {
            socket: self.socket,
            peer,
            local,
            permit,
        });
        Ok(())
    }
}

fn spare() -> Option<File> {
    File::open("/dev/null").ok()
}
