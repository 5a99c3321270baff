//! A bound stream: the one task that owns it, and what it does between its socket, its inbox and the clock.

use std::{
    collections::VecDeque,
    future::poll_fn,
    mem,
    sync::Arc,
    task::{Context, Poll},
};

use protocol::{
    Condition, Element, IqType, Kind, Stanza, StanzaError, StreamCondition, StreamError, ns,
    stream::{Frame, Malformed},
};
use router::{Delivery, Found, Way};

use crate::{
    Server, Settings,
    bound::{Bound, finish, hand_over},
    connection::{Connection, Gone},
    fence,
    resume::Claim,
    stopping::shutting_down,
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
        if owes || is_congested {
            return self.bound.session.inbox.poll_news(cx);
        }
        self.bound.session.inbox.poll(cx, &mut self.deliveries)
    }

    /// Writes what the socket takes at once, so that it counts as delivered; for the rest there is no time.
    async fn flush_once(&mut self) {
        if !self.server.house.is_acting() {
            return;
        }
        let flushed = poll_fn(|cx| Poll::Ready(self.connection.poll_flush(cx))).await;
        if let Poll::Ready(Ok(())) = flushed {
            self.has_written();
        }
    }

    fn has_written(&mut self) {
        self.watch.has_written();
        self.bound.note_written(self.connection.take_bytes_written());
        if !self.unwritten.is_empty() {
            let written = mem::take(&mut self.unwritten);
            let rows = written.into_iter().filter_map(|delivery| delivery.log_id).collect();
            self.server.acknowledge(&self.bound.session, rows);
        }
    }

    /// Writes what was in the inbox, and what a commit or another connection may have nudged about.
    fn deliver(&mut self) -> Result<Option<End>, StreamError> {
        if let Some(management) = &mut self.bound.management
            && let Some(claim) = management.claimed()
        {
            for delivery in self.deliveries.drain(..) {
                management.outbox.push(delivery);
            }
            return Ok(Some(End::Claimed(claim)));
        }
        self.acknowledge_late();
        let mut deliveries = mem::take(&mut self.deliveries);
        for delivery in deliveries.drain(..) {
            let passed = self.bound.client_state.filter(delivery, self.settings.held_presences);
            for delivery in passed {
                self.write(delivery);
            }
        }
        self.request_ack();
        self.leave()
    }

    /// Where the server ends and others go on, so does this connection.
    fn leave(&self) -> Result<Option<End>, StreamError> {
        match (self.server.is_leaving(), self.bound.is_resumable()) {
            (false, _) => Ok(None),
            (true, true) => Ok(Some(End::Lost)),
            (true, false) => Err(shutting_down()),
        }
    }

    fn write(&mut self, delivery: Delivery) {
        let session = &self.bound.session;
        session.meter.stanza_out();
        if session.tap.is_open() {
            session.tap.show(Way::Out, &delivery.stanza);
        }
        self.connection.write_stanza(&delivery.stanza);
        match &mut self.bound.management {
            Some(management) => management.outbox.push(delivery),
            None => self.unwritten.push_back(delivery),
        }
    }

    fn request_ack(&mut self) {
        if let Some(management) = &mut self.bound.management
            && management.should_request()
        {
            management.request(&mut self.connection);
        }
    }

    /// Sends the acknowledgement that an earlier `<r/>` could not get because a commit was outstanding.
    fn acknowledge_late(&mut self) {
        if let Some(management) = &mut self.bound.management {
            management.answer_late(&self.bound.session, &mut self.connection);
        }
    }

    async fn frame(&mut self, frame: Frame) -> Result<Option<End>, StreamError> {
        match frame {
            Frame::Stanza(stanza) => self.stanza(stanza).await.map(|()| None),
            Frame::Malformed(malformed) => {
                self.malformed(malformed);
                Ok(None)
            }
            Frame::Element(element) => self.element(&element).map(|()| None),
            Frame::Close => Ok(Some(End::Closed(None))),
            Frame::Open(_) => Err(StreamError::with_text(
                StreamCondition::BadFormat,
                "no new stream header is due",
            )),
        }
    }

    async fn stanza(&mut self, mut stanza: Stanza) -> Result<(), StreamError> {
        let number = self
            .bound
            .management
            .as_mut()
            .map(|management| management.outbox.receive());
        let session = &self.bound.session;
        if let Some(from) = &stanza.from
            && *from != session.jid
            && *from != session.account.jid
        {
            // RFC 6120 §8.1.2.1.
            let text = "the from address is not this stream's";
            return Err(StreamError::with_text(StreamCondition::InvalidFrom, text));
        }
        stanza.from = Some(session.jid.clone());
        session.meter.stanza_in();
        if session.tap.is_open() {
            session.tap.show(Way::In, &stanza);
        }
        if let Some(answer) = negotiation_again(&stanza) {
            match answer {
                Ok(result) => self.connection.write_stanza(&result),
                Err(error) => self.connection.refuse(&stanza, &error),
            }
            return Ok(());
        }
        // Few sessions have a stanza under way at any moment, and all of them would have to have room for one.
        Box::pin(self.server.house.accept(session, stanza, number)).await;
        self.watch.has_worked(self.bound.session.take_work());
        self.watch.hold_back(self.bound.session.take_pause());
        Ok(())
    }

    fn malformed(&mut self, malformed: Malformed) {
        if let Some(management) = &mut self.bound.management {
            management.outbox.receive();
        }
        let Malformed { mut stanza, error } = malformed;
        metrics::counter!("stanzas_refused", "condition" => error.condition.as_str()).increment(1);
        stanza.from = Some(self.bound.session.jid.clone());
        if let Some(answer) = stanza.bounce(&error) {
            self.write(Delivery::new(answer));
        }
    }

    fn element(&mut self, element: &Element) -> Result<(), StreamError> {
        match element.ns.as_str() {
            ns::STREAM_MANAGEMENT => self.stream_management(element),
            ns::CLIENT_STATE => {
                for delivery in self.bound.client_state.change(element) {
                    self.write(delivery);
                }
                self.bound.note_state();
                Ok(())
            }
            ns::SASL | ns::SASL2 | ns::TLS => {
                let text = "the stream is authenticated and bound already";
                Err(StreamError::with_text(StreamCondition::PolicyViolation, text))
            }
            _ => Err(StreamError::with_text(
                StreamCondition::UnsupportedStanzaType,
                "unknown element on the stream",
            )),
        }
    }

    fn stream_management(&mut self, element: &Element) -> Result<(), StreamError> {
        let Self {
            bound,
            connection,
            server,
            ..
        } = self;
        match (element.name.as_str(), &mut bound.management) {
            ("enable", management @ None) => {
                let resume = matches!(element.get("resume"), Some("true" | "1"));
                let (enabled, reply) = Management::enable(server, &bound.session, resume);
                *management = Some(enabled);
                bound.note_state();
                connection.write_element(&reply);
            }
            ("r", Some(management)) => management.answer(&bound.session, connection),
            ("a", Some(management)) => {
                let acknowledged = management.acknowledged(element)?;
                bound.session.meter.set_unacked(management.outbox.unacked().len());
                server.acknowledge(&bound.session, acknowledged);
            }
            _ => connection.write_element(&crate::stream_management::failed(Condition::UnexpectedRequest)),
        }
        Ok(())
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

/// Requests that belong to negotiation and come again: a second bind is refused (RFC 6120 §7.1), a session
/// (RFC 3921 §3) is established already.
fn negotiation_again(stanza: &Stanza) -> Option<Result<Stanza, StanzaError>> {
    if stanza.kind != Kind::Iq(IqType::Set) || stanza.to.is_some() {
        return None;
    }
    let child = stanza.children.first()?;
    if child.is("session", ns::SESSION) {
        return Some(Ok(stanza.result(None)));
    }
    if child.is("bind", ns::BIND) {
        let text = "this stream has its resource already";
        return Some(Err(StanzaError::with_text(Condition::NotAllowed, text)));
    }
    None
}
