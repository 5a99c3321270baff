//! Before everything: who is turned away at once, and what every answer carries.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
        header::{
            ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY,
            STRICT_TRANSPORT_SECURITY, TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
        uri::Authority,
    },
    middleware::{Next, from_fn_with_state},
    response::Response,
};

use crate::{Channel, Console, language::t, refusal};

/// Every page answers sooner; the slowest waits for other nodes or for the database.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Scripts and styles are files of ours; nothing else is loaded, nobody frames us, and forms go nowhere else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// RFC 6797, for half a year; for the name itself, not for others below it.
const ONLY_TLS: &str = "max-age=15552000";

/// Puts the door before these pages.
pub(crate) fn before(pages: Router, console: &Console) -> Router {
    pages.layer(from_fn_with_state(console.clone(), pass))
}

async fn pass(State(console): State<Console>, request: Request, next: Next) -> Response {
    let host = host_of(&request);
    let host = host.as_deref();
    let mut response = match turned_away(&console, &request) {
        Some(response) => response,
        None if !is_asked_for(&console, host).await => refusal::bare(
            StatusCode::MISDIRECTED_REQUEST,
            t(
                "This console does not answer under this name, so that no other site can have its name lead here. Use the \
             server's address, or have the name added to the property console.hosts: hearth property set console.hosts \
             <name>",
            ),
        ),
        None => match tokio::time::timeout(ANSWER_MAX, next.run(request)).await {
            Ok(response) => response,
            Err(_) => refusal::bare(StatusCode::GATEWAY_TIMEOUT, t("This took too long. Try again.")),
        },
    };
    protect(response.headers_mut());
    if tells_of_tls(console.channel, host) {
        response
            .headers_mut()
            .insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(ONLY_TLS));
    }
    response
}

/// The name under which a browser asks, without the port.
fn host_of(request: &Request) -> Option<String> {
    let mut lines = request.headers().get_all(HOST).iter();
    let authority = match (request.uri().authority(), lines.next()) {
        // RFC 9112 §3.2.2: what stands in the request's own line counts.
        (Some(authority), _) => authority.as_str(),
        (None, Some(line)) => line.to_str().ok()?,
        (None, None) => return None,
    };
    let authority: Authority = authority.parse().ok()?;
    (lines.next().is_none() && !authority.as_str().contains('@')).then(|| authority.host().to_owned())
}

async fn is_asked_for(console: &Console, host: Option<&str>) -> bool {
    match host {
        // A database that does not answer is no reason to trust a name.
        Some(host) => console.acts.servers.is_named(host).await.unwrap_or(false),
        None => false,
    }
}

/// Whether a browser is told to stay with TLS at this name.
fn tells_of_tls(channel: Channel, host: Option<&str>) -> bool {
    channel == Channel::Tls && host.is_some_and(|host| !is_loopback(host))
}

/// Names of this machine for itself: what a browser learnt of them would hold for every other server here too.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

fn turned_away(console: &Console, request: &Request) -> Option<Response> {
    if ![Method::GET, Method::HEAD, Method::POST].contains(request.method()) {
        let mut response = refusal::bare(
            StatusCode::METHOD_NOT_ALLOWED,
            t("Pages are read, and forms are sent; nothing else."),
        );
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
        return Some(response);
    }
    // RFC 9112 §6.1: where a body ends can be said in two ways, and somebody between may believe the other one. No browser
    // sends a form of ours in this one.
    if request.headers().contains_key(TRANSFER_ENCODING) {
        let mut response = refusal::bare(
            StatusCode::BAD_REQUEST,
            t("A form says how long it is, and has no chunks."),
        );
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
        return Some(response);
    }
    if console.channel == Channel::Plain && !is_from_here(request) {
        return Some(refusal::bare(
            StatusCode::FORBIDDEN,
            t(
                "Without encryption the console is for browsers on the server's own machine. Use its HTTPS address \
             (admin.tls_listen), or a tunnel to this one.",
            ),
        ));
    }
    if !peer(request).is_some_and(|peer| console.acts.servers.may_come(peer.ip())) {
        return Some(refusal::bare(
            StatusCode::FORBIDDEN,
            t(
                "This console is not for your network. Whoever is on the server's machine adds yours: hearth property set \
             console.allowed <networks>",
            ),
        ));
    }
    (request.method() == Method::POST && is_from_elsewhere(request.headers())).then(|| {
        refusal::bare(
            StatusCode::FORBIDDEN,
            t("This form was sent by another site. Nothing was done."),
        )
    })
}

/// The address of whoever asks, which every listener of ours says.
pub(crate) fn peer(request: &Request) -> Option<SocketAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map(|ConnectInfo(address)| *address)
}

fn is_from_here(request: &Request) -> bool {
    peer(request).is_some_and(|peer| peer.ip().to_canonical().is_loopback())
}

/// Whether a browser says that another site has it send this.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let is_other_site = text(&SITE).is_some_and(|site| !["same-origin", "none"].contains(&site));
    let host = text(&HOST).unwrap_or_default();
    let is_other_origin = text(&ORIGIN).is_some_and(|origin| {
        let origin = origin.parse::<Uri>().ok();
        origin
            .and_then(|origin| origin.authority().map(ToString::to_string))
            .as_deref()
            != Some(host)
    });
    is_other_site || is_other_origin
}

/// `same-origin`: with less of a referrer, browsers do not say either which site a form comes from.
fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_FRAME_OPTIONS, "DENY"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&'static str, &'static str)], expected: bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_static(value));
        }
        assert_eq!(is_from_elsewhere(&map), expected, "{headers:?}");
    }

    #[test]
    fn browsers_stay_with_tls_where_it_was_and_where_the_name_is_this_servers_alone() {
        for (channel, host, expected) in [
            (Channel::Tls, Some("chat.example.org"), true),
            (Channel::Tls, Some("192.0.2.7"), true),
            (Channel::Tls, Some("localhost"), false),
            (Channel::Tls, Some("127.0.0.2"), false),
            (Channel::Tls, Some("[::1]"), false),
            (Channel::Tls, None, false),
            (Channel::Plain, Some("chat.example.org"), false),
        ] {
            assert_eq!(tells_of_tls(channel, host), expected, "{host:?}");
        }
    }

    #[test]
    fn forms_of_other_sites_are_known_by_what_browsers_say() {
        check(&[("host", "a:1")], false);
        check(&[("host", "a:1"), ("origin", "http://a:1")], false);
        check(&[("host", "a:1"), ("origin", "http://a:2")], true);
        check(&[("host", "a:1"), ("origin", "http://a")], true);
        check(&[("host", "a:1"), ("origin", "null")], true);
        check(&[("host", "a:1"), ("origin", "")], true);
        check(&[("host", "a:1"), ("sec-fetch-site", "same-origin")], false);
        check(&[("host", "a:1"), ("sec-fetch-site", "none")], false);
        check(&[("host", "a:1"), ("sec-fetch-site", "same-site")], true);
        check(&[("host", "a:1"), ("sec-fetch-site", "cross-site")], true);
    }
}
