//! Three servers: switched together on one's page, seen on the others' without a reload, and one that falls silent.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fantoccini::Locator;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use testkit::client::Connect;
use testkit::databases::{self, Fresh, Kind};
use tests::support::{
    ports,
    process::{DOMAIN, Home, Server},
};

use crate::{
    api::program::Program,
    browser::Browser,
    chromium::{Chromium, DESKTOP},
    commands::Operator,
    house::PASSWORD,
};

/// Servers n1, n2 and n3, and an owner.
pub(crate) struct Fleet {
    pub(crate) servers: Vec<Server>,
    database: Fresh,
}

impl Fleet {
    pub(crate) async fn start() -> Result<Self> {
        Self::of(3).await
    }

    /// So many servers, and an owner.
    pub(crate) async fn of(count: usize) -> Result<Self> {
        Self::with(count, |_, home| home).await
    }

    /// The same, each told what else it has by its number, from 1.
    pub(crate) async fn with(count: usize, also: impl Fn(usize, Home) -> Home) -> Result<Self> {
        let database = databases::fresh(Kind::Postgres).await?;
        let mut servers = Vec::new();
        for number in 1..=count {
            servers.push(also(number, home(&database, number)?).start()?);
        }
        let home = servers[0].home();
        home.add_account("owner", PASSWORD)?;
        home.hearth(&["admin", "grant", &format!("owner@{DOMAIN}"), "--role", "owner"], "")?;
        Ok(Self { servers, database })
    }

    /// One more over the same database.
    pub(crate) fn another(&self, number: usize, also: impl FnOnce(Home) -> Home) -> Result<Server> {
        also(home(&self.database, number)?).start()
    }

    /// Somebody who has logged in at this server.
    pub(crate) fn visitor(&self, place: usize) -> Browser {
        let mut browser = Browser::new(self.servers[place].addresses().admin.unwrap());
        browser.log_in("owner", PASSWORD).leads_to("/");
        browser
    }

    fn console(&self, place: usize) -> String {
        format!("http://{}", self.servers[place].addresses().admin.unwrap())
    }

    fn signal(&self, place: usize, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.servers[place].id())?;
        Ok(kill(Pid::from_raw(pid), signal)?)
    }
}

fn home(database: &Fresh, number: usize) -> Result<Home> {
    Ok(Home::new()?
        .with("HEARTH_DATABASE__URL", database.url())
        .with("HEARTH_NODE_NAME", &format!("n{number}"))
        .with("HEARTH_CLUSTER__INTERFACES", "127.0.0.1")
        .with("HEARTH_CLUSTER__PORTS", &ports::free()?.to_string()))
}

