//! What the pages show and do.

use std::time::Instant;

use anyhow::Result;
use serde_json::json;
use tests::support::process::DOMAIN;

use crate::{
    browser::{Answer, Browser},
    house::{House, LOOK_AGAIN, OTHER, PASSWORD, PATIENCE},
};

fn accounts(page: &Answer) -> Vec<String> {
    let links = page.body.split("<td data-label=\"Account\"><a href=\"").skip(1);
    let name = |rest: &str| rest.split_once("\">").unwrap().1.split_once('@').unwrap().0.to_owned();
    links.map(name).collect()
}

/// Follows the list to its end.
fn all(browser: &mut Browser, first: &str) -> Vec<String> {
    let (mut found, mut place) = (Vec::new(), first.to_owned());
    loop {
        let page = browser.get(&place);
        assert_eq!(page.status, 200, "{place}: {}", page.body);
        found.extend(accounts(&page));
        let Some((before, _)) = page.body.split_once("\" rel=\"next\"") else {
            return found;
        };
        place = before.rsplit_once("href=\"").unwrap().1.replace("&#38;", "&");
    }
}

#[test]
fn a_name_that_looks_like_another_has_to_be_meant() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    // With a Cyrillic і.
    const ALIKE: &str = "al\u{456}ce";
    let fields = [
        ("name", ALIKE),
        ("host", DOMAIN),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    assert!(
        !owner.get("/accounts/new").body.contains("lookalike"),
        "it is asked only when it matters"
    );
    let refused = owner.post("/", "/accounts/new", &fields);
    refused
        .says(422, &format!("looks like alice@{DOMAIN}"))
        .says(422, "aria-describedby=\"name-error\"")
        .says(422, "name=\"lookalike\" value=\"meant\">")
        .says(422, &format!("value=\"{ALIKE}\""));
    let program = house.program("owner", &["owner"]);
    let file = house.server.home().data().join("password");
    std::fs::write(&file, format!("{PASSWORD}\n"))?;
    let address = format!("{ALIKE}@{DOMAIN}");
    let mut command = vec!["account", "add", &address, "--password-file", file.to_str().unwrap()];
    let refused = house.hearth(&command).unwrap_err().to_string();
    assert!(refused.contains("looks like alice@"), "{refused}");
    command.push("--allow-lookalike");
    house.hearth(&command)?;
    house.hearth(&["account", "delete", &address])?;

    let meant = [&fields[..], &[("lookalike", "meant")]].concat();
    owner
        .post("/", "/accounts/new", &meant)
        .leads_to(&format!("/accounts/al%D1%96ce@{DOMAIN}?done=added"));
    // The wrong password is told with what was said before.
    let differ = [&meant[..3], &[("again", "other"), ("lookalike", "meant")]].concat();
    owner
        .post("/", "/accounts/new", &differ)
        .says(422, "the two passwords differ")
        .says(422, "value=\"meant\" checked>");
    let new = json!({ "jid": format!("\u{430}lice@{DOMAIN}"), "password": PASSWORD, "allow_lookalike": true });
    program.post("/accounts", &new).is(201);
    // The option is live.
    let other = json!({ "jid": format!("\u{430}l\u{456}ce@{DOMAIN}"), "password": PASSWORD });
    program.post("/accounts", &other).is(409);
    house.hearth(&["property", "set", "accounts.refuse_lookalikes", "false"])?;
    program.post("/accounts", &other).is(201);
    Ok(())
}

#[test]
fn a_list_of_accounts_is_searched_sorted_and_read_to_its_end() -> Result<()> {
    let house = House::start()?;
    let names: Vec<String> = (0..120).map(|number| format!("user{number:03}@{DOMAIN}")).collect();
    house.import(names.iter())?;
    let mut owner = house.visitor("owner");

    let by_name = all(&mut owner, "/accounts?prefix=user");
    let expected: Vec<String> = (0..120).map(|number| format!("user{number:03}")).collect();
    assert_eq!(by_name, expected);
    let mut down = all(&mut owner, "/accounts?prefix=user&direction=down");
    down.reverse();
    assert_eq!(down, expected);
    assert_eq!(
        all(&mut owner, "/accounts?prefix=user&order=made"),
        expected,
        "made one after another"
    );
    assert_eq!(all(&mut owner, "/accounts?prefix=user01").len(), 10);

    // Who has logged in last is the first, and nobody is left out or there twice. A login is written a moment after it
    // happened, and whoever moves to the first page while the second is read is on neither.
    let (last_first, began) = ("/accounts?order=login&direction=down", Instant::now());
    while accounts(&owner.get(last_first)).first().map(String::as_str) != Some("owner") {
        assert!(began.elapsed() < PATIENCE, "the owner's login is not in the list");
        std::thread::sleep(LOOK_AGAIN);
    }
    let mut by_login = all(&mut owner, last_first);
    by_login.sort();
    by_login.dedup();
    assert_eq!(by_login.len(), 125);
    owner
        .get(&format!("/accounts?host={OTHER}"))
        .says(200, "2 accounts at other.test");
    owner
        .get("/accounts?order=made&after=nonsense")
        .says(400, "begin with its first page");
    Ok(())
}

