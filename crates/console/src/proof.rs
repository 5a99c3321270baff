//! Before a grave act: that it is still the administrator who sits there, and not whoever found the browser open. What
//! was to be done is kept in the form that asks, and done at once when the answer is right.

use askama::Template;
use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::MethodRouter,
};
use ops::{NoLogin, Password};

use crate::{
    Console, door,
    fields::Fields,
    frame::Frame,
    guard::Visitor,
    language::{filters, t, told},
    refusal::{Bare, rendered},
};

#[derive(Template)]
#[template(path = "proof.html")]
struct Page<'a> {
    frame: Frame,
    path: &'a str,
    fields: Vec<(&'a str, &'a str)>,
    needs_code: bool,
    error: Option<String>,
}

/// What the answer is sent in; no form of ours has fields of these names.
const PASSWORD: &str = "proof-password";
const CODE: &str = "proof-code";

/// Puts the question before a page.
pub(crate) fn before(page: MethodRouter<Console>, console: &Console) -> MethodRouter<Console> {
    page.layer(from_fn_with_state(console.clone(), ask))
}

async fn ask(State(console): State<Console>, request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    let (visitor, fields) = (
        extensions.get::<Visitor>().cloned(),
        extensions.get::<Fields>().cloned(),
    );
    let (Some(visitor), Some(fields), Some(peer)) = (visitor, fields, door::peer(&request)) else {
        return Bare(StatusCode::UNAUTHORIZED, t("You are not logged in.")).into_response();
    };
    if visitor.is_proven {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    if fields.raw(PASSWORD).is_empty() {
        return question(&console, &visitor, &path, &fields, None).await;
    }
    let (password, code) = (Password::new(fields.raw(PASSWORD).to_owned()), fields.raw(CODE));
    let logins = &console.acts.logins;
    let proven = logins.prove(&visitor.actor, &visitor.token, &password, code, peer.ip());
    match proven.await {
        Ok(()) => next.run(request).await,
        Err(error) => question(&console, &visitor, &path, &fields, Some(error)).await,
    }
}

async fn question(
    console: &Console,
    visitor: &Visitor,
    path: &str,
    fields: &Fields,
    error: Option<NoLogin>,
) -> Response {
    let status = match error {
        Some(NoLogin::NotNow(_)) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::FORBIDDEN,
    };
    let headline = console.acts.clustering.headline().await;
    let page = Page {
        frame: Frame::new(t("Is it still you?"), path, visitor, &headline),
        path,
        fields: fields
            .iter()
            .filter(|(name, _)| ![PASSWORD, CODE, "csrf"].contains(name))
            .collect(),
        needs_code: visitor.has_second_factor,
        error: error.map(|error| match error {
            NoLogin::Wrong => t("the password is wrong").to_owned(),
            error => told(&error),
        }),
    };
    (status, rendered(&page)).into_response()
}
