//! One greeted connection, until it ends: a reader and a writer that never wait for each other.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::control::{Control, Queued};
use super::core::{Admitted, Core};
use super::frame::{Header, MAX_BODY_BYTES, MAX_FRAME_BYTES, Outcome, invalid, put};
use super::greet::{Greeted, Reader, Writer};
use super::hello::Purpose;
use super::receiver::{From, LinkEvent};
use crate::Group;

/// Frames are gathered into one write up to here.
const WRITE_BYTES: usize = 64 * 1024;

/// What reader and writer of one connection share.
struct Wire<'a> {
    core: &'a Arc<Core>,
    admitted: &'a Admitted,
    version: u16,
}

/// Has a connection run where it belongs: what data brings is handled in one place with reading it.
pub(crate) fn start(core: &Arc<Core>, admitted: Admitted, greeted: Greeted) {
    let core = Arc::clone(core);
    if admitted.purpose != Purpose::Data {
        core.runtime.clone().spawn(run(core, admitted, greeted));
        return;
    }
    core.handling().spawn(async move {
        match greeted.settle() {
            Ok(greeted) => run(core, admitted, greeted).await,
            Err(error) => {
                tracing::debug!(target: "cluster", node = %admitted.peer.node, "a link broke: {error}");
                admitted.abandon();
            }
        }
    });
}

/// Runs a connection, and takes it out of its place when it is over.
async fn run(core: Arc<Core>, mut admitted: Admitted, greeted: Greeted) {
    let control = admitted.control.take();
    let (connection, purpose, node) = (admitted.connection, admitted.purpose, admitted.peer.node);
    core.receiver.on_event(LinkEvent::Up {
        connection,
        purpose,
        peer: greeted.hello.clone(),
        version: greeted.version,
    });
    let wire = Wire {
        core: &core,
        admitted: &admitted,
        version: greeted.version,
    };
    let ended = match control {
        Some((control, queued)) => {
            let ended = tokio::select! {
                ended = wire.read_control(greeted.frames, &control) => ended,
                ended = wire.write_control(greeted.writer, queued) => ended,
                () = admitted.close.cancelled() => Ok(()),
                () = core.stop.cancelled() => Ok(()),
            };
            control.close();
            ended
        }
        None => tokio::select! {
            ended = wire.read_data(greeted.frames) => ended,
            ended = wire.write_data(greeted.writer) => ended,
            () = admitted.close.cancelled() => Ok(()),
            () = core.stop.cancelled() => Ok(()),
        },
    };
    if let Err(error) = ended {
        tracing::debug!(target: "cluster", %node, ?purpose, "a link broke: {error}");
    }
    admitted.close.cancel();
    admitted.peer.dismiss(purpose, connection);
    core.receiver.on_event(LinkEvent::Down {
        connection,
        purpose,
        node,
    });
}