#[test]
fn an_account_is_made_and_changed_with_what_is_wrong_beside_its_field() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let new = |owner: &mut Browser, name: &str, password: &str, again: &str| {
        let fields = [
            ("name", name),
            ("host", DOMAIN),
            ("password", password),
            ("again", again),
        ];
        owner.post("/", "/accounts/new", &fields)
    };
    new(&mut owner, "alice", "x", "x").says(422, "id=\"name-error\">there is an account alice@localhost already");
    new(&mut owner, "eve", "x", "y").says(422, "id=\"password-error\">the two passwords differ");
    new(&mut owner, "eve", "", "").says(422, "id=\"password-error\">");
    new(&mut owner, "a b", "x", "x").says(422, "id=\"name-error\">");
    new(&mut owner, "eve", PASSWORD, PASSWORD).leads_to(&format!("/accounts/eve@{DOMAIN}?done=added"));

    let page = format!("/accounts/eve@{DOMAIN}");
    owner.get(&page).says(200, "never");
    let fields = [("password", "x"), ("again", "z")];
    owner
        .post("/", &format!("{page}/password"), &fields)
        .says(422, "the two passwords differ");
    owner.post(
        "/",
        &format!("{page}/lock"),
        &[("until", "week"), ("reason", "holiday")],
    );
    owner.get(&page).says(200, "locked until ").says(200, ": holiday");
    owner
        .post("/", &format!("{page}/delete"), &[("confirm", "eve")])
        .says(422, "Not deleted");
    owner.get(&page).says(200, "holiday");
    owner
        .post("/", &format!("{page}/delete"), &[("confirm", &format!("eve@{DOMAIN}"))])
        .leads_to(&format!("/accounts?host={DOMAIN}&done=deleted"));
    owner.get(&page).says(404, "there is no account eve@localhost");

    let last = format!("/accounts/owner@{DOMAIN}/delete");
    owner
        .post("/", &last, &[("confirm", &format!("owner@{DOMAIN}"))])
        .says(422, "is the only owner");
    let fields = [("address", format!("owner@{DOMAIN}"))];
    owner
        .post("/", "/administrators/revoke", &[("address", &fields[0].1)])
        .says(422, "is the only owner: make another one first");
    Ok(())
}

#[test]
fn a_property_is_set_refused_taken_back_and_locked() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let page = "/properties/roster.max_items";
    owner.get("/properties?text=max_items").says(200, "roster.max_items");
    owner
        .get("/properties?text=nosuchthing")
        .says(200, "No property matches that.");
    owner
        .post("/", page, &[("value", "many")])
        .says(422, "id=\"value-error\"")
        .says(422, "value=\"many\"");
    owner
        .post("/", page, &[("value", "123"), ("place", "cluster")])
        .leads_to(&format!("{page}?done=set"));
    owner
        .get(page)
        .says(200, "set for all servers")
        .says(200, "<code>123</code>");
    owner
        .post("/", page, &[("value", "124"), ("place", "node")])
        .leads_to(&format!("{page}?done=set"));
    owner.get(page).says(200, "set for this server");
    owner.post("/", &format!("{page}/unset"), &[("place", "node")]);
    owner.get(page).says(200, "<code>123</code>");
    owner
        .get("/properties/no.such")
        .says(404, "there is no property no.such");

    let (home, _) = house.server.stop()?;
    let pinned = home.with("HEARTH_PROPERTIES__ROSTER__MAX_ITEMS", "99").start()?;
    let mut owner = Browser::new(pinned.addresses().admin.unwrap());
    owner.log_in(&format!("owner@{DOMAIN}"), PASSWORD).leads_to("/");
    owner
        .get(page)
        .says(200, "Locked: it is pinned by HEARTH_PROPERTIES__ROSTER__MAX_ITEMS");
    owner
        .post("/", page, &[("value", "5")])
        .says(422, "Locked: it is pinned");
    Ok(())
}

#[test]
fn the_first_page_tells_what_runs() -> Result<()> {
    let house = House::start()?;
    let mut reader = house.visitor("reader");
    let page = reader.get("/");
    for words in [
        "SQLite",
        "XMPP with direct TLS",
        "self-signed",
        "<strong>5</strong> accounts of localhost",
        "ready for clients",
        "Clustering is off",
    ] {
        page.says(200, words);
    }
    // The banner changes by itself, on every page; who is not logged in sees none.
    assert_eq!(page.body.matches("<script").count(), 1);
    assert!(page.body.contains("<script src=\"/assets/") && page.body.contains("/live.js\" data-events"));
    assert!(!house.stranger().get("/login").body.contains("<script"));
    let style = page
        .body
        .split_once("rel=\"stylesheet\" href=\"")
        .unwrap()
        .1
        .split_once('"')
        .unwrap()
        .0;
    let answer = house.stranger().get(style);
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "text/css; charset=utf-8")
    );
    assert!(answer.header("cache-control").contains("immutable"));
    Ok(())
}
