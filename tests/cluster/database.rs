//! The database goes away for a while, or hangs: who is there goes on talking.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use testkit::databases::{Durability, Kind, Server};
use tokio::task::block_in_place;

use crate::{
    PATIENCE, chosen,
    fleet::Fleet,
    person::{self, Person, all_miss, all_talk, only_lost},
};

/// The chat goes on with a round of messages so often.
const BETWEEN_MESSAGES: Duration = Duration::from_millis(200);

/// What happens to it.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    /// It is stopped, and refuses connections.
    Away,
    /// It takes connections and answers nobody.
    Hangs,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chat_goes_on_while_the_database_is_away() -> Result<()> {
    without_database(Trouble::Away).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chat_goes_on_while_the_database_hangs() -> Result<()> {
    without_database(Trouble::Hangs).await
}

impl Trouble {
    fn begin(self, database: &mut Server) -> Result<()> {
        block_in_place(|| match self {
            Self::Away => database.pause(),
            Self::Hangs => database.freeze(),
        })
    }

    fn end(self, database: &mut Server) -> Result<()> {
        block_in_place(|| match self {
            Self::Away => database.resume(),
            Self::Hangs => database.thaw(),
        })
    }
}

async fn without_database(trouble: Trouble) -> Result<()> {
    let away = Duration::from_secs(chosen("HEARTH_CLUSTER_AWAY_SECS", 15)?);
    let names = ["romeo", "juliet", "nurse"];
    let mut database = block_in_place(|| Server::start(Kind::Postgres, Durability::Relaxed))?;
    let (fleet, mut people) = with_three_people(&database, &names).await?;
    let mut stranger = fleet.arrive(1, "mercutio").await?;
    stranger.block("nurse").await?;
    let everybody: Vec<_> = people.iter().map(|it| it.jid.clone()).collect();
    let marks: Vec<_> = people.iter_mut().map(Person::mark).collect();

    let stopped = Instant::now();
    trouble.begin(&mut database)?;
    let (mut rounds, mut longest) = (0, Duration::ZERO);
    // To somebody this server never dealt with before.
    let first = people[1]
        .tell(&mut stranger)
        .await
        .context("a first word without the database")?;
    people[2]
        .is_refused_by(&stranger)
        .await
        .context("without the database")?;
    while stopped.elapsed() < away {
        let round = all_talk(&mut people).await;
        longest = longest.max(round.with_context(|| format!("{:.1?} without the database", stopped.elapsed()))?);
        rounds += 1;
        tokio::time::sleep(BETWEEN_MESSAGES).await;
    }
    trouble.end(&mut database)?;
    let resumed = Instant::now();
    let (mut tybalt, login) = fleet.arrive_at_last(2, "tybalt").await?;
    fleet.wait_members(3, PATIENCE).await?;
    let settled = resumed.elapsed();
    all_talk(&mut people).await?;
    only_lost(&mut people, &marks, &[], &everybody).await?;
    tybalt.is_here().await?;
    println!(
        "the database, for {away:?}: {trouble:?}; {rounds} rounds of messages, the longest took {longest:.1?}, a \
         first word to a stranger {first:.1?}; afterwards a login took \
         {login:.1?}, and the members agreed after {settled:.1?}"
    );
    fleet.told()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_dies_while_the_database_is_away() -> Result<()> {
    let away = Duration::from_secs(chosen("HEARTH_CLUSTER_AWAY_SECS", 15)?);
    let names = ["romeo", "juliet", "nurse"];
    let mut database = block_in_place(|| Server::start(Kind::Postgres, Durability::Relaxed))?;
    let (mut fleet, mut people) = with_three_people(&database, &names).await?;
    let victim = fleet.junior()?;

    let stopped = Instant::now();
    Trouble::Away.begin(&mut database)?;
    let mut longest = talk_until(&mut people, stopped + away / 3).await?;
    people.iter_mut().for_each(Person::take_all);
    let lost = people.remove(victim - 1);
    let marks: Vec<_> = people.iter_mut().map(Person::mark).collect();
    let killed = Instant::now();
    fleet.kill(victim);
    let jids = [lost.jid.clone()];
    let missed = all_miss(&mut people, &jids, killed).await?;
    longest = longest.max(talk_until(&mut people, stopped + away).await?);
    Trouble::Away.end(&mut database)?;
    let resumed = Instant::now();
    let survivor = fleet.awake().next().context("two survive")?;
    let (late, login) = fleet.arrive_at_last(survivor, "tybalt").await?;
    fleet.wait_members(2, PATIENCE).await?;
    let settled = resumed.elapsed();
    let mut everybody: Vec<_> = people.iter().map(|it| it.jid.clone()).collect();
    everybody.extend(jids.clone());
    only_lost(&mut people, &marks, &jids, &everybody).await?;
    let again = Instant::now();
    fleet.restart(victim)?;
    fleet.wait_members(3, PATIENCE).await?;
    println!(
        "a junior of 3 was killed without the database: its people are missed after {missed:.1?}, a message took {longest:.1?} at \
         most; afterwards a login took {login:.1?}, the members agreed after {settled:.1?}, and with it again after {:.1?}",
        again.elapsed()
    );
    late.leave().await?;
    fleet.told()
}

/// Three servers that are one cluster, with one of these people each.
async fn with_three_people(database: &Server, names: &[&str]) -> Result<(Fleet, Vec<Person>)> {
    let mut fleet = Fleet::prepare_on(&database.url(), 3)?;
    fleet.start_all()?;
    fleet.add_people(names)?;
    fleet.add_people(&["mercutio", "tybalt"])?;
    person::befriend(fleet.address(1)?, names).await?;
    fleet.enable(1)?;
    fleet.wait_members(3, PATIENCE).await?;
    let (mut people, _) = fleet.gather_friends(names).await?;
    all_talk(&mut people).await?;
    Ok((fleet, people))
}

/// The longest that a message took.
async fn talk_until(people: &mut [Person], end: Instant) -> Result<Duration> {
    let mut longest = Duration::ZERO;
    while Instant::now() < end {
        longest = longest.max(all_talk(people).await?);
        tokio::time::sleep(BETWEEN_MESSAGES).await;
    }
    Ok(longest)
}
