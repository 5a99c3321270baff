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
    language::{Text, t, told},
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
const NOTICES: &[(&str, Text)] = &[
    ("added", Text("The account was made.")),
    (
        "password",
        Text("The password was changed; the account's sessions end."),
    ),
    ("locked", Text("The account is locked; its sessions end.")),
    ("unlocked", Text("The account is unlocked.")),
    ("deleted", Text("The account was deleted.")),
    (
        "contact-set",
        Text("The contact was saved; the user's clients are told."),
    ),
    (
        "contact-removed",
        Text("The contact was removed as far as it was the user's own; the user's clients are told."),
    ),
    ("blocked", Text("The address is blocked.")),
    ("unblocked-address", Text("The address is not blocked any more.")),
    ("messages-deleted", Text("The messages that waited were deleted.")),
    ("vcard-set", Text("The vCard was saved.")),
    ("group-added", Text("The group was made.")),
    ("group-changed", Text("The group was changed.")),
    ("group-deleted", Text("The group was deleted.")),
    ("members-added", Text("The members were added.")),
    ("member-removed", Text("The member was removed.")),
    ("closed", Text("The session is being closed.")),
    ("closed-many", Text("The sessions are being closed.")),
    ("set", Text("The property was set.")),
    (
        "restart",
        Text("The property was set. It takes effect at the next start."),
    ),
    ("unset", Text("The value was taken back.")),
    (
        "encrypted",
        Text("The value is encrypted now, and shown nowhere any more."),
    ),
    (
        "host",
        Text("The host was added. Every server that runs serves it within seconds."),
    ),
    (
        "certificate-set",
        Text("The certificate is in force: whoever connects from now on is shown it."),
    ),
    (
        "acme-on",
        Text("Certificates are ordered from now on. How that goes is shown below."),
    ),
    (
        "acme-off",
        Text("No more certificates are ordered. Those that are there stay."),
    ),
    (
        "acme-order",
        Text("The certificate is being ordered. Ask for this page again to see how that goes."),
    ),
    (
        "request-made",
        Text("The signing request was made: it is below. Its key stays on the server's disk."),
    ),
    (
        "host-disabled",
        Text("The host is disabled: every server closes its sessions within seconds."),
    ),
    (
        "host-enabled",
        Text("The host is enabled: every server serves it within seconds."),
    ),
    (
        "host-deleted",
        Text("The host was deleted with its accounts and groups."),
    ),
    ("undone", Text("The change was undone.")),
    ("saved", Text("The settings were saved.")),
    (
        "saved-restart",
        Text("The settings were saved. Some take effect at the next start."),
    ),
    ("unchanged", Text("Nothing was changed, so there was nothing to save.")),
    ("granted", Text("The role was granted.")),
    ("revoked", Text("The role was revoked.")),
    ("factor-removed", Text("The second factor was removed.")),
    ("ended", Text("The token is worth nothing any more.")),
    (
        "on",
        Text("Clustering was switched on for every server that shares the database."),
    ),
    (
        "off",
        Text("Clustering was switched off for every server that shares the database."),
    ),
    ("level", Text("The level was switched.")),
    ("removed", Text("The dead server was removed from the list.")),
    ("cleared", Text("The cache was cleared, on all servers.")),
    ("drain", Text("The server hands over what it has, and then ends.")),
];

impl FromRequestParts<Console> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let Some(visitor) = parts.extensions.get::<Visitor>().cloned() else {
            return Err(Bare(StatusCode::UNAUTHORIZED, t("You are not logged in.")).into_response());
        };
        let unreadable = || Bare(StatusCode::BAD_REQUEST, t("This address cannot be read.")).into_response();
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
        frame.notice = NOTICES
            .iter()
            .find(|(name, _)| *name == done)
            .map(|(_, text)| text.say());
        frame
    }

    /// A page that says why there is no other.
    pub(crate) async fn refuse(&self, error: &OpsError) -> Response {
        self.refuse_with(refusal::status(error), &told(error)).await
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
    use super::{NOTICES, Text};

    #[test]
    fn every_notice_is_a_sentence_of_its_own() {
        for (position, (name, Text(text))) in NOTICES.iter().enumerate() {
            assert!(text.ends_with('.'), "{text}");
            let again = NOTICES.iter().rposition(|(other, _)| other == name);
            assert_eq!(again, Some(position), "{name} is there twice");
        }
    }
}
