//! One server cannot reach the database, and everybody else can.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::{
    PATIENCE, chosen,
    faults::{LATE, NAMES},
    fleet::Fleet,
    net::Peer::{Database, Server},
    person::{Person, all_talk, only_lost},
};

/// The chat goes on with a round of messages so often.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_cut_from_the_database_goes_on_talking() -> Result<()> {
    let away = Duration::from_secs(chosen("HEARTH_CLUSTER_CUT_SECS", 12)?);
    let mut names = NAMES[..3].to_vec();
    names.push(LATE);
    let fleet = Fleet::together_on_a_network(3, &names).await?;
    let (mut people, everybody) = fleet.gather_friends(&NAMES[..3]).await?;
    // A server looks up whom it has never had anything to do with: what goes on is talk that has begun.
    all_talk(&mut people).await?;
    for (role, number) in [("a junior", fleet.junior()?), ("the senior", fleet.senior()?)] {
        let marks: Vec<_> = people.iter_mut().map(Person::mark).collect();
        let began = Instant::now();
        fleet.net()?.cut(Server(number), Database)?;
        let (mut longest, mut longest_login) = (Duration::ZERO, Duration::ZERO);
        while began.elapsed() < away {
            longest = longest.max(all_talk(&mut people).await?);
            for other in fleet.awake().filter(|it| *it != number) {
                let (late, login) = fleet.arrive_at_last(other, LATE).await?;
                longest_login = longest_login.max(login);
                late.leave().await?;
            }
            tokio::time::sleep(BETWEEN_ROUNDS).await;
        }
        let mended = Instant::now();
        fleet.net()?.mend(Server(number), Database)?;
        let (late, login) = fleet.arrive_at_last(number, LATE).await?;
        late.leave().await?;
        fleet.wait_members(3, PATIENCE).await?;
        println!(
            "{role} of 3 is cut from the database for {away:?}: a message took {longest:.1?} at most, a login elsewhere \
             {longest_login:.1?}; afterwards a login there works after {login:.1?}, all agree after {:.1?}",
            mended.elapsed()
        );
        only_lost(&mut people, &marks, &[], &everybody).await?;
    }
    fleet.told()
}
