//! The cluster and the switchboard, put together.
//!
//! | to find | look in |
//! |---|---|
//! | what the switchboard wants of other nodes, done by the cluster | `peers` |
//! | what the cluster says, told to the switchboard | `host` |
//! | a session as the cluster keeps it | `entry` |
//! | what operators see and do | `desk`, `ask`, `drain` |
//! | guesses at passwords, counted by all servers together | `guesses` |
//! | what the cluster is started with | `options` |

mod ask;
mod desk;
mod drain;
mod entry;
mod guesses;
mod host;
mod options;
mod peers;

pub(crate) use desk::ClusterDesk;
pub(crate) use guesses::share;
pub(crate) use host::{ClusterHost, stand_apart};
pub(crate) use options::options;

use std::sync::Arc;

use cluster::{Above, Caches, Tasks, state::CacheId};
use router::Router;

use crate::{certificates::CertificateDesk, logs::Logs, secret_key::KeyFile, vitals::Vitals};

// The numbers of caches are never given anew.

/// Sessions by their full JIDs, each its node's.
const SESSIONS: CacheId = CacheId(1);
/// Failed logins by address.
const GUESSES_BY_ADDRESS: CacheId = CacheId(2);
/// Failed logins by account.
const GUESSES_BY_ACCOUNT: CacheId = CacheId(3);

/// What this server brings into the cluster. Must be called in the runtime that it lives in.
pub(crate) fn above(
    host: &Arc<ClusterHost>,
    router: &Arc<Router>,
    caches: &Caches,
    vitals: &Arc<Vitals>,
    logs: &Arc<Logs>,
    certificates: &CertificateDesk,
    key: &KeyFile,
) -> Above {
    let directory = Arc::downgrade(router);
    caches.observe(SESSIONS, "sessions", host::FACE, move || {
        directory.upgrade().map_or((0, 0), |router| router.lookups_elsewhere())
    });
    let tasks = Tasks::new();
    drain::register(&tasks);
    ask::register(&tasks, router, caches, vitals, logs);
    ask::register_certificates(&tasks, certificates);
    key.register(&tasks);
    Above {
        host: Arc::clone(host) as _,
        caches: caches.clone(),
        tasks,
    }
}
