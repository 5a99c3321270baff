//! `kill -9`: who was there is gone once, and everybody else goes on.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use testkit::databases::Kind;

use crate::{
    PATIENCE,
    faults::{Fault, Role, Town},
    fleet::Fleet,
    person::{Person, all_miss, all_see, all_talk, only_lost},
};

/// Two at every server.
const NAMES: [&str; 6] = ["romeo", "juliet", "mercutio", "nurse", "tybalt", "rosaline"];
/// Somebody who comes later.
const LATE: &str = "benvolio";
/// The last one serves alone, at the latest.
const SERVES_AGAIN: Duration = Duration::from_secs(12);
/// All servers start, migrate and join on a busy machine.
const RESTART: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_survive_the_loss_of_either_on_postgresql() -> Result<()> {
    either_dies(Kind::Postgres, 2).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_servers_survive_the_loss_of_any_on_postgresql() -> Result<()> {
    either_dies(Kind::Postgres, 3).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_servers_survive_the_loss_of_any_on_mariadb() -> Result<()> {
    either_dies(Kind::Mysql, 3).await
}

async fn either_dies(kind: Kind, count: usize) -> Result<()> {
    let mut names = NAMES[..2 * count].to_vec();
    names.push(LATE);
    let mut fleet = Fleet::together(kind, count, &names).await?;
    let (mut people, _) = fleet.gather_friends(&NAMES[..2 * count]).await?;

    let junior = fleet.junior()?;
    dies(&mut fleet, junior, &mut people, "a junior").await?;
    let began = Instant::now();
    fleet.restart(junior)?;
    fleet.wait_members(count, PATIENCE).await?;
    println!(
        "{kind}, {count} servers: the junior is back after {:.1?}",
        began.elapsed()
    );
    let senior = fleet.senior()?;
    dies(&mut fleet, senior, &mut people, "the senior").await?;
    fleet.told()
}

/// A server is killed; its people are missed, log in at another server, and all is as before.
async fn dies(fleet: &mut Fleet, victim: usize, people: &mut Vec<Person>, role: &str) -> Result<()> {
    let count = fleet.awake().count();
    let resource = crate::fleet::name(victim);
    let everybody: Vec<_> = people.iter().map(|it| it.jid.clone()).collect();
    let (lost, mut living): (Vec<_>, Vec<_>) = people.drain(..).partition(|it| it.jid.resource() == Some(&resource));
    let marks: Vec<_> = living.iter_mut().map(Person::mark).collect();

    let killed = Instant::now();
    fleet.kill(victim);
    // Not before: who hangs up is missed for that.
    let lost: Vec<_> = lost.into_iter().map(|it| it.jid).collect();
    let survivor = fleet.awake().next().context("one survives")?;
    let (mut late, login) = fleet.arrive_at_last(survivor, LATE).await?;
    let chat = all_talk(&mut living).await?;
    let missed = all_miss(&mut living, &lost, killed).await?;
    fleet.wait_members(count - 1, PATIENCE).await?;
    let settled = killed.elapsed();
    all_talk(&mut living).await?;
    only_lost(&mut living, &marks, &lost, &everybody).await?;
    late.is_here().await?;
    late.leave().await?;
    println!(
        "{role} of {count} was killed: its people are missed after {missed:.1?}, the members agree after {settled:.1?}; \
         meanwhile a login took {login:.1?}, a message {chat:.1?} at most"
    );

    let again = Instant::now();
    for jid in &lost {
        let name = jid.local().context("people have names")?;
        let mut person = fleet.arrive_at_last(survivor, name).await?.0;
        all_see(&mut living, std::slice::from_ref(&person.jid)).await?;
        let others: Vec<_> = living.iter().map(|it| it.jid.clone()).collect();
        all_see(std::slice::from_mut(&mut person), &others).await?;
        living.push(person);
    }
    println!("its people are back at another server after {:.1?}", again.elapsed());
    all_talk(&mut living).await?;
    *people = living;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_all_were_killed_they_are_one_cluster_again() -> Result<()> {
    let names = &NAMES[..3];
    let mut fleet = Fleet::together(Kind::Postgres, 3, names).await?;
    for number in 1..=3 {
        fleet.kill(number);
    }
    let began = Instant::now();
    fleet.start_all()?;
    let started = began.elapsed();
    fleet.wait_members(3, RESTART).await?;
    println!(
        "all three were killed: started after {started:.1?}, one cluster after {:.1?}",
        began.elapsed()
    );
    let (mut people, _) = fleet.gather_friends(names).await?;
    all_talk(&mut people).await?;
    fleet.told()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_servers_survive_the_loss_of_any() -> Result<()> {
    let mut town = Town::found(5).await?;
    town.suffer(Fault::Kill(Role::Junior)).await?;
    town.suffer(Fault::Kill(Role::Senior)).await?;
    town.fleet.told()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_of_three_goes_on_alone() -> Result<()> {
    let mut names = NAMES[..3].to_vec();
    names.push(LATE);
    let mut fleet = Fleet::together(Kind::Postgres, 3, &names).await?;
    let (mut people, everybody) = fleet.gather_friends(&NAMES[..3]).await?;
    let (senior, junior) = (fleet.senior()?, fleet.junior()?);
    let last = fleet.awake().find(|it| ![senior, junior].contains(it));
    let last = last.context("there are three")?;

    let mut survivor = people.swap_remove(last - 1);
    let mark = survivor.mark();
    let lost: Vec<_> = people.iter().map(|it| it.jid.clone()).collect();
    let killed = Instant::now();
    fleet.kill(senior);
    fleet.kill(junior);
    let (mut late, login) = fleet.arrive_at_last(last, LATE).await?;
    ensure!(login < SERVES_AGAIN, "a login took {login:.1?}");
    let people_left = std::slice::from_mut(&mut survivor);
    let missed = all_miss(people_left, &lost, killed).await?;
    fleet.wait_members(1, PATIENCE).await?;
    let alone = killed.elapsed();
    survivor.tell(&mut late).await?;
    late.tell(&mut survivor).await?;
    only_lost(std::slice::from_mut(&mut survivor), &[mark], &lost, &everybody).await?;
    let again = Instant::now();
    fleet.start_all()?;
    fleet.wait_members(3, RESTART).await?;
    println!(
        "two of three were killed: a login at the third works after {login:.1?}, their people are missed after {missed:.1?}, it \
         is alone after {alone:.1?}; all are back after {:.1?}",
        again.elapsed()
    );
    survivor.is_here().await?;
    fleet.told()
}
