//! Many clients want the same full JID at the same moment, at three servers.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use protocol::{Jid, ns};
use testkit::{
    client::Connect,
    databases::Kind,
    wire::{Seen, Wire},
};
use tests::support::process::DOMAIN;
use tokio::{
    sync::{Barrier, Semaphore},
    task::JoinSet,
};

use crate::{
    PATIENCE, chosen,
    fleet::Fleet,
    person::{PASSWORD, Person, body, chat, unique},
};

/// So many log in at a time.
const AT_ONCE: usize = 16;
/// How long the last of so many may take to hear what became of its bind.
const ANSWER: Duration = Duration::from_secs(120);

/// What became of one bind.
enum Outcome {
    Bound(Wire),
    Refused(String),
    Closed,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_binds_of_one_full_jid_one_remains() -> Result<()> {
    let binds: usize = chosen("HEARTH_CLUSTER_BINDS", 200)?;
    let fleet = Fleet::together(Kind::Postgres, 3, &["juliet", "romeo"]).await?;
    // Logging in takes long enough that the first must wait for the last.
    fleet.run(1, &["property", "set", "c2s.negotiation_secs", "300"])?;
    let full: Jid = format!("juliet@{DOMAIN}/balcony").parse()?;
    let (places, barrier) = (Arc::new(Semaphore::new(AT_ONCE)), Arc::new(Barrier::new(binds)));
    let mut racing = JoinSet::new();
    for number in 0..binds {
        let address = fleet.address(number % 3 + 1)?;
        let (places, barrier) = (places.clone(), barrier.clone());
        let account = full.to_bare();
        racing.spawn(async move {
            let place = places.acquire_owned().await?;
            let login = Connect::DirectTls(address).log_in(&account, PASSWORD).await;
            let wire = login.map_err(|refusal| anyhow!("{}", refusal.to_xml()))?.wire;
            drop(place);
            barrier.wait().await;
            anyhow::Ok(bind(wire).await)
        });
    }
    let began = Instant::now();
    let mut bound = Vec::new();
    let (mut refused, mut closed) = (Vec::new(), 0);
    while let Some(outcome) = racing.join_next().await {
        match outcome?? {
            Outcome::Bound(wire) => bound.push(Person::over(full.clone(), wire)),
            Outcome::Refused(condition) => refused.push(condition),
            Outcome::Closed => closed += 1,
        }
    }
    println!(
        "{binds} binds in {:.1?}: {} bound, {} refused, {closed} closed",
        began.elapsed(),
        bound.len(),
        refused.len()
    );
    let unexpected = refused
        .iter()
        .find(|it| !["conflict", "resource-constraint"].contains(&it.as_str()));
    ensure!(unexpected.is_none(), "refused for another reason: {unexpected:?}");

    let began = Instant::now();
    let owner = loop {
        let mut owners = Vec::new();
        for number in fleet.awake() {
            let sessions = fleet.sessions(number)?;
            owners.extend(sessions.into_iter().filter(|it| it == full.as_str()).map(|_| number));
        }
        let open = bound
            .iter_mut()
            .filter_map(|it| (!it.has_ended()).then_some(()))
            .count();
        if let [owner] = owners[..]
            && open == 1
        {
            break owner;
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "{open} clients are connected, and {full} is at {owners:?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    println!("one remains, at n{owner}, after {:.1?}", began.elapsed());

    let mut juliet = bound.into_iter().find_map(|mut it| (!it.has_ended()).then_some(it));
    let juliet = juliet.as_mut().context("one is open")?;
    for number in fleet.awake() {
        let mut romeo = fleet.arrive(number, "romeo").await?;
        let said = unique();
        romeo.send(chat(&full, &said)).await;
        let is_it = |it: &protocol::Element| body(it).as_deref() == Some(&said);
        juliet.expect("his message", PATIENCE, is_it).await?;
        romeo.leave().await?;
    }
    fleet.told()
}

async fn bind(mut wire: Wire) -> Outcome {
    wire.send(format!(
        "<iq type='set' id='bind'><bind xmlns='{}'><resource>balcony</resource></bind></iq>",
        ns::BIND
    ))
    .await;
    let answer = loop {
        match tokio::time::timeout(ANSWER, wire.read()).await {
            Ok(Seen::Element(element)) if element.name == "iq" && element.get("id") == Some("bind") => break element,
            Ok(Seen::Element(element)) if !element.is("error", ns::STREAM) => {}
            Ok(Seen::Open(_) | Seen::ErrorWithoutId) => {}
            Ok(_) => return Outcome::Closed,
            Err(_) => return Outcome::Refused(format!("no answer within {ANSWER:?}")),
        }
    };
    let Some(error) = answer.find("error", ns::CLIENT) else {
        return Outcome::Bound(wire);
    };
    let condition = error.elements().next().map(|it| it.name.to_string());
    Outcome::Refused(condition.unwrap_or_default())
}
