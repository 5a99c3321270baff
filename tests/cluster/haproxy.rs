//! `docker/haproxy.cfg`, with the real HAProxy: clients come in through it, and find another server when one is gone.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use testkit::{client::Connect, databases::Kind, wire::Wire};
use tests::support::{child, child::Guarded, ports, process::DOMAIN, tools};
use tokio::task::block_in_place;

use crate::{
    PATIENCE,
    fleet::Fleet,
    person::{PASSWORD, Person},
};

/// How often to look whether it listens.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_come_in_through_haproxy_and_find_another_server() -> Result<()> {
    let mut fleet = Fleet::prepare(Kind::Postgres, 3).await?;
    for number in 1..=3 {
        fleet.set(number, "HEARTH_PROPERTIES__PROXY_PROTOCOL__BALANCERS", "127.0.0.1")?;
    }
    fleet.start_all()?;
    fleet.add_people(&["romeo", "juliet"])?;
    let balancer = Balancer::start(&fleet).await?;
    let story = come_in(&mut fleet, &balancer).await;
    story.with_context(|| format!("HAProxy says:\n{}", balancer.log()))?;
    fleet.told()
}

async fn come_in(fleet: &mut Fleet, balancer: &Balancer) -> Result<()> {
    let mut romeo = Person::arrive(balancer.direct_tls, "romeo", "orchard").await?;
    let account = format!("juliet@{DOMAIN}").parse()?;
    let login = Connect::StartTls(balancer.starttls).log_in(&account, PASSWORD).await;
    let bound = match login {
        Ok(unbound) => unbound.bind("balcony").await,
        Err(refusal) => Err(refusal),
    };
    let juliet = bound.map_err(|refusal| anyhow::anyhow!("she is refused: {}", refusal.to_xml()))?;
    let home = home_of(fleet, juliet.jid.as_str())?;
    println!(
        "she came in by STARTTLS at n{home}, he by direct TLS at n{}",
        home_of(fleet, romeo.jid.as_str())?
    );

    for _ in 0..2 {
        let victim = home_of(fleet, romeo.jid.as_str())?;
        romeo.is_here().await?;
        let killed = Instant::now();
        fleet.kill(victim);
        let end = romeo.expect_end(PATIENCE).await?;
        let lost = killed.elapsed();
        romeo = loop {
            match Person::arrive(balancer.direct_tls, "romeo", "orchard").await {
                Ok(person) => break person,
                Err(error) if killed.elapsed() > PATIENCE => return Err(error),
                Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        };
        let now = home_of(fleet, romeo.jid.as_str())?;
        ensure!(now != victim, "nobody is at n{victim} any more");
        println!(
            "n{victim} was killed: his stream ended {end} after {lost:.1?}, he is back at n{now} after {:.1?}",
            killed.elapsed()
        );
    }
    Ok(())
}

/// The number of the server that has this session.
fn home_of(fleet: &Fleet, jid: &str) -> Result<usize> {
    for number in fleet.awake() {
        if fleet.sessions(number)?.iter().any(|it| it == jid) {
            return Ok(number);
        }
    }
    bail!("no server has {jid}")
}

/// A running HAProxy.
struct Balancer {
    starttls: SocketAddr,
    direct_tls: SocketAddr,
    directory: TempDir,
    _process: Guarded,
}

impl Balancer {
    /// The file as it is, but for addresses and size.
    async fn start(fleet: &Fleet) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("haproxy.").tempdir()?;
        let mut text = fs::read_to_string(tools::source("../docker/haproxy.cfg"))?;
        let [starttls, direct_tls] = [ports::free()?, ports::free()?].map(|port| (Ipv4Addr::LOCALHOST, port).into());
        put(&mut text, "maxconn 100000", "maxconn 1000")?;
        put(&mut text, "bind :5222", &format!("bind {starttls}"))?;
        put(&mut text, "bind :5223", &format!("bind {direct_tls}"))?;
        for number in fleet.awake() {
            let addresses = fleet.server(number)?.addresses();
            let admin = addresses.admin.context("/readyz has an address")?.port();
            for (port, address) in [(5222, addresses.c2s), (5223, addresses.c2s_tls)] {
                put(
                    &mut text,
                    &format!(" hearth{number}:{port}"),
                    &format!(" {address} port {admin}"),
                )?;
            }
        }
        let file = directory.path().join("haproxy.cfg");
        fs::write(&file, text)?;
        let mut command = Command::new("/usr/sbin/haproxy");
        command.arg("-db").arg("-f").arg(&file);
        let log = directory.path().join("log");
        let process = block_in_place(|| Guarded::spawn(&mut command, &log))
            .context("Debian's package haproxy is needed: `cargo xtask test` installs it")?;
        let balancer = Self {
            starttls,
            direct_tls,
            directory,
            _process: process,
        };
        balancer.wait_until_it_listens().await?;
        Ok(balancer)
    }

    async fn wait_until_it_listens(&self) -> Result<()> {
        let began = Instant::now();
        for address in [self.starttls, self.direct_tls] {
            while Wire::plain(address).await.is_err() {
                ensure!(began.elapsed() < PATIENCE, "HAProxy does not listen:\n{}", self.log());
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
        Ok(())
    }

    fn log(&self) -> String {
        child::last_lines(&self.directory.path().join("log"), 40)
    }
}

/// Replaces what is in the file once.
fn put(text: &mut String, old: &str, new: &str) -> Result<()> {
    ensure!(
        text.matches(old).count() == 1,
        "docker/haproxy.cfg has {old:?} otherwise than once"
    );
    *text = text.replace(old, new);
    Ok(())
}
