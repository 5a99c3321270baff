//! What is asked and answered on the control socket.

use std::net::SocketAddr;

use ops::{
    AccountInfo, AcmeStatus, AdministratorInfo, CacheInfo, ClusterStatus, GroupInfo, HostCertificate, HostInfo,
    ImportWish, Imported, Installed, Lock, MemberInfo, MembersAdded, NodeInfo, Page, Password, PropertyChangeInfo,
    PropertyInfo, Record, RequestWish, Role, SessionInfo, TokenInfo, TokenWish, Where,
};
use serde::{Deserialize, Serialize};

use super::{acme::AcmeRequest, group::GroupRequest};

/// An act that a command asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub(crate) enum Request {
    /// Who is there?
    Status,
    Hosts,
    HostList,
    HostAdd {
        domain: String,
    },
    HostDisable {
        domain: String,
    },
    HostEnable {
        domain: String,
    },
    HostDelete {
        domain: String,
    },
    AccountAdd {
        address: String,
        password: Password,
        #[serde(default)]
        allow_lookalike: bool,
    },
    AccountList {
        page: Page,
    },
    AccountPassword {
        address: String,
        password: Password,
    },
    AccountLock {
        address: String,
        lock: Lock,
    },
    AccountUnlock {
        address: String,
    },
    AccountDelete {
        address: String,
    },
    AccountExportPortable {
        address: String,
    },
    AccountImportPortable {
        xml: String,
        #[serde(default)]
        allow_lookalikes: bool,
    },
    AccountExport {
        page: Page,
    },
    AccountImport {
        records: Vec<Record>,
        #[serde(default)]
        allow_lookalikes: bool,
    },
    Group(GroupRequest),
    PropertyList,
    PropertyGet {
        name: String,
    },
    PropertySet {
        name: String,
        value: String,
        place: Where,
    },
    PropertyUnset {
        name: String,
        place: Where,
    },
    PropertyEncrypt {
        name: String,
    },
    PropertyHistory {
        name: Option<String>,
        limit: u32,
    },
    PropertyUndo {
        id: i64,
    },
    SessionList {
        after: String,
    },
    SessionClose {
        address: String,
        reason: String,
    },
    AdminGrant {
        address: String,
        role: Role,
    },
    AdminRevoke {
        address: String,
    },
    AdminRemoveSecondFactor {
        address: String,
    },
    AdminList,
    TokenAdd {
        wish: TokenWish,
    },
    TokenList,
    TokenRevoke {
        name: String,
    },
    CertificateList,
    CertificateImport {
        wish: ImportWish,
        everywhere: bool,
    },
    CertificateSelfSigned {
        host: String,
    },
    CertificateForgetUnreadable,
    CertificateAsk {
        wish: RequestWish,
    },
    Acme(AcmeRequest),
    ClusterStatus,
    ClusterEnable,
    ClusterDisable,
    ClusterNodes,
    ClusterCaches,
    ClusterDrain {
        node: String,
    },
}

/// What comes back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    Done(Answer),
    Failed(String),
}

/// What an act returns.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Status(Status),
    Nothing,
    /// Secrets that were forgotten.
    Forgotten(usize),
    /// Sessions that were closed.
    Closed(usize),
    Hosts(Vec<String>),
    HostInfos(Vec<HostInfo>),
    HostDeleted {
        accounts: u64,
        groups: u64,
    },
    Accounts(Vec<AccountInfo>),
    /// A page of groups, and the name behind which the next one begins.
    Groups(Vec<GroupInfo>, Option<String>),
    Group(Box<GroupInfo>),
    /// A page of members, and the name behind which the next one begins.
    Members(Vec<MemberInfo>, Option<String>),
    MembersAdded(MembersAdded),
    Records(Vec<Record>),
    /// An XEP-0227 document, or a signing request.
    Document(String),
    Imported(Imported),
    Properties(Vec<PropertyInfo>),
    Property(Box<PropertyInfo>),
    PropertyChanges(Vec<PropertyChangeInfo>),
    Sessions(Vec<SessionInfo>),
    Administrators(Vec<AdministratorInfo>),
    /// A new token: what it is, shown once, and what is known of it.
    Token(Password, TokenInfo),
    Tokens(Vec<TokenInfo>),
    Certificates(Vec<HostCertificate>),
    Installed(Installed),
    Acme(Box<AcmeStatus>),
    ClusterStatus(Box<ClusterStatus>),
    ClusterNodes(Vec<NodeInfo>),
    ClusterNode(Box<NodeInfo>),
    ClusterCaches(Vec<CacheInfo>),
}

/// The server that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) pid: u32,
    pub(crate) version: String,
    /// Where it listens, whatever for.
    pub(crate) listeners: Vec<SocketAddr>,
}

impl Status {
    /// This process.
    pub(crate) fn here(listeners: Vec<SocketAddr>) -> Self {
        Self {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            listeners,
        }
    }
}
