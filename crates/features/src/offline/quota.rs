//! How much may wait for one account. Counting asks the database, so counts are trusted for a moment.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use protocol::{Stanza, StanzaError};
use router::Router;
use storage::{AccountId, LogUsage};

use crate::OfflineSettings;

/// How long a count is trusted, so that a flood of messages for a full account does not become one of questions.
const TRUSTED: Duration = Duration::from_secs(10);
/// Counts remembered at a time.
const MAX_COUNTS: usize = 10_000;

/// Counts of what waits for accounts.
#[derive(Default)]
pub(super) struct Quota {
    counts: Mutex<HashMap<AccountId, Count>>,
}

#[derive(Clone, Copy)]
struct Count {
    usage: LogUsage,
    counted_at: Instant,
}

impl Quota {
    /// Whether one more message may wait for the account.
    pub(super) async fn has_room(
        &self,
        house: &Router,
        account: AccountId,
        stanza: &Stanza,
        settings: &OfflineSettings,
    ) -> Result<bool, StanzaError> {
        let usage = match self.known(account) {
            Some(usage) => usage,
            None => self.count(house, account).await?,
        };
        Ok(usage.rows < settings.max_messages && usage.bytes.saturating_add(size(stanza)) <= settings.max_bytes)
    }

    /// One more waits.
    pub(super) fn add(&self, account: AccountId, stanza: &Stanza) {
        if let Some(count) = self.counts.lock().get_mut(&account) {
            count.usage.rows += 1;
            count.usage.bytes = count.usage.bytes.saturating_add(size(stanza));
        }
    }

    /// What waits for the account becomes less.
    pub(super) fn forget(&self, account: AccountId) {
        self.counts.lock().remove(&account);
    }

    fn known(&self, account: AccountId) -> Option<LogUsage> {
        let counts = self.counts.lock();
        let count = counts.get(&account)?;
        (count.counted_at.elapsed() < TRUSTED).then_some(count.usage)
    }

    async fn count(&self, house: &Router, account: AccountId) -> Result<LogUsage, StanzaError> {
        let usage = house.storage().log().usage(account).await;
        let usage = usage.map_err(|error| house.unavailable("counting stored messages", &error))?;
        let mut counts = self.counts.lock();
        if counts.len() >= MAX_COUNTS {
            counts.retain(|_, count| count.counted_at.elapsed() < TRUSTED);
        }
        if counts.len() < MAX_COUNTS {
            counts.insert(
                account,
                Count {
                    usage,
                    counted_at: Instant::now(),
                },
            );
        }
        Ok(usage)
    }
}

fn size(stanza: &Stanza) -> u64 {
    stanza.size() as u64
}
