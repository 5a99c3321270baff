//! The REST API: the server, run by programs. Every act is one of `ops`; here are routes, JSON, and who may ask for what.
//!
//! A route is one function in `resources/`, with its documentation beside it, and one line in the table of `routes`. What
//! is not in the table does not exist, and nothing in it is reached without a token: `guard` stands before all of it.
//! Nothing here is ever HTML, and nothing here knows a cookie: a browser that is logged in at the console has no power
//! here, so that no other site can use it.
//!
//! A crate of its own beside `console`: the one never sees JSON, the other never a page, a form or a cookie, and both
//! know of the house only `ops`.
//!
//! | to find | look in |
//! |---|---|
//! | every route and what it needs | `routes` |
//! | tokens and power, checked before any route | `guard` |
//! | what every answer carries, who is turned away at once | `door` |
//! | what a request says, read once and refused precisely | `request` |
//! | what comes back; what is wrong (RFC 9457) | `answer`, `problem` |
//! | the description of all of it (OpenAPI) | `description` |
//! | one resource | `resources/` |

// utoipa's attribute for routes names query types by their whole path.
#![allow(unused_qualifications)]

mod answer;
mod description;
mod door;
mod guard;
mod problem;
mod request;
mod resources;
mod routes;
mod wire;

use axum::Router;
use ops::{
    Accounts, Acme, Administrators, Audit, Certificates, Clustering, Groups, Hosts, Properties, Servers, Sessions,
    Tokens,
};

pub use description::description;
pub use routes::{PUBLIC, RouteInfo, table};

/// Everything that programs can do.
#[derive(Clone)]
pub struct Acts {
    /// Orders of certificates.
    pub acme: Acme,
    /// Accounts.
    pub accounts: Accounts,
    /// Who has power.
    pub administrators: Administrators,
    /// What was done.
    pub audit: Audit,
    /// What hosts are served with.
    pub certificates: Certificates,
    /// The cluster.
    pub clustering: Clustering,
    /// Groups.
    pub groups: Groups,
    /// The domains that are served.
    pub hosts: Hosts,
    /// System properties.
    pub properties: Properties,
    /// The server itself.
    pub servers: Servers,
    /// Live sessions.
    pub sessions: Sessions,
    /// Tokens.
    pub tokens: Tokens,
}

/// From where a listener takes requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// From this machine only: it has no TLS, and tokens do not travel in the clear.
    ThisMachine,
    /// From anywhere.
    Anywhere,
}

/// What routes are made from.
#[derive(Clone)]
pub(crate) struct Api {
    acts: Acts,
    reach: Reach,
}

/// Where [`router`] belongs.
pub const PREFIX: &str = "/api";

/// The API, to be nested at [`PREFIX`], for a listener that takes requests from there.
pub fn router(acts: Acts, reach: Reach) -> Router {
    let api = Api { acts, reach };
    let everything = guard::before(routes::guarded(), &api).merge(routes::public());
    door::before(everything, &api)
}
