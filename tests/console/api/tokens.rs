//! Tokens: who makes them, what they are worth, and when they end.

use anyhow::Result;
use serde_json::json;
use tests::support::process::DOMAIN;

use super::program::Program;
use crate::house::{House, OTHER};

#[test]
fn an_owner_makes_a_token_in_the_browser_and_sees_it_once() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    owner.get("/tokens").says(200, "There are no tokens.");
    for (name, days, words) in [
        ("a b", "9", "id=\"name-error\">a token"),
        ("backup", "0", "id=\"days-error\">days are a number"),
        ("backup", "many", "value=\"many\""),
    ] {
        let fields = [("name", name), ("role", "read-only"), ("days", days)];
        owner.post("/", "/tokens", &fields).says(422, words);
    }
    let fields = [("name", "backup"), ("role", "read-only"), ("days", "9")];
    let page = owner.post("/", "/tokens", &fields);
    let (_, rest) = page.body.split_once("<code id=\"token\">").unwrap();
    let token = rest.split('<').next().unwrap().to_owned();
    owner
        .post("/", "/tokens", &fields)
        .says(422, "there is a token backup already");
    let list = owner.get("/tokens");
    list.says(200, "backup").says(200, "never");
    assert!(!list.body.contains(&token));
    assert!(!house.hearth(&["token", "list", "--json"])?.contains(&token));

    let program = Program::new(house.console(), &token);
    assert_eq!(
        program.get("/accounts").is(200).json()["accounts"]
            .as_array()
            .map(Vec::len),
        Some(5)
    );
    program.put("/cluster", &json!({ "enabled": false })).is(403);
    owner
        .post("/", "/tokens/revoke", &[("name", "backup")])
        .leads_to("/tokens?done=ended");
    program.get("/accounts").is(401);
    let record = house
        .program("owner", &["owner"])
        .get("/audit?act=token&target=backup")
        .json();
    let acts: Vec<_> = record["acts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|act| &act["act"])
        .collect();
    assert_eq!(acts, ["token.revoke", "token.add", "token.add"], "{record}");
    assert!(!record.to_string().contains(&token[7..]));
    // Who may only read makes none.
    house
        .visitor("reader")
        .post("/", "/tokens", &fields)
        .says(403, "may not do this");
    Ok(())
}

#[test]
fn a_token_is_worth_no_more_than_its_owner_is_now() -> Result<()> {
    let house = House::start()?;
    let alice = format!("alice@{DOMAIN}");
    house.hearth(&["admin", "grant", &alice, "--role", "owner"])?;
    let program = house.program("alice", &["owner"]);
    program.get("/cluster").is(200);
    house.hearth(&["admin", "grant", &alice, "--role", "host", "--host", OTHER])?;
    program.get("/cluster").is(403);
    program.get(&format!("/accounts?host={OTHER}")).is(200);
    program.get(&format!("/accounts?host={DOMAIN}")).is(403);
    house.hearth(&["admin", "grant", &alice, "--role", "read-only"])?;
    program.get("/cluster").is(200);
    program.put(&format!("/accounts/bob@{DOMAIN}/lock"), &json!({})).is(403);
    house.hearth(&["account", "lock", &alice])?;
    program.get("/cluster").is(401);
    house.hearth(&["account", "unlock", &alice])?;
    program.get("/cluster").is(200);
    house.hearth(&["admin", "revoke", &alice])?;
    program.get("/cluster").is(401);
    house.hearth(&["admin", "grant", &alice, "--role", "owner"])?;
    program.get("/cluster").is(401).says(401, "not known, or has ended");
    Ok(())
}

#[test]
fn a_token_makes_no_token_that_outlives_it() -> Result<()> {
    let house = House::start()?;
    let owner = format!("owner@{DOMAIN}");
    let token = house.hearth(&[
        "token", "add", "short", "--owner", &owner, "--role", "owner", "--days", "1",
    ])?;
    let program = Program::new(house.console(), token.trim());
    let answer = program.post("/tokens", &json!({ "name": "long", "role": "owner" }));
    assert_eq!(answer.is(422).json()["field"], "expires_at");
    let ends = program.get("/tokens").json()["tokens"][0]["expires_at"].clone();
    let made = program.post(
        "/tokens",
        &json!({ "name": "as-long", "role": "read-only", "expires_at": ends }),
    );
    let made = made.is(201).json();
    assert_eq!(made["owner"], owner);
    Program::new(house.console(), made["token"].as_str().unwrap())
        .get("/cluster")
        .is(200);
    let refused = house.hearth(&[
        "token",
        "add",
        "x",
        "--owner",
        &format!("bob@{DOMAIN}"),
        "--role",
        "owner",
    ]);
    assert!(refused.is_err_and(|error| error.to_string().contains("bob@localhost is no administrator")));
    Ok(())
}

#[test]
fn who_guesses_tokens_is_shut_out_with_or_without_a_right_one() -> Result<()> {
    let house = House::start()?;
    let program = house.program("owner", &["owner"]);
    program.get("/server").is(200);
    // A token that was right once is no guess, and whoever still sends it shuts nobody out.
    let old = house.program("reader", &["read-only"]);
    let reader = format!("reader@{DOMAIN}");
    house.hearth(&["account", "lock", &reader])?;
    for _ in 0..25 {
        old.get("/server").is(401);
    }
    let mut answers = Vec::new();
    for number in 0..25 {
        let token = format!("hearth_{number:0>43}");
        let spoofed = [("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1")];
        answers.push(
            Program::new(house.console(), &token)
                .send("GET", "/server", &spoofed, "")
                .status,
        );
    }
    assert_eq!(
        answers.iter().filter(|status| **status == 401).count(),
        20,
        "{answers:?}"
    );
    let answer = program.get("/server");
    answer.is(429);
    assert_eq!(answer.header("retry-after"), "3600");
    Ok(())
}
