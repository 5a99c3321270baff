//! What an operator can do: one function per act, called by the command line, the console, the REST API and ad-hoc
//! commands alike. Knows nothing of HTTP or terminals.
//!
//! | to find | look in |
//! |---|---|
//! | who acts, and what that allows | `actor` |
//! | accounts; carrying them from server to server | `accounts/`, `record`, `keys` |
//! | groups, their members, whose rosters show them | `groups/` |
//! | who has power; what was done by whom | `administrators`, `audit` |
//! | what hosts are served with; where that comes from by itself | `certificates/`, `acme/` |
//! | the console's doors: logins, set-up | `console/` |
//! | tokens for the API | `tokens` |
//! | system properties: which there are, what holds | `properties/`, `setting/` |
//! | secrets in the database, encrypted | `sealing/` |
//! | the server itself; its hosts | `server`, `hosts` |
//! | what servers log; the database | `logs`, `database` |
//! | sessions, and what acts need of them | `sessions`, `live` |
//! | the cluster, and what acts need of it | `cluster/` |

mod accounts;
mod acme;
mod actor;
mod administrators;
mod audit;
mod certificates;
mod cluster;
mod console;
mod database;
mod error;
mod groups;
mod hosts;
mod keys;
mod live;
mod logs;
mod properties;
mod record;
mod sealing;
mod server;
mod sessions;
mod setting;
mod tokens;

pub use accounts::{
    AccountInfo, Accounts, Card, CardInfo, ContactInfo, ContactPage, Imported, Order, PAGE_MAX, PORTABLE_MAX_BYTES,
    Page, Refused, Waiting, WaitingInfo, WaitingMessage,
};
pub use acme::{
    Acme, AcmeConsent, AcmeDirectory, AcmeFailed, AcmeHere, AcmeHost, AcmeRefusal, AcmeSettings, AcmeState, AcmeStatus,
    AcmeWish, AcmeWork, LETS_ENCRYPT, LETS_ENCRYPT_STAGING, Vault, Wanted,
};
pub use actor::{Actor, Needs, Role};
pub use administrators::{AdministratorInfo, Administrators};
pub use audit::{Audit, AuditInfo, AuditPage, KeepSettings};
pub use certificates::{
    CertificateAnswer, CertificateFacts, CertificateRefusal, CertificateSource, CertificateWish, Certificates,
    CertificatesHere, ChainTrust, HostCertificate, ImportWish, Installed, KeyWish, Mood, PEM_BYTES_MAX, RequestInfo,
    RequestWish, URGENT_DAYS, WARN_DAYS,
};
pub use cluster::{
    Asked, CLUSTER_ENABLED, CacheInfo, ClusterHere, ClusterLive, ClusterStatus, Clustering, Drain, EntriesPage,
    EntriesQuestion, EntryInfo, Headline, History, LinkInfo, MemberHere, NoCluster, NodeInfo, NodeReport, NodeState,
    Picture, RECENT_MAX, REMEMBERED, Said, Vitals, impossible,
};
pub use console::{
    Applied, Configured, ConsoleSettings, Enrolment, Entered, FactorInfo, Finding, Install, Login, LoginInfo, Logins,
    Looking, NoLogin, SecondFactorRule, SecondFactors, Setup, SetupInfo, Token, Written,
};
pub use database::{DatabaseInfo, DatabaseSettings, Databases};
pub use error::OpsError;
pub use groups::{
    BULK_LINES_MAX, BadLine, GroupForm, GroupInfo, GroupPage, GroupShown, Groups, MemberInfo, MemberPage, MembersAdded,
};
pub use hosts::{HostInfo, Hosts};
pub use keys::password_keys;
pub use live::{Change, Leave, Live, LiveHere, NobodyLive, Why};
pub use logs::{
    LEVEL_MINUTES_MAX, LOG_PAGE_MAX, LOG_TARGETS, LevelWish, LogLevel, LogLine, LogPage, LogQuestion, Logs,
    SWITCHED_LEVELS_MAX, SwitchedLevel, is_ours,
};
pub use properties::{Held, NotSet, Pinned, Pins, Properties, PropertyChangeInfo, PropertyInfo, Source, Where};
pub use record::{Keys, Lock, Password, Record};
pub use sealing::{KeyId, KeyKeeper, NoKeeper, Sealing, SecretKey};
pub use server::{CertificateInfo, ListenerInfo, Outlook, ServerInfo, ServerLive, Servers};
pub use sessions::{
    ANNOUNCED_ACCOUNTS_MAX, ANNOUNCEMENT_CHARS_MAX, Acks, Announcement, Audience, Everywhere, INSPECTION_MINUTES_MAX,
    Inspected, InspectedStanza, Inspection, Only, Reached, SUBJECT_CHARS_MAX, SessionAnswer, SessionInfo, SessionOn,
    SessionOrder, SessionQuestion, Sessions, Wish, announce_here, answer, inspect_here,
};
pub use setting::{Applies, BadValue, Catalogue, Check, Definition, Kind, Value, is_secret_name, nearest};
pub use storage::{
    COUNTED_ROWS_MAX, Health, HostDeleted, Known, PoolUsage, QueueUsage, Shared, SlowStatement, TableUsage,
};
pub use tokens::{NoToken, TokenInfo, TokenWish, Tokens};
