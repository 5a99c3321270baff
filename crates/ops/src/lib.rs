//! What an operator can do: one function per act, called by the command line, later by the console,
//! the REST API and ad-hoc commands alike. Knows nothing of HTTP or terminals.
//!
//! | to find | look in |
//! |---|---|
//! | who acts, and what that allows | `actor` |
//! | accounts; carrying them from server to server | `accounts/`, `record`, `keys` |
//! | system properties: which there are, what holds | `properties`, `setting/` |
//! | sessions, and what acts need of them | `sessions`, `live` |
//! | the cluster, and what acts need of it | `cluster/` |

mod accounts;
mod actor;
mod cluster;
mod error;
mod keys;
mod live;
mod properties;
mod record;
mod sessions;
mod setting;

pub use accounts::{AccountInfo, Accounts, Imported, PAGE_MAX, Page, Refused};
pub use actor::{Actor, Reach};
pub use cluster::{
    CLUSTER_ENABLED, CacheInfo, ClusterHere, ClusterLive, ClusterStatus, Clustering, Drain, MemberHere, NoCluster,
    NodeInfo, NodeState, impossible,
};
pub use error::OpsError;
pub use keys::password_keys;
pub use live::{Leave, Live, LiveHere, NobodyLive, SessionInfo, Why};
pub use properties::{Held, Pinned, Pins, Properties, PropertyInfo, Source, Where};
pub use record::{Keys, Lock, Password, Record};
pub use sessions::Sessions;
pub use setting::{Applies, BadValue, Catalogue, Check, Definition, Kind, Value, nearest};
