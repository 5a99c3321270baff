//! The link between two servers comes and goes, while people talk across it.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use protocol::Jid;

use crate::{
    PATIENCE, chosen,
    fleet::{Fleet, name},
    net::Peer::Server,
    person::{Mark, Person, all_see, body, chat},
};

const BETWEEN_MESSAGES: Duration = Duration::from_millis(20);
/// More than the last message takes.
const TAIL: &str = "that was all";

/// How long the link is down each time, and then up.
struct Turn {
    down: Duration,
    up: Duration,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_link_that_comes_and_goes_everything_arrives_once_and_in_order() -> Result<()> {
    let duration = Duration::from_secs(chosen("HEARTH_CLUSTER_FLAP_SECS", 15)?);
    let turn = Turn {
        down: Duration::from_secs(1),
        up: Duration::from_secs(1),
    };
    talk_over(&turn, duration).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_back_with_its_people_brings_them_everything_in_order() -> Result<()> {
    // Long enough for one of the two to be declared dead, and too short for its people to be sent away.
    let turn = Turn {
        down: Duration::from_secs(7),
        up: Duration::from_secs(5),
    };
    let is_whole = talk_over(&turn, Duration::from_secs(20)).await?;
    ensure!(!is_whole, "nobody was declared dead");
    Ok(())
}

/// Two people on two servers talk for this time; whether both servers stayed members throughout.
async fn talk_over(turn: &Turn, duration: Duration) -> Result<bool> {
    let fleet = Fleet::together_on_a_network(2, &["romeo", "juliet"]).await?;
    let mut people = [fleet.arrive(1, "romeo").await?, fleet.arrive(2, "juliet").await?];
    let jids = people.each_ref().map(|it| it.jid.clone());
    all_see(&mut people, &jids).await?;
    let lives = lives(&fleet)?;

    let [romeo, juliet] = people;
    let [he, she] = jids;
    let end = Instant::now() + duration;
    let his = tokio::spawn(talk(romeo, she, end));
    let hers = tokio::spawn(talk(juliet, he, end));
    let mut turns = 0;
    while Instant::now() < end {
        fleet.net()?.cut(Server(1), Server(2))?;
        tokio::time::sleep(turn.down).await;
        fleet.net()?.mend(Server(1), Server(2))?;
        tokio::time::sleep(turn.up).await;
        turns += 1;
    }
    let ((mut romeo, he_said), (mut juliet, she_said)) = (his.await?, hers.await?);
    let healed = Instant::now();
    fleet.wait_members(2, PATIENCE).await?;
    let whole = healed.elapsed();
    let is_whole = self::lives(&fleet)? == lives;
    println!(
        "the link was down {turns} times: both servers {}, all are members {whole:.1?} after the last time",
        if is_whole {
            "stayed members"
        } else {
            "did not stay members"
        }
    );
    for (said, is_his) in [(he_said, true), (she_said, false)] {
        let (speaking, hearing) = if is_his {
            (&mut romeo, &mut juliet)
        } else {
            (&mut juliet, &mut romeo)
        };
        let numbers = heard(hearing, speaking).await?;
        println!("{} heard {} of {said}", hearing.jid, numbers.len());
        let is_in_order = numbers.is_sorted_by(|one, other| one < other);
        ensure!(is_in_order, "{} heard {numbers:?}", hearing.jid);
        ensure!(
            numbers.len() == said,
            "{} lost some, and heard {numbers:?}",
            hearing.jid
        );
    }
    fleet.told()?;
    Ok(is_whole)
}

/// The numbers of both servers' lives.
fn lives(fleet: &Fleet) -> Result<Vec<Option<String>>> {
    let view = fleet.view(1)?;
    Ok((1..=2).map(|number| view.id(&name(number))).collect())
}

/// Says numbers to the other until the end; how many.
async fn talk(mut person: Person, other: Jid, end: Instant) -> (Person, usize) {
    let mut said = 0;
    while Instant::now() < end {
        person.send(chat(&other, &format!("number {said}"))).await;
        said += 1;
        tokio::time::sleep(BETWEEN_MESSAGES).await;
    }
    (person, said)
}

/// The numbers that this one has heard of the other, who adds a last word.
async fn heard(hearing: &mut Person, speaking: &mut Person) -> Result<Vec<usize>> {
    speaking.send(chat(&hearing.jid, TAIL)).await;
    let is_last = |it: &protocol::Element| body(it).as_deref() == Some(TAIL);
    hearing.expect("the last word", PATIENCE, is_last).await?;
    let texts = hearing.since(Mark::START).filter_map(body);
    let numbers = texts.filter_map(|text| text.strip_prefix("number ")?.parse().ok());
    Ok(numbers.collect())
}
