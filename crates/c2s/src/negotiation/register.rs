//! XEP-0077: a stranger makes an account, where the operator allows it and nobody can listen.

use protocol::{
    Condition, ErrorType, IqType, Jid, Kind, Stanza, StanzaError, ns,
    xep::register::{Filled, Register, questions},
};
use storage::{Creation, Lookalikes, NewAccount};

use super::{Negotiation, Step, not_authorized};
use crate::connection::Gone;

/// What a stanza is answered with before authentication.
type Answer = Result<Option<protocol::Element>, StanzaError>;

impl Negotiation {
    /// Whether strangers may register on this stream.
    pub(super) fn is_registration_open(&self) -> bool {
        self.settings.is_registration_open && self.peer.tls.is_some()
    }

    /// A stanza before authentication: only registration is answered.
    pub(super) async fn register(&mut self, request: &Stanza) -> Result<Step, Gone> {
        let query = request
            .find("query", ns::REGISTER)
            .filter(|_| self.is_registration_open());
        let (Some(query), Kind::Iq(kind @ (IqType::Get | IqType::Set))) = (query, request.kind) else {
            return Err(not_authorized());
        };
        let answer = match Register::parse(&query.to_element(), kind == IqType::Set) {
            Ok(Register::Ask) => Ok(Some(questions("Choose a name and a password.", None))),
            Ok(Register::Fill(filled)) => self.make_account(&filled).await,
            Ok(Register::Remove) => Err(Condition::RegistrationRequired.into()),
            Err(error) => Err(error),
        };
        match answer {
            Ok(payload) => self.connection().write_stanza(&request.result(payload.as_ref())),
            Err(error) => self.connection().refuse(request, &error),
        }
        Ok(Step::Continue)
    }

    /// One account for a connection: whoever wants more has to come again, past the limits on connections.
    async fn make_account(&mut self, filled: &Filled) -> Answer {
        if self.has_registered {
            let text = "one account for a connection; connect again for another";
            return Err(StanzaError::with_text(Condition::ResourceConstraint, text));
        }
        let jid = Jid::from_parts(Some(&filled.username), self.host().domain(), None)
            .map_err(|error| StanzaError::with_text(Condition::NotAcceptable, error.to_string()))?;
        let (Some(local), Some(host)) = (jid.local(), self.server.house.hosts().id(jid.domain())) else {
            return Err(Condition::NotAcceptable.into());
        };
        let credentials = self.server.authenticator.make_credentials(&filled.password).await;
        let credentials =
            credentials.map_err(|error| StanzaError::with_text(Condition::NotAcceptable, error.to_string()))?;
        let new = NewAccount {
            lookalikes: match self.server.authenticator.settings().refuses_lookalikes {
                true => Lookalikes::Refused,
                false => Lookalikes::Allowed,
            },
            ..NewAccount::open(host, local, &credentials)
        };
        let made = self.server.house.storage().accounts().add(&new).await;
        match made {
            Ok(Creation::Made(_)) => {
                self.has_registered = true;
                metrics::counter!("registration_accounts").increment(1);
                Ok(None)
            }
            Ok(Creation::Taken) => Err(StanzaError::with_text(
                Condition::Conflict,
                "somebody has that name already",
            )),
            // UTS #39. Whose name that is, a stranger need not hear.
            Ok(Creation::LooksLike(_)) => Err(StanzaError::with_text(
                Condition::Conflict,
                "somebody has a name that looks like that one; choose another",
            )),
            Err(error) => {
                tracing::warn!(target: "registration", %error, "an account could not be made");
                let text = "the server's database does not answer; try again later";
                Err(StanzaError::with_text(Condition::InternalServerError, text).of_type(ErrorType::Wait))
            }
        }
    }
}
