//! What is remembered: one module per subject, over SQLite, PostgreSQL and MySQL/MariaDB.
//!
//! The only SQL in the house. Nothing here knows a session, a stanza or a JID's grammar: addresses
//! come in as text that was prepared by others, XML as bytes.
//!
//! [`Storage::open`] connects, migrates and hands out one small handle per subject; a module says
//! what it needs by taking `&Roster` rather than `&Storage`.
//!
//! | to find | look in |
//! |---|---|
//! | the message log: offline messages, and the archive's rows | `log/` |
//! | the three databases behind one face | `db/` |
//! | who is registered, which cluster exists, what has changed | `cluster/` |
//! | tables | `/migrations/{sqlite,postgres,mysql}/`, run by `migrate` |
//! | ids that sort by time across nodes | `log_id` |
//! | how the database fares, slow statements | `health`, `db/meter` |
//! | what operators did, in one transaction with what they changed | `audit`, `db/act`; who is deleted: `erasure` |
//! | what logins need, in memory where nobody else writes | `logins` |
//! | one subject | the module of its name |

mod accounts;
mod accounts_by_time;
mod acme;
mod administrators;
mod api_tokens;
mod audit;
mod blocking;
mod clock;
mod cluster;
mod console_sessions;
mod credentials;
mod db;
mod erasure;
mod error;
mod groups;
mod health;
mod host_ends;
mod hosts;
mod kept_certificates;
mod log;
mod log_id;
mod logins;
mod lookalikes;
mod migrate;
mod new_account;
mod node_history;
mod options;
mod private;
mod properties;
mod roster;
mod roster_row;
mod second_factors;
mod secrets;
mod storage;
mod tokens;
mod vcards;

pub use accounts::{Account, AccountFilter, AccountId, AccountOrder, Accounts, Cursor, Lock};
pub use acme::{Acme, AcmeAccount, AcmeFailure, AcmeOrder};
pub use administrators::{Administrator, Administrators, Role, RoleChange};
pub use api_tokens::{ApiToken, ApiTokenAdded, ApiTokens, NewApiToken};
pub use audit::{AuditEntry, AuditFilter, AuditLog, NewAuditEntry};
pub use blocking::Blocking;
pub use clock::{Clock, SystemClock};
pub use cluster::{
    ArbiterRow, Changes, Claim, Cluster, Grounds, GroupId, Listed, NewServer, Server, ServerState, Standing, Versions,
};
pub use console_sessions::{ConsoleLogin, ConsoleSession, ConsoleSessions, SessionLimits};
pub use credentials::{Credentials, ScramKeys};
pub use db::SlowStatement;
pub use error::{Cause, StorageError};
pub use groups::{Group, GroupFacts, GroupNumber, Groups, Member, Membership, SharedGroup, SharedGroups, ShownTo};
pub use health::{COUNTED_ROWS_MAX, Checkup, Health, Known, PoolUsage, Shared, TableUsage};
pub use host_ends::{HostChange, HostDeleted};
pub use hosts::{Host, HostId, Hosts};
pub use kept_certificates::{KeptCertificate, KeptCertificates, KeptSource};
pub use log::{Appended, Log, LogRow, LogUsage, QueueUsage};
pub use log_id::{BadLogId, LogClock, LogId};
pub use logins::Login;
pub use migrate::{Applied, Inspection};
pub use new_account::{Creation, Lookalikes, NewAccount};
pub use node_history::{NodeHistory, NodeSample};
pub use options::{DatabaseKind, Options};
pub use private::PrivateXml;
pub use properties::{Audit, NewValue, Properties, Property, PropertyChange, Scope};
pub use roster::{Roster, RosterChange, RosterEdit, RosterEdited, RosterItem, RosterSince, Subscription};
pub use second_factors::{SecondFactor, SecondFactors};
pub use secrets::Secrets;
pub use storage::Storage;
pub use tokens::{NewToken, Token, TokenId, Tokens};
pub use vcards::Vcards;
