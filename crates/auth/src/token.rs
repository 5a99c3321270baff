//! XEP-0484: tokens that clients log in with instead of their password.
//!
//! A hashed-token mechanism is an HMAC with the token as key, so the server must be able to make the token again;
//! a hash of it would not do. What the database keeps is a random seed, from which the token is derived with this
//! deployment's key. So a stolen table of tokens opens nothing; a stolen database does, unless the operator has
//! set a pepper, which is kept elsewhere.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::sasl::scram::{Hash, Output};
use protocol::sasl::{ChannelBinding, Failure, Mechanism, hashed_token};
use storage::{AccountId, NewToken, Token, TokenId};

use crate::authenticator::{Authenticator, unavailable};
use crate::exchange::Exchange;
use crate::lockout::micros;
use crate::{Authenticated, random};

/// Longest `id` of a `<user-agent/>`; XEP-0388 §2.4 makes it a UUID, of 36.
const CLIENT_MAX_BYTES: usize = 128;
const SEED_BYTES: usize = 32;

/// What a client says by `<fast/>` and `<user-agent/>` in its `<authenticate/>` (XEP-0484 §3.4).
#[derive(Debug, Clone, Copy, Default)]
pub struct TokenUse<'a> {
    /// The `id` of its `<user-agent/>`: a token belongs to one client.
    pub client: Option<&'a str>,
    /// The `count` attribute.
    pub counter: Option<u64>,
}

/// What a client asks for beside logging in (XEP-0484 §3.2 and §3.6).
#[derive(Debug, Clone, Copy, Default)]
pub struct TokenRequest<'a> {
    /// The `id` of its `<user-agent/>`.
    pub client: Option<&'a str>,
    /// `<request-token mechanism='…'/>`.
    pub mechanism: Option<&'a str>,
    /// `<fast invalidate='true'/>`.
    pub invalidate: bool,
}

/// A token for the client to keep: `<token/>`.
#[derive(Clone)]
pub struct IssuedToken {
    /// The token.
    pub token: String,
    /// When it ends, in microseconds since 1970.
    pub expires_at: i64,
}

impl fmt::Debug for IssuedToken {
    /// Tokens do not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedToken")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// [`TokenUse`], kept until the message comes.
pub(crate) struct OwnTokenUse {
    client: Option<String>,
    counter: Option<u64>,
}

impl From<TokenUse<'_>> for OwnTokenUse {
    fn from(token: TokenUse<'_>) -> Self {
        Self {
            client: known(token.client).map(str::to_owned),
            counter: token.counter,
        }
    }
}

/// The token that somebody has just logged in with.
#[derive(Debug, Clone)]
pub(crate) struct UsedToken {
    id: TokenId,
    client: String,
    mechanism: Mechanism,
    expires_at: i64,
}

/// What turns seeds into tokens.
pub(crate) struct TokenKey(Output);

impl TokenKey {
    pub(crate) fn new(secret: &[u8], pepper: &[u8]) -> Self {
        Self(Hash::Sha256.hmac(secret, &[pepper]))
    }

    /// RFC 8959: the scheme tells whoever finds it that it should not lie there.
    fn token(&self, account: AccountId, mechanism: Mechanism, seed: &[u8]) -> String {
        let context: [&[u8]; 3] = [&account.get().to_be_bytes(), mechanism.as_str().as_bytes(), seed];
        format!(
            "secret-token:{}",
            URL_SAFE_NO_PAD.encode(&*Hash::Sha256.hmac(&self.0, &context))
        )
    }
}

