//! The logs page: lines as they come, whatever is in them, and parts that say more for a while.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tests::support::process::DOMAIN;

use crate::{
    api::program::Program,
    browser::Browser,
    chromium::{Chromium, DESKTOP},
    cluster::{Fleet, until},
    corpus::{MARKUP, is_inert},
    house::{House, PATIENCE},
};

/// Lines of a live page from now on.
fn events(browser: &Browser, path: &str) -> Result<impl Iterator<Item = String> + use<>> {
    let (name, value) = browser.cookies.iter().next().context("there is a login")?;
    let mut stream = TcpStream::connect(browser.address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\nCookie: {name}={value}\r\n\r\n",
        browser.address
    );
    stream.write_all(request.as_bytes())?;
    Ok(BufReader::new(stream).lines().map_while(Result::ok))
}

/// What is set as a property is logged.
fn log_this(owner: &mut Browser, text: &str) {
    let set = owner.post("/", "/properties/contacts.admin", &[("value", text)]);
    assert!(set.status == 303 || set.status == 422, "{}", set.body);
}

#[test]
fn lines_of_the_log_stay_text_on_the_page_and_as_they_come() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let mut live = events(&owner, "/logs/events?text=property")?;
    let begun = live.find(|line| *line == "event: levels");
    begun.context("the stream begins")?;
    for payload in MARKUP {
        log_this(&mut owner, &format!("mailto:{payload}@example.org"));
        let page = owner.get("/logs?target=ops&text=property+was+set");
        page.says(200, "a property was set");
        is_inert(&page, payload, "the log");
    }
    log_this(&mut owner, "mailto:last@example.org");
    let mut seen = String::new();
    for line in live {
        seen.push_str(&line);
        if line.contains("last@example.org") {
            break;
        }
    }
    ensure!(seen.contains("last@example.org"), "{seen}");
    ensure!(seen.contains("&#60;script&#62;alert"), "{seen}");
    ensure!(!seen.contains("<script>") && !seen.contains("<img"), "{seen}");
    Ok(())
}

#[test]
fn lines_are_found_by_level_part_and_text() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    log_this(&mut owner, "mailto:needle@example.org");
    let shows = |owner: &mut Browser, query: &str, expected: bool| {
        let page = owner.get(&format!("/logs?{query}"));
        page.says(200, "What is logged");
        let is_shown = page.body.contains("contacts.admin");
        assert_eq!(is_shown, expected, "{query}: {}", page.body);
    };
    shows(&mut owner, "", true);
    shows(&mut owner, "text=NEEDLE&target=ops&level=info", true);
    shows(&mut owner, "level=warn&text=contacts", false);
    shows(&mut owner, "target=c2s", false);
    shows(&mut owner, "text=no+such+text", false);
    owner
        .get("/logs?level=loud")
        .says(400, "the level is one of error, warn, info");
    owner.get("/logs?node=x").says(404, "no server that shares");
    house.visitor("reader").get("/logs").says(200, "As configured");
    house.visitor("chief").get("/logs").says(403, "may not do this");
    Ok(())
}

