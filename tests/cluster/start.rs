//! Servers that start at the same moment, on an empty database, with clustering on.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use testkit::databases::Kind;

use crate::{chosen, fleet::Fleet, person::all_talk};

const SERVERS: usize = 5;
/// Five migrate and join on a busy machine.
const LONG: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_that_start_at_once_are_one_cluster() -> Result<()> {
    let names = ["romeo", "juliet", "mercutio", "nurse", "tybalt"];
    for round in 1..=chosen("HEARTH_CLUSTER_STARTS", 3)? {
        let mut fleet = Fleet::prepare(Kind::Postgres, SERVERS).await?;
        for number in 1..=SERVERS {
            fleet.set(number, "HEARTH_PROPERTIES__CLUSTER__ENABLED", "true")?;
        }
        let began = Instant::now();
        fleet.start_all()?;
        let started = began.elapsed();
        let agreed = fleet.wait_members(SERVERS, LONG).await;
        agreed.with_context(|| format!("start number {round}"))?;
        println!(
            "start number {round}: all serve after {started:.1?}, one cluster after {:.1?}",
            began.elapsed()
        );
        fleet.add_people(&names)?;
        let mut people = fleet.gather(&names).await?;
        all_talk(&mut people).await?;
        fleet.told()?;
    }
    Ok(())
}
