//! Every page, and what it needs. What is not here does not exist.

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use ops::Needs;

use crate::{
    Console, assets, guard,
    language::{Text, t},
    pages, proof,
    refusal::Bare,
    visit::Visit,
};

/// A page as the table has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteInfo {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path; what varies is in braces.
    pub path: &'static str,
    /// What it needs.
    pub needs: Needs,
    /// Its name in the menu, in English, if it is there.
    pub menu: Option<&'static str>,
    /// Whether it gives power away or ends something, so that a login alone is not enough: it has to be the same person
    /// still. Everything that only an owner may do is, without being marked.
    pub is_grave: bool,
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
        account, accounts, acme, administrators, announce, audit, banner, blocked, cache, certificate,
        certificate_import, certificates, cluster, contacts, database, events, export, group, groups, history,
        host_end, hosts, login, logs, me, node, offline, overview, portable, properties, property, second_factor,
        session, sessions, settings, tokens, vcard, welcome,
    };
    vec![
        menu("/", Login, Text("Overview"), get(overview::page)),
        read("/banner/events", Login, get(banner::events)),
        menu("/accounts", Login, Text("Accounts"), get(accounts::page)),
        read("/accounts/new", Change, get(accounts::new)),
        change("/accounts/new", Change, post(accounts::add)),
        read("/accounts/{address}", Login, get(account::page)),
        grave("/accounts/{address}/password", Change, post(account::set_password)),
        change("/accounts/{address}/lock", Change, post(account::lock)),
        change("/accounts/{address}/unlock", Change, post(account::unlock)),
        read("/accounts/{address}/delete", Change, get(account::ask_to_delete)),
        grave("/accounts/{address}/delete", Change, post(account::delete)),
        change("/accounts/{address}/export", Owner, post(portable::export)),
        read("/accounts/{address}/contacts", Login, get(contacts::page)),
        change("/accounts/{address}/contacts", Change, post(contacts::put)),
        change("/accounts/{address}/contacts/remove", Change, post(contacts::remove)),
        read("/accounts/{address}/blocked", Login, get(blocked::page)),
        change("/accounts/{address}/blocked", Change, post(blocked::block)),
        change("/accounts/{address}/blocked/remove", Change, post(blocked::unblock)),
        read("/accounts/{address}/offline", Login, get(offline::page)),
        change("/accounts/{address}/offline/read", Owner, post(offline::read)),
        change("/accounts/{address}/offline/delete", Change, post(offline::delete)),
        read("/accounts/{address}/vcard", Login, get(vcard::page)),
        change("/accounts/{address}/vcard", Change, post(vcard::set)),
        menu("/groups", Login, Text("Groups"), get(groups::page)),
        read("/groups/new", Change, get(groups::new)),
        change("/groups/new", Change, post(groups::add)),
        read("/groups/{host}/{name}", Login, get(group::page)),
        change("/groups/{host}/{name}", Change, post(group::change)),
        change("/groups/{host}/{name}/members", Change, post(group::add_members)),
        change(
            "/groups/{host}/{name}/members/remove",
            Change,
            post(group::remove_member),
        ),
        change("/groups/{host}/{name}/admins", Change, post(group::set_admin)),
        read("/groups/{host}/{name}/delete", Change, get(group::ask_to_delete)),
        change("/groups/{host}/{name}/delete", Change, post(group::delete)),
        menu("/sessions", Login, Text("Sessions"), get(sessions::page)),
        change("/sessions/close", Change, post(sessions::close)),
        read("/sessions/one", Login, get(session::page)),
        read("/sessions/one/events", Login, get(session::events)),
        change("/sessions/one/inspect", Owner, post(session::inspect)),
        read("/sessions/announce", Change, get(announce::page)),
        change("/sessions/announce", Change, post(announce::announce)),
        menu("/cluster", Server, Text("Clustering"), get(cluster::page)),
        read("/cluster/events", Server, get(events::stream)),
        change("/cluster/switch", Owner, post(cluster::switch)),
        read("/cluster/nodes/{node}", Server, get(node::page)),
        change("/cluster/nodes/{node}/drain", Owner, post(node::drain)),
        change("/cluster/nodes/{node}/remove", Owner, post(node::remove)),
        read("/cluster/nodes/{node}/events", Server, get(node::events)),
        read("/cluster/nodes/{node}/caches/{cache}", Server, get(cache::page)),
        change("/cluster/nodes/{node}/caches/{cache}/clear", Owner, post(cache::clear)),
        menu("/hosts", Login, Text("Hosts"), get(hosts::page)),
        change("/hosts/add", Owner, post(hosts::add)),
        menu("/certificates", Server, Text("Certificates"), get(certificates::page)),
        read("/certificates/import", Owner, get(certificate_import::page)),
        change("/certificates/import", Owner, post(certificate_import::import)),
        read("/certificates/acme", Server, get(acme::page)),
        change("/certificates/acme/on", Owner, post(acme::turn_on)),
        change("/certificates/acme/off", Owner, post(acme::turn_off)),
        change("/certificates/host/{host}/order", Owner, post(acme::order)),
        read("/certificates/host/{host}", Server, get(certificate::page)),
        change(
            "/certificates/host/{host}/self-signed",
            Owner,
            post(certificate::self_signed),
        ),
        change("/certificates/host/{host}/request", Owner, post(certificate::request)),
        read("/hosts/{host}", Owner, get(host_end::page)),
        change("/hosts/{host}/disable", Owner, post(host_end::disable)),
        change("/hosts/{host}/enable", Owner, post(host_end::enable)),
        change("/hosts/{host}/delete", Owner, post(host_end::delete)),
        menu("/settings", Server, Text("Settings"), get(settings::topics)),
        read("/settings/{topic}", Server, get(settings::page)),
        change("/settings/{topic}", Owner, post(settings::save)),
        menu("/properties", Server, Text("Properties"), get(properties::page)),
        read("/properties/{name}", Server, get(property::page)),
        change("/properties/{name}", Owner, post(property::set)),
        change("/properties/{name}/unset", Owner, post(property::unset)),
        change("/properties/{name}/encrypt", Owner, post(property::encrypt)),
        read("/history", Server, get(history::page)),
        change("/history/undo", Owner, post(history::undo)),
        menu(
            "/administrators",
            Server,
            Text("Administrators"),
            get(administrators::page),
        ),
        change("/administrators/grant", Owner, post(administrators::grant)),
        change("/administrators/revoke", Owner, post(administrators::revoke)),
        menu("/tokens", Server, Text("API tokens"), get(tokens::page)),
        change("/tokens", Owner, post(tokens::add)),
        change("/tokens/revoke", Owner, post(tokens::revoke)),
        menu("/database", Server, Text("Database"), get(database::page)),
        menu("/logs", Server, Text("Logs"), get(logs::page)),
        read("/logs/events", Server, get(logs::events)),
        change("/logs/level", Owner, post(logs::switch)),
        menu("/audit", Server, Text("Audit"), get(audit::page)),
        grave(
            "/administrators/second-factor",
            Owner,
            post(administrators::remove_second_factor),
        ),
        read("/welcome", Login, get(welcome::page)),
        read("/me", Login, get(me::page)),
        change("/me/logout-everywhere", Login, post(me::log_out_everywhere)),
        read("/me/second-factor", Login, get(second_factor::page)),
        grave("/me/second-factor", Login, post(second_factor::begin)),
        change("/me/second-factor/confirm", Login, post(second_factor::confirm)),
        grave("/me/second-factor/codes", Login, post(second_factor::renew_codes)),
        grave("/me/second-factor/remove", Login, post(second_factor::remove)),
        read("/audit/export", Server, get(export::file)),
        change("/logout", Login, post(login::log_out)),
    ]
}

