//! What found a session's inbox full: its rows are read from the log when the client has taken the rest. So a burst that
//! comes faster than a client reads costs neither the client its stream nor the server its memory.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use protocol::{Stanza, xep::delay::Delay};
use storage::{LogId, LogRow, StorageError};

use crate::{
    Account, AskError, Router, Session, keep,
    peers::frame::{self, Question},
};

/// How many of those that wait are looked at at once.
const AT_ONCE: usize = 500;
/// Rows of one reading.
const PAGE_ROWS: u32 = 500;
/// How long other nodes have to write what they put there.
const WRITING: Duration = Duration::from_secs(1);
/// How long after the database, or another node, did not answer it is asked again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

impl Router {
    /// Has the next rows read that a session is behind: to be called when its inbox has nothing but
    /// [`crate::Found::Rows`].
    pub fn read_overflow(self: &Arc<Self>, session: &Arc<Session>) {
        let (house, session) = (self.clone(), session.clone());
        self.mesh().spawn(async move {
            let wanted: HashSet<LogId> = session.inbox.next_rows(AT_ONCE).into_iter().collect();
            metrics::counter!("inbox_rows_read").increment(wanted.len() as u64);
            let rows = house.read_rows(&session.account, &wanted).await;
            let Some(rows) = rows.unwrap_or_else(|error| {
                tracing::warn!(target: "router", %error, "messages that wait for a slow client could not be read");
                None
            }) else {
                return read_later(session);
            };
            let read = rows
                .iter()
                .filter_map(|row| Some((row.id, stanza(&session.account, row)?)));
            let read: HashMap<_, _> = read.collect();
            let has_missed = read.len() < wanted.len();
            session.inbox.refill(read);
            if has_missed {
                session.inbox.has_missed();
            }
        });
    }

    /// These rows of the account's log, as far as they are there. `None` where another node does not say whether it has
    /// written what it put there.
    async fn read_rows(&self, account: &Account, wanted: &HashSet<LogId>) -> Result<Option<Vec<LogRow>>, StorageError> {
        let mut rows = HashMap::new();
        self.find_rows(account, wanted, &mut rows).await?;
        if rows.len() < wanted.len() {
            // All of them: the one that put a row there may have another number by now.
            let peers = self.mesh().peers();
            let question = frame::encode(&Question::Written);
            let answers = peers.ask(peers.nodes(), question, WRITING).await;
            self.find_rows(account, wanted, &mut rows).await?;
            let is_silent = answers
                .iter()
                .any(|(_, answer)| matches!(answer, Err(AskError::TooLate)));
            if rows.len() < wanted.len() && is_silent {
                return Ok(None);
            }
        }
        Ok(Some(rows.into_values().collect()))
    }

    async fn find_rows(
        &self,
        account: &Account,
        wanted: &HashSet<LogId>,
        found: &mut HashMap<LogId, LogRow>,
    ) -> Result<(), StorageError> {
        let missing = || {
            wanted
                .iter()
                .filter(|row| !found.contains_key(row))
                .map(|row| row.raw())
        };
        let (Some(first), Some(last)) = (missing().min(), missing().max()) else {
            return Ok(());
        };
        let mut after = LogId::from_raw(first - 1);
        while after.raw() < last {
            let page = self
                .storage()
                .log()
                .unacknowledged(account.id, Some(after), PAGE_ROWS)
                .await?;
            let Some(end) = page.last().map(|row| row.id) else {
                break;
            };
            after = end;
            let theirs = page.into_iter().filter(|row| wanted.contains(&row.id));
            found.extend(theirs.map(|row| (row.id, row)));
        }
        Ok(())
    }
}

/// With nothing that was read, the session asks anew.
fn read_later(session: Arc<Session>) {
    tokio::spawn(async move {
        tokio::time::sleep(AGAIN_AFTER).await;
        session.inbox.refill(HashMap::new());
    });
}

/// XEP-0203: since when it waits.
fn stanza(account: &Account, row: &LogRow) -> Option<Stanza> {
    let stanza = keep::read(row)?;
    let delay = Delay::since(account.jid.to_domain(), row.id.timestamp());
    Some(stanza.child(&delay.to_element()))
}
