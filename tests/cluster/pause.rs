//! A server falls silent (SIGSTOP), and goes on later as if nothing had happened.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use testkit::databases::Kind;

use crate::{
    PATIENCE, chosen,
    fleet::{Fleet, name},
    person::{Person, all_miss, all_see, all_talk, body, only_lost},
};

/// The others' chat goes on with a message so often.
const BETWEEN_MESSAGES: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_senior_is_missed_and_comes_back() -> Result<()> {
    falls_silent(true).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_junior_is_missed_and_comes_back() -> Result<()> {
    falls_silent(false).await
}

async fn falls_silent(is_senior: bool) -> Result<()> {
    let pause = Duration::from_secs(chosen("HEARTH_CLUSTER_PAUSE_SECS", 20)?);
    let names = ["romeo", "juliet", "nurse", "tybalt", "benvolio"];
    let mut fleet = Fleet::together(Kind::Postgres, 3, &names).await?;
    let silent = if is_senior { fleet.senior()? } else { fleet.junior()? };
    let others: Vec<_> = fleet.awake().filter(|it| *it != silent).collect();
    let [one, other] = others[..] else {
        unreachable!("three servers less one")
    };
    let id = fleet.view(silent)?.id(&name(silent));
    let pid = fleet.server(silent)?.id();

    let mut nurse = fleet.arrive(silent, "nurse").await?;
    let mut tybalt = fleet.arrive(silent, "tybalt").await?;
    let mut living = vec![fleet.arrive(one, "romeo").await?, fleet.arrive(other, "juliet").await?];
    let lost = [nurse.jid.clone(), tybalt.jid.clone()];
    let everybody: Vec<_> = living.iter().map(|it| it.jid.clone()).chain(lost.clone()).collect();
    all_see(&mut living, &everybody).await?;
    all_see(std::slice::from_mut(&mut nurse), &everybody).await?;
    nurse.is_here().await?;
    let before = nurse.mark();
    let marks: Vec<_> = living.iter_mut().map(Person::mark).collect();

    let stopped = Instant::now();
    fleet.pause(silent)?;
    let (mut benvolio, login) = fleet.arrive_at_last(other, "benvolio").await?;
    let mut chat = all_talk(&mut living).await?;
    let missed = all_miss(&mut living, &lost, stopped).await?;
    // Her client comes back as the same full JID, at another server.
    let began = Instant::now();
    let address = fleet.address(one)?;
    let mut returned = loop {
        match Person::arrive(address, "nurse", &name(silent)).await {
            Ok(person) => break person,
            Err(error) if began.elapsed() > PATIENCE => return Err(error),
            Err(_) => tokio::time::sleep(BETWEEN_MESSAGES).await,
        }
    };
    let rebound = began.elapsed();
    all_see(&mut living, std::slice::from_ref(&returned.jid)).await?;
    while stopped.elapsed() < pause {
        chat = chat.max(all_talk(&mut living).await?);
        tokio::time::sleep(BETWEEN_MESSAGES).await;
    }
    only_lost(&mut living, &marks, &lost[1..], &everybody[..2]).await?;
    for (person, mark) in living.iter_mut().zip(&marks) {
        for jid in &lost {
            ensure!(
                person.losses(*mark, jid) == 1,
                "{} was told of {jid} otherwise than once",
                person.jid
            );
        }
    }
    println!(
        "silent {} of 3: its people are missed after {missed:.1?}; meanwhile a login took {login:.1?}, a message {chat:.1?} \
         at most, taking over a full JID {rebound:.1?}",
        if is_senior { "senior" } else { "junior" }
    );

    let woken = Instant::now();
    fleet.go_on(silent)?;
    let end = nurse.expect_end(PATIENCE).await?;
    let closed = woken.elapsed();
    fleet.wait_members(3, PATIENCE).await?;
    println!(
        "awake: the old stream is closed after {closed:.1?} ({end}), a member again after {:.1?}",
        woken.elapsed()
    );
    ensure!(fleet.server(silent)?.id() == pid, "it was restarted");
    let new_id = fleet.view(silent)?.id(&name(silent));
    ensure!(
        new_id.is_some() && new_id != id,
        "it lives on as {id:?}: a life that was declared dead never comes back"
    );

    // Of two that had the same full JID the one that came later stays, and only it is reached.
    returned.is_here().await?;
    living[1].tell(&mut returned).await?;
    let heard: Vec<_> = nurse.since(before).filter_map(body).collect();
    ensure!(heard.is_empty(), "the old stream still heard {heard:?}");
    let mut owners = Vec::new();
    for number in fleet.awake() {
        let sessions = fleet.sessions(number)?;
        owners.extend(sessions.into_iter().filter(|it| it == lost[0].as_str()).map(|_| number));
    }
    ensure!(owners == [one], "{} is owned by {owners:?}", lost[0]);

    for (person, mark) in living.iter_mut().zip(&marks) {
        person.see(&lost[0]).await?;
        let times = person.losses(*mark, &lost[0]);
        ensure!(
            times == 1,
            "the end of her old stream looks like her own to {}",
            person.jid
        );
    }

    // Whoever was at the silent server was disconnected or goes on; either way they are there for the others.
    if tybalt.has_ended() || tybalt.is_here().await.is_err() {
        tybalt = fleet.arrive_at_last(silent, "tybalt").await?.0;
    }
    all_see(&mut living, std::slice::from_ref(&tybalt.jid)).await?;
    let mut all = living;
    all.extend([returned, tybalt]);
    all_talk(&mut all).await.context("after the pause")?;
    benvolio.is_here().await?;
    fleet.told()
}
