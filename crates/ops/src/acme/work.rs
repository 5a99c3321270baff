//! What the job needs that orders: what is due, and what came of it.

use storage::{AcmeFailure, Host, KeptCertificate};

use super::{Acme, plan};
use crate::OpsError;

/// What is to be done.
pub struct AcmeWork {
    /// Where it is ordered.
    pub settings: super::AcmeSettings,
    /// The hosts that a certificate is to be ordered for now.
    pub due: Vec<Wanted>,
    /// When the next one is due, in microseconds since 1970; none: none ever is, as things stand.
    pub next_at: Option<i64>,
}

/// A host whose certificate is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The host.
    pub host: Host,
    /// Orders that failed since the last one that did not.
    pub failures: u32,
}

/// An order that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcmeRefusal {
    /// Why, in a clause.
    pub why: String,
    /// How long the authority wants to be left alone, in microseconds.
    pub held_micros: Option<i64>,
}

/// An order has so long, in milliseconds; after that another server may make it.
const CLAIM_MILLIS: i64 = 6 * 60 * 1000;

impl Acme {
    /// What is to be done now.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn work(&self) -> Result<AcmeWork, OpsError> {
        let found = Box::pin(self.found()).await?;
        let now = self.storage.now_micros();
        let (mut due, mut next_at) = (Vec::new(), None::<i64>);
        let wanted = |host: &&Host| found.settings.wants(&host.domain) && !self.here.is_configured(&host.domain);
        for host in found.hosts.iter().filter(wanted).filter(|_| found.consent.is_some()) {
            let order = found.order(host);
            let at = plan::next(found.kept(host).and_then(present), order);
            if at > now {
                next_at = Some(next_at.map_or(at, |next| next.min(at)));
            } else if !order.is_some_and(|order| order.is_claimed) {
                let failures = order.map_or(0, |order| order.failures);
                let host = host.clone();
                due.push(Wanted { host, failures });
            }
        }
        Ok(AcmeWork {
            settings: found.settings,
            due,
            next_at,
        })
    }

    /// Nobody else orders for this host from now on; `false` where somebody does, or it is not due any more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn claim(&self, host: &Host, claim: &str) -> Result<bool, OpsError> {
        if !self.storage.acme().claim(host.id, claim, CLAIM_MILLIS).await? {
            return Ok(false);
        }
        // What was due may have been ordered by another server since that was looked at.
        let found = Box::pin(self.found()).await?;
        let order = found.order(host);
        if plan::next(found.kept(host).and_then(present), order) <= self.storage.now_micros() {
            return Ok(true);
        }
        self.give_up(host, claim).await?;
        Ok(false)
    }

    /// The order of this claim is not made after all.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn give_up(&self, host: &Host, claim: &str) -> Result<(), OpsError> {
        Ok(self.storage.acme().give_up(host.id, claim).await?)
    }

    /// The order of this claim failed; when it is tried again, in microseconds since 1970.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn failed(&self, wanted: &Wanted, claim: &str, refusal: &AcmeRefusal) -> Result<i64, OpsError> {
        let now = self.storage.now_micros();
        let held_until = refusal.held_micros.map_or(0, |micros| now.saturating_add(micros));
        let pause = plan::pause(wanted.failures.saturating_add(1), now / 1000 % 1000);
        let next_at = held_until.max(now + pause);
        let failure = AcmeFailure {
            why: &refusal.why,
            next_at,
            held_until,
        };
        self.storage.acme().fail(wanted.host.id, claim, &failure).await?;
        Ok(next_at)
    }

    /// From now on a challenge is answered, by whatever server is asked (RFC 8555 §8.3).
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn put_challenge(&self, token: &str, answer: &str) -> Result<(), OpsError> {
        let acme = self.storage.acme();
        Ok(acme.put_challenge(token, answer, CLAIM_MILLIS * 1000).await?)
    }

    /// Nobody asks for it any more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn end_challenge(&self, token: &str) -> Result<(), OpsError> {
        Ok(self.storage.acme().end_challenge(token).await?)
    }

    /// What to answer to whoever asks for a token; none: nobody has to know.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn challenge(&self, token: &str) -> Result<Option<String>, OpsError> {
        Ok(self.storage.acme().challenge(token).await?)
    }
}

/// From when until when a kept certificate is valid; none where it cannot be read.
pub(super) fn present(kept: &KeptCertificate) -> Option<plan::Present> {
    let chain = transport::read_chain(&kept.chain).ok()?;
    let leaf = chain.first()?;
    Some(plan::Present {
        from: micros(leaf.not_before),
        until: micros(leaf.not_after),
        stored_at: kept.stored_at,
    })
}

fn micros(time: std::time::SystemTime) -> i64 {
    let since = time.duration_since(std::time::SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
