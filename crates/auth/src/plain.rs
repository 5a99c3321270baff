//! Logging in by PLAIN: the password is stretched here and compared with the SCRAM keys.

use protocol::sasl::scram::{DerivedKeys, Hash};
use protocol::sasl::{Failure, FailureCondition, plain, saslprep};
use subtle::ConstantTimeEq;

use crate::candidate::Candidate;
use crate::exchange::Exchange;
use crate::stretch::Recipe;
use crate::{Authenticated, scram};

impl Exchange {
    pub(crate) async fn plain(&self, message: &[u8]) -> Result<Authenticated, Failure> {
        let message = plain::Message::parse(message)?;
        let candidate = self.candidate(message.authcid).await?;
        let Ok(password) = saslprep(message.password) else {
            return Err(self.refuse(candidate.target));
        };
        let is_right = self.is_password(&candidate, &password).await?;
        self.pace(&candidate).await?;
        let Some(found) = candidate.found.filter(|_| is_right) else {
            return Err(self.refuse(candidate.target));
        };
        let authzid = Some(message.authzid).filter(|authzid| !authzid.is_empty());
        self.raise(&found, &password);
        self.admit(candidate.target, found, authzid)
    }

    /// Whether the password leads to the account's keys. For nobody's account it takes as long.
    async fn is_password(&self, candidate: &Candidate, password: &str) -> Result<bool, Failure> {
        let settings = self.inner.settings.load_full();
        let keys = candidate.found.as_ref().and_then(|found| {
            let best = [Hash::Sha256, Hash::Sha1].into_iter();
            best.filter_map(|hash| Some((hash, scram::of(hash, &found.login.credentials)?)))
                .next()
        });
        let decoy = self
            .inner
            .decoys
            .keys(Hash::Sha256, &self.binding.host, &candidate.name, settings.iterations);
        let (hash, keys) = keys.map_or_else(
            || (Hash::Sha256, decoy.as_keys()),
            |(hash, keys)| (hash, scram::borrowed(keys)),
        );
        let recipe = Recipe {
            hash,
            salt: keys.salt.to_vec(),
            iterations: keys.iterations,
        };
        let derived = self
            .inner
            .stretcher
            .stretch(password, vec![recipe], settings.password_queue)
            .await;
        let derived = derived.map_err(|_| busy())?;
        Ok(derived.iter().all(|derived| is_same(derived, keys.stored_key)))
    }
}

fn is_same(derived: &DerivedKeys, stored_key: &[u8]) -> bool {
    derived.stored_key.ct_eq(stored_key).into()
}

fn busy() -> Failure {
    Failure::new(
        FailureCondition::TemporaryAuthFailure,
        "the server is busy with other logins; try again later",
    )
}
