//! Hosts that are disabled, enabled again, and deleted, while people are connected.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use anyhow::{Result, ensure};
use protocol::{Jid, ns};
use serde_json::json;
use testkit::client::{Client, Connect};
use testkit::databases::Kind;
use tests::support::process::DOMAIN;
use tokio::task::block_in_place;

use crate::{
    api::program::Program,
    browser::Browser,
    cluster::{Fleet, until},
    house::{House, LOOK_AGAIN, OTHER, PASSWORD, PATIENCE},
};

async fn client(place: SocketAddr, jid: &str) -> Client {
    let jid: Jid = jid.parse().unwrap();
    let unbound = Connect::DirectTls(place).log_in(&jid, PASSWORD).await.unwrap();
    unbound.bind("x").await.unwrap()
}

/// What a stream to this host is answered with, until it ends.
fn greeting(place: SocketAddr, host: &str) -> Result<String> {
    let mut stream = TcpStream::connect(place)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let header = format!(
        "<stream:stream to='{host}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>\
         </stream:stream>"
    );
    stream.write_all(header.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn eventually(is_so: impl Fn() -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    while !is_so()? {
        ensure!(began.elapsed() < PATIENCE, "it has not come to pass");
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

fn disable(owner: &mut Browser) {
    let page = format!("/hosts/{OTHER}");
    owner
        .post("/", &format!("{page}/disable"), &[("confirm", "yes")])
        .leads_to("/hosts?done=host-disabled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_ends_on_sqlite() -> Result<()> {
    a_host_ends(Kind::Sqlite).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_ends_on_postgresql() -> Result<()> {
    a_host_ends(Kind::Postgres).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_ends_on_mariadb() -> Result<()> {
    a_host_ends(Kind::Mysql).await
}

async fn a_host_ends(kind: Kind) -> Result<()> {
    let house = House::start_on(kind).await?;
    let addresses = house.server.addresses();
    let (mut carol, mut alice) = (
        client(addresses.c2s_tls, &format!("carol@{OTHER}")).await,
        client(addresses.c2s_tls, &format!("alice@{DOMAIN}")).await,
    );
    let page = format!("/hosts/{OTHER}");
    block_in_place(|| {
        let mut owner = house.visitor("owner");
        owner
            .post("/", &format!("{page}/disable"), &[])
            .says(422, "tick the box to say that this host is not to be served");
        disable(&mut owner);
        owner.get("/hosts").says(200, "disabled since");
    });
    // RFC 6120 §4.9.3.5, and for whoever comes later §4.9.3.6.
    let error = carol.end().await.expect("the stream ends with an error");
    ensure!(error.find("host-gone", ns::STREAM_ERRORS).is_some(), "{error:?}");
    let answer = block_in_place(|| greeting(addresses.c2s, OTHER))?;
    ensure!(answer.contains("host-unknown"), "{answer}");
    // Nothing is delivered there, and whoever writes learns it.
    let to = format!("carol@{OTHER}");
    alice
        .send(format!(
            "<message to='{to}' id='m' type='chat'><body>x</body></message>"
        ))
        .await;
    let bounced = alice.message().await;
    ensure!(bounced.get("type") == Some("error"), "{bounced:?}");
    block_in_place(|| {
        let mut owner = house.visitor("owner");
        owner.get(&format!("/accounts?host={OTHER}")).says(200, "carol@");
        ensure!(
            house.hearth(&["host", "list"])?.contains("disabled"),
            "the command line says so"
        );
        owner
            .post("/", &format!("/hosts/{DOMAIN}/disable"), &[("confirm", "yes")])
            .says(422, "is the only host that is served");
        owner
            .post("/", &format!("{page}/enable"), &[])
            .leads_to("/hosts?done=host-enabled");
        eventually(|| Ok(!greeting(addresses.c2s, OTHER)?.contains("host-unknown")))
    })?;
    // Everything is as it was.
    let mut carol = client(addresses.c2s_tls, &to).await;
    carol.available().await;
    alice
        .send(format!(
            "<message to='{to}' id='n' type='chat'><body>again</body></message>"
        ))
        .await;
    let heard = carol.message().await;
    ensure!(heard.get("id") == Some("n"), "{heard:?}");

    block_in_place(|| {
        let mut owner = house.visitor("owner");
        for typed in ["", DOMAIN, "other"] {
            owner
                .post("/", &format!("{page}/delete"), &[("domain", typed)])
                .says(422, &format!("type {OTHER} to say that this is the one"));
        }
        owner
            .post("/", &format!("{page}/delete"), &[("domain", OTHER)])
            .leads_to("/hosts?done=host-deleted");
        owner.get(&page).says(404, "this server has no host other.test");
        let record = owner.get("/audit?act=host.delete");
        record.says(200, "done: 2 accounts and 0 groups deleted");
        ensure!(
            record.body.matches("<code>host.delete</code>").count() == 1,
            "{}",
            record.body
        );
        owner
            .post("/", &format!("/hosts/{DOMAIN}/delete"), &[("domain", DOMAIN)])
            .says(422, "is the only host that is served");
        Ok(())
    })?;
    let error = carol.end().await.expect("the stream ends with an error");
    ensure!(error.find("host-gone", ns::STREAM_ERRORS).is_some(), "{error:?}");
    // The name is free; who was there is not.
    block_in_place(|| {
        house.hearth(&["host", "add", OTHER])?;
        let list = house.hearth(&["account", "list", "--host", OTHER])?;
        ensure!(!list.contains("carol"), "{list}");
        let new = [
            ("name", "carol"),
            ("host", OTHER),
            ("password", PASSWORD),
            ("again", PASSWORD),
        ];
        house.visitor("owner").post("/", "/accounts/new", &new);
        eventually(|| Ok(!greeting(addresses.c2s, OTHER)?.contains("host-unknown")))
    })?;
    // Another carol, of another host of that name.
    let _carol = client(addresses.c2s_tls, &to).await;
    block_in_place(|| {
        let refused = house.hearth(&["host", "delete", OTHER, "--confirm", DOMAIN]);
        ensure!(refused.is_err(), "{refused:?}");
        house.hearth(&["host", "disable", OTHER])?;
        house.hearth(&["host", "enable", OTHER])?;
        let told = house.hearth(&["host", "delete", OTHER, "--confirm", OTHER])?;
        ensure!(told.contains("is deleted, with 1 accounts and 0 groups"), "{told}");
        Ok(())
    })
}

#[test]
fn the_host_of_every_owner_is_not_deleted() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    owner
        .post("/", &format!("/hosts/{DOMAIN}/delete"), &[("domain", DOMAIN)])
        .says(422, "every owner is an account of localhost");
    owner.get("/hosts").says(200, DOMAIN);
    // An administrator of a disabled host still reaches the console: they may be who enables it.
    owner
        .post("/", &format!("/hosts/{DOMAIN}/disable"), &[("confirm", "yes")])
        .leads_to("/hosts?done=host-disabled");
    house
        .visitor("owner")
        .post("/", &format!("/hosts/{DOMAIN}/enable"), &[])
        .leads_to("/hosts?done=host-enabled");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_ends_at_one_server_ends_at_the_others() -> Result<()> {
    let fleet = Fleet::of(2).await?;
    let carol = format!("carol@{OTHER}");
    block_in_place(|| {
        let home = fleet.servers[0].home();
        home.hearth(&["host", "add", OTHER], "")?;
        let line = json!({ "jid": carol, "password": PASSWORD }).to_string();
        home.hearth(&["account", "import", "--iterations", "4096"], &line)?;
        let owner = format!("owner@{DOMAIN}");
        let token = home.hearth(&["token", "add", "fleet", "--owner", &owner, "--role", "owner"], "")?;
        let program = Program::new(fleet.servers[0].addresses().admin.unwrap(), token.trim());
        program.put("/cluster", &json!({ "enabled": true }));
        for place in 0..2 {
            until(&mut fleet.visitor(place), "/cluster", "one of 2 members", PATIENCE)?;
        }
        let there = fleet.servers[1].addresses().c2s;
        eventually(|| Ok(!greeting(there, OTHER)?.contains("host-unknown")))
    })?;
    let mut there = client(fleet.servers[1].addresses().c2s_tls, &carol).await;
    block_in_place(|| disable(&mut fleet.visitor(0)));
    let error = there.end().await.expect("the stream ends with an error");
    ensure!(error.find("host-gone", ns::STREAM_ERRORS).is_some(), "{error:?}");
    let answer = block_in_place(|| greeting(fleet.servers[1].addresses().c2s, OTHER))?;
    ensure!(answer.contains("host-unknown"), "{answer}");
    Ok(())
}
