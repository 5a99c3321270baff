//! The challenges and responses between the first and the last word of an authentication, in SASL (RFC 6120 §6.4) and
//! SASL2 (XEP-0388 §2.5), which say the same in two namespaces.

use auth::{Authenticated, Step as Exchanged};
use protocol::{
    Element,
    sasl::{Failure, FailureCondition, payload},
    stream::Frame,
};

use super::{Negotiation, too_early};
use crate::connection::Gone;

impl Negotiation {
    /// Goes on with an exchange until it has succeeded or failed.
    pub(super) async fn exchange(
        &mut self,
        mut step: Exchanged,
        ns: &str,
    ) -> Result<Result<Authenticated, Failure>, Gone> {
        loop {
            step = match step {
                Exchanged::Success(authenticated) => return Ok(Ok(*authenticated)),
                Exchanged::Failure(failure) => return Ok(Err(failure)),
                Exchanged::Challenge(data, exchange) => {
                    let challenge = Element::new("challenge", ns).text(payload::encode(&data));
                    self.connection().write_element(&challenge);
                    match self.response(ns).await? {
                        Ok(response) => exchange.respond(&response).await,
                        Err(failure) => return Ok(Err(failure)),
                    }
                }
            }
        }
    }

    /// The client's next word in an exchange.
    async fn response(&mut self, ns: &str) -> Result<Result<Vec<u8>, Failure>, Gone> {
        match self.connection().next_frame().await? {
            Frame::Element(element) if element.is("response", ns) => {
                Ok(payload::decode(&element.own_text()).map(Option::unwrap_or_default))
            }
            Frame::Element(element) if element.is("abort", ns) => {
                Ok(Err(Failure::new(FailureCondition::Aborted, "you aborted the exchange")))
            }
            _ => Err(too_early("an authentication exchange is under way")),
        }
    }
}
