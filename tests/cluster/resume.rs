//! A connection breaks, and the stream goes on at another server.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow, ensure};
use protocol::{Jid, ns};
use testkit::{
    client::{Client, Connect},
    databases::Kind,
    managed::{Lost, Managed, bodies, condition},
    wire::Wire,
};
use tests::support::process::DOMAIN;

use crate::{
    PATIENCE,
    fleet::Fleet,
    person::{PASSWORD, Person, chat},
};

/// Messages that are on their way while he moves.
const COUNT: u32 = 350;
/// How often he moves.
const HOPS: usize = 6;
/// Between two messages.
const PAUSE: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_goes_on_at_another_server_and_nobody_notices() -> Result<()> {
    let mut fleet = Fleet::together(Kind::Postgres, 2, &["romeo", "juliet"]).await?;
    let romeo = arrive(fleet.address(1)?).await?;
    let mut juliet = fleet.arrive(1, "juliet").await?;
    let his = romeo.jid.clone();
    juliet.see(&his).await?;
    let mark = juliet.mark();
    // Without acknowledgements she is promised nothing.
    juliet.send("<enable xmlns='urn:xmpp:sm:3'/>").await;

    let pouring = tokio::spawn(pour(juliet, his.clone()));
    let romeo = wander(&fleet, romeo).await?;
    let mut juliet = pouring.await?;
    juliet.is_here().await?;
    let losses = juliet.losses(mark, &his);
    ensure!(losses == 0, "she was told {losses} times that he is gone");
    ensure!(fleet.sessions(1)?.iter().any(|it| *it == his.as_str()));

    // He moves once more, and that server dies.
    let romeo = resume(romeo.cut(), fleet.address(2)?).await?;
    let lost = romeo.cut();
    for number in COUNT..COUNT + 3 {
        juliet.send(chat(&his, &number.to_string())).await;
    }
    juliet.is_here().await?;
    fleet.kill(2);
    let killed = Instant::now();
    let mut unbound = log_in(fleet.address(1)?).await?;
    let asked = Instant::now();
    let reply = lost.ask_on(&mut unbound).await;
    ensure!(condition(&reply) == "item-not-found", "{}", reply.to_xml());
    println!("the stream of a dead server is not found after {:.1?}", asked.elapsed());
    bind(&mut unbound).await?;
    unbound.send("<presence/>").await;
    let mut heard = Managed::new(his, unbound, None).bodies(3).await;
    heard.sort_unstable();
    ensure!(heard == [COUNT, COUNT + 1, COUNT + 2], "{heard:?}");
    println!("what waited for him is there {:.1?} after the kill", killed.elapsed());
    fleet.told()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_on_a_server_that_drains_goes_on_at_another() -> Result<()> {
    let mut fleet = Fleet::together(Kind::Postgres, 2, &["romeo", "juliet"]).await?;
    let mut juliet = fleet.arrive(1, "juliet").await?;
    let mut romeo = arrive(fleet.address(2)?).await?;
    let his = romeo.jid.clone();
    juliet.see(&his).await?;
    let mark = juliet.mark();
    let address = fleet.address(1)?;
    let moving = tokio::spawn(async move {
        let error = romeo.end().await;
        ensure!(error.is_none(), "his stream goes on, and ended with {error:?}");
        let lost = Instant::now();
        let romeo = resume(romeo.cut(), address).await?;
        Ok((romeo, lost.elapsed()))
    });
    let began = Instant::now();
    fleet.drain(1, 2)?;
    let drained = began.elapsed();
    let (mut romeo, moved) = moving.await??;
    fleet.wait_members(1, PATIENCE).await?;
    juliet.send(chat(&his, "7")).await;
    ensure!(romeo.bodies(1).await == [7]);
    let losses = juliet.losses(mark, &his);
    ensure!(losses == 0, "she was told {losses} times that he is gone");
    println!("the server has drained after {drained:.1?}; he was back after {moved:.1?}");
    fleet.told()
}

/// She says all numbers.
async fn pour(mut juliet: Person, to: Jid) -> Person {
    for number in 0..COUNT {
        juliet.send(chat(&to, &number.to_string())).await;
        tokio::time::sleep(PAUSE).await;
    }
    juliet
}

/// He hears them all, now here, now there, and ends at the first server.
async fn wander(fleet: &Fleet, mut romeo: Managed) -> Result<Managed> {
    let each = COUNT as usize / (HOPS + 1);
    let (mut heard, mut longest) = (Vec::new(), Duration::ZERO);
    for hop in 0..HOPS {
        heard.extend(romeo.bodies(each).await);
        let began = Instant::now();
        romeo = resume(romeo.cut(), fleet.address(2 - hop % 2)?).await?;
        longest = longest.max(began.elapsed());
    }
    heard.extend(romeo.bodies(COUNT as usize - heard.len()).await);
    let twice = bodies(&romeo.all().await);
    ensure!(twice.is_empty(), "these came twice: {twice:?}");
    let expected: Vec<u32> = (0..COUNT).collect();
    ensure!(heard == expected, "they came in another order: {heard:?}");
    println!("he moved {HOPS} times; with login it took {longest:.1?} at most");
    Ok(romeo)
}

async fn log_in(address: SocketAddr) -> Result<Wire> {
    let account = format!("romeo@{DOMAIN}").parse::<Jid>()?;
    let login = Connect::DirectTls(address).log_in(&account, PASSWORD).await;
    Ok(login
        .map_err(|refusal| anyhow!("he cannot log in: {}", refusal.to_xml()))?
        .wire)
}

/// Binds the resource of the dead server's session, as soon as that is known to be gone.
async fn bind(wire: &mut Wire) -> Result<()> {
    let began = Instant::now();
    loop {
        wire.send(format!(
            "<iq type='set' id='bind'><bind xmlns='{}'><resource>orchard</resource></bind></iq>",
            ns::BIND
        ))
        .await;
        let answer = wire.element().await;
        if answer.get("type") == Some("result") {
            return Ok(());
        }
        ensure!(began.elapsed() < PATIENCE, "he is refused: {}", answer.to_xml());
        tokio::time::sleep(PAUSE).await;
    }
}

async fn arrive(address: SocketAddr) -> Result<Managed> {
    let account = format!("romeo@{DOMAIN}").parse::<Jid>()?;
    let login = match Connect::DirectTls(address).log_in(&account, PASSWORD).await {
        Ok(unbound) => unbound.bind("orchard").await,
        Err(refusal) => Err(refusal),
    };
    let mut client: Client = login.map_err(|refusal| anyhow!("he is refused: {}", refusal.to_xml()))?;
    client.available().await;
    Ok(Managed::enable(client).await)
}

async fn resume(lost: Lost, address: SocketAddr) -> Result<Managed> {
    let mut wire = log_in(address).await?;
    let reply = lost.ask_on(&mut wire).await;
    ensure!(reply.is("resumed", ns::STREAM_MANAGEMENT), "{}", reply.to_xml());
    Ok(lost.on(wire))
}
