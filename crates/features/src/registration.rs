//! XEP-0077: In-Band Registration, by those who have an account: a new password, or the end. Strangers register before
//! they authenticate, which is the stream's business.

use std::sync::Arc;

use auth::{Authenticator, PasswordError};
use protocol::{
    Condition, Jid, StanzaError, StreamCondition, StreamError, ns,
    xep::register::{Filled, Register, questions},
};
use router::{Answer, Feature, Hooks, Request, Session, To, Xep};

use crate::{LiveSettings, contact::audience::hand, refuse};

/// Changes passwords and removes accounts.
pub(crate) struct Registration {
    settings: LiveSettings,
    authenticator: Authenticator,
}

impl Registration {
    pub(crate) fn new(settings: &LiveSettings, authenticator: &Authenticator) -> Arc<Self> {
        Arc::new(Self {
            settings: settings.clone(),
            authenticator: authenticator.clone(),
        })
    }
}

impl Feature for Registration {
    fn name(&self) -> &'static str {
        "registration"
    }

    fn xeps(&self) -> &'static [Xep] {
        &[Xep {
            number: 77,
            version: "2.4",
        }]
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.answer(To::Host, "query", ns::REGISTER, &self, answer);
        hooks.answer(To::OwnAccount, "query", ns::REGISTER, &self, answer);
    }
}

async fn answer(feature: Arc<Registration>, request: Request) -> Answer {
    let session = registrant(&request)?.clone();
    match Register::parse(&request.payload, request.is_set())? {
        Register::Ask => Ok(Some(questions(
            "You have an account here. You can choose another password.",
            session.jid.local(),
        ))),
        Register::Fill(filled) => feature.change_password(&request, &session, &filled).await,
        Register::Remove => feature.remove(&request, &session).await,
    }
}

/// Whoever asks the server that its account is at. A guest has none.
fn registrant(request: &Request) -> Result<&Arc<Session>, StanzaError> {
    let Some(session) = &request.sender else {
        return Err(refuse::stranger(request));
    };
    let is_home = request
        .stanza
        .to
        .as_ref()
        .is_none_or(|to| to.domain() == session.jid.domain());
    match (session.account.is_anonymous, is_home) {
        (false, true) => Ok(session),
        (true, _) => Err(StanzaError::with_text(Condition::NotAllowed, "guests have no account")),
        (_, false) => Err(StanzaError::with_text(
            Condition::RegistrationRequired,
            "your account is at another server",
        )),
    }
}

impl Registration {
    /// §3.3.
    async fn change_password(&self, request: &Request, session: &Session, filled: &Filled) -> Answer {
        if !self.settings.load().registration.password_change {
            return Err(Condition::NotAllowed.into());
        }
        if !session.facts.is_encrypted {
            return Err(StanzaError::with_text(
                Condition::NotAuthorized,
                "passwords are not changed where everybody can listen",
            ));
        }
        let named = Jid::from_parts(Some(&filled.username), session.jid.domain(), None);
        if named.as_ref() != Ok(&session.account.jid) {
            return Err(StanzaError::with_text(
                Condition::NotAllowed,
                "only the password of your own account",
            ));
        }
        self.authenticator
            .change_password(session.account.id, &filled.password)
            .await
            .map_err(|error| refusal(request, &error))?;
        // They were let in by a password that may have been stolen.
        close_others(request, session);
        Ok(None)
    }

    /// §3.2: the result, then the end of all the account's streams.
    async fn remove(&self, request: &Request, session: &Session) -> Answer {
        if !self.settings.load().registration.account_removal {
            return Err(Condition::NotAllowed.into());
        }
        let (house, account) = (&request.house, &session.account);
        let storage = house.storage();
        storage
            .check()
            .await
            .map_err(|error| house.unavailable("removing an account", &error))?;
        // The answer goes first: a stream that is to close takes no more.
        hand(session, request.stanza.result(None));
        house.remove_account(account).await;
        if let Err(error) = storage.accounts().delete(account.id).await {
            tracing::error!(target: "registration", %error, "an account was left, but not deleted");
        }
        house.forget_account(&account.jid);
        Ok(None)
    }
}

fn close_others(request: &Request, session: &Session) {
    let reason = StreamError::with_text(StreamCondition::Reset, "the password has been changed");
    request
        .house
        .close_sessions(&session.account.jid, &reason, Some(session.generation));
}

fn refusal(request: &Request, error: &PasswordError) -> StanzaError {
    match error {
        PasswordError::Storage(error) => request.house.unavailable("changing a password", error),
        PasswordError::Busy => StanzaError::with_text(Condition::ResourceConstraint, error.to_string()),
        PasswordError::NoAccount => StanzaError::with_text(Condition::RegistrationRequired, error.to_string()),
        _ => StanzaError::with_text(Condition::NotAcceptable, error.to_string()),
    }
}
