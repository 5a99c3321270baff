//! The door: what may be tried on a connection, and the beginning of every attempt.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::RwLock;
use protocol::sasl::scram::Hash;
use protocol::sasl::{ChannelBinding, Failure, FailureCondition, Mechanism};
use storage::{Clock, HostId, Storage, StorageError};

use crate::decoy::Decoys;
use crate::exchange::Exchange;
use crate::lockout::Lockout;
use crate::stretch::Stretcher;
use crate::token::{TokenKey, TokenUse};
use crate::{Authenticated, Binding, Random, Settings, SharedFailures, Step, Upgrade, certificate, random};

/// Decides who may log in. Clones are the same door.
#[derive(Clone)]
pub struct Authenticator {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) storage: Storage,
    pub(crate) settings: ArcSwap<Settings>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) decoys: Decoys,
    pub(crate) token_key: TokenKey,
    pub(crate) stretcher: Stretcher,
    pub(crate) lockout: Lockout,
    /// A host's number never changes, so it is asked for once, until hosts come or go.
    hosts: RwLock<HashMap<String, HostId>>,
}

impl Authenticator {
    /// Over the accounts of a storage. Makes this deployment's secrets up when there are none yet.
    ///
    /// `pepper` is a secret from outside the database, or empty. With one, what is stored of a token is worth
    /// nothing to whoever steals the database alone; every node needs the same, and another one ends all tokens.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn new(
        storage: Storage,
        settings: Settings,
        pepper: &[u8],
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, StorageError> {
        let make = || random::bytes::<32>(&*random).to_vec();
        let decoys = storage.secrets().get_or_create("auth.decoys", make).await?;
        let token_key = TokenKey::new(&storage.secrets().get_or_create("auth.tokens", make).await?, pepper);
        let inner = Inner {
            storage,
            settings: ArcSwap::from_pointee(settings),
            clock,
            random,
            lockout: Lockout::new(decoys.clone()),
            decoys: Decoys::new(decoys),
            token_key,
            stretcher: Stretcher::new(),
            hosts: RwLock::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        self.inner.settings.load_full()
    }

    /// Other settings, from the next attempt on.
    pub fn set_settings(&self, settings: Settings) {
        self.inner.settings.store(Arc::new(settings));
    }

    /// Asks for the hosts anew: one that was deleted and added again has another number, and other accounts.
    pub fn forget_hosts(&self) {
        self.inner.hosts.write().clear();
    }

    /// Counts failed logins together with other servers that have the same accounts. Once, before anybody logs in.
    pub fn share_failures(&self, shared: Arc<dyn SharedFailures>) {
        self.inner.lockout.share(shared);
    }

    /// The mechanisms for this connection, the one we would choose first: for `<mechanisms/>` (RFC 6120 §6.4.1)
    /// and for `<authentication/>` (XEP-0388 §2.2). Anything else is refused.
    #[must_use]
    pub fn offered(&self, binding: &Binding) -> Vec<Mechanism> {
        self.inner.offered(binding)
    }

    /// The mechanisms for tokens on this connection, for `<fast/>` inside SASL2 (XEP-0484 §3.1).
    #[must_use]
    pub fn offered_for_tokens(&self, binding: &Binding) -> Vec<Mechanism> {
        self.inner.offered_for_tokens(binding)
    }

    /// For `<sasl-channel-binding/>` (XEP-0440), which stands beside the mechanisms where it is not empty.
    #[must_use]
    pub fn channel_binding_types(&self, binding: &Binding) -> Vec<ChannelBinding> {
        binding.channel_binding_types()
    }

    /// For `<upgrade/>` inside SASL2 (XEP-0480 §2.1).
    #[must_use]
    pub fn offered_upgrades(&self) -> &'static [Upgrade] {
        &Upgrade::ALL
    }

    /// Begins an exchange. `initial` is the decoded initial response, [`protocol::sasl::payload::decode`] of it:
    /// `None` where there is none, which is not the same as an empty one.
    pub async fn start(&self, binding: &Binding, mechanism: &str, initial: Option<&[u8]>) -> Step {
        self.begin(binding, mechanism, initial, None).await
    }

    /// Checks a password that somebody typed into a form of ours, with the same keys and the same bounds on guesses as
    /// a client's login, whatever mechanisms clients are offered.
    ///
    /// # Errors
    /// Where it does not lead to an account that may be used.
    pub async fn check_password(
        &self,
        host: &str,
        username: &str,
        password: &str,
        address: IpAddr,
    ) -> Result<Authenticated, Failure> {
        if self.is_shut_out(address) {
            return Err(shut_out());
        }
        let binding = Binding {
            host: host.to_owned(),
            encrypted: true,
            tls_version: None,
            tls_exporter: None,
            tls_server_end_point: None,
            client_certificate: None,
            address,
        };
        let exchange = Exchange::new(Arc::clone(&self.inner), binding, Mechanism::Plain, Vec::new(), None);
        exchange.plain(format!("\0{username}\0{password}").as_bytes()).await
    }

    /// Somebody who knew the password of an account had a wrong code for it: that counts at their address like a
    /// wrong password, and no right password forgives it.
    pub fn count_wrong_code(&self, host: &str, username: &str, address: IpAddr) {
        let inner = &self.inner;
        let target = inner.lockout.target(host, &format!("{username}\0code"));
        let settings = inner.settings.load();
        let alarm = inner
            .lockout
            .failed(target, address, inner.clock.now_micros(), &settings);
        if alarm.is_shut_out {
            tracing::warn!(target: "auth", %address, "too many wrong codes: this address is refused for a while");
        }
    }

