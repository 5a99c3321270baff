//! What the pages of one account share: the account itself, and the way from one to the next.

use axum::response::Response;
use ops::AccountInfo;

use super::account::path;
use crate::{language::Text, visit::Visit};

/// The head of each such page.
pub(crate) struct Person {
    /// Bare JID.
    pub(crate) jid: String,
    /// Where the account's page is.
    pub(crate) path: String,
    /// The page that this is, as [`Person::links`] names it.
    pub(crate) here: &'static str,
}

/// Pages of an account: the end of the path, and the name.
const PAGES: [(&str, Text); 5] = [
    ("", Text("Account")),
    ("/contacts", Text("Contacts")),
    ("/blocked", Text("Blocked")),
    ("/offline", Text("Offline messages")),
    ("/vcard", Text("vCard")),
];

impl Person {
    /// Of an account that was found.
    pub(crate) fn of(account: &AccountInfo, here: &'static str) -> Self {
        Self {
            path: path(&account.jid),
            jid: account.jid.clone(),
            here,
        }
    }

    /// Finds the account that the address names.
    pub(crate) async fn find(visit: &Visit, here: &'static str) -> Result<Self, Response> {
        match visit.acts().accounts.get(visit.actor(), visit.name("address")).await {
            Ok(account) => Ok(Self::of(&account, here)),
            Err(error) => Err(visit.refuse(&error).await),
        }
    }

    /// The account's host.
    pub(crate) fn host(&self) -> &str {
        self.jid.rsplit('@').next().unwrap_or_default()
    }

    /// Where this page is.
    pub(crate) fn place(&self) -> String {
        format!("{}{}", self.path, self.here)
    }

    /// The way to each page: address, name, whether this is it.
    pub(crate) fn links(&self) -> Vec<(String, Text, bool)> {
        let link = |(end, name): (&'static str, Text)| (format!("{}{end}", self.path), name, end == self.here);
        PAGES.into_iter().map(link).collect()
    }
}