/// The table as a router, each page behind the check of its need.
pub(crate) fn guarded(console: &Console) -> Router<Console> {
    let router = routes().into_iter().fold(Router::new(), |router, route| {
        let page = if route.info.is_grave {
            proof::before(route.handler, console)
        } else {
            route.handler
        };
        router.route(route.info.path, guard::needing(page, route.info.needs))
    });
    router.fallback(nowhere)
}

/// What is reached without a login.
pub(crate) fn public(console: &Console) -> Router {
    use pages::setup;
    Router::new()
        .route("/login", get(pages::login::page).post(pages::login::log_in))
        .route("/language", post(pages::language::choose))
        .route("/login/code", get(pages::code::page).post(pages::code::enter))
        .route("/setup", get(setup::start::page).post(setup::start::begin))
        .route("/setup/domain", get(setup::domain::page).post(setup::domain::choose))
        .route(
            "/setup/database",
            get(setup::database::page).post(setup::database::choose),
        )
        .route(
            "/setup/account",
            get(setup::account::page).post(setup::account::make_owner),
        )
        .route("/assets/{version}/{name}", get(assets::file))
        .route("/favicon.ico", get(no_icon))
        .with_state(console.clone())
}

async fn nowhere(visit: Visit) -> Response {
    visit
        .refuse_with(StatusCode::NOT_FOUND, t("No page has this address."))
        .await
}

/// Browsers ask for it unasked; the pages name another one.
async fn no_icon() -> Response {
    Bare(StatusCode::NOT_FOUND, t("There is no such icon.")).into_response()
}

fn menu(path: &'static str, needs: Needs, label: Text, handler: MethodRouter<Console>) -> Route {
    route("GET", path, needs, Some(label.0), handler)
}

fn read(path: &'static str, needs: Needs, handler: MethodRouter<Console>) -> Route {
    route("GET", path, needs, None, handler)
}

fn change(path: &'static str, needs: Needs, handler: MethodRouter<Console>) -> Route {
    route("POST", path, needs, None, handler)
}

/// A change that needs the same person still, whoever may do it.
fn grave(path: &'static str, needs: Needs, handler: MethodRouter<Console>) -> Route {
    let mut route = change(path, needs, handler);
    route.info.is_grave = true;
    route
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
        is_grave: method == "POST" && needs == Needs::Owner,
    };
    Route { info, handler }
}
