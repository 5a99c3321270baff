//! Before everything: who is turned away at once, and what every answer carries.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS},
    },
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};

use crate::{Api, Reach, problem::Problem};

/// Every route answers sooner; the slowest waits for other nodes or for the database.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Puts the door before these routes.
pub(crate) fn before(routes: Router, api: &Api) -> Router {
    routes.layer(from_fn_with_state(api.clone(), pass))
}

async fn pass(State(api): State<Api>, request: Request, next: Next) -> Response {
    let mut response = match turned_away(&api, &request) {
        Some(problem) => problem.into_response(),
        None => match tokio::time::timeout(ANSWER_MAX, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Problem::failed(StatusCode::GATEWAY_TIMEOUT).into_response(),
        },
    };
    protect(response.headers_mut());
    response
}

fn turned_away(api: &Api, request: &Request) -> Option<Problem> {
    const KNOWN: [Method; 5] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE];
    if !KNOWN.contains(request.method()) {
        return Some(Problem::wrong_method());
    }
    if !peer(request).is_some_and(|peer| api.acts.servers.may_come(peer.ip())) {
        return Some(Problem::new(
            StatusCode::FORBIDDEN,
            "This API is not for your network. Whoever is on the server's machine adds yours: hearth property set \
             console.allowed <networks>",
        ));
    }
    let is_from_here = peer(request).is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    (api.reach == Reach::ThisMachine && !is_from_here).then(|| {
        Problem::new(
            StatusCode::FORBIDDEN,
            "Without encryption the API is for programs on the server's own machine. Use its HTTPS address \
             (admin.tls_listen), or a tunnel to this one.",
        )
    })
}

/// The address of whoever asks.
pub(crate) fn peer(request: &Request) -> Option<SocketAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map(|ConnectInfo(address)| *address)
}

/// Nothing here is for a browser to show, keep or guess at.
fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (X_FRAME_OPTIONS, "DENY"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
