//! Which accounts a client certificate stands for.

use protocol::Jid;

use crate::{Binding, Settings};

/// Bare JIDs at this connection's host, from the certificate's own XMPP addresses (RFC 6120 §13.7.1.4) and from
/// the operator's map; each once. Never from a common name, which nobody has verified as an address.
pub(crate) fn accounts(binding: &Binding, settings: &Settings) -> Vec<Jid> {
    let Some(certificate) = binding.client_certificate.as_ref().filter(|_| binding.encrypted) else {
        return Vec::new();
    };
    let own = certificate
        .xmpp_addresses
        .iter()
        .filter_map(|address| address.parse().ok());
    let mapped = settings.certificate_accounts.iter();
    let mapped = mapped
        .filter(|entry| entry.fingerprint == certificate.fingerprint)
        .map(|entry| entry.account.clone());
    let mut accounts: Vec<Jid> = own
        .chain(mapped)
        .filter(|jid| is_account_at(jid, &binding.host))
        .collect();
    accounts.sort();
    accounts.dedup();
    accounts
}

fn is_account_at(jid: &Jid, host: &str) -> bool {
    jid.is_bare() && jid.local().is_some() && jid.domain() == host
}
