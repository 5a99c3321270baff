//! An account at an authority (RFC 8555 §7.3).

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use instant_acme::{AccountCredentials, ExternalAccountKey};
use rustls::ClientConfig;
use serde::{Deserialize, Serialize};

use crate::{Failure, wire::Wire};

/// An account that can order.
pub struct Account {
    pub(crate) account: instant_acme::Account,
    pub(crate) wire: Wire,
}

/// An account to be made. Whoever makes one has agreed to the authority's terms.
pub struct NewAccount<'a> {
    /// The address of the authority's directory.
    pub directory: &'a str,
    /// Where its owner is reached by mail; may be empty.
    pub contact: &'a str,
    /// How the authority knows its owner otherwise, where it wants that.
    pub binding: Option<Binding>,
}

/// What binds an account to another one that its owner has with the authority (§7.3.4).
pub struct Binding {
    id: String,
    key: Vec<u8>,
}

/// What proves that an account is ours.
#[derive(Serialize, Deserialize)]
struct Kept {
    contact: String,
    credentials: AccountCredentials,
}

impl Binding {
    /// From what the authority gave its owner: a name, and a key in base64url. None where that is no such key.
    #[must_use]
    pub fn parse(id: &str, key: &str) -> Option<Self> {
        let key = key.trim().trim_end_matches('=');
        let key = URL_SAFE_NO_PAD.decode(key.replace('+', "-").replace('/', "_")).ok()?;
        (!key.is_empty()).then(|| Self { id: id.to_owned(), key })
    }
}

impl Account {
    /// Makes one; and what proves that it is ours, to be kept secret.
    ///
    /// # Errors
    /// Where the authority refuses.
    pub async fn make(new: NewAccount<'_>, tls: Arc<ClientConfig>) -> Result<(Self, Vec<u8>), Failure> {
        let wire = Wire::new(tls);
        let address = mail(new.contact);
        let contact: Vec<&str> = address.iter().map(String::as_str).collect();
        let wish = instant_acme::NewAccount {
            contact: &contact,
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let binding = new
            .binding
            .map(|binding| ExternalAccountKey::new(binding.id, &binding.key));
        let builder = instant_acme::Account::builder_with_http(Box::new(wire.clone()));
        let made = builder.create(&wish, new.directory.to_owned(), binding.as_ref()).await;
        let (account, credentials) = made.map_err(|error| wire.failure(error))?;
        let kept = Kept {
            contact: new.contact.to_owned(),
            credentials,
        };
        let kept = serde_json::to_vec(&kept).map_err(|error| Failure::new(error.to_string()))?;
        Ok((Self { account, wire }, kept))
    }

    /// The one that these credentials prove to be ours, told of another `contact` where that has changed: then there are
    /// others to be kept.
    ///
    /// # Errors
    /// Where the authority does not answer, or does not know it any more.
    pub async fn restore(
        kept: &[u8],
        contact: &str,
        tls: Arc<ClientConfig>,
    ) -> Result<(Self, Option<Vec<u8>>), Failure> {
        let unreadable = |error: serde_json::Error| Failure::new(format!("the account's key cannot be read: {error}"));
        let found: Kept = serde_json::from_slice(kept).map_err(unreadable)?;
        let wire = Wire::new(tls);
        let builder = instant_acme::Account::builder_with_http(Box::new(wire.clone()));
        let account = builder.from_credentials(found.credentials).await;
        let account = account.map_err(|error| wire.failure(error))?;
        let mut others = None;
        if found.contact != contact {
            let address = mail(contact);
            let contacts: Vec<&str> = address.iter().map(String::as_str).collect();
            let told = account.update_contacts(&contacts).await;
            told.map_err(|error| wire.failure(error))?;
            let found: Kept = serde_json::from_slice(kept).map_err(unreadable)?;
            let kept = Kept {
                contact: contact.to_owned(),
                ..found
            };
            others = Some(serde_json::to_vec(&kept).map_err(unreadable)?);
        }
        Ok((Self { account, wire }, others))
    }
}

impl Wire {
    /// Why it failed, and how long the authority wants to be left alone.
    pub(crate) fn failure(&self, error: impl Into<Failure>) -> Failure {
        Failure {
            retry_after: self.retry_after(),
            ..error.into()
        }
    }
}

fn mail(contact: &str) -> Option<String> {
    (!contact.is_empty()).then(|| format!("mailto:{contact}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_has_a_key_in_base64() {
        for key in ["AAECAw", "AAECAw==", " AAECAw \n", "-_-_", "+/+/"] {
            assert!(Binding::parse("kid", key).is_some(), "{key}");
        }
        for key in ["", "=", "A", "a key"] {
            assert!(Binding::parse("kid", key).is_none(), "{key}");
        }
    }
}
