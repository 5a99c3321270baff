//! Tokens that programs use the API with, instead of an administrator's password.
//!
//! A token acts on behalf of the administrator who made it, and is never worth more than they are at that moment: it
//! goes with their account and their power, sleeps while the account is locked, and shrinks with their role.

use std::net::IpAddr;

use auth::Authenticator;
use protocol::Jid;
use serde::{Deserialize, Serialize};
use storage::{ApiToken, ApiTokenAdded, ApiTokens, Storage};

use crate::{Actor, Administrators, Audit, OpsError, Role, accounts::account_address, audit::Deed, console::Token};

/// Acts on tokens.
#[derive(Clone)]
pub struct Tokens {
    storage: Storage,
    authenticator: Authenticator,
    administrators: Administrators,
    audit: Audit,
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenWish {
    /// What it is called: letters, digits, `-`, `_` and `.`; no two are called the same.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it ends, in microseconds since 1970; none: never.
    pub expires_at: Option<i64>,
    /// The administrator on whose behalf it acts, a bare JID. None: who makes it. Only who is at the server's own
    /// machine, and is no account, says somebody else.
    pub owner: Option<String>,
}

/// A token as an operator sees it. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenInfo {
    /// What it is called.
    pub name: String,
    /// The administrator on whose behalf it acts, a bare JID.
    pub owner: String,
    /// What it may do.
    pub role: Role,
    /// What it may do now; none: nothing, because it has ended, or its owner has less power than it or is locked.
    pub worth: Option<Role>,
    /// When it was made.
    pub created_at: i64,
    /// When it ends; none: never.
    pub expires_at: Option<i64>,
    /// When it was last used, to the minute; none: never.
    pub used_at: Option<i64>,
}

/// Why a token lets nobody in.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NoToken {
    /// It is none, or is worth nothing any more: who asks does not learn which.
    #[error("this token is not known, or has ended")]
    Wrong,
    /// Too many wrong ones came from this address.
    #[error("too many wrong tokens or passwords came from this address; try again in an hour")]
    ShutOut,
    /// The database failed.
    #[error(transparent)]
    Failed(OpsError),
}

/// What every token begins with, so that people and programs that look for secrets know one.
const PREFIX: &str = "hearth_";

impl Tokens {
    /// Acts on the tokens in `storage`; wrong ones are counted by `authenticator`, together with wrong passwords.
    #[must_use]
    pub fn new(storage: Storage, authenticator: Authenticator, administrators: Administrators, audit: Audit) -> Self {
        Self {
            storage,
            authenticator,
            administrators,
            audit,
        }
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// Where the actor's power does not reach, or the database fails.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<TokenInfo>, OpsError> {
        actor.require_server()?;
        let tokens = self.storage.api_tokens().list().await?;
        Ok(tokens.iter().map(TokenInfo::of).collect())
    }

    /// Makes one. What it returns beside what is known of it is the token: it is kept nowhere, and nobody sees it again.
    ///
    /// # Errors
    /// Where the actor is no owner, or what is wished for cannot be.
    pub async fn make(&self, actor: &Actor, wish: &TokenWish) -> Result<(String, TokenInfo), OpsError> {
        let deed = Deed {
            after: Some(wish.role.to_string()),
            ..Deed::new("token.add", &wish.name)
        };
        let work = async {
            actor.require_owner()?;
            if !is_name(&wish.name) {
                return Err(OpsError::TokenName);
            }
            // Else one that is about to end could make itself immortal.
            if let Some(end) = actor.ends_at()
                && wish.expires_at.is_none_or(|wished| wished > end)
            {
                return Err(OpsError::TokenOutlives);
            }
            let owner = owner(actor, wish)?;
            let account = self.administrators.account(&owner).await?;
            if self.storage.administrators().role(account).await?.is_none() {
                return Err(OpsError::NoAdministrator(owner));
            }
            let token = Token::new();
            let new = storage::NewApiToken {
                name: wish.name.clone(),
                account,
                role: self.administrators.stored(&wish.role).await?,
                expires_at: wish.expires_at,
            };
            match self.storage.api_tokens().add(&token.api_hash(), &new).await? {
                ApiTokenAdded::Done => {}
                ApiTokenAdded::Exists => return Err(OpsError::TokenExists(wish.name.clone())),
                ApiTokenAdded::TooMany => return Err(OpsError::TooManyTokens(ApiTokens::MOST)),
            }
            let made = self.storage.api_tokens().by_name(&wish.name).await?;
            let made = made.ok_or_else(|| OpsError::NoToken(wish.name.clone()))?;
            tracing::info!(%actor, name = wish.name, role = %wish.role, "a token was made");
            Ok((format!("{PREFIX}{}", token.reveal()), TokenInfo::of(&made)))
        };
        self.audit.record(actor, deed, work).await
    }

