//! Two people at different servers say a great deal to each other: all of it comes, once, in order.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use protocol::Jid;
use testkit::databases::Kind;

use crate::{
    chosen,
    fleet::Fleet,
    person::{Mark, Person, all_see, body, chat},
};

/// Messages that are sent in one go.
const BATCH: usize = 50;
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
    let expected: Vec<_> = (0..count).map(|number| format!("number {number}")).collect();
    for person in [&mut romeo, &mut juliet] {
        let heard: Vec<_> = person.since(Mark::START).filter_map(body).collect();
        let numbers: Vec<_> = heard.into_iter().filter(|it| it.starts_with("number")).collect();
        let differs = numbers.iter().zip(&expected).position(|(one, other)| one != other);
        ensure!(
            numbers == expected,
            "{} heard {} of {count}; the first that differs is number {differs:?}",
            person.jid,
            numbers.len()
        );
    }
    fleet.told()
}

/// Says all numbers to the other, and hears the other's last one.
async fn pour(mut person: Person, other: Jid, count: usize) -> Result<Person> {
    for first in (0..count).step_by(BATCH) {
        let numbers = first..count.min(first + BATCH);
        let batch: String = numbers
            .map(|number| chat(&other, &format!("number {number}")))
            .collect();
        person.send(batch).await;
    }
    let last = format!("number {}", count - 1);
    person
        .expect("the last number", LONG, |it| body(it).as_deref() == Some(&last))
        .await?;
    Ok(person)
}