impl Exchange {
    pub(crate) async fn hashed_token(
        &self,
        bound: Option<ChannelBinding>,
        token: Option<OwnTokenUse>,
        message: &[u8],
    ) -> Result<Authenticated, Failure> {
        let message = hashed_token::Message::parse(message)?;
        let OwnTokenUse { client, counter } = token.unwrap_or(OwnTokenUse {
            client: None,
            counter: None,
        });
        let client = client.ok_or_else(|| Failure::malformed("a token needs the id of its <user-agent/>"))?;
        let channel = bound.map_or(Some(&b""[..]), |bound| self.binding.channel().data(bound));
        let channel = channel.ok_or(Failure::not_authorized())?;
        let candidate = self.candidate(message.authcid).await?;
        // Nobody's account has the number 0: the question is asked all the same, and takes as long.
        let account = candidate
            .found
            .as_ref()
            .map_or(AccountId::new(0), |found| found.login.account);
        let tokens = self.inner.storage.tokens();
        let stored = tokens
            .find(account, &client)
            .await
            .map_err(|error| unavailable(&error))?;
        let is_right = |stored: &Token| {
            stored.mechanism == self.mechanism.as_str()
                && message.proves(
                    &self.inner.token_key.token(account, self.mechanism, &stored.secret),
                    channel,
                )
        };
        let position = stored.iter().position(is_right).ok_or(Failure::not_authorized())?;
        let used = &stored[position];
        if let Some(counter) = counter {
            self.advance(account, used.id, counter).await?;
        }
        let found = candidate.found.ok_or(Failure::not_authorized())?;
        let admitted = self.admit(candidate.target, found, None)?;
        // XEP-0484 §3.5: the use of a token ends the ones issued before it.
        if position == 0 && stored.len() > 1 {
            tokens
                .confirm(account, &client, used.id)
                .await
                .map_err(|error| unavailable(&error))?;
        }
        let token = self.inner.token_key.token(account, self.mechanism, &used.secret);
        let answer = hashed_token::responder(&token, channel).to_vec();
        let used = UsedToken {
            id: used.id,
            client,
            mechanism: self.mechanism,
            expires_at: used.expires_at,
        };
        Ok(Authenticated {
            additional_data: Some(answer),
            used_token: Some(used),
            ..admitted
        })
    }

    /// XEP-0484 §3.4: a counter is good once, and only if none that was as great has been seen.
    async fn advance(&self, account: AccountId, token: TokenId, counter: u64) -> Result<(), Failure> {
        let counter = i64::try_from(counter).map_err(|_| Failure::malformed("the counter is too great"))?;
        let tokens = self.inner.storage.tokens();
        let is_new = tokens
            .advance(account, token, counter)
            .await
            .map_err(|error| unavailable(&error))?;
        if is_new { Ok(()) } else { Err(Failure::not_authorized()) }
    }
}

impl Authenticator {
    /// Does what a client asked for beside logging in, and what is due: ends its token, gives it a new one. To be
    /// called after every other task of the login, before its `<success/>`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn settle_tokens(
        &self,
        authenticated: &Authenticated,
        request: TokenRequest<'_>,
    ) -> Result<Option<IssuedToken>, Failure> {
        let Some(account) = authenticated.account_id else {
            return Ok(None);
        };
        let used = authenticated.used_token.as_ref();
        let tokens = self.inner.storage.tokens();
        if let (true, Some(used)) = (request.invalidate, used) {
            tokens
                .revoke(account, &used.client)
                .await
                .map_err(|error| unavailable(&error))?;
        }
        let Some((client, mechanism)) = self.wanted(used, request) else {
            return Ok(None);
        };
        let kept = used
            .filter(|used| !request.invalidate && used.client == client)
            .map(|used| used.id);
        self.issue(account, client, mechanism, kept).await.map(Some)
    }

    /// For whom and for which mechanism a new token is to be made, if any.
    fn wanted<'a>(&self, used: Option<&'a UsedToken>, request: TokenRequest<'a>) -> Option<(&'a str, Mechanism)> {
        let settings = self.settings();
        if !settings.fast {
            return None;
        }
        if let (Some(client), Some(mechanism)) = (known(request.client), request.mechanism) {
            let mechanism = mechanism.parse().ok();
            return Some((
                client,
                mechanism.filter(|mechanism| matches!(mechanism, Mechanism::HashedToken(_)))?,
            ));
        }
        let used = used.filter(|_| !request.invalidate)?;
        let left = used.expires_at.saturating_sub(self.inner.clock.now_micros());
        let fresh = micros(settings.token_lifetime.saturating_sub(settings.token_rotation));
        (left <= fresh).then_some((used.client.as_str(), used.mechanism))
    }

    async fn issue(
        &self,
        account: AccountId,
        client: &str,
        mechanism: Mechanism,
        used: Option<TokenId>,
    ) -> Result<IssuedToken, Failure> {
        let seed = random::bytes::<SEED_BYTES>(&*self.inner.random);
        let token = self.inner.token_key.token(account, mechanism, &seed);
        let expires_at = self
            .inner
            .clock
            .now_micros()
            .saturating_add(micros(self.settings().token_lifetime));
        let new = NewToken {
            mechanism: mechanism.as_str().to_owned(),
            secret: seed.to_vec(),
            expires_at,
        };
        let tokens = self.inner.storage.tokens();
        tokens
            .issue(account, client, &new, used)
            .await
            .map_err(|error| unavailable(&error))?;
        Ok(IssuedToken { token, expires_at })
    }
}

/// A client's id that can be one.
fn known(client: Option<&str>) -> Option<&str> {
    client.filter(|client| !client.is_empty() && client.len() <= CLIENT_MAX_BYTES && !client.contains('\0'))
}