    /// Ends the one of this name, at once and on every server.
    ///
    /// # Errors
    /// Where the actor is no owner, or there is none of this name.
    pub async fn revoke(&self, actor: &Actor, name: &str) -> Result<(), OpsError> {
        let work = async {
            actor.require_owner()?;
            if !self.storage.api_tokens().remove(name).await? {
                return Err(OpsError::NoToken(name.to_owned()));
            }
            tracing::info!(%actor, name, "a token was taken back");
            Ok(())
        };
        self.audit.record(actor, Deed::new("token.revoke", name), work).await
    }

    /// Who has this token, as they may act now.
    ///
    /// # Errors
    /// Where it is worth nothing, or too many wrong ones came from this address.
    pub async fn find(&self, text: &str, from: IpAddr) -> Result<Actor, NoToken> {
        if self.authenticator.is_shut_out(from) {
            return Err(NoToken::ShutOut);
        }
        let failed = |error: storage::StorageError| NoToken::Failed(error.into());
        let found = match text.strip_prefix(PREFIX).and_then(Token::read) {
            Some(token) => self
                .storage
                .api_tokens()
                .find(&token.api_hash())
                .await
                .map_err(failed)?,
            None => None,
        };
        let Some(token) = found else {
            self.authenticator.note_guess(from, "an API token");
            return Err(NoToken::Wrong);
        };
        // One that was right once is no guess.
        let (role, jid) = worth(&token).zip(owner_of(&token)).ok_or(NoToken::Wrong)?;
        self.storage.api_tokens().touch(&token).await.map_err(failed)?;
        Ok(Actor::Token {
            name: token.name,
            jid,
            role,
            address: Some(from),
            ends_at: token.expires_at,
        })
    }
}

impl TokenInfo {
    fn of(token: &ApiToken) -> Self {
        Self {
            name: token.name.clone(),
            owner: format!("{}@{}", token.localpart, token.domain),
            role: role(token.role, token.host.as_deref()).unwrap_or(Role::ReadOnly),
            worth: worth(token),
            created_at: token.created_at,
            expires_at: token.expires_at,
            used_at: token.used_at,
        }
    }
}

/// On whose behalf it is to act.
fn owner(actor: &Actor, wish: &TokenWish) -> Result<String, OpsError> {
    match (actor, &wish.owner) {
        (Actor::Local { .. }, Some(owner)) => Ok(account_address(owner)?.0.to_string()),
        (Actor::Local { .. }, None) => Err(OpsError::TokenWithoutOwner),
        (Actor::Account { jid, .. } | Actor::Token { jid, .. }, None) => Ok(jid.to_string()),
        (Actor::Account { jid, .. } | Actor::Token { jid, .. }, Some(owner)) if *owner == jid.to_string() => {
            Ok(owner.clone())
        }
        (_, Some(owner)) => Err(actor.denied(owner)),
    }
}

fn owner_of(token: &ApiToken) -> Option<Jid> {
    format!("{}@{}", token.localpart, token.domain).parse().ok()
}

/// Names stand in the record and in addresses: no spaces, nothing that looks like something else.
fn is_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=ApiTokens::MAX_NAME_BYTES).contains(&name.len())
        && name.bytes().all(is_part)
        && name.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

fn role(stored: storage::Role, host: Option<&str>) -> Option<Role> {
    match (stored, host) {
        (storage::Role::Owner, _) => Some(Role::Owner),
        (storage::Role::ReadOnly, _) => Some(Role::ReadOnly),
        (storage::Role::Host(_), host) => host.map(|domain| Role::Host(domain.to_owned())),
    }
}

/// What it may do now.
fn worth(token: &ApiToken) -> Option<Role> {
    if token.has_expired || token.is_locked {
        return None;
    }
    let own = role(token.role, token.host.as_deref())?;
    let account = role(token.account_role?, token.account_host.as_deref())?;
    common(own, account)
}

/// What both roles may do, where that is a role: to see one host and change nothing is none.
fn common(token: Role, account: Role) -> Option<Role> {
    match (token, account) {
        (Role::Owner, role) | (role, Role::Owner) => Some(role),
        (token, account) => (token == account).then_some(token),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(token: &Role, account: &Role, expected: Option<&Role>) {
        assert_eq!(
            common(token.clone(), account.clone()).as_ref(),
            expected,
            "{token} of {account}"
        );
    }

    #[test]
    fn a_token_is_worth_no_more_than_who_made_it() {
        let (owner, reader) = (Role::Owner, Role::ReadOnly);
        let (one, two) = (Role::Host("one".to_owned()), Role::Host("two".to_owned()));
        for role in [&owner, &reader, &one] {
            check(&owner, role, Some(role));
            check(role, &owner, Some(role));
            check(role, role, Some(role));
        }
        check(&one, &two, None);
        check(&one, &reader, None);
        check(&reader, &one, None);
    }

    #[test]
    fn names_can_stand_in_an_address_and_in_the_record() {
        for good in ["backup", "CI-2.prod_x", "9", &"x".repeat(64)] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", ".", "..", "-_", "a b", "a/b", "ä", "a\0", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
