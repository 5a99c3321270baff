//! Two of three servers do not hear each other, and the third hears both.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::{
    PATIENCE, chosen,
    faults::{LATE, NAMES},
    fleet::Fleet,
    net::Peer::Server,
    person::{Person, all_see, all_talk},
};

/// It stays so for so long.
const WATCH_SECS: u64 = 5;
const LOOK_AGAIN: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_juniors_that_lose_each_other_one_is_left_out() -> Result<()> {
    let watch = Duration::from_secs(chosen("HEARTH_CLUSTER_WATCH_SECS", WATCH_SECS)?);
    let mut names = NAMES[..3].to_vec();
    names.push(LATE);
    let mut fleet = Fleet::together_on_a_network(3, &names).await?;
    let (mut people, everybody) = fleet.gather_friends(&NAMES[..3]).await?;
    let senior = fleet.senior()?;
    let juniors: Vec<_> = fleet.awake().filter(|it| *it != senior).collect();
    let [one, other] = juniors[..] else {
        unreachable!("three servers less one")
    };

    let began = Instant::now();
    fleet.net()?.cut(Server(one), Server(other))?;
    let left_out = fleet.wait_cut_off(&juniors, PATIENCE).await?;
    let fenced = began.elapsed();
    fleet.set_aside(left_out);
    let mut lost = people.remove(left_out - 1);
    fleet.wait_members(2, PATIENCE).await?;
    let agreed = began.elapsed();
    let survivor = fleet.awake().find(|it| *it != senior).context("one junior goes on")?;
    let (late, login) = fleet.arrive_at_last(survivor, LATE).await?;
    // It may try to come back, and must not disturb those who hear each other.
    let (mut longest, watched) = (Duration::ZERO, Instant::now());
    while watched.elapsed() < watch {
        longest = longest.max(all_talk(&mut people).await?);
        let state = fleet.state(left_out)?;
        ensure!(
            state != "member",
            "n{left_out} is {state}, and does not hear all others"
        );
        fleet
            .wait_members(2, Duration::ZERO)
            .await
            .context("while one is left out")?;
        tokio::time::sleep(LOOK_AGAIN).await;
    }

    let healed = Instant::now();
    fleet.net()?.mend(Server(one), Server(other))?;
    fleet.take_back(left_out);
    fleet.wait_members(3, PATIENCE).await?;
    println!(
        "two of three do not hear each other: one stops after {fenced:.1?}, the rest agrees after {agreed:.1?}, a login there \
         took {login:.1?}, a message {longest:.1?} at most; healed, all are members after {:.1?}",
        healed.elapsed()
    );
    if lost.has_ended() || lost.is_here().await.is_err() {
        lost = fleet.arrive_at_last(left_out, NAMES[left_out - 1]).await?.0;
    }
    people.push(lost);
    all_see(&mut people, &everybody).await?;
    all_talk(&mut people).await?;
    late.leave().await?;
    for person in people {
        Person::leave(person).await?;
    }
    fleet.told()
}
