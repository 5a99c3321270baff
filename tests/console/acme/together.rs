//! The same for servers that share a database: one orders, whichever is asked answers, all of them use it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tests::support::{
    ports,
    process::{DOMAIN, Server},
};

use super::{PAGE, changes, pebble::Pebble, turn_on};
use crate::{
    authority::Authority,
    browser::Browser,
    cluster::{Fleet, until},
    house::{LOOK_AGAIN, PASSWORD, PATIENCE},
};

const JOINING: Duration = Duration::from_secs(30);

/// Whether this server is the cluster's senior.
fn is_senior(server: &Server, name: &str) -> Result<bool> {
    let nodes: Value = serde_json::from_str(&server.home().hearth(&["cluster", "nodes", "--json"], "")?)?;
    let mut nodes = nodes.as_array().context("a list")?.iter();
    Ok(nodes.any(|node| node["name"] == name && node["senior"] == true))
}

/// Waits until a server shows this.
fn shows(authority: &Authority, server: &Server, print: &str) -> Result<()> {
    let began = Instant::now();
    while authority.shown(server.addresses().c2s_tls, DOMAIN)? != print {
        ensure!(began.elapsed() < PATIENCE, "{}", server.home().log());
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_them_orders_the_other_answers_and_whoever_comes_later_has_it() -> Result<()> {
    let authority = Authority::new()?;
    let ports = [ports::free()?, ports::free()?];
    let root = authority.root().to_str().unwrap().to_owned();
    let with_trust = root.clone();
    let fleet = Fleet::with(2, move |number, home| {
        home.with("HEARTH_TLS__TRUST", &with_trust)
            .with("HEARTH_ACME__LISTEN", &format!("127.0.0.1:{}", ports[number - 1]))
    })
    .await?;
    fleet.servers[0].home().hearth(&["cluster", "enable"], "")?;
    let mut owner = fleet.visitor(0);
    until(&mut owner, "/cluster", "2 members", JOINING)?;
    let senior = usize::from(!is_senior(&fleet.servers[0], "n1")?);

    // The authority reaches only the one that does not order.
    let pebble = Pebble::start(&authority, ports[1 - senior], json!({}))?;
    let before: Vec<String> = fleet
        .servers
        .iter()
        .map(|server| authority.shown(server.addresses().c2s_tls, DOMAIN))
        .collect::<Result<_>>()?;
    turn_on(&mut owner, &pebble.directory());
    let print = changes(
        &authority,
        fleet.servers[0].addresses().c2s_tls,
        DOMAIN,
        &before[0],
        PATIENCE,
    )?;
    shows(&authority, &fleet.servers[1], &print)?;
    ensure!(pebble.issued()? == 1, "one order for all: {}", pebble.log()?);
    let ordered: Vec<bool> = fleet
        .servers
        .iter()
        .map(|server| server.home().log().contains("a certificate is ordered"))
        .collect();
    ensure!(ordered[senior] && !ordered[1 - senior], "{ordered:?}");

    // One that joins later.
    let late = fleet.another(3, |home| home.with("HEARTH_TLS__TRUST", &root))?;
    shows(&authority, &late, &print)?;
    let mut there = Browser::new(late.addresses().admin.unwrap());
    there.log_in("owner", PASSWORD).leads_to("/");
    there.get("/certificates").says(200, "ordered by ACME");
    there.get(PAGE).says(200, "acme.listen").says(200, "valid until");

    // One that is away while an operator puts in another one for all.
    until(&mut owner, "/cluster", "3 members", JOINING)?;
    let (away, _) = late.stop()?;
    until(&mut owner, "/cluster", "2 members", JOINING)?;
    let issued = authority.issue(&[DOMAIN])?;
    let folder = tempfile::tempdir()?;
    let (chain, key) = (folder.path().join("chain"), folder.path().join("key"));
    std::fs::write(&chain, &issued.chain)?;
    std::fs::write(&key, &issued.key)?;
    let import = [
        "certificate",
        "import",
        "--everywhere",
        "--chain",
        chain.to_str().unwrap(),
    ];
    let import = [&import[..], &["--key", key.to_str().unwrap()]].concat();
    fleet.servers[0].home().hearth(&import, "")?;
    let print = authority.fingerprint(&issued.certificate)?;
    for server in &fleet.servers {
        shows(&authority, server, &print)?;
    }
    let back = away.start()?;
    shows(&authority, &back, &print)?;
    owner.get(PAGE).says(200, "put in by an operator");
    ensure!(pebble.issued()? == 1, "{}", pebble.log()?);
    Ok(())
}
