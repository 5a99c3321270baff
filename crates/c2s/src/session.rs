//! A bound stream: the one task that owns it, and what it does between its socket, its inbox and the clock.

mod incoming;
mod outgoing;

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
};

use protocol::{Element, IqType, Stanza, StreamCondition, StreamError, ns, stream::Frame};
use router::{Delivery, Found, slow_reader};

use crate::{
    Server, Settings,
    bound::{Bound, finish, hand_over},
    connection::{Connection, Gone},
    fence,
    resume::Claim,
    stream_management::Management,
    token,
    watch::{Alarm, Watch},
};

/// Why a connection's turn is over.
enum End {
    /// The stream was closed, by us with an error or by the client.
    Closed(Option<StreamError>),
    /// The connection went away without a word.
    Lost,
    /// The client came back on another connection.
    Claimed(Claim),
    /// The node is fenced, and its grace is over: not a byte is written any more.
    Fenced,
}

/// What the task wakes up for.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for one turn on the stack; a box would be an allocation for each stanza"
)]
enum Event {
    Frame(Frame),
    Inbox(Found),
    Gone(Gone),
    Alarm(Alarm),
    /// The node may not act.
    Fenced,
}

/// Serves a bound stream until its session ends or moves elsewhere.
///
/// Almost all of a session's life is spent in [`Live::serve`], waiting, so that is what the task has room for; what comes
/// once, at the end, is on the heap while it lasts.
pub(crate) async fn run(server: Arc<Server>, bound: Bound, connection: Connection) {
    let mut live = Box::new(Live::new(server, bound, connection));
    let end = live.serve().await;
    Box::pin(part(live, end)).await;
}

/// What becomes of a stream whose connection's turn is over.
async fn part(mut live: Box<Live>, end: End) {
    live.flush_once().await;
    let Live {
        server,
        mut bound,
        connection,
        unwritten,
        ..
    } = *live;
    let claim = match end {
        End::Closed(error) => {
            bound.forget_resumption(&server);
            tokio::join!(connection.close(error.as_ref()), finish(&server, bound, unwritten));
            return;
        }
        End::Fenced => {
            drop(connection);
            None
        }
        End::Claimed(claim) => {
            let moved = StreamError::with_text(StreamCondition::Conflict, "the stream was resumed elsewhere");
            tokio::join!(connection.close(Some(&moved)), hand_over(&server, bound, claim));
            return;
        }
        End::Lost => {
            drop(connection);
            bound.session.meter.set_connected(false);
            match bound.is_resumable() {
                true => crate::resume::wait(&server, &mut bound).await,
                false => None,
            }
        }
    };
    match claim {
        Some(claim) => hand_over(&server, bound, claim).await,
        None => {
            bound.forget_resumption(&server);
            finish(&server, bound, unwritten).await;
        }
    }
}

/// One connection's turn.
struct Live {
    server: Arc<Server>,
    settings: Arc<Settings>,
    bound: Bound,
    connection: Connection,
    watch: Watch,
    /// Swapped with the inbox's queue; empty between turns.
    deliveries: VecDeque<Delivery>,
    /// Stanzas that the socket does not have yet; once it has them they count as delivered (without acknowledgements
    /// there is nothing better).
    unwritten: VecDeque<Delivery>,
}

impl Live {
    fn new(server: Arc<Server>, bound: Bound, connection: Connection) -> Self {
        let settings = server.settings();
        let watch = Watch::new(&settings);
        bound.note_state();
        bound.session.meter.set_connected(true);
        Self {
            server,
            settings,
            bound,
            connection,
            watch,
            deliveries: VecDeque::new(),
            unwritten: VecDeque::new(),
        }
    }

    async fn serve(&mut self) -> End {
        // Who has just come in may not have been told to go.
        let mut outcome = self.leave();
        loop {
            match outcome {
                Ok(None) => {}
                Ok(Some(end)) => return end,
                Err(error) => return End::Closed(Some(error)),
            }
            outcome = match poll_fn(|cx| self.poll_event(cx)).await {
                Event::Frame(frame) => self.frame(frame).await,
                Event::Inbox(Found::Stanzas) => self.deliver(),
                Event::Inbox(Found::Rows) => {
                    self.server.house.read_overflow(&self.bound.session);
                    Ok(None)
                }
                Event::Inbox(Found::Close(_)) if !self.server.house.is_acting() => return End::Fenced,
                Event::Inbox(Found::Close(reason)) => return End::Closed(Some(reason)),
                Event::Fenced => match Box::pin(fence::wait(&self.server, &self.bound.session)).await {
                    true => Ok(None),
                    false => return End::Fenced,
                },
                Event::Alarm(alarm) => self.alarm(alarm),
                Event::Gone(Gone::Lost(error)) => {
                    tracing::debug!(target: "c2s", %error, "a connection was lost");
                    return End::Lost;
                }
                Event::Gone(Gone::Broken(error)) => return End::Closed(Some(error)),
            };
        }
    }