    /// Begins an exchange by token: SASL2 with `<fast/>`.
    pub async fn start_with_token(
        &self,
        binding: &Binding,
        mechanism: &str,
        initial: Option<&[u8]>,
        token: TokenUse<'_>,
    ) -> Step {
        self.begin(binding, mechanism, initial, Some(token)).await
    }

    async fn begin(
        &self,
        binding: &Binding,
        mechanism: &str,
        initial: Option<&[u8]>,
        token: Option<TokenUse<'_>>,
    ) -> Step {
        let offered = match token {
            Some(_) => self.inner.offered_for_tokens(binding),
            None => self.inner.offered(binding),
        };
        // A name that is not offered may be of any length and content, so it does not become a label.
        let Some(mechanism) = mechanism.parse().ok().filter(|mechanism| offered.contains(mechanism)) else {
            count_failure("other", FailureCondition::InvalidMechanism);
            return Failure::new(FailureCondition::InvalidMechanism, "this mechanism was not offered").into();
        };
        if self.is_shut_out(binding.address) {
            let failure = shut_out();
            count_failure(mechanism.as_str(), failure.condition);
            return failure.into();
        }
        let exchange = Exchange::new(Arc::clone(&self.inner), binding.clone(), mechanism, offered, token);
        match initial {
            Some(message) => Box::new(exchange).respond(message).await,
            // RFC 4422 §5: a client that speaks first gets an empty challenge to speak.
            None => Step::Challenge(Vec::new(), Box::new(exchange)),
        }
    }

    /// Whether so many logins from this address have failed that a listener need not even accept it.
    #[must_use]
    pub fn is_shut_out(&self, address: IpAddr) -> bool {
        self.inner.is_shut_out(address)
    }

    /// Somebody at this address guessed at a secret that is no account's password (`what`, for the log). It counts as a
    /// wrong password does: who has guessed too often is shut out from both.
    pub fn note_guess(&self, address: IpAddr, what: &str) {
        let inner = &self.inner;
        let alarm = inner.lockout.failed(
            inner.lockout.target("", what),
            address,
            inner.clock.now_micros(),
            &inner.settings.load(),
        );
        if alarm.is_shut_out {
            tracing::warn!(target: "auth", %address, "too many wrong guesses at {what} from this address: it is shut out");
        }
    }
}

impl Inner {
    fn offered(&self, binding: &Binding) -> Vec<Mechanism> {
        let settings = self.settings.load();
        let can_bind = !binding.channel_binding_types().is_empty();
        let is_offered = |mechanism: &Mechanism| match *mechanism {
            Mechanism::Scram { hash, plus } => (hash == Hash::Sha256 || settings.scram_sha_1) && (!plus || can_bind),
            Mechanism::External => settings.external && !certificate::accounts(binding, &settings).is_empty(),
            Mechanism::Plain => settings.plain && binding.encrypted,
            Mechanism::Anonymous => settings.anonymous_hosts.contains(&binding.host),
            Mechanism::HashedToken(_) => false,
        };
        Mechanism::ALL.into_iter().filter(is_offered).collect()
    }

    fn offered_for_tokens(&self, binding: &Binding) -> Vec<Mechanism> {
        if !self.settings.load().fast || !binding.encrypted {
            return Vec::new();
        }
        let channel = binding.channel();
        let is_offered = |mechanism: &Mechanism| match *mechanism {
            Mechanism::HashedToken(Some(bound)) => channel.data(bound).is_some(),
            Mechanism::HashedToken(None) => true,
            _ => false,
        };
        Mechanism::ALL.into_iter().filter(is_offered).collect()
    }

    pub(crate) fn is_shut_out(&self, address: IpAddr) -> bool {
        self.lockout
            .is_shut_out(address, self.clock.now_micros(), &self.settings.load())
    }

    /// The number of a host; `None` where it is none of ours.
    pub(crate) async fn host(&self, domain: &str) -> Result<Option<HostId>, StorageError> {
        if let Some(host) = self.hosts.read().get(domain) {
            return Ok(Some(*host));
        }
        let found = self.storage.hosts().find(domain).await?;
        if let Some(host) = found {
            self.hosts.write().insert(domain.to_owned(), host);
        }
        Ok(found)
    }
}

/// What a client is told whose address has failed too often.
pub(crate) fn shut_out() -> Failure {
    Failure::new(
        FailureCondition::TemporaryAuthFailure,
        "too many failed logins from this address; try again in an hour",
    )
}

/// What a client is told when the database does not answer. The operator is told why.
pub(crate) fn unavailable(error: &StorageError) -> Failure {
    tracing::error!(target: "auth", %error, "accounts cannot be read or changed");
    Failure::new(
        FailureCondition::TemporaryAuthFailure,
        "the server cannot reach its accounts; try again later",
    )
}

pub(crate) fn count_failure(mechanism: &'static str, condition: FailureCondition) {
    metrics::counter!("auth_failures", "mechanism" => mechanism, "reason" => condition.as_str()).increment(1);
}

pub(crate) fn count_success(mechanism: &'static str) {
    metrics::counter!("auth_success", "mechanism" => mechanism).increment(1);
}
