//! The open storage: one handle per subject.

use std::sync::Arc;

use crate::db::{Db, Pools, args};
use crate::migrate::Inspection;
use crate::{
    Accounts, Acme, Administrators, ApiTokens, AuditLog, Blocking, Checkup, Clock, Cluster, ConsoleSessions,
    DatabaseKind, Groups, Hosts, KeptCertificates, Log, LogClock, NodeHistory, Options, PrivateXml, Properties, Roster,
    SecondFactors, Secrets, StorageError, Tokens, Vcards, log, logins::Logins, migrate,
};

/// Everything that is remembered. Clones share it.
#[derive(Clone)]
pub struct Storage {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    hosts: Hosts,
    groups: Groups,
    accounts: Accounts,
    administrators: Administrators,
    console_sessions: ConsoleSessions,
    api_tokens: ApiTokens,
    second_factors: SecondFactors,
    acme: Acme,
    kept_certificates: KeptCertificates,
    audit: AuditLog,
    tokens: Tokens,
    roster: Roster,
    log: Log,
    vcards: Vcards,
    private: PrivateXml,
    blocking: Blocking,
    properties: Properties,
    secrets: Secrets,
    node_history: NodeHistory,
    cluster: Cluster,
    checkup: Checkup,
}

impl Storage {
    /// Connects, looks how up to date the tables are, and changes nothing; but SQLite's file is made where it is missing.
    pub async fn inspect(options: &Options) -> Result<Inspection, StorageError> {
        let db = Db::connect(options).await?;
        let inspection = migrate::inspect(&db).await;
        db.close().await;
        inspection
    }

    /// Connects, brings the tables up to date (one process at a time) and starts the log's writer.
    pub async fn open(options: &Options) -> Result<Self, StorageError> {
        let db = Db::connect(options).await?;
        migrate::run(&db, options.clock.now_micros()).await?;
        let clock = Arc::clone(&options.clock);
        let ids = Arc::new(LogClock::new(Arc::clone(&clock), options.node));
        let log = log::start(db.clone(), Arc::clone(&ids), options);
        let aside = db.aside(options)?;
        let is_sqlite = matches!(db.pools, Pools::Sqlite { .. });
        let logins = Logins::new(options.keeps_logins && is_sqlite);
        let inner = Inner {
            hosts: Hosts::new(db.clone(), Arc::clone(&clock), log.clone(), logins.clone()),
            groups: Groups::new(db.clone(), Arc::clone(&clock)),
            accounts: Accounts::new(db.clone(), Arc::clone(&clock), log.clone(), logins.clone()),
            administrators: Administrators::new(db.clone(), Arc::clone(&clock)),
            console_sessions: ConsoleSessions::new(db.clone(), Arc::clone(&clock)),
            second_factors: SecondFactors::new(db.clone(), Arc::clone(&clock)),
            api_tokens: ApiTokens::new(db.clone(), Arc::clone(&clock)),
            acme: Acme::new(db.clone(), Arc::clone(&clock)),
            kept_certificates: KeptCertificates::new(db.clone(), Arc::clone(&clock)),
            audit: AuditLog::new(db.clone(), Arc::clone(&clock), ids),
            tokens: Tokens::new(db.clone(), Arc::clone(&clock)),
            roster: Roster::new(db.clone()),
            vcards: Vcards::new(db.clone()),
            private: PrivateXml::new(db.clone()),
            blocking: Blocking::new(db.clone()),
            properties: Properties::new(db.clone(), Arc::clone(&clock)),
            clock,
            secrets: Secrets::new(db.clone()),
            node_history: NodeHistory::new(db.clone()),
            checkup: Checkup::new(db.clone(), aside.clone(), log.clone(), options),
            cluster: Cluster::new(aside),
            log,
            db,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Which database this is.
    #[must_use]
    pub fn kind(&self) -> DatabaseKind {
        match self.inner.db.pools {
            Pools::Sqlite { .. } => DatabaseKind::Sqlite,
            Pools::Postgres(_) => DatabaseKind::Postgres,
            Pools::Mysql(_) => DatabaseKind::Mysql,
        }
    }

    /// Asks the database for an answer: whether this node can remember and recall right now.
    pub async fn check(&self) -> Result<(), StorageError> {
        self.inner.db.row("SELECT 1", args![]).await.map(|_| ())
    }

    /// Writes what waits in the log, then closes the connections. When the database is away the
    /// error says so, and what waited was never acknowledged to anybody.
    pub async fn close(&self) -> Result<(), StorageError> {
        let flushed = self.inner.log.close().await;
        self.inner.cluster.close().await;
        self.inner.db.close().await;
        flushed
    }

    /// The XMPP domains served.
    #[must_use]
    pub fn hosts(&self) -> &Hosts {
        &self.inner.hosts
    }

    /// Groups of accounts.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.inner.groups
    }

    /// Who may log in.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.inner.accounts
    }

    /// Who has power.
    #[must_use]
    pub fn administrators(&self) -> &Administrators {
        &self.inner.administrators
    }

    /// Who is logged in at the console.
    #[must_use]
    pub fn console_sessions(&self) -> &ConsoleSessions {
        &self.inner.console_sessions
    }

    /// The time by which all of this is kept, in microseconds since 1970.
    #[must_use]
    pub fn now_micros(&self) -> i64 {
        self.inner.clock.now_micros()
    }

    /// Second factors of administrators.
    #[must_use]
    pub fn second_factors(&self) -> &SecondFactors {
        &self.inner.second_factors
    }

    /// Tokens that programs use the API with.
    #[must_use]
    pub fn api_tokens(&self) -> &ApiTokens {
        &self.inner.api_tokens
    }

    /// Orders of certificates.
    #[must_use]
    pub fn acme(&self) -> &Acme {
        &self.inner.acme
    }

    /// Certificates that all servers use.
    #[must_use]
    pub fn kept_certificates(&self) -> &KeptCertificates {
        &self.inner.kept_certificates
    }

    /// What operators have done.
    #[must_use]
    pub fn audit(&self) -> &AuditLog {
        &self.inner.audit
    }

    /// XEP-0484 tokens.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.inner.tokens
    }

    /// Contact lists.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.inner.roster
    }

    /// Messages that must not be lost.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.inner.log
    }

    /// XEP-0054 vCards.
    #[must_use]
    pub fn vcards(&self) -> &Vcards {
        &self.inner.vcards
    }

    /// XEP-0049 private XML.
    #[must_use]
    pub fn private(&self) -> &PrivateXml {
        &self.inner.private
    }

    /// XEP-0191 block lists.
    #[must_use]
    pub fn blocking(&self) -> &Blocking {
        &self.inner.blocking
    }

    /// System properties.
    #[must_use]
    pub fn properties(&self) -> &Properties {
        &self.inner.properties
    }

    /// What this deployment made up once and keeps.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.inner.secrets
    }

    /// What servers used and did.
    #[must_use]
    pub fn node_history(&self) -> &NodeHistory {
        &self.inner.node_history
    }

    /// How the database fares.
    #[must_use]
    pub fn checkup(&self) -> &Checkup {
        &self.inner.checkup
    }

    /// Which servers there are, and which cluster.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.inner.cluster
    }
}
