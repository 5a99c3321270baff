//! Before every page but the few public ones: a login, the power that the page needs, and for everything that changes
//! something a form of this very login. What passes here carries a [`Visitor`].

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{
        HeaderValue, Method, StatusCode,
        header::{ACCEPT, CONTENT_TYPE},
        request::Parts,
    },
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Redirect, Response},
    routing::MethodRouter,
};
use ops::{Actor, Login, Needs, Token};

use crate::{
    Console, cookies, door,
    fields::{Fields, address},
    language::{self, t, t2, told},
    refusal::{self, Bare},
};

/// Bytes of a form at most: the longest value of a property, encoded, and some.
pub(crate) const FORM_BYTES_MAX: usize = 256 * 1024;

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// As they may act.
    pub(crate) actor: Actor,
    /// Their login.
    pub(crate) token: Token,
    /// Whether it is sure that it is they who sit there still.
    pub(crate) is_proven: bool,
    /// Whether they have a second factor.
    pub(crate) has_second_factor: bool,
    /// Whether every administrator needs one.
    pub(crate) is_factor_required: bool,
}

/// What somebody reaches who has to set a second factor up before anything else.
const ENROLMENT: [&str; 3] = ["/me/second-factor", "/me/second-factor/confirm", "/logout"];

/// Puts the guard before these pages.
pub(crate) fn before(pages: Router<Console>, console: &Console) -> Router {
    pages
        .layer(from_fn_with_state(console.clone(), admit))
        .with_state(console.clone())
}

/// Puts a check of power before a page.
pub(crate) fn needing(page: MethodRouter<Console>, needs: Needs) -> MethodRouter<Console> {
    page.layer(from_fn(move |request: Request, next: Next| {
        check_power(needs, request, next)
    }))
}

async fn admit(State(console): State<Console>, request: Request, next: Next) -> Response {
    let Some(peer) = door::peer(&request) else {
        return refusal::bare(StatusCode::FORBIDDEN, t("It is not known where this comes from."));
    };
    // Pages that keep themselves up to date are no sign of somebody who looks.
    let is_use = !wants_events(&request);
    let visitor = match cookies::login(request.headers(), console.channel) {
        Some(token) => match console.acts.logins.find(&token, peer.ip(), is_use).await {
            Ok(login) => login.map(|login| Visitor::of(login, token)),
            Err(error) => return refusal::bare(StatusCode::SERVICE_UNAVAILABLE, &told(&error)),
        },
        None => None,
    };
    match visitor {
        None => to_the_login(&request),
        Some(visitor) if visitor.must_enrol() && !ENROLMENT.contains(&request.uri().path()) => to_enrolment(&request),
        Some(visitor) if request.method() == Method::POST => change(visitor, request, next).await,
        Some(visitor) => {
            let mut request = request;
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
    }
}

impl Visitor {
    fn of(login: Login, token: Token) -> Self {
        Self {
            actor: login.actor,
            token,
            is_proven: login.is_proven,
            has_second_factor: login.has_second_factor,
            is_factor_required: login.is_factor_required,
        }
    }

    fn must_enrol(&self) -> bool {
        self.is_factor_required && !self.has_second_factor
    }
}

fn to_enrolment(request: &Request) -> Response {
    if request.method() == Method::POST || wants_events(request) {
        let why = t("Every administrator of this server needs a second factor: set yours up first. Nothing was done.");
        return Bare(StatusCode::FORBIDDEN, why).into_response();
    }
    Redirect::to("/me/second-factor").into_response()
}

fn wants_events(request: &Request) -> bool {
    let accept = request.headers().get(ACCEPT);
    accept.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}

fn to_the_login(request: &Request) -> Response {
    if request.method() == Method::POST {
        return Bare(
            StatusCode::UNAUTHORIZED,
            t("You are not logged in any more. Nothing was done."),
        )
        .into_response();
    }
    if wants_events(request) {
        return Bare(StatusCode::UNAUTHORIZED, t("You are not logged in any more.")).into_response();
    }
    let next = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let next = if next == "/" { "" } else { next };
    Redirect::to(&address("/login", &[("next", next)])).into_response()
}

/// A change is made to its end even where the browser goes away meanwhile: half of one is in no record.
async fn change(visitor: Visitor, request: Request, next: Next) -> Response {
    let (mut parts, fields) = match sent(request).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    if !cookies::is_same(&visitor.token.csrf(), fields.raw("csrf")) {
        return Bare(
            StatusCode::FORBIDDEN,
            t("This form is not of your present login. Nothing was done; open the page again."),
        )
        .into_response();
    }
    parts.extensions.insert(visitor);
    parts.extensions.insert(fields);
    let request = Request::from_parts(parts, Body::empty());
    let working = tokio::spawn(language::with(language::here(), async move { next.run(request).await }));
    working.await.unwrap_or_else(|_| {
        refusal::bare(
            StatusCode::INTERNAL_SERVER_ERROR,
            t("This failed. The server's log says more."),
        )
    })
}

/// The fields of a form, and the request without them.
pub(crate) async fn sent(request: Request) -> Result<(Parts, Fields), Response> {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, FORM_BYTES_MAX).await else {
        let why = t("This form is larger than any of ours. Nothing was done.");
        return Err(Bare(StatusCode::PAYLOAD_TOO_LARGE, why).into_response());
    };
    let kind = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if !kind.is_some_and(|kind| kind.starts_with(b"multipart/form-data")) {
        return Ok((parts, Fields::read(&bytes)));
    }
    match Fields::read_parts(Request::from_parts(parts.clone(), Body::from(bytes))).await {
        Some(fields) => Ok((parts, fields)),
        None => Err(Bare(
            StatusCode::BAD_REQUEST,
            t("This form cannot be read. Nothing was done."),
        )
        .into_response()),
    }
}

async fn check_power(needs: Needs, request: Request, next: Next) -> Response {
    let visitor = request.extensions().get::<Visitor>();
    match visitor {
        Some(visitor) if needs.allows(visitor.actor.role()) => next.run(request).await,
        Some(visitor) => refusal::bare(
            StatusCode::FORBIDDEN,
            &t2("{0} ({1}) may not do this.", &visitor.actor, told(visitor.actor.role())),
        ),
        None => Bare(StatusCode::UNAUTHORIZED, t("You are not logged in.")).into_response(),
    }
}
