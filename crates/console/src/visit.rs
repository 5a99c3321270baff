//! What a page is told: who asks, for what, with which fields.

use std::collections::HashMap;

use axum::{
    extract::{FromRequestParts, RawPathParams, rejection::RawPathParamsRejection},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use ops::{Actor, OpsError};

use crate::{
    Acts, Console,
    fields::{Fields, address},
    frame::Frame,
    guard::Visitor,
    refusal::{self, Bare},
};

/// Somebody asks for a page, or sends a form.
pub(crate) struct Visit {
    pub(crate) console: Console,
    pub(crate) visitor: Visitor,
    /// The fields of the address.
    pub(crate) query: Fields,
    /// The fields of the form; none where the page is only read.
    pub(crate) form: Fields,
    path: String,
    names: HashMap<String, String>,
}

/// What was done just before, told on the page that follows.
const NOTICES: &[(&str, &str)] = &[
    ("added", "The account was made."),
    ("password", "The password was changed; the account's sessions end."),
    ("locked", "The account is locked; its sessions end."),
    ("unlocked", "The account is unlocked."),
    ("deleted", "The account was deleted."),
    ("contact-set", "The contact was saved; the user's clients are told."),
    (
        "contact-removed",
        "The contact was removed as far as it was the user's own; the user's clients are told.",
    ),
    ("blocked", "The address is blocked."),
    ("unblocked-address", "The address is not blocked any more."),
    ("messages-deleted", "The messages that waited were deleted."),
    ("vcard-set", "The vCard was saved."),
    ("group-added", "The group was made."),
    ("group-changed", "The group was changed."),
    ("group-deleted", "The group was deleted."),
    ("members-added", "The members were added."),
    ("member-removed", "The member was removed."),
    ("closed", "The session is being closed."),
    ("closed-many", "The sessions are being closed."),
    ("set", "The property was set."),
    ("restart", "The property was set. It takes effect at the next start."),
    ("unset", "The value was taken back."),
    ("encrypted", "The value is encrypted now, and shown nowhere any more."),
    (
        "host",
        "The host was added. Every server that runs serves it within seconds.",
    ),
    (
        "certificate-set",
        "The certificate is in force: whoever connects from now on is shown it.",
    ),
    (
        "acme-on",
        "Certificates are ordered from now on. How that goes is shown below.",
    ),
    (
        "acme-off",
        "No more certificates are ordered. Those that are there stay.",
    ),
    (
        "acme-order",
        "The certificate is being ordered. Ask for this page again to see how that goes.",
    ),
    (
        "request-made",
        "The signing request was made: it is below. Its key stays on the server's disk.",
    ),
    (
        "host-disabled",
        "The host is disabled: every server closes its sessions within seconds.",
    ),
    (
        "host-enabled",
        "The host is enabled: every server serves it within seconds.",
    ),
    ("host-deleted", "The host was deleted with its accounts and groups."),
    ("undone", "The change was undone."),
    ("saved", "The settings were saved."),
    (
        "saved-restart",
        "The settings were saved. Some take effect at the next start.",
    ),
    ("unchanged", "Nothing was changed, so there was nothing to save."),
    ("granted", "The role was granted."),
    ("revoked", "The role was revoked."),
    ("factor-removed", "The second factor was removed."),
    ("ended", "The token is worth nothing any more."),
    (
        "on",
        "Clustering was switched on for every server that shares the database.",
    ),
    (
        "off",
        "Clustering was switched off for every server that shares the database.",
    ),
    ("level", "The level was switched."),
    ("removed", "The dead server was removed from the list."),
    ("cleared", "The cache was cleared, on all servers."),
    ("drain", "The server hands over what it has, and then ends."),
];

impl FromRequestParts<Console> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let Some(visitor) = parts.extensions.get::<Visitor>().cloned() else {
            return Err(Bare(StatusCode::UNAUTHORIZED, "You are not logged in.").into_response());
        };
        let unreadable = || Bare(StatusCode::BAD_REQUEST, "This address cannot be read.").into_response();
        let names = match RawPathParams::from_request_parts(parts, console).await {
            Ok(names) => names
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            // A path of no page has none.
            Err(RawPathParamsRejection::MissingPathParams(_)) => HashMap::new(),
            Err(_) => return Err(unreadable()),
        };
        Ok(Self {
            console: console.clone(),
            visitor,
            query: Fields::read(parts.uri.query().unwrap_or_default().as_bytes()),
            form: parts.extensions.get::<Fields>().cloned().unwrap_or_default(),
            path: parts.uri.path().to_owned(),
            names,
        })
    }
}

impl Visit {
    /// What can be done.
    pub(crate) fn acts(&self) -> &Acts {
        &self.console.acts
    }

    /// Who asks.
    pub(crate) fn actor(&self) -> &Actor {
        &self.visitor.actor
    }

    /// A part of the path, by its name in the table of routes.
    pub(crate) fn name(&self, name: &str) -> &str {
        self.names.get(name).map_or("", String::as_str)
    }

    /// The frame of a page.
    pub(crate) async fn frame(&self, title: &str) -> Frame {
        let headline = self.acts().clustering.headline().await;
        let mut frame = Frame::new(title, &self.path, &self.visitor, &headline);
        let done = self.query.raw("done");
        frame.notice = NOTICES.iter().find(|(name, _)| *name == done).map(|(_, text)| *text);
        frame
    }

    /// A page that says why there is no other.
    pub(crate) async fn refuse(&self, error: &OpsError) -> Response {
        self.refuse_with(refusal::status(error), &error.to_string()).await
    }

    /// The same in other words.
    pub(crate) async fn refuse_with(&self, status: StatusCode, why: &str) -> Response {
        refusal::framed(self.frame("").await, status, why)
    }
}

/// After something was done: to this page, which says so.
pub(crate) fn done(path: &str, notice: &'static str) -> Response {
    Redirect::to(&address(path, &[("done", notice)])).into_response()
}

#[cfg(test)]
mod tests {
    use super::NOTICES;

    #[test]
    fn every_notice_is_a_sentence_of_its_own() {
        for (position, (name, text)) in NOTICES.iter().enumerate() {
            assert!(text.ends_with('.'), "{text}");
            let again = NOTICES.iter().rposition(|(other, _)| other == name);
            assert_eq!(again, Some(position), "{name} is there twice");
        }
    }
}
