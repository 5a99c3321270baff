//! An order, from the wish to the chain (RFC 8555 §7.4), proven by http-01 (§8.3).

use std::{future::Future, pin::Pin, time::Duration};

use instant_acme::{AuthorizationStatus, ChallengeType, Error, Identifier, NewOrder, Order, OrderStatus, RetryPolicy};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};

use crate::{Account, Failure};

/// What came of an order.
pub struct Issued {
    /// The chain, PEM: the certificate, and after it those that vouch for it.
    pub chain: String,
    /// Its key, PEM.
    pub key: String,
}

/// Where answers to challenges are kept.
pub trait Challenges: Send + Sync {
    /// From now on `http://<host>/.well-known/acme-challenge/<token>` is answered by `answer`. The error is a clause.
    fn put<'a>(&'a self, token: &'a str, answer: &'a str) -> Promise<'a, Result<(), String>>;

    /// Nobody asks for it any more.
    fn end<'a>(&'a self, token: &'a str) -> Promise<'a, ()>;
}

/// What comes later.
pub type Promise<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How long, and how often, an authority is asked whether it has looked.
const PATIENCE: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(500))
    .backoff(1.5)
    .timeout(Duration::from_secs(120));

impl Account {
    /// Orders a certificate for this domain, given in ASCII; its key is a new one.
    ///
    /// # Errors
    /// Where the authority refuses, does not reach us, or does not come to an end.
    pub async fn order(&self, domain: &str, challenges: &dyn Challenges) -> Result<Issued, Failure> {
        let mut tokens = Vec::new();
        let issued = self.proven(domain, challenges, &mut tokens).await;
        for token in &tokens {
            challenges.end(token).await;
        }
        issued
    }

    async fn proven(
        &self,
        domain: &str,
        challenges: &dyn Challenges,
        tokens: &mut Vec<String>,
    ) -> Result<Issued, Failure> {
        let failed = |error: Error| self.wire.failure(error);
        let identifiers = [Identifier::Dns(domain.to_owned())];
        let mut order = self
            .account
            .new_order(&NewOrder::new(&identifiers))
            .await
            .map_err(failed)?;
        self.prove(&mut order, challenges, tokens).await?;
        if order.poll_ready(&PATIENCE).await.map_err(failed)? != OrderStatus::Ready {
            return Err(self.refusal(&mut order).await);
        }
        let (request, key) = request(domain).map_err(|error| Failure::new(error.to_string()))?;
        order.finalize_csr(&request).await.map_err(failed)?;
        let chain = order.poll_certificate(&PATIENCE).await.map_err(failed)?;
        Ok(Issued { chain, key })
    }

    /// Has every name proven that is not yet.
    async fn prove(
        &self,
        order: &mut Order,
        challenges: &dyn Challenges,
        tokens: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let failed = |error: Error| self.wire.failure(error);
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(failed)?;
            match authorization.status {
                AuthorizationStatus::Valid => continue,
                AuthorizationStatus::Pending => {}
                status => return Err(Failure::new(format!("the authority has it as {status:?} already"))),
            }
            let Some(mut challenge) = authorization.challenge(ChallengeType::Http01) else {
                return Err(Failure::new("the authority does not look by http-01"));
            };
            let answer = challenge.key_authorization();
            tokens.push(challenge.token.clone());
            let kept = challenges.put(&challenge.token, answer.as_str()).await;
            kept.map_err(|why| Failure::new(format!("the answer cannot be kept: {why}")))?;
            challenge.set_ready().await.map_err(failed)?;
        }
        Ok(())
    }

    /// Why an order became invalid: what its challenges say.
    async fn refusal(&self, order: &mut Order) -> Failure {
        let mut authorizations = order.authorizations();
        while let Some(Ok(mut authorization)) = authorizations.next().await {
            let Ok(state) = authorization.refresh().await else {
                continue;
            };
            if let Some(problem) = state.challenges.iter().find_map(|challenge| challenge.error.as_ref()) {
                return self.wire.failure(Failure::of_problem(problem));
            }
        }
        Failure::new("the authority refused and did not say why")
    }
}

/// A signing request (RFC 8555 §7.4: the names are all that it says), DER, and its key, PEM.
fn request(domain: &str) -> Result<(Vec<u8>, String), rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut parameters = CertificateParams::new(vec![domain.to_owned()])?;
    parameters.distinguished_name = DistinguishedName::new();
    let request = parameters.serialize_request(&key)?;
    Ok((request.der().to_vec(), key.serialize_pem()))
}
