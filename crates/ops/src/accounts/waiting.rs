//! Messages that wait for an account.

use protocol::{Child, Stanza, ns};
use serde::{Deserialize, Serialize};
use storage::LogId;

use super::Accounts;
use crate::{Actor, OpsError, PAGE_MAX, audit::Deed};

/// What waits for an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// How many messages.
    pub count: u64,
    /// How many bytes they are.
    pub bytes: u64,
    /// A page of them, the oldest first.
    pub messages: Vec<WaitingInfo>,
    /// The number behind which the next page begins; none after the last.
    pub next: Option<i64>,
}

/// A message that waits, without what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingInfo {
    /// Its number.
    pub id: i64,
    /// The bare JID of whom it is from.
    pub from: String,
    /// When it came, in microseconds since 1970.
    pub at: i64,
    /// How many bytes it is.
    pub bytes: u64,
    /// When it need not be delivered any more, in microseconds since 1970.
    pub expires_at: Option<i64>,
}

/// A message that was read by an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingMessage {
    /// What is known of it.
    pub info: WaitingInfo,
    /// Its body; none where it has none, or it is encrypted.
    pub body: Option<String>,
    /// All of it.
    pub xml: String,
}

/// Messages that are deleted in one go.
const DELETED_AT_A_TIME: u32 = 1_000;

impl Accounts {
    /// What waits for an account: how much, and a page of it behind the message of this number.
    ///
    /// # Errors
    /// Where there is no such account, or the actor has no power there.
    pub async fn waiting(
        &self,
        actor: &Actor,
        address: &str,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Waiting, OpsError> {
        let found = self.found(actor, address).await?;
        let (log, id) = (self.storage.log(), found.account.id);
        let usage = log.usage(id).await?;
        let limit = limit.clamp(1, PAGE_MAX);
        let after = after.map(LogId::from_raw);
        let mut rows = log.unacknowledged(id, after, limit + 1).await?;
        let has_more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        Ok(Waiting {
            count: usage.rows,
            bytes: usage.bytes,
            next: rows.last().filter(|_| has_more).map(|row| row.id.raw()),
            messages: rows.iter().map(WaitingInfo::of).collect(),
        })
    }

    /// Reads one of the messages. Only owners may, and the record says that they did.
    ///
    /// # Errors
    /// Where the actor is no owner, or no such message waits.
    pub async fn read_waiting(&self, actor: &Actor, address: &str, id: i64) -> Result<WaitingMessage, OpsError> {
        let deed = Deed {
            after: Some(format!("message {id}")),
            ..Deed::new("account.offline.read", address)
        };
        let work = async {
            actor.require_owner()?;
            let found = self.found(actor, address).await?;
            let before = id.checked_sub(1).map(LogId::from_raw);
            let rows = self.storage.log().unacknowledged(found.account.id, before, 1).await?;
            let row = rows.into_iter().find(|row| row.id.raw() == id);
            let row = row.ok_or(OpsError::NoMessage)?;
            let stanza = Stanza::parse(&row.stanza).ok();
            let body = stanza.as_ref().and_then(|stanza| stanza.find("body", ns::CLIENT));
            Ok(WaitingMessage {
                info: WaitingInfo::of(&row),
                body: body.map(Child::text),
                xml: String::from_utf8_lossy(&row.stanza).into_owned(),
            })
        };
        self.audit.record(actor, deed, work).await
    }

    /// Deletes all messages that wait for an account now; says how many. A session that has one already keeps it.
    ///
    /// # Errors
    /// Where there is no such account, or the database fails.
    pub async fn delete_waiting(&self, actor: &Actor, address: &str) -> Result<u64, OpsError> {
        let work = async {
            let found = self.changeable(actor, address).await?;
            let (log, id) = (self.storage.log(), found.account.id);
            // What comes meanwhile stays.
            let last = log.next_id();
            let (mut deleted, mut after) = (0, None);
            loop {
                let rows = log.unacknowledged(id, after, DELETED_AT_A_TIME).await?;
                let ids: Vec<LogId> = rows.iter().map(|row| row.id).filter(|id| *id < last).collect();
                let Some(end) = ids.last() else { break };
                after = Some(*end);
                deleted += ids.len() as u64;
                log.acknowledge(id, ids);
                log.flush().await?;
            }
            tracing::info!(%actor, host = found.jid.domain(), deleted, "messages that waited were deleted");
            Ok(deleted)
        };
        self.audit
            .record(actor, Deed::new("account.offline.delete", address), work)
            .await
    }
}

impl WaitingInfo {
    fn of(row: &storage::LogRow) -> Self {
        Self {
            id: row.id.raw(),
            from: row.peer.clone(),
            at: row.id.timestamp(),
            bytes: row.stanza.len() as u64,
            expires_at: row.expires_at,
        }
    }
}
