//! What the client says.

use protocol::{
    Condition, Element, IqType, Kind, Stanza, StanzaError, StreamCondition, StreamError, ns,
    stream::{Frame, Malformed},
};
use router::{Delivery, Way};

use super::{End, Live};
use crate::stream_management::Management;

impl Live {
    pub(super) async fn frame(&mut self, frame: Frame) -> Result<Option<End>, StreamError> {
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