impl Wire<'_> {
    /// The next frame, or an error when nothing is heard for too long.
    async fn next(&self, frames: &mut Reader) -> io::Result<(Header, Bytes)> {
        let before = frames.bytes_read();
        let frame = timeout(self.core.settings.silence, frames.next(self.version, MAX_FRAME_BYTES));
        let frame = frame.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let peer = &self.admitted.peer;
        peer.hear(Instant::now());
        peer.bytes_in.fetch_add(frames.bytes_read() - before, Ordering::Relaxed);
        Ok(frame)
    }

    async fn write(&self, writer: &mut (impl AsyncWrite + Unpin), out: &mut BytesMut) -> io::Result<()> {
        self.admitted
            .peer
            .bytes_out
            .fetch_add(out.len() as u64, Ordering::Relaxed);
        writer.write_all(out).await?;
        out.clear();
        writer.flush().await
    }

    fn ping(&self) -> Header {
        Header::Ping { stamp: self.now_us() }
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.core.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    async fn read_control(&self, mut frames: Reader, control: &Arc<Control>) -> io::Result<()> {
        loop {
            let (header, body) = self.next(&mut frames).await?;
            match header {
                Header::Ping { stamp } => {
                    // A full queue is itself a sign of life.
                    let _ = control.put(Header::Pong { stamp }, Bytes::new());
                }
                Header::Pong { stamp } => {
                    let taken = self.now_us().saturating_sub(stamp).max(1);
                    self.admitted.peer.round_trip_us.store(taken, Ordering::Relaxed);
                }
                Header::Call { id, kind, group } => self.serve(control, id, kind, group, body)?,
                Header::Answer { id, outcome } => control.answered(id, outcome, body),
                Header::Tell { kind, group } => {
                    if self.is_ours(group) {
                        self.core.receiver.on_tell(self.from(group), kind, body);
                    }
                }
                _ => return Err(invalid("a frame that has no place on a control connection")),
            }
        }
    }

    fn is_ours(&self, group: Option<Group>) -> bool {
        group.is_none() || group == self.core.group()
    }

    fn from(&self, group: Option<Group>) -> From {
        From {
            node: self.admitted.peer.node,
            group,
        }
    }

    /// Serves a call beside the connection, or says at once that it will not.
    fn serve(&self, control: &Arc<Control>, id: u64, kind: u8, group: Option<Group>, body: Bytes) -> io::Result<()> {
        let refuse = |outcome| {
            control
                .put(Header::Answer { id, outcome }, Bytes::new())
                .map_err(|_| invalid("calls faster than their refusals are read"))
        };
        if !self.is_ours(group) {
            return refuse(Outcome::OtherGroup);
        }
        let Ok(permit) = Arc::clone(&self.admitted.peer.serving).try_acquire_owned() else {
            return refuse(Outcome::Busy);
        };
        let serving = self.core.receiver.on_call(self.from(group), kind, body);
        let (control, core) = (Arc::clone(control), Arc::clone(self.core));
        let gone = self.admitted.peer.gone.clone();
        self.core.runtime.spawn(async move {
            let served = tokio::select! {
                served = serving => served,
                () = gone.cancelled() => return,
                () = core.stop.cancelled() => return,
            };
            let (outcome, body) = match served {
                Ok(body) if body.len() <= MAX_BODY_BYTES => (Outcome::Done, body),
                Err(failure) if failure.0.len() <= MAX_BODY_BYTES => (Outcome::Failed, failure.0),
                _ => (Outcome::TooLong, Bytes::new()),
            };
            control.answer(id, outcome, body).await;
            drop(permit);
        });
        Ok(())
    }

    async fn write_control(&self, mut writer: Writer, mut queued: mpsc::Receiver<Queued>) -> io::Result<()> {
        let mut ticks = interval(self.core.settings.ping_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut out = BytesMut::new();
        loop {
            tokio::select! {
                biased;
                _ = ticks.tick() => put(&mut out, self.version, &self.ping(), &[]),
                Some((header, body)) = queued.recv() => put(&mut out, self.version, &header, &body),
            }
            while out.len() < WRITE_BYTES {
                let Ok((header, body)) = queued.try_recv() else { break };
                put(&mut out, self.version, &header, &body);
            }
            self.write(&mut writer, &mut out).await?;
        }
    }

    async fn read_data(&self, mut frames: Reader) -> io::Result<()> {
        let peer = &self.admitted.peer;
        loop {
            let (header, body) = self.next(&mut frames).await?;
            match header {
                Header::Ping { .. } => {}
                Header::Data { number } => {
                    if self.core.group() != self.admitted.group {
                        return Err(invalid("the group has changed"));
                    }
                    let arrived = peer.arrive(number, body).await;
                    arrived.map_err(|_| invalid("a message is missing"))?;
                }
                Header::Handled { number } => {
                    if !peer.window.lock().handled(number) {
                        return Err(invalid("handled what was never sent"));
                    }
                }
                _ => return Err(invalid("a frame that has no place on a data connection")),
            }
        }
    }

    async fn write_data(&self, mut writer: Writer) -> io::Result<()> {
        let peer = &self.admitted.peer;
        let mut ticks = interval(self.core.settings.ping_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut out = BytesMut::new();
        // What the connection before said may not have come.
        let mut told = 0;
        loop {
            tokio::select! {
                _ = ticks.tick() => put(&mut out, self.version, &self.ping(), &[]),
                () = peer.writable.notified() => {}
            }
            loop {
                told = self.put_handled(&mut out, told);
                if !self.put_messages(&mut out) {
                    // The permit was meant for the connection that has taken over.
                    peer.writable.notify_one();
                    return Ok(());
                }
                if out.is_empty() {
                    break;
                }
                self.write(&mut writer, &mut out).await?;
            }
        }
    }

    fn put_handled(&self, out: &mut BytesMut, told: u64) -> u64 {
        let peer = &self.admitted.peer;
        let number = peer.handled.load(Ordering::Acquire);
        if number > told {
            put(out, self.version, &Header::Handled { number }, &[]);
            peer.told.store(number, Ordering::Release);
        }
        number
    }

    /// Gathers what the window has. False if it is another connection's now.
    fn put_messages(&self, out: &mut BytesMut) -> bool {
        while out.len() < WRITE_BYTES {
            match self.admitted.peer.window.lock().take(self.admitted.connection) {
                Ok(Some((number, message))) => put(out, self.version, &Header::Data { number }, &message),
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
        true
    }
}
