//! XEP-0198: Stream Management. Acknowledgements in both directions; resumption is in `resume`.

use std::sync::Arc;

use protocol::{Condition, Element, StreamCondition, StreamError, ns};
use router::Session;
use storage::LogId;

use crate::{
    Server,
    connection::Connection,
    outbox::{Outbox, TooHigh},
    resume::{Claim, Resumption},
};

/// After so many stanzas an acknowledgement is asked for at once; fewer wait for the clock.
const REQUEST_EVERY: usize = 16;

/// Stream management of one stream.
pub(crate) struct Management {
    pub(crate) outbox: Outbox,
    pub(crate) resumption: Option<Arc<Resumption>>,
    /// An `<r/>` of ours is unanswered.
    is_requested: bool,
    /// An `<r/>` of the client was answered with less than it had sent.
    answered: Option<u32>,
}

impl Management {
    /// Switches it on; the reply is `<enabled/>`. It names no `location` (XEP-0198 §5): a stream is resumed at any node of
    /// the cluster, and clients behind a balancer could not reach a certain one.
    pub(crate) fn enable(server: &Server, session: &Arc<Session>, resume: bool) -> (Self, Element) {
        let secs = server.settings().resume_secs;
        let mut reply = Element::new("enabled", ns::STREAM_MANAGEMENT);
        let resumption = (resume && secs > 0).then(|| server.resumptions.open(session));
        if let Some(resumption) = &resumption {
            reply = reply
                .attr("id", &resumption.id)
                .attr("resume", "true")
                .attr("max", secs.to_string());
        }
        (
            Self {
                outbox: Outbox::default(),
                resumption,
                is_requested: false,
                answered: None,
            },
            reply,
        )
    }

    /// Of a stream that goes on here, behind what the client has of it.
    pub(crate) fn resumed(outbox: Outbox, resumption: Arc<Resumption>) -> Self {
        Self {
            outbox,
            resumption: Some(resumption),
            is_requested: false,
            answered: None,
        }
    }

    /// Whether the client may come back.
    pub(crate) fn is_resumable(&self) -> bool {
        self.resumption.is_some()
    }

    /// Somebody on another connection who wants this stream.
    pub(crate) fn claimed(&self) -> Option<Claim> {
        self.resumption.as_ref()?.take_claim()
    }

    /// Whether stanzas wait for an acknowledgement that was not asked for yet.
    pub(crate) fn awaits_ack(&self) -> bool {
        !self.is_requested && !self.outbox.is_empty()
    }

    /// Whether so much was sent that an acknowledgement should be asked for now.
    pub(crate) fn should_request(&self) -> bool {
        !self.is_requested && self.outbox.since_request() >= REQUEST_EVERY
    }

    /// Asks for an acknowledgement.
    pub(crate) fn request(&mut self, connection: &mut Connection) {
        self.is_requested = true;
        self.outbox.requested();
        connection.out().extend_from_slice(b"<r xmlns='urn:xmpp:sm:3'/>");
    }

    /// Answers `<r/>`: with what is durable now, and again when the rest is.
    pub(crate) fn answer(&mut self, session: &Session, connection: &mut Connection) {
        let received = self.outbox.received();
        let h = session.handled.count(received);
        self.answered = (h != received).then_some(h);
        write_ack(connection, h);
    }

    /// Tells the client when more has become durable than the last answer said.
    pub(crate) fn answer_late(&mut self, session: &Session, connection: &mut Connection) {
        if let Some(answered) = self.answered
            && session.handled.count(self.outbox.received()) != answered
        {
            self.answer(session, connection);
        }
    }

    /// Takes the client's `<a/>`; gives back the rows of what it has.
    pub(crate) fn acknowledged(&mut self, element: &Element) -> Result<Vec<LogId>, StreamError> {
        let h = element.get("h").and_then(|h| h.parse().ok());
        let Some(h) = h else {
            return Err(StreamError::with_text(
                StreamCondition::BadFormat,
                "an acknowledgement needs h, a 32-bit number",
            ));
        };
        self.is_requested = false;
        Ok(self
            .outbox
            .acknowledge(h)
            .map_err(too_high)?
            .filter_map(|delivery| delivery.log_id)
            .collect())
    }

    /// The stream goes on on another connection: what was asked there is not answered here.
    pub(crate) fn moved(&mut self) {
        self.is_requested = false;
        self.answered = None;
    }
}

fn write_ack(connection: &mut Connection, h: u32) {
    connection
        .out()
        .extend_from_slice(format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>").as_bytes());
}

/// The error for an acknowledgement, or a resumption, that counts what was never sent (XEP-0198 §4).
pub(crate) fn too_high(error: TooHigh) -> StreamError {
    let TooHigh { h, sent } = error;
    let details = Element::new("handled-count-too-high", ns::STREAM_MANAGEMENT)
        .attr("h", h.to_string())
        .attr("send-count", sent.to_string());
    StreamError::with_text(
        StreamCondition::UndefinedCondition,
        format!("you acknowledged {h} stanzas, {sent} were sent"),
    )
    .with_application(details)
}

/// `<failed/>` for a stream that cannot be resumed, with what is known to be handled of it (XEP-0198 §5).
pub(crate) fn not_found(h: Option<u32>) -> Element {
    let failed = failed(Condition::ItemNotFound);
    match h {
        Some(h) => failed.attr("h", h.to_string()),
        None => failed,
    }
}

/// `<failed/>` with its reason.
pub(crate) fn failed(condition: Condition) -> Element {
    Element::new("failed", ns::STREAM_MANAGEMENT).child(Element::new(condition.as_str(), ns::STANZA_ERRORS))
}
