//! Who may send a row of the message log, so that each goes to one session at a time, cluster-wide.
//!
//! A row is *in flight* on the node whose session has it, and on the node that sent it there until it hears
//! [`Frame::Landed`]. Whoever wants to send rows from the log therefore
//! 1. reads them,
//! 2. claims them here, which fails for what is in flight here,
//! 3. asks every living node; what is in flight there stays there,
//! 4. reads them again: what has landed since the first reading is gone, because a node writes what it holds of
//!    acknowledgements before it answers, and before it says that a row has landed.
//!
//! Two nodes that claim one row at the same time ask each other. The higher number yields: it says that the row is
//! free, and finds its own claim gone. A node that does not answer in time may have the rows, so they wait: for its
//! answer, for which the account is looked at again a little later, or for its end, after which the nodes with
//! sessions of the account look again at once.

use std::{collections::HashSet, sync::Arc, time::Duration};

use storage::{LogId, LogRow, StorageError};

use super::{
    AskError,
    frame::{self, Frame, Landing, Question},
};
use crate::{Account, Router};

/// How long a session that becomes available waits for other nodes, where something waits for it.
const CLAIM_DEADLINE: Duration = Duration::from_secs(1);
/// How long after a node did not answer in time it is asked again. It answers or is declared dead within seconds.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(2);

impl Router {
    /// The next rows of the account's message log that are in flight nowhere; from now on they are here, and
    /// [`Account::set_landed`] is due for each. `None` in place of those that others have: the caller needs to know how
    /// far it has read.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn claim_rows(
        self: &Arc<Self>,
        account: &Account,
        after: Option<LogId>,
        limit: u32,
    ) -> Result<Vec<(LogId, Option<LogRow>)>, StorageError> {
        let log = self.storage().log();
        let rows = log.unacknowledged(account.id, after, limit).await?;
        let mut mine: HashSet<LogId> = rows
            .iter()
            .map(|row| row.id)
            .filter(|id| account.in_flight().claim(*id))
            .collect();
        if !mine.is_empty() && !self.mesh().is_alone() {
            mine = self.claim_everywhere(account, mine, after, limit).await?;
        }
        // From here on nothing is yielded. What was yielded while others were asked and rows were read is theirs.
        mine.retain(|row| account.in_flight().settle_claim(*row));
        Ok(rows
            .into_iter()
            .map(|row| (row.id, mine.contains(&row.id).then_some(row)))
            .collect())
    }

    async fn claim_everywhere(
        self: &Arc<Self>,
        account: &Account,
        mut mine: HashSet<LogId>,
        after: Option<LogId>,
        limit: u32,
    ) -> Result<HashSet<LogId>, StorageError> {
        let claimed = mine.clone();
        let taken = self.taken_elsewhere(account, &claimed).await;
        mine.retain(|row| !taken.contains(row));
        let again = self
            .storage()
            .log()
            .unacknowledged(account.id, after, limit.saturating_mul(2))
            .await;
        if let Ok(again) = &again {
            let left: HashSet<LogId> = again.iter().map(|row| row.id).collect();
            mine.retain(|row| left.contains(row));
        } else {
            mine.clear();
        }
        for row in claimed.difference(&mine) {
            account.in_flight().give_up(*row);
        }
        again.map(|_| mine)
    }

    async fn taken_elsewhere(self: &Arc<Self>, account: &Account, rows: &HashSet<LogId>) -> HashSet<LogId> {
        let peers = self.mesh().peers();
        let nodes = peers.nodes();
        if nodes.is_empty() {
            return HashSet::new();
        }
        let question = frame::encode(&Question::Claim {
            account: account.jid.as_str(),
            rows: rows.iter().map(|row| row.raw()).collect(),
        });
        let mut taken = HashSet::new();
        for (node, answer) in peers.ask(nodes, question, CLAIM_DEADLINE).await {
            match answer.map(|bytes| frame::decode::<Vec<i64>>(node, &bytes)) {
                Ok(Some(theirs)) => taken.extend(theirs.into_iter().map(LogId::from_raw)),
                Err(AskError::Gone) => {}
                Ok(None) | Err(AskError::TooLate) => {
                    self.look_later(account);
                    return rows.clone();
                }
            }
        }
        taken
    }

    /// Looks once more for what waits, where a session here may still want it. One task for each account at a time; it is
    /// not among what [`Router::settled`] waits for, because it waits for others.
    fn look_later(self: &Arc<Self>, account: &Account) {
        let Some(account) = self.accounts().known(account.jid.as_str()) else {
            return;
        };
        if !account.looks_later(true) {
            return;
        }
        let house = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
            account.looks_later(false);
            let _turn = account.turn().await;
            house.replay_to_any(&account).await;
        });
    }

    /// Which of the rows that `node` wants are in flight here.
    pub(crate) async fn in_flight_here(&self, node: u64, account: &str, rows: &[i64]) -> Vec<i64> {
        let is_yielding = node < self.mesh().me();
        let taken = match self.accounts().known(account) {
            Some(account) => rows
                .iter()
                .filter(|row| account.in_flight().has(LogId::from_raw(**row), is_yielding))
                .copied()
                .collect(),
            None => Vec::new(),
        };
        match self.storage().log().flush().await {
            Ok(()) => taken,
            // Acknowledgements may be outstanding: better late than twice.
            Err(_) => rows.to_vec(),
        }
    }

    /// A row has landed: who waits for that hears of it once acknowledgements are written.
    pub(crate) fn send_landed(&self, account: &Account, origins: &[(u64, u64)], row: LogId, landing: Landing) {
        for (origin, generation) in origins {
            let frame = Frame::Landed {
                account: account.jid.as_str(),
                rows: vec![row.raw()],
                generation: *generation,
                landing,
            };
            self.mesh().send_after_commit(*origin, &frame);
        }
    }

    /// Rows whose sessions are gone wait again: whoever has sessions of the account looks for them.
    pub(crate) async fn look_again(self: &Arc<Self>, account: &Account) {
        let _turn = account.turn().await;
        self.replay_to_any(account).await;
        self.hint(account);
    }
}