/// Asks again until a page says this.
pub(crate) fn until(browser: &mut Browser, path: &str, words: &str, within: Duration) -> Result<Duration> {
    let began = Instant::now();
    loop {
        let page = browser.get(path);
        if page.body.contains(words) {
            return Ok(began.elapsed());
        }
        ensure!(began.elapsed() < within, "waited in vain for {words:?}: {}", page.body);
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_switch_on_one_page_is_seen_on_the_others_without_a_reload() -> Result<()> {
    let fleet = Fleet::start().await?;
    let mut browsers = Vec::new();
    for place in 0..3 {
        let browser = Chromium::start(DESKTOP).await?;
        browser.log_in(&fleet.console(place), "owner").await?;
        browser.page.goto(&format!("{}/cluster", fleet.console(place))).await?;
        browser.until("3 servers share this PostgreSQL database").await?;
        browser.until("Clustering is off").await?;
        browsers.push(browser);
    }
    let began = Instant::now();
    browsers[0].click("#switch").await?;
    for browser in &browsers[1..] {
        browser.until("3 members, senior n").await?;
        browser.until("one of 3 members").await?;
    }
    println!("the others' pages show three members after {:.1?}", began.elapsed());
    browsers[0].until("3 members, senior n").await?;
    browsers[1]
        .until_there(".drawing .link.up ~ .link.up ~ .link.up")
        .await?;
    let show = "document.querySelector('.links').scrollIntoView()";
    browsers[1].page.execute(show, Vec::new()).await?;
    browsers[1].look(DESKTOP, "clustering.three").await?;

    // A server's caches and their entries, at another one.
    browsers[0].click_live(Locator::LinkText("n2")).await?;
    browsers[0].until("The last 24 hours").await?;
    browsers[0].until_there("[data-live=now] polyline").await?;
    browsers[0].look(DESKTOP, "node").await?;
    browsers[0].click_live(Locator::LinkText("sessions")).await?;
    browsers[0].until("Entries").await?;
    browsers[0].look(DESKTOP, "cache").await?;

    // One is killed: the others' pages show it gone without a reload.
    let began = Instant::now();
    fleet.signal(2, Signal::SIGKILL)?;
    browsers[1].until("one of 2 members").await?;
    println!("a killed server is shown gone after {:.1?}", began.elapsed());
    browsers[1].until("silent for").await?;
    browsers[1].look(DESKTOP, "clustering.killed").await?;

    // And off again, on another one's page.
    browsers[1].click("#switch").await?;
    browsers[1]
        .until("servers share this PostgreSQL database, each by itself")
        .await?;
    for browser in browsers {
        browser.end().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_banner_of_any_page_follows_the_cluster_without_a_reload() -> Result<()> {
    let fleet = Fleet::of(2).await?;
    let browser = Chromium::start(DESKTOP).await?;
    browser.log_in(&fleet.console(0), "owner").await?;
    browser
        .page
        .goto(&format!("{}/properties/roster.max_items", fleet.console(0)))
        .await?;
    browser.until("Clustering is off").await?;
    // A page that is loaded anew has forgotten this.
    browser.page.execute("window.isOld = true", Vec::new()).await?;
    let isolated = tokio::task::block_in_place(|| fleet.visitor(0));
    tokio::task::block_in_place(|| {
        let mut other = isolated;
        other
            .post("/", "/cluster/switch", &[("to", "on")])
            .leads_to("/cluster?done=on");
    });
    browser.until("2 members, senior n").await?;
    fleet.signal(1, Signal::SIGKILL)?;
    browser.until("Only member of its cluster: no failover").await?;
    let is_old = browser.page.execute("return window.isOld === true", Vec::new()).await?;
    ensure!(is_old == json!(true), "the page was loaded anew");
    browser.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_answers_while_a_server_is_silent_and_a_login_is_good_everywhere() -> Result<()> {
    let fleet = Fleet::start().await?;
    for name in ["here", "there"] {
        fleet.servers[0].home().add_account(name, PASSWORD)?;
    }
    let mut clients = Vec::new();
    for (place, name) in [(1, "here"), (2, "there")] {
        let jid: protocol::Jid = format!("{name}@{DOMAIN}").parse()?;
        let connect = Connect::DirectTls(fleet.servers[place].addresses().c2s_tls);
        let unbound = connect.log_in(&jid, PASSWORD).await.unwrap();
        clients.push(unbound.bind("x").await.unwrap());
    }
    tokio::task::block_in_place(|| {
        let mut first = fleet.visitor(0);
        first
            .post("/", "/cluster/switch", &[("to", "on")])
            .leads_to("/cluster?done=on");
        let within = Duration::from_secs(30);
        until(&mut first, "/cluster", "one of 3 members", within)?;
        // The same login, at another server.
        let mut second = first.clone();
        second.address = fleet.servers[1].addresses().admin.unwrap();
        until(&mut second, "/cluster", "one of 3 members", within)?;
        let silent = second.get("/cluster");
        let (_, rest) = silent.body.split_once(">n3</a>").map_or(("", ""), |(before, after)| {
            (after, before.rsplit_once("href=\"").map_or("", |(_, place)| place))
        });
        let page = rest.split_once('"').context("n3 has a page")?.0.to_owned();
        second
            .get(&page)
            .says(200, "sessions")
            .says(200, "<h2>Caches</h2>")
            .says(200, "failed logins by account");

        fleet.signal(2, Signal::SIGSTOP)?;
        let mut slowest = (Duration::ZERO, "");
        let cache = format!("{page}/caches/sessions");
        // First of all what is at the silent server, while it counts as a member.
        for path in [
            "/sessions/one?jid=there%40localhost%2Fx",
            cache.as_str(),
            "/",
            "/accounts",
            "/sessions",
            "/sessions?order=heard&direction=down&only=available",
            "/sessions/one?jid=here%40localhost%2Fx",
            "/sessions/announce",
            "/cluster",
            page.as_str(),
            "/properties",
            "/administrators",
            "/audit",
        ] {
            let began = Instant::now();
            let answer = second.get(path);
            let took = began.elapsed();
            slowest = slowest.max((took, path));
            // Of what is at the silent server nobody knows more than that it is silent.
            let is_there = path.contains("there%40") || path == cache;
            let expected = if is_there { 422 } else { 200 };
            ensure!(answer.status == expected, "{path}: {} {}", answer.status, answer.body);
            ensure!(
                !is_there || answer.body.contains("does not answer"),
                "{path}: {}",
                answer.body
            );
            println!("{path} took {took:.1?} while a server was silent");
        }
        println!("the slowest page was {slowest:.1?}");
        let node = second.get(&page);
        node.says(200, "Its caches are unknown")
            .says(200, "How it fares is unknown");
        until(&mut second, "/cluster", "silent for", within)?;
        until(&mut second, "/cluster", "one of 2 members", within)?;
        fleet.signal(2, Signal::SIGCONT)?;
        until(&mut second, "/cluster", "one of 3 members", within)?;

        // What is changed at one is read at the other.
        first.post("/", "/properties/roster.max_items", &[("value", "88")]);
        second.get("/properties/roster.max_items").says(200, "<code>88</code>");
        let record = second.get("/audit?target=roster.max_items");
        ensure!(
            record.body.matches("data-label=\"When\"").count() == 1,
            "{}",
            record.body
        );
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_program_does_at_one_server_is_read_at_the_others_within_a_second() -> Result<()> {
    let fleet = Fleet::start().await?;
    tokio::task::block_in_place(|| {
        let owner = format!("owner@{DOMAIN}");
        let home = fleet.servers[0].home();
        let token = home.hearth(&["token", "add", "fleet", "--owner", &owner, "--role", "owner"], "")?;
        let program = |place: usize| Program::new(fleet.servers[place].addresses().admin.unwrap(), token.trim());
        let (first, second) = (program(0), program(1));
        first.put("/cluster", &json!({ "enabled": true }));
        let within = Duration::from_secs(30);
        eventually(within, || second.get("/cluster").json()["members"] == 3)?;

        let new = json!({ "jid": format!("eve@{DOMAIN}"), "password": PASSWORD });
        let eve = format!("/accounts/eve@{DOMAIN}");
        let lock = json!({ "reason": "spam" });
        let second_says = |path: &str, is_so: &dyn Fn(&Value) -> bool| {
            eventually(Duration::from_secs(1), || is_so(&second.get(path).json()))
        };
        first.post("/accounts", &new).is(201);
        second_says(&eve, &|eve| eve["lock"].is_null() && eve["jid"].is_string())?;
        first.put(&format!("{eve}/lock"), &lock).is(200);
        second_says(&eve, &|eve| eve["lock"]["reason"] == "spam")?;
        first
            .put("/properties/roster.max_items", &json!({ "value": 91 }))
            .is(200);
        second_says("/properties/roster.max_items", &|property| property["value"] == 91)?;
        first
            .put(
                &format!("/administrators/eve@{DOMAIN}"),
                &json!({ "role": "read-only" }),
            )
            .is(204);
        second_says("/administrators", &|list| {
            list["administrators"].as_array().is_some_and(|all| all.len() == 2)
        })?;
        first.delete(&eve).is(200);
        second_says(&eve, &|eve| eve["type"] == "urn:hearth:problem:no-account")?;

        what_belongs_to_groups_accounts_and_hosts(&first, [&second, &program(2)])?;

        // A token made at one is good at the others, until it is taken back at any.
        let made = first
            .post("/tokens", &json!({ "name": "other", "role": "read-only" }))
            .json();
        let other = Program::new(second.address, made["token"].as_str().context("a token")?);
        other.get("/server").is(200);
        first.delete("/tokens/other").is(204);
        other.get("/server").is(401);

        for (act, target) in [
            ("account.add", format!("eve@{DOMAIN}")),
            ("account.lock", format!("eve@{DOMAIN}")),
            ("property.set", "roster.max_items".to_owned()),
            ("admin.grant", format!("eve@{DOMAIN}")),
            ("account.delete", format!("eve@{DOMAIN}")),
            ("token.add", "other".to_owned()),
            ("token.revoke", "other".to_owned()),
        ] {
            let record = second.get(&format!("/audit?act={act}&target={target}")).json();
            let acts = record["acts"].as_array().context("a record")?;
            ensure!(acts.len() == 1, "{act} {target}: {acts:?}");
            ensure!(acts[0]["actor"] == format!("token fleet of {owner}"), "{acts:?}");
            ensure!(acts[0]["node"] == "n1" && acts[0]["outcome"] == "done", "{acts:?}");
        }
        Ok(())
    })
}

/// The rest of what programs change: at one server, read at both others within a second, once in the record.
fn what_belongs_to_groups_accounts_and_hosts(first: &Program, others: [&Program; 2]) -> Result<()> {
    let say = |path: &str, is_so: &dyn Fn(&Value) -> bool| {
        let everywhere = || others.iter().all(|other| is_so(&other.get(path).json()));
        eventually(Duration::from_secs(1), everywhere).with_context(|| path.to_owned())
    };
    let jid = format!("ann@{DOMAIN}");
    let (group, account) = (format!("/groups/{DOMAIN}/staff"), format!("/accounts/{jid}"));
    first
        .post("/accounts", &json!({ "jid": jid, "password": PASSWORD }))
        .is(201);
    first
        .post("/groups", &json!({ "host": DOMAIN, "name": "staff" }))
        .is(201);
    say(&group, &|group| group["members"] == 0)?;
    first
        .post(&format!("{group}/members"), &json!({ "members": [jid] }))
        .is(200);
    say(&format!("{group}/members"), &|page| {
        page["members"][0]["jid"] == jid.as_str()
    })?;
    first
        .put(&format!("{group}/sharing"), &json!({ "shown_to": "host" }))
        .is(200);
    say(&group, &|group| group["sharing"]["shown_to"] == "host")?;
    first
        .put(&format!("{account}/vcard"), &json!({ "full_name": "Ann" }))
        .is(200);
    say(&format!("{account}/vcard"), &|card| {
        card["fields"]["full_name"] == "Ann"
    })?;
    first
        .put(&format!("{account}/roster/nurse@x.test"), &json!({ "name": "Nurse" }))
        .is(204);
    say(&format!("{account}/roster?text=nurse"), &|page| {
        page["contacts"][0]["name"] == "Nurse"
    })?;
    first.delete(&format!("{account}/roster/nurse@x.test")).is(204);
    say(&format!("{account}/roster?text=nurse"), &|page| {
        page["contacts"] == json!([])
    })?;
    first
        .send("PUT", &format!("{account}/blocked/spam.test"), &[], "")
        .is(204);
    say(&format!("{account}/blocked"), &|page| {
        page["blocked"] == json!(["spam.test"])
    })?;
    first.delete(&format!("{account}/blocked/spam.test")).is(204);
    say(&format!("{account}/blocked"), &|page| page["blocked"] == json!([]))?;
    first
        .put("/settings", &json!({ "values": { "audit.keep_days": 300 } }))
        .is(204);
    say("/properties/audit.keep_days", &|property| property["value"] == 300)?;
    let change = first.get("/history?name=audit.keep_days&limit=1").json();
    let change = change["changes"][0]["id"].as_str().context("a change")?.to_owned();
    first.send("POST", &format!("/history/{change}/undo"), &[], "").is(200);
    say("/properties/audit.keep_days", &|property| {
        property["source"] == "default"
    })?;
    first.post("/hosts", &json!({ "domain": "fleet.test" })).is(201);
    say("/hosts", &|list| list.to_string().contains("fleet.test"))?;
    first.delete(&format!("{group}/members/{jid}")).is(204);
    say(&format!("{group}/members"), &|page| page["members"] == json!([]))?;
    first.delete(&group).is(204);
    say(&group, &|group| group["type"] == "urn:hearth:problem:no-group")?;
    for act in [
        "group.create",
        "group.members.add",
        "group.change",
        "account.vcard.set",
        "account.contact.set",
        "account.contact.remove",
        "account.block",
        "account.unblock",
        "property.set-all",
        "property.undo",
        "host.add",
        "group.members.remove",
        "group.delete",
    ] {
        let record = others[1].get(&format!("/audit?act={act}")).json();
        let acts = record["acts"].as_array().context("a record")?;
        ensure!(
            acts.len() == 1 && acts[0]["outcome"] == "done" && acts[0]["node"] == "n1",
            "{act}: {acts:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_command_does_at_one_server_is_read_at_another_within_a_second() -> Result<()> {
    let fleet = Fleet::start().await?;
    let owner = format!("owner@{DOMAIN}");
    let token = tokio::task::block_in_place(|| {
        let home = fleet.servers[0].home();
        home.hearth(&["token", "add", "fleet", "--owner", &owner, "--role", "owner"], "")
    })?;
    let second = Program::new(fleet.servers[1].addresses().admin.unwrap(), token.trim());
    tokio::task::block_in_place(|| {
        second.put("/cluster", &json!({ "enabled": true }));
        eventually(Duration::from_secs(30), || {
            second.get("/cluster").json()["members"] == 3
        })
    })?;
    let mut operator = Operator::connect(fleet.servers[0].addresses().c2s_tls, &owner).await;
    let eve = format!("eve@{DOMAIN}");
    let command = |name: &str| format!("http://jabber.org/protocol/admin#{name}");
    let new: [(&str, &[&str]); 2] = [("accountjid", &[&eve]), ("password", &[PASSWORD])];
    operator.runs(&command("add-user"), &new).await;
    let says = |is_so: &dyn Fn(&Value) -> bool| {
        let path = format!("/accounts/{eve}");
        tokio::task::block_in_place(|| eventually(Duration::from_secs(1), || is_so(&second.get(&path).json())))
    };
    says(&|eve| eve["lock"].is_null() && eve["jid"].is_string())?;
    // What lives on another server: their session there ends, by a command given here.
    let mut there = Operator::connect(fleet.servers[2].addresses().c2s_tls, &eve).await;
    operator
        .runs(&command("disable-user"), &[("accountjids", &[&eve])])
        .await;
    says(&|eve| eve["lock"].is_object())?;
    there.is_ended().await;
    tokio::task::block_in_place(|| {
        for act in ["account.add", "account.lock"] {
            let record = second.get(&format!("/audit?act={act}&target={eve}")).json();
            let acts = record["acts"].as_array().context("a record")?;
            ensure!(acts.len() == 1 && acts[0]["actor"] == owner.as_str(), "{act}: {acts:?}");
        }
        Ok(())
    })
}

fn eventually(within: Duration, is_so: impl Fn() -> bool) -> Result<()> {
    let began = Instant::now();
    while !is_so() {
        ensure!(began.elapsed() < within, "it has not come to pass within {within:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stream_of_changes_ends_with_the_login() -> Result<()> {
    let server = Server::start()?;
    server.home().add_account("owner", PASSWORD)?;
    server
        .home()
        .hearth(&["admin", "grant", &format!("owner@{DOMAIN}"), "--role", "owner"], "")?;
    let address = server.addresses().admin.unwrap();
    let mut browser = Browser::new(address);
    browser.log_in("owner", PASSWORD).leads_to("/");
    let (name, value) = browser.cookies.iter().next().context("there is a login")?;
    let request = format!(
        "GET /cluster/events HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\nCookie: {name}={value}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(request.as_bytes())?;
    let mut lines = BufReader::new(stream).lines();
    let has =
        |line: Option<std::io::Result<String>>, words: &str| line.is_some_and(|line| line.unwrap().contains(words));
    ensure!(has(lines.next(), "200 OK"));
    ensure!(
        lines
            .by_ref()
            .map_while(Result::ok)
            .any(|line| line == "event: cluster")
    );
    browser.post("/", "/logout", &[]).leads_to("/login");
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    ensure!(
        rest.last().is_some_and(|line| line.is_empty() || line == "0"),
        "{rest:?}"
    );
    Ok(())
}
