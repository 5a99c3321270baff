//! `/welcome`: the end of set-up, and how the first two people get to chat.

use askama::Template;
use axum::response::Response;
use ops::ListenerInfo;

use crate::{
    frame::Frame,
    language::{filters, t},
    refusal::rendered,
    visit::Visit,
};

#[derive(Template)]
#[template(path = "welcome.html")]
struct Page {
    frame: Frame,
    /// Those for clients.
    listeners: Vec<ListenerInfo>,
    /// Whether only this machine reaches them.
    is_local: bool,
    is_self_signed: bool,
}

pub(crate) async fn page(visit: Visit) -> Response {
    let mut server = match visit.acts().servers.here(visit.actor()).await {
        Ok(server) => server,
        Err(error) => return visit.refuse(&error).await,
    };
    server.listeners.retain(|listener| listener.purpose == "clients");
    let is_loopback = |listener: &ListenerInfo| {
        let address = listener.address.parse::<std::net::SocketAddr>();
        address.is_ok_and(|address| address.ip().is_loopback())
    };
    rendered(&Page {
        frame: visit.frame(t("The server is set up. Welcome.")).await,
        is_local: server.listeners.iter().all(is_loopback),
        is_self_signed: server.certificates.iter().any(|certificate| certificate.is_self_signed),
        listeners: server.listeners,
    })
}
