//! Sessions that are listed, looked into and spoken to, and caches that are read and cleared, over a real socket.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use protocol::{Jid, ns};
use testkit::client::{Client, Connect};
use tests::support::process::DOMAIN;
use tokio::task::block_in_place;

use crate::{
    browser::{Browser, percent},
    cluster::{Fleet, until},
    corpus::is_inert,
    house::{House, LOOK_AGAIN, PASSWORD, PATIENCE},
};

/// What stands in every field that a client may fill.
const MARKUP: &str = "\"><script>alert(1)</script>'{{7*7}}";

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('\'', "&apos;").replace('"', "&quot;")
}

async fn client(place: std::net::SocketAddr, name: &str, resource: &str) -> Client {
    let jid: Jid = format!("{name}@{DOMAIN}").parse().unwrap();
    let unbound = Connect::DirectTls(place).log_in(&jid, PASSWORD).await.unwrap();
    unbound.bind(resource).await.unwrap()
}

fn one(jid: &Jid) -> String {
    format!("/sessions/one?jid={}", percent(jid.as_str()))
}

/// Lines of a live page from now on.
pub(crate) fn events(browser: &Browser, path: &str) -> Result<impl Iterator<Item = String> + use<>> {
    ensure!(!browser.cookies.is_empty(), "there is a login");
    let cookies = browser.cookies.iter().map(|(name, value)| format!("{name}={value}"));
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\nCookie: {}\r\n\r\n",
        browser.address,
        cookies.collect::<Vec<_>>().join("; ")
    );
    let mut stream = TcpStream::connect(browser.address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    Ok(BufReader::new(stream).lines().map_while(Result::ok))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_says_of_itself_stays_text_on_every_page() -> Result<()> {
    let house = House::start()?;
    let place = house.server.addresses().c2s_tls;
    let mut alice = client(place, "alice", &escaped(MARKUP)).await;
    let markup = escaped(MARKUP);
    alice
        .send(format!(
            "<presence><show>{markup}</show><status>{markup}</status><priority>7</priority>\
             <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='{markup}' ver='x'/></presence>"
        ))
        .await;
    alice.all().await;
    block_in_place(|| -> Result<()> {
        let mut owner = house.visitor("owner");
        let detail = one(&alice.jid);
        for path in ["/sessions", "/sessions?order=stanzas&direction=down", &detail] {
            let page = owner.get(path);
            page.says(200, "{{7*7}}").says(200, "priority 7");
            is_inert(&page, MARKUP, path);
        }
        owner
            .get(&detail)
            .says(200, "TLSv1.")
            .says(200, "yes: nobody can stand between");
        let fields = [
            ("jid", alice.jid.as_str()),
            ("to", "begin"),
            ("minutes", "5"),
            ("text", "yes"),
        ];
        let begun = owner.post("/", "/sessions/one/inspect", &fields);
        ensure!(begun.status == 303, "{}", begun.body);
        ensure!(begun.header("location").starts_with("/sessions/one?jid="), "{begun:?}");
        Ok(())
    })?;
    alice
        .send(format!(
            "<message to='{}' type='chat'><body>{markup}</body></message>",
            escaped(alice.jid.as_str())
        ))
        .await;
    alice.message().await;
    block_in_place(|| {
        let owner = house.visitor("owner");
        let events = events(&owner, &one(&alice.jid).replacen("/one?", "/one/events?", 1))?;
        let mut lines = events.skip_while(|line| *line != "event: stanzas");
        let shown = lines.nth(1).context("stanzas are shown")?;
        ensure!(shown.contains("{{7*7}}") && !shown.contains("<script>"), "{shown}");
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inspector_shows_nothing_before_it_is_on_and_hides_what_people_write() -> Result<()> {
    let house = House::start()?;
    let place = house.server.addresses().c2s_tls;
    let mut alice = client(place, "alice", "phone").await;
    let mut bob = client(place, "bob", "desk").await;
    bob.available().await;
    let say =
        |text: &str| format!("<message to='bob@{DOMAIN}/desk' type='chat' id='{text}'><body>{text}</body></message>");
    alice.send(say("before")).await;
    bob.message().await;
    let hers = alice.jid.clone();
    let begin = |browser: &mut Browser, fields: &[(&str, &str)]| {
        let fields = [&[("jid", hers.as_str())], fields].concat();
        browser.post("/", "/sessions/one/inspect", &fields)
    };
    block_in_place(|| {
        let mut owner = house.visitor("owner");
        for minutes in ["0", "31", "-1", "x", ""] {
            begin(&mut owner, &[("to", "begin"), ("minutes", minutes)]).says(422, "a number of minutes from 1 to 30");
        }
        owner.get(&one(&alice.jid)).says(200, "Begin");
        begin(&mut owner, &[("to", "begin"), ("minutes", "5")]);
        owner.get(&one(&alice.jid)).says(200, "what people write is hidden");
        for name in ["chief", "reader"] {
            let mut browser = house.visitor(name);
            let page = browser.get(&one(&alice.jid));
            page.says(200, "Traffic");
            assert!(!page.body.contains("nspector"), "{}", page.body);
        }
    });
    alice.send(say("secret")).await;
    bob.message().await;
    block_in_place(|| -> Result<()> {
        let mut owner = house.visitor("owner");
        let path = one(&alice.jid).replacen("/one?", "/one/events?", 1);
        let mut lines = events(&owner, &path)?.skip_while(|line| *line != "event: stanzas");
        let shown = lines.nth(1).context("stanzas are shown")?;
        ensure!(
            shown.contains("from the client") && shown.contains("[6 characters]"),
            "{shown}"
        );
        ensure!(!shown.contains(">secret<") && !shown.contains("before"), "{shown}");
        begin(&mut owner, &[("to", "end")]);
        owner.get(&one(&alice.jid)).says(200, "Begin");
        let record = owner.get("/audit?target=alice");
        record
            .says(200, "for 5 minutes, text hidden")
            .says(200, "session.inspect.end");
        ensure!(record.body.matches("session.inspect<").count() == 6, "{}", record.body);
        // Who has only one host sees nothing of another's.
        let mut chief = house.visitor("chief");
        let carol = "/sessions/one?jid=carol%40other.test%2Fx";
        ensure!(chief.get(carol).status == 403);
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_announcement_is_heard_by_those_who_are_there() -> Result<()> {
    let house = House::start()?;
    let place = house.server.addresses().c2s_tls;
    let mut alice = client(place, "alice", "phone").await;
    let mut bob = client(place, "bob", "desk").await;
    let mut silent = client(place, "bob", "not available").await;
    alice.available().await;
    bob.available().await;
    let say = |browser: &mut Browser, to: &str, accounts: &str, text: &str| {
        let fields = [
            ("to", to),
            ("accounts", accounts),
            ("kind", "headline"),
            ("subject", "Soon"),
            ("body", text),
        ];
        browser.post("/", "/sessions/announce", &fields)
    };
    block_in_place(|| {
        let (mut owner, mut chief) = (house.visitor("owner"), house.visitor("chief"));
        say(&mut owner, "everybody", "", "<b>one</b>").leads_to("/sessions/announce?reached=2&silent=0");
        owner
            .get("/sessions/announce?reached=2&silent=0")
            .says(200, "It was said to 2 sessions.");
        say(&mut chief, &format!("host {DOMAIN}"), "", "two").leads_to("/sessions/announce?reached=2&silent=0");
        say(&mut owner, "accounts", &format!("bob@{DOMAIN}"), "three")
            .leads_to("/sessions/announce?reached=1&silent=0");
        say(&mut owner, "accounts", "nobody here", "four").says(422, "an account&#39;s address looks like user@host");
        say(&mut owner, "everybody", "", " ").says(422, "the text is empty");
        say(&mut owner, "", "", "five").says(422, "say to whom");
        for to in ["everybody", "host other.test", "server 1"] {
            assert_eq!(say(&mut chief, to, "", "six").status, 403, "{to}");
        }
        let record = owner.get("/audit?act=session.announce");
        record
            .says(200, "done: 2 sessions reached")
            .says(200, "headline: Soon: two");
    });
    for (client, expected) in [
        (&mut alice, &["<b>one</b>", "two"][..]),
        (&mut bob, &["<b>one</b>", "two", "three"]),
    ] {
        for text in expected {
            let message = client.message().await;
            assert_eq!(message.get("type"), Some("headline"));
            assert_eq!(message.get("from"), Some(DOMAIN));
            assert_eq!(message.find("body", ns::CLIENT).unwrap().own_text(), *text);
            assert_eq!(message.find("subject", ns::CLIENT).unwrap().own_text(), "Soon");
        }
        assert!(client.all().await.iter().all(|it| it.name != "message"));
    }
    assert!(silent.all().await.iter().all(|it| it.name != "message"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chosen_sessions_are_closed_and_others_stay() -> Result<()> {
    let house = House::start()?;
    let place = house.server.addresses().c2s_tls;
    let mut clients = Vec::new();
    for resource in ["a", "b", "c"] {
        clients.push(client(place, "alice", resource).await);
    }
    block_in_place(|| {
        let mut owner = house.visitor("owner");
        let jids: Vec<String> = clients.iter().map(|client| client.jid.to_string()).collect();
        owner.post("/", "/sessions/close", &[]).says(422, "tick the sessions");
        let chosen = [("jid", jids[0].as_str()), ("jid", jids[1].as_str())];
        owner
            .post("/", "/sessions/close", &chosen)
            .leads_to("/sessions?done=closed-many");
    });
    for client in &mut clients[..2] {
        client.end().await;
    }
    assert!(clients[2].all().await.is_empty());
    block_in_place(|| {
        let mut owner = house.visitor("owner");
        // What is ticked does not matter where one's own button is pressed.
        let fields = [("jid", "bob@localhost/x"), ("one", clients[2].jid.as_str())];
        owner
            .post("/", "/sessions/close", &fields)
            .leads_to("/sessions?done=closed");
    });
    clients[2].end().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caches_entries_are_read_in_words_and_cleared_where_that_does_no_harm() -> Result<()> {
    let house = House::start()?;
    block_in_place(|| {
        let mut stranger = house.stranger();
        for _ in 0..2 {
            stranger.log_in(&format!("alice@{DOMAIN}"), "wrong");
        }
        let mut owner = house.visitor("owner");
        let node: serde_json::Value = serde_json::from_str(&house.hearth(&["cluster", "nodes", "--json"])?)?;
        let node = format!("/cluster/nodes/{}", node[0]["id"]);
        owner
            .get(&node)
            .says(200, "failed logins by address")
            .says(200, "as long as the session")
            .says(200, "The last 24 hours");
        let guesses = format!("{node}/caches/failed%20logins%20by%20address");
        let began = Instant::now();
        while !owner.get(&guesses).body.contains("127.0.0.1") {
            assert!(began.elapsed() < PATIENCE, "{}", owner.get(&guesses).body);
            std::thread::sleep(LOOK_AGAIN);
        }
        let page = owner.get(&guesses);
        page.says(200, "failed logins").says(200, "65536 entries");
        owner.get(&format!("{guesses}?text=127.0.0")).says(200, "127.0.0.1");
        owner
            .get(&format!("{guesses}?text=10.9.9"))
            .says(200, "No entry matches that.");
        for payload in ["\"><script>alert(1)</script>", "'; DROP TABLE x; --"] {
            let found = owner.get(&format!(
                "{guesses}?text={}&after={}",
                percent(payload),
                percent(payload)
            ));
            assert_eq!(found.status, 200);
            is_inert(&found, payload, "a cache's search");
        }
        owner
            .get(&format!("{node}/caches/nothing"))
            .says(404, "there is no cache");
        let sessions = format!("{node}/caches/sessions");
        owner
            .get(&sessions)
            .says(200, "cannot be cleared: its entries are the sessions themselves");
        owner
            .post("/", &format!("{sessions}/clear"), &[("confirm", "yes")])
            .says(422, "sessions cannot be cleared");
        owner
            .post("/", &format!("{guesses}/clear"), &[])
            .says(422, "tick the box");
        owner
            .post("/", &format!("{guesses}/clear"), &[("confirm", "yes")])
            .leads_to(&format!("{guesses}?done=cleared"));
        owner.get(&guesses).says(200, "The cache is empty.");
        owner
            .get("/audit?act=cache.clear")
            .says(200, "failed logins by address");
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_at_one_server_is_seen_and_done_from_another() -> Result<()> {
    let fleet = Fleet::start().await?;
    let within = Duration::from_secs(30);
    let home = fleet.servers[0].home();
    for name in ["alice", "bob"] {
        home.add_account(name, PASSWORD)?;
    }
    let (mut first, mut second) = block_in_place(|| {
        let mut first = fleet.visitor(0);
        first
            .post("/", "/cluster/switch", &[("to", "on")])
            .leads_to("/cluster?done=on");
        until(&mut first, "/cluster", "one of 3 members", within)?;
        let mut second = first.clone();
        second.address = fleet.servers[1].addresses().admin.unwrap();
        until(&mut second, "/cluster", "one of 3 members", within)?;
        anyhow::Ok((first, second))
    })?;
    let mut alice = client(fleet.servers[2].addresses().c2s_tls, "alice", "phone").await;
    alice.available().await;
    let _bob = client(fleet.servers[2].addresses().c2s_tls, "bob", &escaped(MARKUP)).await;
    block_in_place(|| {
        // Asked at the first and the second server of what is at the third.
        first
            .get("/sessions?order=since")
            .says(200, "alice@localhost/phone")
            .says(200, "n3 <small");
        let detail = one(&alice.jid);
        second.get(&detail).says(200, "n3").says(200, "available, priority 0");
        let fields = [
            ("jid", alice.jid.as_str()),
            ("to", "begin"),
            ("minutes", "1"),
            ("text", "yes"),
        ];
        second.post("/", "/sessions/one/inspect", &fields);
        let say = [("to", "everybody"), ("kind", "normal"), ("body", "good morning")];
        first
            .post("/", "/sessions/announce", &say)
            .leads_to("/sessions/announce?reached=1&silent=0");
    });
    let message = alice.message().await;
    assert_eq!(message.find("body", ns::CLIENT).unwrap().own_text(), "good morning");
    block_in_place(|| {
        let path = one(&alice.jid).replacen("/one?", "/one/events?", 1);
        let mut lines = events(&first, &path)?.skip_while(|line| *line != "event: stanzas");
        let shown = lines.nth(1).context("stanzas are shown")?;
        ensure!(
            shown.contains("to the client") && shown.contains("good morning"),
            "{shown}"
        );

        // The links are drawn with what passes them, and a dead server can be taken off the list, a living one not.
        let page = until(&mut first, "/cluster", "class=\"link up\"", within)?;
        let _ = page;
        first
            .get("/cluster")
            .says(200, "<svg class=\"drawing\"")
            .says(200, " ms</text>");
        let body = second.get("/cluster").body;
        let place = body
            .split_once(">n3</a>")
            .and_then(|(before, _)| before.rsplit_once("href=\""));
        let page = place
            .and_then(|(_, rest)| rest.split_once('"'))
            .context("n3 has a page")?
            .0
            .to_owned();
        let confirm = [("confirm", "yes")];
        second
            .post("/", &format!("{page}/remove"), &confirm)
            .says(422, "n3 is not removed: it is a member of the cluster");
        let entries = second.get(&format!("{page}/caches/sessions"));
        entries.says(200, "alice@localhost/phone").says(200, "{{7*7}}");
        is_inert(&entries, MARKUP, "a cache's entries");
        kill(Pid::from_raw(i32::try_from(fleet.servers[2].id())?), Signal::SIGKILL)?;
        until(&mut second, "/cluster", "one of 2 members", within)?;
        until(&mut second, "/cluster", "Remove…", within)?;
        second
            .post("/", &format!("{page}/remove"), &[])
            .says(422, "tick the box");
        second
            .post("/", &format!("{page}/remove"), &confirm)
            .leads_to("/cluster?done=removed");
        let gone = first.get("/cluster");
        ensure!(!gone.body.contains(">n3</a>"), "{}", gone.body);
        let record = first.get("/audit?act=cluster.remove");
        ensure!(
            record.body.matches("data-label=\"When\"").count() == 2,
            "{}",
            record.body
        );
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_listed_of_one_server_alone() -> Result<()> {
    let fleet = Fleet::of(2).await?;
    for name in ["near", "far"] {
        fleet.servers[0].home().add_account(name, PASSWORD)?;
    }
    let mut clients = Vec::new();
    for (place, name) in [(0, "near"), (1, "far")] {
        clients.push(client(fleet.servers[place].addresses().c2s_tls, name, "x").await);
    }
    block_in_place(|| {
        let mut first = fleet.visitor(0);
        first
            .post("/", "/cluster/switch", &[("to", "on")])
            .leads_to("/cluster?done=on");
        until(&mut first, "/cluster", "one of 2 members", PATIENCE)?;
        let all = first.get("/sessions");
        all.says(200, "near@localhost/x").says(200, "far@localhost/x");
        let choice = all
            .body
            .split("<select id=\"node\"")
            .nth(1)
            .context("servers can be chosen")?;
        for (server, own, other) in [("n1", "near@", "far@"), ("n2", "far@", "near@")] {
            let (before, _) = choice
                .split_once(&format!(">{server}</option>"))
                .context("it is in the list")?;
            let number = before.rsplit_once("value=\"").context("it has a number")?.1;
            let number = number.trim_end_matches('"');
            let page = first.get(&format!("/sessions?node={number}&order=since"));
            page.says(200, own).says(200, "1 session");
            ensure!(!page.body.contains(other), "{server}: {}", page.body);
            // The filter stays where the list is sorted otherwise.
            page.says(200, &format!("node={number}&#38;order=heard"));
        }
        first
            .get("/sessions?node=4711")
            .says(200, "Sessions of one server are unknown");
        first.get("/sessions?node=x").says(200, "2 sessions");
        Ok(())
    })
}
