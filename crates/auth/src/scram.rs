//! Logging in by SCRAM: one database read at most, two HMACs, one hash.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use protocol::sasl::scram::{self, ClientFirst, Hash, Keys, Terms};
use protocol::sasl::{ChannelBinding, Failure, Mechanism, downgrade};
use storage::{Credentials, ScramKeys};

use crate::candidate::Candidate;
use crate::exchange::{Exchange, Progress};
use crate::step::Proven;
use crate::{Authenticated, Upgrade, random};

/// Our half of the nonce: 144 bits, 24 characters.
const NONCE_BYTES: usize = 18;

/// A challenge that has gone out.
pub(crate) struct Challenged {
    hash: Hash,
    exchange: scram::Exchange,
    candidate: Candidate,
    authzid: Option<String>,
}

impl Exchange {
    pub(crate) async fn scram_first(&self, hash: Hash, plus: bool, message: &[u8]) -> Result<Progress, Failure> {
        let plus_offered = self
            .offered
            .iter()
            .any(|offered| matches!(offered, Mechanism::Scram { plus: true, .. }));
        let terms = Terms {
            plus,
            plus_offered,
            channel: self.binding.channel(),
        };
        let first = ClientFirst::parse(message, terms)?;
        let candidate = self.candidate(&first.username).await?;
        let iterations = self.inner.settings.load().iterations;
        // Made even where it is not needed, so that both take the same time.
        let decoy = self
            .inner
            .decoys
            .keys(hash, &self.binding.host, &candidate.name, iterations);
        let real = candidate
            .found
            .as_ref()
            .and_then(|found| of(hash, &found.login.credentials));
        let keys = real.map_or_else(|| decoy.as_keys(), borrowed);
        let nonce = STANDARD_NO_PAD.encode(random::bytes::<NONCE_BYTES>(&*self.inner.random));
        let authzid = first.authzid.clone();
        let (challenge, exchange) = first.challenge(hash, &keys, &nonce, &self.offer(hash));
        Ok(Progress::Challenge(
            challenge,
            Box::new(Challenged {
                hash,
                exchange,
                candidate,
                authzid,
            }),
        ))
    }

    pub(crate) async fn scram_final(&self, challenged: Challenged, message: &[u8]) -> Result<Authenticated, Failure> {
        let Challenged {
            hash,
            exchange,
            candidate,
            authzid,
        } = challenged;
        self.pace(&candidate).await?;
        let outcome = exchange.finish(message);
        let target = candidate.target;
        let (server_final, found) = match (outcome, candidate.found) {
            (Ok(server_final), Some(found)) => (server_final, found),
            (Err(failure), _) if failure != Failure::not_authorized() => return Err(failure),
            _ => return Err(self.refuse(target)),
        };
        let upgrades = Upgrade::due(&found.login.credentials, &self.inner.settings.load());
        let proven = of(hash, &found.login.credentials).map(|keys| Proven {
            hash,
            stored_key: keys.stored_key.clone(),
        });
        let admitted = self.admit(target, found, authzid.as_deref())?;
        Ok(Authenticated {
            additional_data: Some(server_final.into_bytes()),
            upgrades,
            proven,
            ..admitted
        })
    }

    /// What was offered on this connection, as attributes of the challenge (XEP-0474, XEP-0515).
    fn offer(&self, hash: Hash) -> String {
        let mechanisms: Vec<_> = self.offered.iter().map(|mechanism| mechanism.as_str()).collect();
        let types: Vec<_> = self
            .binding
            .channel_binding_types()
            .into_iter()
            .map(ChannelBinding::as_str)
            .collect();
        let offer = downgrade::Offer {
            mechanisms: &mechanisms,
            channel_bindings: (!types.is_empty()).then_some(types.as_slice()),
            tls_version: self.binding.tls_version,
        };
        downgrade::attributes(hash, offer)
    }
}

/// The account's keys for a hash function.
pub(crate) fn of(hash: Hash, credentials: &Credentials) -> Option<&ScramKeys> {
    match hash {
        Hash::Sha1 => credentials.sha1.as_ref(),
        Hash::Sha256 => credentials.sha256.as_ref(),
    }
}

pub(crate) fn borrowed(keys: &ScramKeys) -> Keys<'_> {
    Keys {
        salt: &keys.salt,
        iterations: keys.iterations,
        stored_key: &keys.stored_key,
        server_key: &keys.server_key,
    }
}