    /// First what is parsed, then the inbox, then the socket; written only when nothing else is to be had, so that
    /// many stanzas leave in one write.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        loop {
            // The first door: asked for each stanza, since a fence may fall between two, or while the client waits.
            if !self.server.house.is_acting() {
                return Poll::Ready(Event::Fenced);
            }
            // A client that has caused too much work waits with what was read, too.
            if self.watch.may_read() {
                match self.connection.next_parsed() {
                    Some(Ok(frame)) => return Poll::Ready(Event::Frame(frame)),
                    Some(Err(error)) => return Poll::Ready(Event::Gone(Gone::Broken(error))),
                    None => {}
                }
            }
            let was_congested = self.connection.is_congested();
            if let Poll::Ready(found) = self.poll_inbox(cx, was_congested) {
                return Poll::Ready(Event::Inbox(found));
            }
            if !was_congested && self.watch.may_read() {
                match self.connection.poll_read(cx) {
                    Poll::Ready(Ok(())) => {
                        let bytes = self.watch.has_read(&mut self.connection);
                        let at = self.connection.last_read().into_std();
                        self.bound.session.meter.read(bytes, at);
                        continue;
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Event::Gone(Gone::Lost(error))),
                    Poll::Pending => {}
                }
            }
            // The second door.
            if !self.server.house.is_acting() {
                return Poll::Ready(Event::Fenced);
            }
            match self.connection.poll_flush(cx) {
                Poll::Ready(Ok(())) => self.has_written(),
                Poll::Ready(Err(error)) => return Poll::Ready(Event::Gone(Gone::Lost(error))),
                Poll::Pending => self.watch.is_blocked(),
            }
            if was_congested && !self.connection.is_congested() {
                continue;
            }
            let owes = self.bound.management.as_ref().is_some_and(Management::awaits_ack);
            return self.watch.poll(cx, &self.connection, owes).map(Event::Alarm);
        }
    }

    /// A client that owes too many acknowledgements, or does not read, gets nothing more; but it can still be closed.
    fn poll_inbox(&mut self, cx: &mut Context<'_>, is_congested: bool) -> Poll<Found> {
        let owes = self.bound.management.as_ref().is_some_and(|management| {
            management
                .outbox
                .is_full(self.settings.unacked_stanzas, self.settings.unacked_bytes)
        });
        let takes_nothing = owes || is_congested;
        self.watch
            .set_behind(takes_nothing && self.bound.session.inbox.is_overflowing());
        if takes_nothing {
            return self.bound.session.inbox.poll_news(cx);
        }
        self.bound.session.inbox.poll(cx, &mut self.deliveries)
    }

    fn alarm(&mut self, alarm: Alarm) -> Result<Option<End>, StreamError> {
        match alarm {
            Alarm::Ask => self.ask_whether_there(),
            Alarm::RequestAck => {
                if let Some(management) = &mut self.bound.management {
                    management.request(&mut self.connection);
                }
            }
            Alarm::ReadOn => {}
            Alarm::Silent | Alarm::NotReading if self.bound.is_resumable() => return Ok(Some(End::Lost)),
            Alarm::Silent => return Err(timed_out("no answer to a ping")),
            Alarm::NotReading => return Err(timed_out("what was sent is not read")),
            Alarm::Behind => return Err(slow_reader()),
            Alarm::Midway => return Err(timed_out("a stanza was begun and not ended")),
        }
        Ok(None)
    }

    /// A client that has said nothing for long is asked: by stream management where it is on, by XEP-0199 otherwise.
    fn ask_whether_there(&mut self) {
        match &mut self.bound.management {
            Some(management) => management.request(&mut self.connection),
            None => {
                let session = &self.bound.session;
                let mut ping = Stanza::iq(IqType::Get).to(session.jid.clone()).id(&token());
                ping.from = Some(session.jid.to_domain());
                let ping = ping.child(&Element::new("ping", ns::PING));
                self.connection.write_stanza(&ping);
            }
        }
    }
}

fn timed_out(text: &'static str) -> StreamError {
    StreamError::with_text(StreamCondition::ConnectionTimeout, text)
}
