//! Logging in by EXTERNAL: the client's certificate has said it all (XEP-0178 §2).

use protocol::Jid;
use protocol::sasl::{Failure, FailureCondition, external};

use crate::exchange::Exchange;
use crate::{Authenticated, certificate};

impl Exchange {
    pub(crate) async fn external(&self, message: &[u8]) -> Result<Authenticated, Failure> {
        let authzid = external::parse(message)?;
        let accounts = certificate::accounts(&self.binding, &self.inner.settings.load());
        let jid = chosen(accounts, authzid)?;
        let username = jid.local().expect("the accounts of a certificate have one");
        let candidate = self.candidate(username).await?;
        let found = candidate.found.ok_or(Failure::not_authorized())?;
        self.admit(candidate.target, found, None)
    }
}

/// The one that the client names, or the only one there is.
fn chosen(mut accounts: Vec<Jid>, authzid: Option<&str>) -> Result<Jid, Failure> {
    let invalid = |text| Failure::new(FailureCondition::InvalidAuthzid, text);
    let Some(authzid) = authzid else {
        let only = accounts.pop().filter(|_| accounts.is_empty());
        return only.ok_or_else(|| invalid("the certificate names several accounts: say which"));
    };
    let authzid: Jid = authzid.parse().map_err(|_| invalid("this is not an address"))?;
    accounts
        .into_iter()
        .find(|jid| *jid == authzid)
        .ok_or_else(|| invalid("the certificate does not name this account"))
}
