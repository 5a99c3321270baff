//! The record of what operators have done, whatever way they took. An act is entered before it is done, and that it has
//! changed the database is entered in the same transaction: what cannot be recorded does not happen.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use storage::{AuditEntry, AuditFilter, AuditLog, NewAuditEntry, Storage};

use crate::{Actor, OpsError, PAGE_MAX};

/// What an act came to, in the record.
const DONE: &str = "done";

/// How long the records are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepSettings {
    /// Days that an act stays in the record.
    pub audit_days: u32,
    /// Days that a change of a property stays in its history.
    pub history_days: u32,
}

impl Default for KeepSettings {
    fn default() -> Self {
        Self {
            audit_days: 365,
            history_days: 365,
        }
    }
}

/// The record, as this node writes it.
#[derive(Clone)]
pub struct Audit {
    storage: Storage,
    node: String,
}

/// An act in the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditInfo {
    /// Its number: greater is later.
    pub id: i64,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Who did it.
    pub actor: String,
    /// From where, when that was over a network.
    pub address: Option<String>,
    /// On which node.
    pub node: String,
    /// What was done, as in `account.lock`.
    pub act: String,
    /// To what.
    pub target: String,
    /// What was there before, where that is recorded.
    pub before: Option<String>,
    /// What was to be there afterwards, where that is recorded.
    pub after: Option<String>,
    /// What became of it; none: it is under way, or its server died over it before the database was changed.
    pub outcome: Option<String>,
}

/// Which acts to list; texts are looked for in the parts, letter by letter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// In who did it.
    pub actor: String,
    /// In what was done.
    pub act: String,
    /// In what it was done to.
    pub target: String,
    /// In what was there before or afterwards, or in what became of it.
    #[serde(default)]
    pub text: String,
    /// Done to this domain, or to an address of it.
    #[serde(default)]
    pub host: String,
    /// Not before this time, in microseconds since 1970.
    #[serde(default)]
    pub since: Option<i64>,
    /// Before this time, in microseconds since 1970.
    #[serde(default)]
    pub until: Option<i64>,
    /// Only acts before the one with this number.
    pub before: Option<i64>,
    /// How many at most; never more than [`PAGE_MAX`].
    pub limit: u32,
}

/// What is about to be done.
pub(crate) struct Deed<'a> {
    pub(crate) act: &'static str,
    pub(crate) target: &'a str,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

impl AuditInfo {
    /// Whether it is not known what came of it: it is under way, or its server died over it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.outcome
            .as_deref()
            .is_none_or(|outcome| outcome == AuditLog::CHANGED)
    }
}

impl<'a> Deed<'a> {
    /// One without values.
    pub(crate) fn new(act: &'static str, target: &'a str) -> Self {
        Self {
            act,
            target,
            before: None,
            after: None,
        }
    }
}

impl Audit {
    /// The record in `storage`, written by the node of this name.
    #[must_use]
    pub fn new(storage: Storage, node: String) -> Self {
        Self { storage, node }
    }

    /// Does what `work` does, and records that and what came of it.
    pub(crate) fn record<T: Send>(
        &self,
        actor: &Actor,
        deed: Deed<'_>,
        work: impl Future<Output = Result<T, OpsError>> + Send,
    ) -> impl Future<Output = Result<T, OpsError>> + Send {
        self.record_with(actor, deed, work, |_| DONE.to_owned())
    }

    /// The same, where what came of it is more than that it was done.
    pub(crate) async fn record_with<T>(
        &self,
        actor: &Actor,
        deed: Deed<'_>,
        work: impl Future<Output = Result<T, OpsError>> + Send,
        outcome: impl FnOnce(&T) -> String + Send,
    ) -> Result<T, OpsError> {
        let entry = NewAuditEntry {
            actor: actor.to_string(),
            address: actor.address().map(|address| address.to_string()),
            node: self.node.clone(),
            act: deed.act.to_owned(),
            target: storable(deed.target),
            before: deed.before.as_deref().map(storable),
            after: deed.after.as_deref().map(storable),
        };
        let id = self.storage.audit().begin(&entry).await?;
        // Acts hold acts, and their futures each other: a thread's stack is not for all of them.
        let result = self.storage.audit().during(id, Box::pin(work)).await;
        let outcome = match &result {
            Ok(value) => outcome(value),
            Err(error) => storable(&format!("refused: {error}")),
        };
        if let Err(error) = self.storage.audit().end(id, &outcome).await {
            tracing::error!(%error, act = deed.act, "what came of an act could not be recorded: {outcome}");
        }
        result
    }

    /// Enters a login that failed; what is said of it may be said anew by [`Audit::restate`].
    pub(crate) async fn failed_login(&self, from: IpAddr, target: &str) -> Result<i64, OpsError> {
        let entry = NewAuditEntry {
            actor: "nobody".to_owned(),
            address: Some(from.to_string()),
            node: self.node.clone(),
            act: "console.login-failed".to_owned(),
            target: storable(target),
            ..NewAuditEntry::default()
        };
        Ok(self.storage.audit().begin(&entry).await?)
    }

    /// Says anew what came of an entry that counts.
    pub(crate) async fn restate(&self, entry: i64, outcome: &str) -> Result<(), OpsError> {
        Ok(self.storage.audit().restate(entry, outcome).await?)
    }

    /// Forgets what is older than it is to be kept, at the time `now` in microseconds since 1970; how many acts and how
    /// many changes of properties.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_old(&self, keep: &KeepSettings, now: i64) -> Result<(u64, u64), OpsError> {
        const DAY_MICROS: i64 = 86_400_000_000;
        let before = |days: u32| now.saturating_sub(i64::from(days) * DAY_MICROS);
        let (audit, mut acts) = (self.storage.audit(), 0);
        loop {
            let forgotten = audit.forget_some_before(before(keep.audit_days)).await?;
            acts += forgotten;
            if forgotten < AuditLog::FORGOTTEN_AT_A_TIME {
                break;
            }
        }
        let changes = self
            .storage
            .properties()
            .forget_before(before(keep.history_days))
            .await?;
        Ok((acts, changes))
    }

    /// A page of the record, the latest act first.
    ///
    /// # Errors
    /// Where the actor's power does not reach, or the database fails.
    pub async fn list(&self, actor: &Actor, page: &AuditPage) -> Result<Vec<AuditInfo>, OpsError> {
        actor.require_server()?;
        let filter = AuditFilter {
            actor: page.actor.clone(),
            act: page.act.clone(),
            target: page.target.clone(),
            text: page.text.clone(),
            host: page.host.clone(),
            since: page.since,
            until: page.until,
            before: page.before,
        };
        let rows = self
            .storage
            .audit()
            .list(&filter, page.limit.clamp(1, PAGE_MAX))
            .await?;
        Ok(rows.into_iter().map(AuditInfo::from).collect())
    }
}

/// What somebody sent may hold what no database stores.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl From<AuditEntry> for AuditInfo {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            actor: entry.act.actor,
            address: entry.act.address,
            node: entry.act.node,
            act: entry.act.act,
            target: entry.act.target,
            before: entry.act.before,
            after: entry.act.after,
            outcome: entry.outcome,
        }
    }
}