#[test]
fn a_part_says_more_for_a_while_and_that_is_on_record() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let node = owner.get("/logs").field("node");
    let switch = |browser: &mut Browser, target: &str, level: &str, minutes: &str| {
        let fields = [
            ("node", node.as_str()),
            ("target", target),
            ("level", level),
            ("minutes", minutes),
        ];
        browser.post("/", "/logs/level", &fields)
    };
    for (target, level, minutes, words) in [
        ("sqlx", "debug", "5", "the part is one of acme, api, auth, c2s"),
        ("c2s=trace,sqlx", "debug", "5", "the part is one of"),
        ("c2s", "loud", "5", "the level is one of"),
        ("c2s", "debug", "0", "a number of minutes from 1 to 1440"),
        ("c2s", "debug", "1441", "a number of minutes from 1 to 1440"),
        ("c2s", "debug", "x", "a number of minutes from 1 to 1440"),
    ] {
        let refused = switch(&mut owner, target, level, minutes);
        refused.says(422, words);
        // What was filled in is not lost.
        refused.says(422, &format!("value=\"{target}\""));
    }
    // A stream that is none, of which the log says something from `debug` on.
    let nonsense = || -> Result<()> {
        let mut stream = TcpStream::connect(house.server.addresses().c2s)?;
        stream.write_all(b"<stream:stream xmlns='jabber:client' xmlns:stream='wrong'>")?;
        std::io::copy(&mut stream, &mut std::io::sink())?;
        Ok(())
    };
    nonsense()?;
    let quiet = owner.get("/logs?target=c2s&level=debug");
    assert!(!quiet.body.contains("<li class=\"debug\">"), "{}", quiet.body);
    switch(&mut owner, "c2s", "debug", "5").leads_to(&format!("/logs?node={node}&done=level"));
    nonsense()?;
    until(
        &mut owner,
        "/logs?target=c2s&level=debug",
        "<li class=\"debug\">",
        PATIENCE,
    )?;
    owner.get("/logs").says(200, "from debug on, for");
    // The file has it as well: it is one log.
    ensure!(house.server.home().log().contains("DEBUG c2s"), "standard error has it");
    switch(&mut owner, "c2s", "as-configured", "").leads_to(&format!("/logs?node={node}&done=level"));
    owner.get("/logs").says(200, "No part is switched");
    let record = owner.get("/audit?act=log.level");
    record
        .says(200, &format!("c2s of server {node}"))
        .says(200, "debug for 5 minutes")
        .says(200, "as configured");
    house.visitor("reader").get("/logs").says(200, "No part is switched");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_another_server_is_read_and_switched_from_here() -> Result<()> {
    let fleet = Fleet::start().await?;
    tokio::task::block_in_place(|| {
        let home = fleet.servers[0].home();
        let owner = format!("owner@{DOMAIN}");
        let token = home.hearth(&["token", "add", "fleet", "--owner", &owner, "--role", "owner"], "")?;
        let program = Program::new(fleet.servers[0].addresses().admin.unwrap(), token.trim());
        program.put("/cluster", &json!({ "enabled": true }));
        let (mut first, mut third) = (fleet.visitor(0), fleet.visitor(2));
        until(&mut first, "/cluster", "one of 3 members", PATIENCE)?;
        until(&mut third, "/cluster", "one of 3 members", PATIENCE)?;
        let node = third.get("/logs").field("node");
        log_this(&mut third, "mailto:said-by-three@example.org");
        let there = format!("/logs?node={node}&text=said-by-three");
        first.get(&there).says(200, "contacts.admin");
        let here = first.get("/logs?text=said-by-three");
        ensure!(!here.body.contains("contacts.admin"), "{}", here.body);
        let fields = [
            ("node", node.as_str()),
            ("target", "router"),
            ("level", "debug"),
            ("minutes", "5"),
        ];
        first
            .post("/", "/logs/level", &fields)
            .leads_to(&format!("/logs?node={node}&done=level"));
        third.get("/logs").says(200, "<code>router</code> from debug on");
        let own = first.get("/logs");
        own.says(200, "No part is switched");
        // A server that is none says nothing, and the page says so.
        first.get("/logs?node=4711").says(200, "server 4711 does not answer");
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_sees_lines_as_they_come_and_can_pause() -> Result<()> {
    let house = tokio::task::block_in_place(House::start)?;
    let browser = Chromium::start(DESKTOP).await?;
    let console = format!("http://{}", house.console());
    browser.log_in(&console, &format!("owner@{DOMAIN}")).await?;
    browser.page.goto(&format!("{console}/logs")).await?;
    let say = |text: &str| tokio::task::block_in_place(|| log_this(&mut house.visitor("owner"), text));
    say("mailto:one@example.org");
    browser.until("one@example.org").await?;
    browser.click("[data-pause]").await?;
    browser.until("Go on").await?;
    say("mailto:two@example.org");
    // Longer than it takes to come.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let shown = browser
        .page
        .execute("return document.querySelector('.log').textContent", Vec::new())
        .await?;
    ensure!(!shown.to_string().contains("two@example.org"), "{shown}");
    browser.click("[data-pause]").await?;
    browser.until("two@example.org").await?;
    browser.end().await
}
