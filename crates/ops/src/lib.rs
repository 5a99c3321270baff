//! What an operator can do: one function per act, called by the command line, the console, the REST API and ad-hoc
//! commands alike. Knows nothing of HTTP or terminals.
//!
//! | to find | look in |
//! |---|---|
//! | who acts, and what that allows | `actor` |
//! | accounts; carrying them from server to server | `accounts/`, `record`, `keys` |
//! | who has power; what was done by whom | `administrators`, `audit` |
//! | the console's doors: logins, set-up | `console/` |
//! | tokens for the API | `tokens` |
//! | system properties: which there are, what holds | `properties`, `setting/` |
//! | the server itself | `server` |
//! | sessions, and what acts need of them | `sessions`, `live` |
//! | the cluster, and what acts need of it | `cluster/` |

mod accounts;
mod actor;
mod administrators;
mod audit;
mod cluster;
mod console;
mod error;
mod keys;
mod live;
mod properties;
mod record;
mod server;
mod sessions;
mod setting;
mod tokens;

pub use accounts::{AccountInfo, Accounts, Imported, Order, PAGE_MAX, Page, Refused};
pub use actor::{Actor, Needs, Role};
pub use administrators::{AdministratorInfo, Administrators};
pub use audit::{Audit, AuditInfo, AuditPage};
pub use cluster::{
    Asked, CLUSTER_ENABLED, CacheInfo, ClusterHere, ClusterLive, ClusterStatus, Clustering, Drain, Headline,
    MemberHere, NoCluster, NodeInfo, NodeState, impossible,
};
pub use console::{ConsoleSettings, Logins, NoLogin, Setup, Token};
pub use error::OpsError;
pub use keys::password_keys;
pub use live::{Leave, Live, LiveHere, NobodyLive, SessionInfo, Why};
pub use properties::{Held, Pinned, Pins, Properties, PropertyInfo, Source, Where};
pub use record::{Keys, Lock, Password, Record};
pub use server::{CertificateInfo, ListenerInfo, ServerInfo, ServerLive, Servers};
pub use sessions::{Everywhere, SessionAnswer, SessionOn, SessionQuestion, Sessions, answer};
pub use setting::{Applies, BadValue, Catalogue, Check, Definition, Kind, Value, nearest};
pub use tokens::{NoToken, TokenInfo, TokenWish, Tokens};
