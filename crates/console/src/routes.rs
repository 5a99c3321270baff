//! Every page, and what it needs. What is not here does not exist.

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use ops::Needs;

use crate::{Console, assets, guard, pages, refusal::Bare, visit::Visit};

/// A page as the table has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteInfo {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path; what varies is in braces.
    pub path: &'static str,
    /// What it needs.
    pub needs: Needs,
    /// Its name in the menu, if it is there.
    pub menu: Option<&'static str>,
}

struct Route {
    info: RouteInfo,
    handler: MethodRouter<Console>,
}

/// Every page behind the login.
#[must_use]
pub fn table() -> Vec<RouteInfo> {
    routes().into_iter().map(|route| route.info).collect()
}

fn routes() -> Vec<Route> {
    use Needs::{Change, Login, Owner, Server};
    use pages::{
        account, accounts, administrators, audit, cluster, events, login, node, overview, properties, property,
        sessions, tokens,
    };
    vec![
        menu("/", Login, "Overview", get(overview::page)),
        menu("/accounts", Login, "Accounts", get(accounts::page)),
        read("/accounts/new", Change, get(accounts::new)),
        change("/accounts/new", Change, post(accounts::add)),
        read("/accounts/{address}", Login, get(account::page)),
        change("/accounts/{address}/password", Change, post(account::set_password)),
        change("/accounts/{address}/lock", Change, post(account::lock)),
        change("/accounts/{address}/unlock", Change, post(account::unlock)),
        read("/accounts/{address}/delete", Change, get(account::ask_to_delete)),
        change("/accounts/{address}/delete", Change, post(account::delete)),
        menu("/sessions", Login, "Sessions", get(sessions::page)),
        change("/sessions/close", Change, post(sessions::close)),
        menu("/cluster", Server, "Clustering", get(cluster::page)),
        read("/cluster/events", Server, get(events::stream)),
        change("/cluster/switch", Owner, post(cluster::switch)),
        read("/cluster/nodes/{node}", Server, get(node::page)),
        change("/cluster/nodes/{node}/drain", Owner, post(node::drain)),
        menu("/properties", Server, "Properties", get(properties::page)),
        read("/properties/{name}", Server, get(property::page)),
        change("/properties/{name}", Owner, post(property::set)),
        change("/properties/{name}/unset", Owner, post(property::unset)),
        menu("/administrators", Server, "Administrators", get(administrators::page)),
        change("/administrators/grant", Owner, post(administrators::grant)),
        change("/administrators/revoke", Owner, post(administrators::revoke)),
        menu("/tokens", Server, "API tokens", get(tokens::page)),
        change("/tokens", Owner, post(tokens::add)),
        change("/tokens/revoke", Owner, post(tokens::revoke)),
        menu("/audit", Server, "Audit", get(audit::page)),
        change("/logout", Login, post(login::log_out)),
    ]
}

/// The table as a router, each page behind the check of its need.
pub(crate) fn guarded() -> Router<Console> {
    let router = routes().into_iter().fold(Router::new(), |router, route| {
        router.route(route.info.path, guard::needing(route.handler, route.info.needs))
    });
    router.fallback(nowhere)
}

/// What is reached without a login.
pub(crate) fn public(console: &Console) -> Router {
    Router::new()
        .route("/login", get(pages::login::page).post(pages::login::log_in))
        .route("/setup", get(pages::setup::page).post(pages::setup::make_owner))
        .route("/assets/{version}/{name}", get(assets::file))
        .route("/favicon.ico", get(no_icon))
        .with_state(console.clone())
}

async fn nowhere(visit: Visit) -> Response {
    visit
        .refuse_with(StatusCode::NOT_FOUND, "No page has this address.")
        .await
}

/// Browsers ask for it unasked; the pages name another one.
async fn no_icon() -> Response {
    Bare(StatusCode::NOT_FOUND, "There is no such icon.").into_response()
}

fn menu(path: &'static str, needs: Needs, label: &'static str, handler: MethodRouter<Console>) -> Route {
    route("GET", path, needs, Some(label), handler)
}

fn read(path: &'static str, needs: Needs, handler: MethodRouter<Console>) -> Route {
    route("GET", path, needs, None, handler)
}

fn change(path: &'static str, needs: Needs, handler: MethodRouter<Console>) -> Route {
    route("POST", path, needs, None, handler)
}

fn route(
    method: &'static str,
    path: &'static str,
    needs: Needs,
    menu: Option<&'static str>,
    handler: MethodRouter<Console>,
) -> Route {
    let info = RouteInfo {
        method,
        path,
        needs,
        menu,
    };
    Route { info, handler }
}
