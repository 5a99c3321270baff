//! The network breaks in two, and each half has people: one of them goes on, the other does nothing until it is whole
//! again.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use protocol::Element;
use tests::support::process::Server;

use crate::{
    PATIENCE,
    faults::{LATE, NAMES},
    fleet::{Fleet, name},
    letters::{Post, Writer},
    person::all_talk,
};

/// A letter from everybody to everybody else so often.
const BETWEEN_LETTERS: Duration = Duration::from_millis(200);
/// Until all are members again: a few times what it takes.
const HEAL: Duration = Duration::from_secs(10);
/// The half that does nothing is watched for so long.
const WATCH: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_servers_that_lose_each_other_one_goes_on() -> Result<()> {
    breaks(2, &[Side::Junior]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_of_three_go_on_without_the_senior() -> Result<()> {
    breaks(3, &[Side::Senior]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_of_five_go_on_without_the_senior_and_a_junior() -> Result<()> {
    breaks(5, &[Side::Senior, Side::Junior]).await
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Senior,
    Junior,
}

async fn breaks(count: usize, apart: &[Side]) -> Result<()> {
    let mut names = NAMES[..count].to_vec();
    names.push(LATE);
    let mut fleet = Fleet::together_on_a_network(count, &names).await?;
    let mut writers = Vec::new();
    for (place, who) in NAMES[..count].iter().enumerate() {
        writers.push(Writer::arrive(fleet.address(place + 1)?, who, &name(place + 1)).await?);
    }
    let (senior, junior) = (fleet.senior()?, fleet.junior()?);
    let smaller: Vec<_> = apart
        .iter()
        .map(|side| if *side == Side::Senior { senior } else { junior })
        .collect();
    let ids: Vec<_> = (1..=count)
        .map(|it| fleet.server(it).map(Server::id))
        .collect::<Result<_>>()?;
    all_write(&mut writers).await;
    for writer in &mut writers {
        writer.expect_acknowledged(PATIENCE).await?;
    }

    let began = Instant::now();
    fleet.part(&smaller)?;
    let losers = losers(&fleet, &smaller, &mut writers).await?;
    for loser in &losers {
        fleet.set_aside(*loser);
    }
    let fenced = began.elapsed();
    let survivor = fleet.awake().next().context("one half goes on")?;
    let (late, login) = fleet.arrive_at_last(survivor, LATE).await?;
    while fleet.wait_members(count - losers.len(), Duration::ZERO).await.is_err() {
        ensure!(began.elapsed() < PATIENCE, "the rest does not agree");
        all_write(&mut writers).await;
    }
    let agreed = began.elapsed();

    // Nothing gets in or out of the half that must not act.
    let silent: Vec<_> = losers.iter().map(|loser| writers[loser - 1].person.mark()).collect();
    let watched = Instant::now();
    let mut rounds = 0;
    while watched.elapsed() < WATCH {
        all_write(&mut writers).await;
        rounds += 1;
        tokio::time::sleep(BETWEEN_LETTERS).await;
    }
    // Somebody there comes back with the same full JID where there is service.
    let loser = losers[0];
    let (resource, who) = (name(loser), NAMES[loser - 1]);
    let address = fleet.address(survivor)?;
    let again = Instant::now();
    let mut returned = Writer::arrive(address, who, &resource).await?;
    let rebound = again.elapsed();
    for (loser, mark) in losers.iter().zip(&silent) {
        let state = fleet.state(*loser)?;
        ensure!(state != "member", "n{loser} is {state}");
        let said: Vec<_> = writers[loser - 1]
            .person
            .since(*mark)
            .filter(|it| !is_farewell(it))
            .collect();
        ensure!(said.is_empty(), "n{loser} may not act, and said {said:#?}");
    }

    let healed = Instant::now();
    fleet.reunite(&smaller)?;
    for loser in &losers {
        fleet.take_back(*loser);
    }
    fleet.wait_members(count, HEAL).await?;
    let whole = healed.elapsed();
    println!(
        "{count} servers break into {} and {}: no member any more after {fenced:.1?}, the rest agrees after {agreed:.1?}, a \
         login there took {login:.1?}, taking over a full JID {rebound:.1?}; {rounds} rounds of letters reached nobody; \
         healed, all are members after {whole:.1?}",
        count - smaller.len(),
        smaller.len()
    );
    for (place, id) in ids.iter().enumerate() {
        ensure!(fleet.server(place + 1)?.id() == *id, "n{} was restarted", place + 1);
    }
    wait_owned_once(&fleet, returned.person.jid.as_str(), survivor).await?;

    // Those who were cut off come again, where they were or have been all the time.
    let mut post = Post::default();
    let mut people = Vec::new();
    for (place, mut writer) in writers.into_iter().enumerate() {
        let is_over = writer.person.has_ended() || writer.person.is_here().await.is_err();
        post.promise(&mut writer);
        if is_over {
            post.read(&mut writer.person);
        }
        if is_over && place + 1 != loser {
            people.push(fleet.arrive_at_last(place + 1, NAMES[place]).await?.0);
        } else if !is_over {
            ensure!(place + 1 != loser, "{} has two streams", writer.person.jid);
            people.push(writer.person);
        }
    }
    post.promise(&mut returned);
    people.push(returned.person);
    all_talk(&mut people).await?;
    for mut person in people {
        post.read(&mut person);
        person.leave().await?;
    }
    late.leave().await?;
    let (promised, twice) = post.check(&fleet, survivor).await?;
    println!("{promised} letters were acknowledged and are there; {twice} came twice");
    fleet.told()
}

/// Waits until one half knows that it may not act; which. Everybody writes meanwhile.
async fn losers(fleet: &Fleet, half: &[usize], writers: &mut [Writer]) -> Result<Vec<usize>> {
    let all: Vec<_> = fleet.awake().collect();
    let other: Vec<_> = all.iter().copied().filter(|it| !half.contains(it)).collect();
    let began = Instant::now();
    loop {
        all_write(writers).await;
        for side in [half, &other] {
            let states: Vec<_> = side.iter().map(|it| fleet.state(*it)).collect::<Result<_>>()?;
            if states.iter().all(|state| state != "member") && 2 * side.len() <= all.len() {
                return Ok(side.to_vec());
            }
        }
        ensure!(began.elapsed() < PATIENCE, "nobody is cut off");
        tokio::time::sleep(BETWEEN_LETTERS).await;
    }
}

async fn all_write(writers: &mut [Writer]) {
    let everybody: Vec<_> = writers.iter().map(|it| it.person.jid.clone()).collect();
    for writer in writers {
        for to in &everybody {
            if *to != writer.person.jid {
                writer.write(to).await;
            }
        }
    }
}

/// A stream that is given up says why.
fn is_farewell(element: &Element) -> bool {
    element.is("error", protocol::ns::STREAM)
}

async fn wait_owned_once(fleet: &Fleet, jid: &str, at: usize) -> Result<()> {
    let began = Instant::now();
    loop {
        let mut owners = Vec::new();
        for number in fleet.awake() {
            let sessions = fleet.sessions(number)?;
            owners.extend(sessions.into_iter().filter(|it| it == jid).map(|_| number));
        }
        if owners == [at] {
            return Ok(());
        }
        ensure!(began.elapsed() < PATIENCE, "{jid} is owned by {owners:?}");
        tokio::time::sleep(BETWEEN_LETTERS).await;
    }
}
