//! The database goes away for a while, or hangs: who is there goes on talking.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use testkit::databases::{Durability, Kind, Server};
use tokio::task::block_in_place;

use crate::{
    PATIENCE, chosen,
    fleet::Fleet,
    person::{self, Person, all_see, all_talk, only_lost},
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
    let mut fleet = Fleet::prepare_on(&database.url(), 3)?;
    fleet.start_all()?;
    fleet.add_people(&names)?;
    fleet.add_people(&["tybalt"])?;
    person::befriend(fleet.address(1)?, &names).await?;
    fleet.enable(1)?;
    fleet.wait_members(3, PATIENCE).await?;
    let mut people = Vec::new();
    for (place, name) in names.iter().enumerate() {
        people.push(fleet.arrive(place + 1, name).await?);
    }
    let everybody: Vec<_> = people.iter().map(|it| it.jid.clone()).collect();
    all_see(&mut people, &everybody).await?;
    all_talk(&mut people).await?;
    let marks: Vec<_> = people.iter_mut().map(Person::mark).collect();

    let stopped = Instant::now();
    trouble.begin(&mut database)?;
    let (mut rounds, mut longest) = (0, Duration::ZERO);
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
        "the database, for {away:?}: {trouble:?}; {rounds} rounds of messages, the longest took {longest:.1?}; afterwards a login took \
         {login:.1?}, and the members agreed after {settled:.1?}"
    );
    fleet.told()
}
