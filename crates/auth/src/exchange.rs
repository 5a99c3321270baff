//! One attempt to log in, from its first message to its end.

use std::fmt;
use std::sync::Arc;

use protocol::sasl::{Failure, FailureCondition, Mechanism};

use crate::authenticator::{Inner, count_failure, count_success};
use crate::token::{OwnTokenUse, TokenUse};
use crate::{Authenticated, Binding, Step, scram};

/// Longest message of any mechanism: a name, an identity to act as and a password, each at its bound, and some.
const MESSAGE_MAX_BYTES: usize = 8 * 1024;

/// An attempt that waits for the client's next message.
pub struct Exchange {
    pub(crate) inner: Arc<Inner>,
    pub(crate) binding: Binding,
    pub(crate) mechanism: Mechanism,
    /// What was offered: SCRAM proves it to the client.
    pub(crate) offered: Vec<Mechanism>,
    state: State,
}

enum State {
    /// Nothing has come yet.
    First(Option<OwnTokenUse>),
    /// SCRAM's challenge has gone out.
    Scram(Box<scram::Challenged>),
    /// It is over.
    Ended,
}

/// How a message was taken.
pub(crate) enum Progress {
    Challenge(String, Box<scram::Challenged>),
    Done(Box<Authenticated>),
}

impl Exchange {
    pub(crate) fn new(
        inner: Arc<Inner>,
        binding: Binding,
        mechanism: Mechanism,
        offered: Vec<Mechanism>,
        token: Option<TokenUse<'_>>,
    ) -> Self {
        Self {
            inner,
            binding,
            mechanism,
            offered,
            state: State::First(token.map(OwnTokenUse::from)),
        }
    }

    /// Takes the client's next message.
    pub async fn respond(mut self: Box<Self>, message: &[u8]) -> Step {
        match self.take(message).await {
            Ok(Progress::Challenge(challenge, challenged)) => {
                self.state = State::Scram(challenged);
                Step::Challenge(challenge.into_bytes(), self)
            }
            Ok(Progress::Done(authenticated)) => {
                count_success(self.mechanism.as_str());
                Step::Success(authenticated)
            }
            Err(failure) => {
                count_failure(self.mechanism.as_str(), failure.condition);
                tracing::debug!(target: "auth", mechanism = %self.mechanism, address = %self.binding.address, %failure, "login failed");
                Step::Failure(failure)
            }
        }
    }

    async fn take(&mut self, message: &[u8]) -> Result<Progress, Failure> {
        if message.len() > MESSAGE_MAX_BYTES {
            return Err(Failure::malformed("the message is too long"));
        }
        let state = std::mem::replace(&mut self.state, State::Ended);
        let done = match state {
            State::Scram(challenged) => self.scram_final(*challenged, message).await?,
            State::First(token) => match self.mechanism {
                Mechanism::Scram { hash, plus } => return self.scram_first(hash, plus, message).await,
                Mechanism::Plain => self.plain(message).await?,
                Mechanism::External => self.external(message).await?,
                Mechanism::Anonymous => self.anonymous(message)?,
                Mechanism::HashedToken(bound) => self.hashed_token(bound, token, message).await?,
            },
            State::Ended => return Err(FailureCondition::MalformedRequest.into()),
        };
        Ok(Progress::Done(Box::new(done)))
    }
}

impl fmt::Debug for Exchange {
    /// Keys do not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("mechanism", &self.mechanism)
            .finish_non_exhaustive()
    }
}
