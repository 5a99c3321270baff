//! Somebody guesses at passwords, at one server after the other.

use std::time::Instant;

use anyhow::{Result, bail, ensure};
use testkit::{client::Connect, databases::Kind};
use tests::support::process::DOMAIN;

use crate::{PATIENCE, fleet::Fleet, person::Person};

/// After so many failures an address is refused.
const MOST: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_two_servers_count_together() -> Result<()> {
    let mut fleet = Fleet::prepare(Kind::Postgres, 2).await?;
    for number in [1, 2] {
        let most = MOST.to_string();
        fleet.set(number, "HEARTH_PROPERTIES__LOCKOUT__FAILURES_PER_ADDRESS", &most)?;
    }
    fleet.start_all()?;
    fleet.add_people(&["juliet"])?;
    fleet.enable(1)?;
    fleet.wait_members(2, PATIENCE).await?;
    Person::log_in(fleet.address(1)?, "juliet", "home")
        .await?
        .leave()
        .await?;

    for guess in 0..MOST {
        let at = guess % 2 + 1;
        let account = format!("mallory{guess}@{DOMAIN}").parse()?;
        let address = fleet.address(at)?;
        let guessing = tokio::spawn(async move {
            let guessed = Connect::DirectTls(address).log_in(&account, "open sesame").await;
            guessed.err().map(|failure| failure.to_xml())
        });
        match guessing.await? {
            Some(failure) if failure.contains("not-authorized") => {}
            other => bail!("guess {guess} at n{at} is answered by {other:?}"),
        }
    }
    let guessed = Instant::now();
    for at in [1, 2] {
        let address = fleet.address(at)?;
        while Person::log_in(address, "juliet", "home").await.is_ok() {
            ensure!(guessed.elapsed() < PATIENCE, "n{at} counts its own guesses alone");
        }
        println!(
            "n{at} refuses the address {:.1?} after the last guess",
            guessed.elapsed()
        );
    }
    let caches = fleet.run(2, &["cluster", "caches"])?;
    ensure!(caches.contains("failed logins by address"), "not listed: {caches}");
    println!("{caches}");
    fleet.told()
}
