//! Clustering is switched on at one server and off at another, while people are logged in.

use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use testkit::databases::Kind;
use tests::support::process::Server;
use tokio::task::block_in_place;

use crate::{
    PATIENCE, chosen,
    fleet::Fleet,
    person::{self, Person, all_see, body, is_available, is_unavailable},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_switch_joins_and_parts_all_on_postgresql() -> Result<()> {
    on_and_off(Kind::Postgres).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_switch_joins_and_parts_all_on_mariadb() -> Result<()> {
    on_and_off(Kind::Mysql).await
}

async fn on_and_off(kind: Kind) -> Result<()> {
    let fleet = Fleet::start(kind, 3, &["romeo", "juliet"]).await?;
    person::befriend(fleet.address(1)?, &["romeo", "juliet"]).await?;
    fleet.wait_alone(PATIENCE).await?;
    let mut romeo = fleet.arrive(1, "romeo").await?;
    let mut juliet = fleet.arrive(2, "juliet").await?;
    let (he, she) = (romeo.jid.clone(), juliet.jid.clone());
    let apart = romeo.mark();
    romeo.is_here().await?;
    let is_seen = romeo.since(apart).any(|it| is_available(&she)(it));
    ensure!(!is_seen, "servers that are alone know nothing of each other's people");

    let switched = Instant::now();
    fleet.enable(3)?;
    fleet.wait_members(3, PATIENCE).await?;
    let joined = switched.elapsed();
    let seen = romeo.expect("her presence", PATIENCE, is_available(&she)).await?;
    juliet.expect("his presence", PATIENCE, is_available(&he)).await?;
    let chat = romeo.tell(&mut juliet).await?.max(juliet.tell(&mut romeo).await?);
    println!(
        "{kind}: switched on: one cluster after {joined:.1?}, people see each other after {:.1?}, a message takes {chat:.1?}",
        seen.at - switched
    );

    let (his, hers) = (romeo.mark(), juliet.mark());
    let switched = Instant::now();
    fleet.disable(2)?;
    fleet.wait_alone(PATIENCE).await?;
    let parted = switched.elapsed();
    let unseen = romeo.expect("her loss", PATIENCE, is_unavailable(&she)).await?;
    juliet.expect("his loss", PATIENCE, is_unavailable(&he)).await?;
    println!(
        "{kind}: switched off: alone after {parted:.1?}, people lose sight of each other after {:.1?}",
        unseen.at - switched
    );
    romeo.is_here().await?;
    juliet.is_here().await?;
    ensure!(
        romeo.losses(his, &she) == 1 && juliet.losses(hers, &he) == 1,
        "told twice"
    );
    fleet.told()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switching_to_and_fro_loses_nobody() -> Result<()> {
    let toggles: usize = chosen("HEARTH_CLUSTER_TOGGLES", 10)?;
    let names = ["romeo", "juliet", "tybalt", "nurse"];
    let fleet = Fleet::start(Kind::Postgres, 3, &names).await?;
    person::befriend(fleet.address(1)?, &names).await?;
    // Who talk to each other without a pause are at the same server: for them nothing changes.
    let mut romeo = fleet.arrive(1, "romeo").await?;
    let juliet = fleet.arrive(1, "juliet").await?;
    romeo.see(&juliet.jid).await?;
    let mut apart = vec![fleet.arrive(2, "tybalt").await?, fleet.arrive(3, "nurse").await?];

    let (enough, is_enough) = tokio::sync::watch::channel(false);
    let talk = tokio::spawn(talk(romeo, juliet, is_enough));
    let began = Instant::now();
    for toggle in 1..=toggles {
        let at = toggle % 3 + 1;
        let is_on = toggle % 2 == 1;
        let switched = Instant::now();
        match (toggle % 3, is_on) {
            // Nobody waits until these, and the next one, have been carried out.
            (0, _) => {
                fleet.flip(at, is_on)?;
                fleet.flip(at % 3 + 1, !is_on)?;
                fleet.flip(at, is_on)?;
            }
            (_, true) => {
                fleet.enable(at)?;
                fleet.wait_members(3, PATIENCE).await?;
            }
            (_, false) => {
                fleet.disable(at)?;
                fleet.wait_alone(PATIENCE).await?;
            }
        }
        let word = if is_on { "on" } else { "off" };
        println!("toggle {toggle}: {word} after {:.1?}", switched.elapsed());
    }
    fleet.enable(1)?;
    fleet.wait_members(3, PATIENCE).await?;
    enough.send_replace(true);
    let (romeo, juliet, said) = talk.await??;
    println!(
        "{toggles} toggles in {:.1?}, meanwhile {said} messages came in order",
        began.elapsed()
    );

    let mut all = vec![romeo, juliet];
    all.append(&mut apart);
    for person in &mut all {
        person.is_here().await.context("a session was lost")?;
    }
    let jids: Vec<_> = all.iter().map(|it| it.jid.clone()).collect();
    all_see(&mut all, &jids).await?;
    let longest = person::all_talk(&mut all).await?;
    println!("all talk to all; the longest took {longest:.1?}");
    fleet.told()
}

/// She gets his numbers one after the other, until it is enough.
async fn talk(
    mut romeo: Person,
    mut juliet: Person,
    enough: tokio::sync::watch::Receiver<bool>,
) -> Result<(Person, Person, usize)> {
    let mut said = 0;
    while !*enough.borrow() {
        for _ in 0..10 {
            romeo.send(person::chat(&juliet.jid, &format!("number {said}"))).await;
            said += 1;
        }
        let last = format!("number {}", said - 1);
        juliet
            .expect("the last number", PATIENCE, |it| body(it).as_deref() == Some(&last))
            .await?;
    }
    let heard: Vec<_> = juliet.since(person::Mark::START).filter_map(body).collect();
    let expected: Vec<_> = (0..said).map(|number| format!("number {number}")).collect();
    ensure!(heard == expected, "not what was said: {heard:?}");
    Ok((romeo, juliet, said))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_cannot_be_clustered_and_says_why() -> Result<()> {
    let server = block_in_place(Server::start)?;
    let refused = block_in_place(|| server.home().hearth(&["cluster", "enable"], ""));
    let Err(refusal) = refused else {
        bail!("clustering was enabled on SQLite")
    };
    let refusal = format!("{refusal:#}");
    println!("{refusal}");
    ensure!(refusal.contains("exit status: 1"), "refused otherwise: {refusal}");
    ensure!(refusal.contains("SQLite"), "the reason is not clear: {refusal}");
    Ok(())
}
