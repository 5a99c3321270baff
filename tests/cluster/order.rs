//! Two people at different servers say a great deal to each other: all of it comes, once, in order.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use protocol::{Element, Jid};
use testkit::databases::Kind;

use crate::{
    chosen,
    fleet::Fleet,
    person::{Mark, Person, all_see, body, chat},
};

/// Messages that are sent in one go.
const BATCH: usize = 50;
/// A server that is not silent for long enough to be missed.
const STANDS_STILL: Duration = Duration::from_secs(2);
/// For all of them, on a busy machine.
const LONG: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_servers_everything_comes_once_and_in_order() -> Result<()> {
    let count: usize = chosen("HEARTH_CLUSTER_MESSAGES", 5000)?;
    let fleet = Fleet::together(Kind::Postgres, 2, &["romeo", "juliet"]).await?;
    // The story is not about what one client may send.
    fleet.run(1, &["property", "set", "c2s.bytes_per_second", "0"])?;
    let mut people = [fleet.arrive(1, "romeo").await?, fleet.arrive(2, "juliet").await?];
    let jids = people.each_ref().map(|it| it.jid.clone());
    all_see(&mut people, &jids).await?;

    let began = Instant::now();
    let [romeo, juliet] = people;
    let [he, she] = jids;
    let his = tokio::spawn(pour(romeo, she, count));
    let hers = tokio::spawn(pour(juliet, he, count));
    let (mut romeo, mut juliet) = (his.await??, hers.await??);
    let took = began.elapsed();
    println!(
        "{count} messages each way in {took:.1?}: {:.0} a second",
        2.0 * count as f64 / took.as_secs_f64()
    );
    // Whatever came twice has come by now.
    romeo.tell(&mut juliet).await?;
    juliet.tell(&mut romeo).await?;
    heard_all(&mut romeo, &mut juliet, count)?;
    heard_all(&mut juliet, &mut romeo, count)?;
    fleet.told()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_cannot_take_at_the_moment_waits_at_its_senders() -> Result<()> {
    let count: usize = chosen("HEARTH_CLUSTER_MESSAGES", 10_000)?;
    let names = ["juliet", "romeo", "mercutio", "tybalt"];
    let mut fleet = Fleet::together(Kind::Postgres, 2, &names).await?;
    fleet.run(1, &["property", "set", "c2s.bytes_per_second", "0"])?;
    let mut juliet = fleet.arrive(2, "juliet").await?;
    let mut senders = Vec::new();
    for name in &names[1..] {
        senders.push(fleet.arrive(1, name).await?);
    }
    fleet.pause(2)?;
    let began = Instant::now();
    let talking: Vec<_> = senders
        .into_iter()
        .map(|sender| tokio::spawn(say_all(sender, juliet.jid.clone(), count)))
        .collect();
    tokio::time::sleep(STANDS_STILL).await;
    fleet.go_on(2)?;
    let mut senders = Vec::new();
    for sender in talking {
        senders.push(sender.await?);
    }
    for sender in &mut senders {
        sender.tell(&mut juliet).await?;
        heard_all(&mut juliet, sender, count)?;
    }
    println!("{count} messages of each of three took {:.1?}", began.elapsed());
    fleet.told()
}

/// Every number of this sender, once and in order; nothing came back to it.
fn heard_all(person: &mut Person, sender: &mut Person, count: usize) -> Result<()> {
    let came_back = sender.since(Mark::START).find(|it| it.get("type") == Some("error"));
    let came_back = came_back.map(Element::to_xml);
    let theirs = |it: &&Element| it.get("from") == Some(sender.jid.as_str());
    let heard: Vec<_> = person.since(Mark::START).filter(theirs).filter_map(body).collect();
    let numbers: Vec<_> = heard.into_iter().filter(|it| it.starts_with("number")).collect();
    let differs = (0..count).position(|number| numbers.get(number) != Some(&format!("number {number}")));
    ensure!(
        numbers.len() == count && differs.is_none(),
        "{} heard {} of {count} of {}; the first that differs is number {differs:?}, and the first of what follows {:?}; \
         what came back: {came_back:?}",
        person.jid,
        numbers.len(),
        sender.jid,
        differs.map(|at| &numbers[at..numbers.len().min(at + 3)]),
    );
    Ok(())
}

/// Says all numbers to the other, and hears the other's last one.
async fn pour(person: Person, other: Jid, count: usize) -> Result<Person> {
    let mut person = say_all(person, other, count).await;
    let last = format!("number {}", count - 1);
    person
        .expect("the last number", LONG, |it| body(it).as_deref() == Some(&last))
        .await?;
    Ok(person)
}

async fn say_all(mut person: Person, other: Jid, count: usize) -> Person {
    for first in (0..count).step_by(BATCH) {
        let numbers = first..count.min(first + BATCH);
        let batch: String = numbers
            .map(|number| chat(&other, &format!("number {number}")))
            .collect();
        person.send(batch).await;
    }
    person
}
