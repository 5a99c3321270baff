//! What waits for an account goes before what comes directly.
//!
//! A node that puts a message into the log because it sees no session, and sees one when the next message comes, sends that
//! one directly, and names the row that waits (`Frame::Deliver`). The session's node keeps back what comes from other
//! nodes until it has looked for such rows: it asks the other node, which answers when they are written, and replays. So
//! they stay in order where a client comes at that moment, and where a node comes back to its cluster with sessions that the
//! others believed lost.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use smallvec::SmallVec;
use storage::LogId;

use super::frame::{self, Question};
use crate::{Delivery, Inbox, Refused, Router, Session};

/// How long the other node has to write what it put there. What it writes later comes behind.
const WRITING: Duration = Duration::from_secs(1);
/// How long what comes directly is kept back at most. A client that takes so long gets the rest of what waited behind it.
const KEPT_BACK_AT_MOST: Duration = Duration::from_secs(10);

/// Which rows of other nodes a session has to see before what comes directly from there. Ids of one node only grow, and
/// it writes them in their order.
#[derive(Debug, Default)]
pub(crate) struct Backlog(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The last row of each node up to which everything was looked for.
    seen: SmallVec<[LogId; 1]>,
    /// What has to be looked for, and whether it is written.
    wanted: SmallVec<[(LogId, bool); 1]>,
}

/// A reading of the log from its beginning, and the rows that it finds if they are there.
#[derive(Debug)]
pub struct Reading(SmallVec<[LogId; 1]>);

impl State {
    fn has_seen(&self, row: LogId) -> bool {
        self.seen.iter().any(|seen| seen.node() == row.node() && *seen >= row)
    }

    fn see(&mut self, row: LogId) {
        match self.seen.iter_mut().find(|seen| seen.node() == row.node()) {
            Some(seen) => *seen = row.max(*seen),
            None => self.seen.push(row),
        }
    }

    /// Lets go of what was kept back, where nothing is wanted any more.
    fn open(&self, inbox: &Inbox) {
        if self.wanted.is_empty() {
            inbox.let_go();
        }
    }
}

impl Backlog {
    /// From now on the inbox keeps back what comes from other nodes, unless this row was seen. True where it has to be looked
    /// for.
    fn want(&self, row: LogId, inbox: &Inbox) -> bool {
        let mut state = self.0.lock();
        if state.has_seen(row) || state.wanted.iter().any(|(wanted, _)| *wanted == row) {
            return false;
        }
        state.wanted.push((row, false));
        inbox.keep_back();
        true
    }

    /// Whoever reads the log from now on finds the row, unless it is gone.
    fn is_written(&self, row: LogId) {
        let mut state = self.0.lock();
        let wanted = state.wanted.iter_mut().filter(|(wanted, _)| *wanted == row);
        wanted.for_each(|(_, is_written)| *is_written = true);
    }

    /// It took too long.
    fn give_up(&self, row: LogId, inbox: &Inbox) {
        let mut state = self.0.lock();
        state.wanted.retain(|(wanted, _)| *wanted != row);
        state.open(inbox);
    }

    fn begin(&self) -> Reading {
        let state = self.0.lock();
        let written = state.wanted.iter().filter(|(_, is_written)| *is_written);
        Reading(written.map(|(row, _)| *row).collect())
    }

    fn end(&self, reading: &Reading, inbox: &Inbox) {
        let mut state = self.0.lock();
        for row in &reading.0 {
            state.see(*row);
        }
        state.wanted.retain(|(row, _)| !reading.0.contains(row));
        state.open(inbox);
    }
}

impl Session {
    /// The log is about to be read from its beginning, for this session.
    #[must_use]
    pub fn begins_to_read(&self) -> Reading {
        self.backlog.begin()
    }

    /// It was read to its end, and what nobody else has is in the inbox.
    pub fn has_read(&self, reading: &Reading) {
        self.backlog.end(reading, &self.inbox);
    }

    /// This row of the log is in the inbox, and all of its node's before it were looked for.
    pub fn has_seen(&self, row: LogId) {
        self.backlog.0.lock().see(row);
    }
}

impl Router {
    /// Hands over what another node sent to a session, behind this row of that node's where one waits.
    pub(super) fn push_behind(
        self: &Arc<Self>,
        node: u64,
        session: &Arc<Session>,
        behind: Option<LogId>,
        delivery: Delivery,
    ) -> Result<(), Refused> {
        if let Some(row) = behind
            && session.takes_messages()
            && session.backlog.want(row, &session.inbox)
        {
            self.fetch_backlog(node, session, row);
        }
        session.inbox.push_from_afar(delivery)
    }

    fn fetch_backlog(self: &Arc<Self>, node: u64, session: &Arc<Session>, row: LogId) {
        metrics::counter!("cluster_backlogs_fetched").increment(1);
        let (house, for_session) = (self.clone(), session.clone());
        self.mesh().spawn(async move {
            let question = frame::encode(&Question::Written);
            // Where it is gone or silent, what can be read is what there is.
            house.mesh().peers().ask(vec![node], question, WRITING).await;
            for_session.backlog.is_written(row);
            let _turn = for_session.account.turn().await;
            house.replay(&for_session).await;
        });
        let session = session.clone();
        tokio::spawn(async move {
            tokio::time::sleep(KEPT_BACK_AT_MOST).await;
            session.backlog.give_up(row, &session.inbox);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The `number`th row of a node.
    fn row(node: i64, number: i64) -> LogId {
        LogId::from_raw(number << 12 | node)
    }

    #[test]
    fn a_row_is_looked_for_once() {
        let (backlog, inbox) = (Backlog::default(), Inbox::new(8));
        assert!(backlog.want(row(1, 5), &inbox));
        assert!(!backlog.want(row(1, 5), &inbox), "it is being looked for");
        backlog.is_written(row(1, 5));
        backlog.end(&backlog.begin(), &inbox);
        for (wanted, is_news) in [
            (row(1, 5), false),
            (row(1, 4), false),
            (row(2, 4), true),
            (row(1, 6), true),
        ] {
            assert_eq!(backlog.want(wanted, &inbox), is_news, "{wanted}");
        }
    }

    #[test]
    fn a_reading_that_began_before_a_row_was_written_did_not_look_for_it() {
        let (backlog, inbox) = (Backlog::default(), Inbox::new(8));
        backlog.want(row(1, 5), &inbox);
        let early = backlog.begin();
        backlog.is_written(row(1, 5));
        backlog.end(&early, &inbox);
        assert!(inbox.is_keeping_back());
        backlog.end(&backlog.begin(), &inbox);
        assert!(!inbox.is_keeping_back());
    }

    #[test]
    fn what_is_kept_back_for_two_nodes_waits_for_both() {
        let (backlog, inbox) = (Backlog::default(), Inbox::new(8));
        backlog.want(row(1, 5), &inbox);
        backlog.want(row(2, 5), &inbox);
        backlog.is_written(row(1, 5));
        backlog.end(&backlog.begin(), &inbox);
        assert!(inbox.is_keeping_back());
        backlog.give_up(row(2, 5), &inbox);
        assert!(!inbox.is_keeping_back());
    }
}
