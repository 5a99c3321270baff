//! What programs do, and that each is in the record once, as done by them.

use anyhow::Result;
use protocol::Jid;
use serde_json::{Value, json};
use testkit::client::Connect;
use tests::support::process::DOMAIN;

use super::program::Program;
use crate::house::{House, OTHER, PASSWORD};

pub(super) fn record(program: &Program, act: &str, target: &str) -> Vec<Value> {
    let page = program.get(&format!("/audit?act={act}&target={target}")).json();
    page["acts"].as_array().unwrap().clone()
}

#[track_caller]
pub(super) fn is_in_the_record_once(program: &Program, act: &str, target: &str, outcome: &str) {
    let acts = record(program, act, target);
    assert_eq!(acts.len(), 1, "{act} {target}: {acts:?}");
    assert_eq!(acts[0]["actor"], format!("token of-owner-owner of owner@{DOMAIN}"));
    assert_eq!(acts[0]["address"], "127.0.0.1");
    assert!(acts[0]["outcome"].as_str().unwrap().starts_with(outcome), "{acts:?}");
}

#[test]
fn an_account_is_made_changed_and_deleted() -> Result<()> {
    let house = House::start()?;
    let program = house.program("owner", &["owner"]);
    let jid = format!("eve@{DOMAIN}");
    let eve = format!("/accounts/{jid}");
    let made = program.post("/accounts", &json!({ "jid": jid, "password": PASSWORD }));
    made.is(201);
    let place = made.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    assert_eq!(program.get(&place).json(), made.json());
    assert_eq!(made.json()["last_login"], Value::Null);
    let locked = json!({ "reason": "spam", "until": "2100-01-01T00:00:00Z" });
    program.put(&format!("{eve}/lock"), &locked).is(200);
    assert_eq!(program.get(&eve).json()["lock"], locked);
    program.delete(&format!("{eve}/lock")).is(204);
    assert_eq!(program.get(&eve).json()["lock"], Value::Null);
    program
        .put(&format!("{eve}/password"), &json!({ "password": "another" }))
        .is(200);
    program.delete(&eve).is(200);
    program.get(&eve).is(404);
    program.delete(&eve).is(404);
    for act in ["account.add", "account.lock", "account.unlock", "account.password"] {
        is_in_the_record_once(&program, act, &jid, "done");
    }
    let deletions = record(&program, "account.delete", &jid);
    assert_eq!(deletions.len(), 2, "one done, one refused: {deletions:?}");
    Ok(())
}

#[test]
fn lists_are_read_to_their_end() -> Result<()> {
    let house = House::start()?;
    let names: Vec<String> = (0..12).map(|number| format!("user{number:02}@{DOMAIN}")).collect();
    house.import(names.iter())?;
    let program = house.program("owner", &["owner"]);
    let all = |query: &str, list: &str, key: &str| {
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let page = program.get(&format!("{query}&limit=5{after}")).json();
            let entries = page[list].as_array().unwrap();
            assert!(entries.len() <= 5);
            found.extend(entries.iter().map(|entry| entry[key].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={}", crate::browser::percent(next)),
                None => return found,
            }
        }
    };
    assert_eq!(all("/accounts?prefix=user", "accounts", "jid"), names);
    let mut down = all("/accounts?prefix=user&descending=true", "accounts", "jid");
    down.reverse();
    assert_eq!(down, names);
    assert_eq!(all("/accounts?prefix=user&order=created", "accounts", "jid"), names);
    assert_eq!(all(&format!("/accounts?host={OTHER}"), "accounts", "jid").len(), 2);
    let mut ids = all("/audit?act=", "acts", "id");
    let count = ids.len();
    ids.dedup();
    assert!(ids.len() == count && count > 5, "{ids:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_seen_and_closed() -> Result<()> {
    let house = House::start()?;
    let program = tokio::task::block_in_place(|| house.program("owner", &["owner"]));
    let jid: Jid = format!("alice@{DOMAIN}").parse()?;
    let connect = Connect::DirectTls(house.server.addresses().c2s_tls);
    let mut alice = connect.log_in(&jid, PASSWORD).await.unwrap().bind("a b").await.unwrap();
    tokio::task::block_in_place(|| {
        let found = program.get("/sessions?text=alice").json();
        assert_eq!(found["total"], 1, "{found}");
        let session = &found["sessions"][0];
        assert_eq!(
            (session["jid"].as_str(), session["encrypted"].as_bool()),
            (Some("alice@localhost/a b"), Some(true))
        );
        let closed = program.delete("/sessions/alice%40localhost%2Fa%20b?reason=go+home");
        assert_eq!(closed.is(200).json(), json!({ "closed_sessions": 1 }));
        is_in_the_record_once(&program, "session.close", "alice", "done");
    });
    assert!(alice.end().await.unwrap().to_xml().contains("go home"));
    Ok(())
}

#[test]
fn properties_administrators_and_the_server_are_seen_and_changed() -> Result<()> {
    let house = House::start()?;
    let program = house.program("owner", &["owner"]);
    let path = "/properties/roster.max_items";
    let set = program.put(path, &json!({ "value": 123 }));
    assert_eq!(
        (&set.is(200).json()["value"], &set.json()["source"]),
        (&json!(123), &json!("cluster"))
    );
    program.put(path, &json!({ "value": "124", "scope": "node" })).is(200);
    assert_eq!(program.get(path).json()["value"], 124);
    program.delete(&format!("{path}?scope=node")).is(200);
    assert_eq!(program.get(path).json()["value"], 123);
    assert_eq!(program.delete(path).is(200).json()["source"], "default");
    let some = program.get("/properties?text=roster.").json();
    let some = some["properties"].as_array().unwrap();
    assert!(!some.is_empty() && some.iter().all(|one| one["name"].as_str().unwrap().contains("roster.")));

    let alice = format!("/administrators/alice@{DOMAIN}");
    program.put(&alice, &json!({ "role": "host", "host": OTHER })).is(204);
    let all = program.get("/administrators").json();
    let found = all["administrators"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["jid"] == format!("alice@{DOMAIN}"));
    assert_eq!(
        found.map(|one| (&one["role"], &one["host"])),
        Some((&json!("host"), &json!(OTHER)))
    );
    program.delete(&alice).is(204);
    is_in_the_record_once(&program, "admin.revoke", "alice", "done");

    let server = program.get("/server").json();
    assert_eq!(server["hosts"], json!([DOMAIN, OTHER]));
    assert_eq!(program.get("/cluster").json()["enabled"], false);
    let nodes = program.get("/cluster/nodes").json();
    let caches = program
        .get(&format!("/cluster/nodes/{}/caches", nodes["nodes"][0]["id"]))
        .json();
    assert!(
        caches["caches"].as_array().is_some_and(|caches| !caches.is_empty()),
        "{caches}"
    );
    Ok(())
}

#[test]
fn the_description_is_for_everybody_and_tells_of_every_route() -> Result<()> {
    let house = House::start()?;
    let answer = house.stranger().get("/api/v1/openapi.json");
    answer.is(200);
    assert_eq!(answer.header("content-type"), "application/json");
    let description = answer.json();
    for route in api::table() {
        let method = route.method.to_ascii_lowercase();
        assert!(
            description["paths"][route.path][&method].is_object(),
            "{} {}",
            route.method,
            route.path
        );
    }
    house.stranger().send("POST", "/api/v1/openapi.json", &[], "").is(405);
    Ok(())
}
