//! How the orders for each host go, and who is at one: nobody else is meanwhile.

use super::Acme;
use crate::db::{Row, Sql, args, timed};
use crate::kept_certificates::{self, tell};
use crate::{HostId, KeptSource, StorageError};

/// How the orders for a host go. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcmeOrder {
    /// The host.
    pub host: HostId,
    /// Orders that failed since the last one that did not.
    pub failures: u32,
    /// When the last of them did.
    pub failed_at: Option<i64>,
    /// Why.
    pub why: Option<String>,
    /// Not tried again before.
    pub next_at: i64,
    /// Nor before that, though an operator wishes it: the authority said so.
    pub held_until: i64,
    /// Since when an operator wishes one.
    pub wished_at: Option<i64>,
    /// Whether a server is at it.
    pub is_claimed: bool,
}

/// An order that failed. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcmeFailure<'a> {
    /// Why.
    pub why: &'a str,
    /// Not tried again before.
    pub next_at: i64,
    /// Nor before that, though an operator wishes it.
    pub held_until: i64,
}

const MAKE: Sql = Sql::differing(
    "INSERT INTO acme_orders (host_id, failures, next_at, held_until, claim, claimed_until) \
     VALUES (?, 0, 0, 0, '', 0) ON CONFLICT (host_id) DO NOTHING",
    "INSERT INTO acme_orders (host_id, failures, next_at, held_until, claim, claimed_until) \
     VALUES (?, 0, 0, 0, '', 0) ON DUPLICATE KEY UPDATE host_id = host_id",
);

impl Acme {
    /// How all of them go, by host.
    pub async fn orders(&self) -> Result<Vec<AcmeOrder>, StorageError> {
        const ALL: Sql = timed!("SELECT host_id, failures, failed_at, why, next_at, held_until, wished_at, \
                                 CASE WHEN claimed_until > " now " THEN 1 ELSE 0 END FROM acme_orders ORDER BY host_id");
        self.db.rows(ALL, args![]).await?.iter().map(read).collect()
    }

    /// An operator wishes an order for this host; whoever is to make it hears of it.
    pub async fn wish(&self, host: HostId) -> Result<(), StorageError> {
        const WISH: &str = "UPDATE acme_orders SET wished_at = ? WHERE host_id = ?";
        let mut tx = self.db.begin().await?;
        tell(&mut tx).await?;
        tx.execute(MAKE, args![host.get()]).await?;
        tx.execute(WISH, args![self.clock.now_micros(), host.get()]).await?;
        tx.commit().await?;
        self.db.notify().await;
        Ok(())
    }

    /// Whoever has this `claim` is at an order for this host from now on, for so many milliseconds by the database's
    /// clock; `false` where somebody else is.
    pub async fn claim(&self, host: HostId, claim: &str, lasts_millis: i64) -> Result<bool, StorageError> {
        const CLAIM: Sql = timed!("UPDATE acme_orders SET claim = ?, claimed_until = " now " + ? \
                                   WHERE host_id = ? AND claimed_until <= " now "");
        self.db.execute(MAKE, args![host.get()]).await?;
        Ok(self.db.execute(CLAIM, args![claim, lasts_millis, host.get()]).await? > 0)
    }

    /// Whoever has this claim is at it no more; nothing came of it that had to be kept.
    pub async fn give_up(&self, host: HostId, claim: &str) -> Result<(), StorageError> {
        const GIVE_UP: &str = "UPDATE acme_orders SET claim = '', claimed_until = 0 WHERE host_id = ? AND claim = ?";
        self.db.execute(GIVE_UP, args![host.get(), claim]).await.map(|_| ())
    }

    /// The order of this claim failed; `false` where the claim is somebody else's by now.
    pub async fn fail(&self, host: HostId, claim: &str, failure: &AcmeFailure<'_>) -> Result<bool, StorageError> {
        const FAIL: &str = "UPDATE acme_orders SET failures = failures + 1, failed_at = ?, why = ?, next_at = ?, \
                            held_until = ?, wished_at = NULL, claim = '', claimed_until = 0 \
                            WHERE host_id = ? AND claim = ?";
        let AcmeFailure {
            why,
            next_at,
            held_until,
        } = *failure;
        let now = self.clock.now_micros();
        let values = args![now, why, next_at, held_until, host.get(), claim];
        Ok(self.db.execute(FAIL, values).await? > 0)
    }

    /// The order of this claim brought this certificate, which all servers use from now on; `false` where the claim is
    /// somebody else's by now: then it is not kept.
    pub async fn succeed(
        &self,
        host: HostId,
        claim: &str,
        chain: &str,
        sealed_key: &[u8],
    ) -> Result<bool, StorageError> {
        const DONE: &str = "UPDATE acme_orders SET failures = 0, failed_at = NULL, why = NULL, next_at = 0, \
                            held_until = 0, wished_at = NULL, claim = '', claimed_until = 0 \
                            WHERE host_id = ? AND claim = ?";
        let mut tx = self.db.begin().await?;
        tell(&mut tx).await?;
        if tx.execute(DONE, args![host.get(), claim]).await? == 0 {
            return Ok(false);
        }
        let now = self.clock.now_micros();
        kept_certificates::put(&mut tx, host, chain, sealed_key, KeptSource::Acme, now).await?;
        tx.commit().await?;
        self.db.notify().await;
        Ok(true)
    }
}

fn read(row: &Row) -> Result<AcmeOrder, StorageError> {
    Ok(AcmeOrder {
        host: HostId::new(row.int(0)?),
        failures: u32::try_from(row.int(1)?).unwrap_or(u32::MAX),
        failed_at: row.maybe_int(2)?,
        why: row.maybe_text(3)?,
        next_at: row.int(4)?,
        held_until: row.int(5)?,
        wished_at: row.maybe_int(6)?,
        is_claimed: row.flag(7)?,
    })
}
