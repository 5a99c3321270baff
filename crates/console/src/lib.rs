//! The console: the server, run from a browser. Every act is one of `ops`; here are pages, forms, and who may ask for
//! what.
//!
//! A page is one file in `pages/`, one template in `/web/templates` and one line in the table of `routes`; the menu and
//! the check of power come from that line. What is not in the table does not exist, and nothing in it is reached without
//! a login: `guard` stands before all of it.
//!
//! | to find | look in |
//! |---|---|
//! | every page and what it needs | `routes` |
//! | logins, power and forgery, checked before any page | `guard` |
//! | what every answer carries, who is turned away at once | `door` |
//! | grave acts: that it is still the same person | `proof` |
//! | the frame around every page: menu, banner | `frame` |
//! | fields of forms and of addresses | `fields` |
//! | style sheet, scripts and icon, built in | `assets` |
//! | a text as a picture for cameras | `picture` |
//! | what the pages say in each language, and which one a request is answered in | `language/` |
//! | pages that keep themselves up to date | `live` |
//! | the drawing of the cluster, charts | `drawing`, `chart` |
//! | which properties make one form of settings | `topics` |
//! | one page | `pages/` |

mod assets;
mod chart;
mod cookies;
mod door;
mod drawing;
mod fields;
mod frame;
mod guard;
mod language;
mod live;
mod pages;
mod picture;
mod proof;
mod refusal;
mod routes;
mod topics;
mod visit;
mod words;

use std::sync::Arc;

use axum::{Router, middleware::from_fn_with_state};
use ops::{
    Accounts, Acme, Administrators, Audit, Certificates, Clustering, Databases, Groups, Hosts, Logins, Logs,
    Properties, SecondFactors, Servers, Sessions, Setup, Tokens,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use routes::{RouteInfo, table};

/// Everything that operators can do in a browser.
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
    /// The database.
    pub databases: Databases,
    /// Groups.
    pub groups: Groups,
    /// The domains that are served.
    pub hosts: Hosts,
    /// Logging in and out.
    pub logins: Logins,
    /// What servers log.
    pub logs: Logs,
    /// System properties.
    pub properties: Properties,
    /// What administrators show besides their passwords.
    pub second_factors: SecondFactors,
    /// The server itself.
    pub servers: Servers,
    /// Live sessions.
    pub sessions: Sessions,
    /// Tokens for the API.
    pub tokens: Tokens,
    /// The first administrator.
    pub setup: Setup,
}

/// How browsers reach a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Without TLS: for browsers on this machine only.
    Plain,
    /// With TLS.
    Tls,
}

/// What pages are made from.
#[derive(Clone)]
pub(crate) struct Console {
    acts: Acts,
    channel: Channel,
    stop: CancellationToken,
    /// Places for pages that are kept up to date.
    live: Arc<Semaphore>,
    /// Places for pages of which only the banner is.
    banners: Arc<Semaphore>,
}

/// Pages that are kept up to date at a time.
const LIVE_MAX: usize = 24;
/// Pages of which only the banner is, at a time: those that somebody sees. With the others they leave connections for
/// whoever asks for a page.
const BANNERS_MAX: usize = 24;

/// The pages, for a listener of this kind; until `stop`.
pub fn pages(acts: Acts, channel: Channel, stop: &CancellationToken) -> Router {
    let console = Console {
        acts,
        channel,
        stop: stop.clone(),
        live: Arc::new(Semaphore::new(LIVE_MAX)),
        banners: Arc::new(Semaphore::new(BANNERS_MAX)),
    };
    let guarded = guard::before(routes::guarded(&console), &console);
    let everything = routes::public(&console).fallback_service(guarded);
    let answered = door::before(everything, &console);
    answered.layer(from_fn_with_state(console, language::speak))
}
