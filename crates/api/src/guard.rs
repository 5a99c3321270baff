//! Before every route but the description: a token, and the power that the route needs. What passes here carries an
//! [`Actor`].

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::MethodRouter,
};
use ops::{Actor, Needs, NoToken};

use crate::{Api, door, problem::Problem};

/// Bytes of a request's body at most: the longest value of a property, escaped, and some.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024;

/// Seconds after which an address that is shut out is heard again.
const SHUT_OUT_SECS: &str = "3600";

/// Puts the guard before these routes.
pub(crate) fn before(routes: Router<Api>, api: &Api) -> Router {
    routes
        .layer(from_fn_with_state(api.clone(), admit))
        .with_state(api.clone())
}

/// Puts a check of power before a route.
pub(crate) fn needing(route: MethodRouter<Api>, needs: Needs) -> MethodRouter<Api> {
    route.route_layer(from_fn(move |request: Request, next: Next| {
        check_power(needs, request, next)
    }))
}

async fn admit(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Some(peer) = door::peer(&request) else {
        return Problem::new(StatusCode::FORBIDDEN, "It is not known where this comes from.").into_response();
    };
    let Some(token) = bearer(request.headers()) else {
        return unknown(
            HeaderValue::from_static("Bearer realm=\"hearth\""),
            "Send a token: Authorization: Bearer …",
        );
    };
    match api.acts.tokens.find(token, peer.ip()).await {
        Ok(actor) => pass(actor, request, next).await,
        Err(error @ NoToken::Wrong) => {
            let challenge = HeaderValue::from_static("Bearer realm=\"hearth\", error=\"invalid_token\"");
            unknown(challenge, &sentence(&error.to_string()))
        }
        Err(error @ NoToken::ShutOut) => {
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, &sentence(&error.to_string()));
            ([(RETRY_AFTER, SHUT_OUT_SECS)], problem).into_response()
        }
        Err(NoToken::Failed(error)) => Problem::from(error).into_response(),
    }
}

/// The token of a request (RFC 6750 §2.1). Two are none: who sees which would be a guess.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?.to_str().ok()?, values.next()) else {
        return None;
    };
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unknown(challenge: HeaderValue, why: &str) -> Response {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, why);
    ([(WWW_AUTHENTICATE, challenge)], problem).into_response()
}

/// A change is made to its end even where whoever asked goes away meanwhile: half of one is in no record.
async fn pass(actor: Actor, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(actor);
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        let why = format!("The body is longer than {BODY_BYTES_MAX} bytes, or did not arrive whole. Nothing was done.");
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, &why).into_response();
    };
    let request = Request::from_parts(parts, Body::from(body));
    let working = tokio::spawn(async move { next.run(request).await });
    working
        .await
        .unwrap_or_else(|_| Problem::failed(StatusCode::INTERNAL_SERVER_ERROR).into_response())
}

async fn check_power(needs: Needs, request: Request, next: Next) -> Response {
    match request.extensions().get::<Actor>() {
        Some(actor) if needs.allows(actor.role()) => next.run(request).await,
        Some(actor) => {
            let why = format!("{actor} ({}) may not do this.", actor.role());
            Problem::new(StatusCode::FORBIDDEN, &why).into_response()
        }
        None => Problem::failed(StatusCode::INTERNAL_SERVER_ERROR).into_response(),
    }
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut characters = clause.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[&'static str], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        assert_eq!(bearer(&headers), expected, "{values:?}");
    }

    #[test]
    fn there_is_one_token_or_none() {
        check(&["Bearer x"], Some("x"));
        check(&["bearer  x "], Some("x"));
        check(&["Bearer x", "Bearer y"], None);
        check(&["Basic x"], None);
        check(&["Bearer"], None);
        check(&["Bearerx y"], None);
        check(&[], None);
    }
}
