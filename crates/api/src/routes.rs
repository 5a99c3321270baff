//! Every route, and what it needs. What is not here does not exist.

use axum::{
    Router,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use ops::Needs;
use utoipa::openapi::{RefOr, path::Paths, schema::Schema};
use utoipa_axum::routes;

use crate::{Api, description::description, guard, problem::Problem};

/// A route as the table has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteInfo {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// The path behind `/api/v1`; what varies is in braces.
    pub path: &'static str,
    /// What it needs.
    pub needs: Needs,
}

pub(crate) struct Route {
    pub(crate) info: RouteInfo,
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
    pub(crate) paths: Paths,
    handler: MethodRouter<Api>,
}

/// What a handler's documentation makes of it.
type Documented = (Vec<(String, RefOr<Schema>)>, Paths, MethodRouter<Api>);

/// Where this version of the API is, behind [`crate::PREFIX`].
const BASE: &str = "/v1";

/// What is reached without a token: the description, which is the same on every server of this version.
pub const PUBLIC: &str = "/openapi.json";

/// Every route behind a token.
#[must_use]
pub fn table() -> Vec<RouteInfo> {
    all().into_iter().map(|route| route.info).collect()
}

pub(crate) fn all() -> Vec<Route> {
    use crate::resources::{
        accounts, acme, administrators, audit, certificates, cluster, contacts, groups, history, hosts, members, nodes,
        offline, properties, server, sessions, tokens, vcards,
    };
    use Needs::{Change, Login, Owner, Server};
    vec![
        route("GET", "/accounts", Login, routes!(accounts::list)),
        route("POST", "/accounts", Change, routes!(accounts::create)),
        route("GET", "/accounts/{jid}", Login, routes!(accounts::show)),
        route("DELETE", "/accounts/{jid}", Change, routes!(accounts::delete)),
        route(
            "PUT",
            "/accounts/{jid}/password",
            Change,
            routes!(accounts::set_password),
        ),
        route("PUT", "/accounts/{jid}/lock", Change, routes!(accounts::lock)),
        route("DELETE", "/accounts/{jid}/lock", Change, routes!(accounts::unlock)),
        route("GET", "/accounts/{jid}/vcard", Login, routes!(vcards::show)),
        route("PUT", "/accounts/{jid}/vcard", Change, routes!(vcards::set)),
        route("GET", "/accounts/{jid}/roster", Login, routes!(contacts::list)),
        route(
            "PUT",
            "/accounts/{jid}/roster/{contact}",
            Change,
            routes!(contacts::put),
        ),
        route(
            "DELETE",
            "/accounts/{jid}/roster/{contact}",
            Change,
            routes!(contacts::remove),
        ),
        route("GET", "/accounts/{jid}/blocked", Login, routes!(contacts::blocked)),
        route(
            "PUT",
            "/accounts/{jid}/blocked/{address}",
            Change,
            routes!(contacts::block),
        ),
        route(
            "DELETE",
            "/accounts/{jid}/blocked/{address}",
            Change,
            routes!(contacts::unblock),
        ),
        route("GET", "/accounts/{jid}/offline", Login, routes!(offline::list)),
        route(
            "POST",
            "/accounts/{jid}/offline/{message}/read",
            Owner,
            routes!(offline::read),
        ),
        route("DELETE", "/accounts/{jid}/offline", Change, routes!(offline::delete)),
        route("GET", "/groups", Login, routes!(groups::list)),
        route("POST", "/groups", Change, routes!(groups::create)),
        route("GET", "/groups/{host}/{group}", Login, routes!(groups::show)),
        route("PUT", "/groups/{host}/{group}", Change, routes!(groups::change)),
        route("DELETE", "/groups/{host}/{group}", Change, routes!(groups::delete)),
        route("PUT", "/groups/{host}/{group}/sharing", Change, routes!(groups::share)),
        route("GET", "/groups/{host}/{group}/members", Login, routes!(members::list)),
        route("POST", "/groups/{host}/{group}/members", Change, routes!(members::add)),
        route(
            "DELETE",
            "/groups/{host}/{group}/members/{jid}",
            Change,
            routes!(members::remove),
        ),
        route(
            "PUT",
            "/groups/{host}/{group}/admins/{jid}",
            Change,
            routes!(members::grant),
        ),
        route(
            "DELETE",
            "/groups/{host}/{group}/admins/{jid}",
            Change,
            routes!(members::revoke),
        ),
        route("GET", "/hosts", Login, routes!(hosts::list)),
        route("POST", "/hosts", Owner, routes!(hosts::add)),
        route("DELETE", "/hosts/{host}", Owner, routes!(hosts::delete)),
        route("PUT", "/hosts/{host}/disabled", Owner, routes!(hosts::disable)),
        route("DELETE", "/hosts/{host}/disabled", Owner, routes!(hosts::enable)),
        route("GET", "/sessions", Login, routes!(sessions::list)),
        route("DELETE", "/sessions/{jid}", Change, routes!(sessions::close)),
        route("GET", "/properties", Server, routes!(properties::list)),
        route("GET", "/properties/{name}", Server, routes!(properties::show)),
        route("PUT", "/properties/{name}", Owner, routes!(properties::set)),
        route("DELETE", "/properties/{name}", Owner, routes!(properties::unset)),
        route(
            "POST",
            "/properties/{name}/encrypt",
            Owner,
            routes!(properties::encrypt),
        ),
        route("GET", "/certificates", Server, routes!(certificates::list)),
        route("POST", "/certificates", Owner, routes!(certificates::import)),
        route(
            "POST",
            "/certificates/{host}/self-signed",
            Owner,
            routes!(certificates::self_signed),
        ),
        route(
            "POST",
            "/certificates/{host}/request",
            Owner,
            routes!(certificates::request),
        ),
        route("POST", "/certificates/{host}/order", Owner, routes!(acme::order)),
        route("GET", "/acme", Server, routes!(acme::show)),
        route("PUT", "/acme", Owner, routes!(acme::change)),
        route("PUT", "/settings", Owner, routes!(history::set_all)),
        route("GET", "/history", Server, routes!(history::list)),
        route("POST", "/history/{change}/undo", Owner, routes!(history::undo)),
        route("GET", "/cluster", Server, routes!(cluster::status)),
        route("PUT", "/cluster", Owner, routes!(cluster::switch)),
        route("GET", "/cluster/nodes", Server, routes!(cluster::nodes)),
        route("GET", "/cluster/nodes/{node}", Server, routes!(nodes::show)),
        route("DELETE", "/cluster/nodes/{node}", Owner, routes!(nodes::remove)),
        route("GET", "/cluster/nodes/{node}/vitals", Server, routes!(nodes::vitals)),
        route("GET", "/cluster/nodes/{node}/caches", Server, routes!(cluster::caches)),
        route(
            "GET",
            "/cluster/nodes/{node}/caches/{cache}",
            Server,
            routes!(nodes::entries),
        ),
        route("DELETE", "/cluster/caches/{cache}", Owner, routes!(nodes::clear)),
        route("POST", "/cluster/nodes/{node}/drain", Owner, routes!(cluster::drain)),
        route("GET", "/administrators", Server, routes!(administrators::list)),
        route("PUT", "/administrators/{jid}", Owner, routes!(administrators::grant)),
        route(
            "DELETE",
            "/administrators/{jid}",
            Owner,
            routes!(administrators::revoke),
        ),
        route("GET", "/audit", Server, routes!(audit::list)),
        route("GET", "/server", Login, routes!(server::show)),
        route("GET", "/tokens", Server, routes!(tokens::list)),
        route("POST", "/tokens", Owner, routes!(tokens::create)),
        route("DELETE", "/tokens/{name}", Owner, routes!(tokens::revoke)),
    ]
}

/// The table as a router, each route behind the check of its need.
pub(crate) fn guarded() -> Router<Api> {
    let router = all().into_iter().fold(Router::new(), |router, route| {
        let path = format!("{BASE}{}", route.info.path);
        router.route(&path, guard::needing(route.handler, route.info.needs))
    });
    router
        .fallback(async || Problem::nowhere())
        .method_not_allowed_fallback(async || Problem::wrong_method())
}

/// What is reached without a token.
pub(crate) fn public() -> Router {
    Router::new()
        .route(&format!("{BASE}{PUBLIC}"), get(describe))
        .method_not_allowed_fallback(async || Problem::wrong_method())
}

async fn describe() -> Response {
    match description().to_json() {
        Ok(json) => ([(CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => {
            tracing::error!(%error, "the API's description could not be written");
            Problem::failed(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
    }
}

fn route(method: &'static str, path: &'static str, needs: Needs, documented: Documented) -> Route {
    let (schemas, paths, handler) = documented;
    let info = RouteInfo { method, path, needs };
    Route {
        info,
        schemas,
        paths,
        handler,
    }
}
