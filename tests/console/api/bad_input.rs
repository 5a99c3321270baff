//! What programs get wrong, and what attackers send: always a problem in JSON that says what and where.

use anyhow::Result;
use serde_json::{Value, json};
use testkit::databases::Kind;
use tests::support::process::DOMAIN;

use super::program::JSON;
use crate::{browser::percent, corpus::INJECTIONS, house::House};

/// Method, path, content type, body; status, field and words of the problem.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    u16,
    Option<&'static str>,
    &'static str,
);

const J: &str = "application/json";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("POST", "/accounts", "", "{}", 415, None, "Content-Type: application/json"),
    ("POST", "/accounts", "text/plain", r#"{"jid":"eve@localhost","password":"x"}"#, 415, None, "must be JSON"),
    ("POST", "/accounts", "application/x-www-form-urlencoded", "jid=eve", 415, None, "must be JSON"),
    ("POST", "/accounts", "application/jsonp", "{}", 415, None, "must be JSON"),
    ("POST", "/accounts", J, "", 400, None, "EOF"),
    ("POST", "/accounts", J, "{", 400, None, "EOF"),
    ("POST", "/accounts", J, "[]", 400, None, "invalid length"),
    ("POST", "/accounts", J, "{} {}", 400, None, "missing field `jid`"),
    ("POST", "/accounts", J, r#"{"jid":"eve@localhost","password":"x"} x"#, 400, None, "there is more"),
    ("POST", "/accounts", J, r#"{"jid":"eve@localhost"}"#, 400, None, "missing field `password`"),
    ("POST", "/accounts", J, r#"{"jid":7,"password":"x"}"#, 400, Some("jid"), "invalid type"),
    ("POST", "/accounts", J, r#"{"jid":"eve@localhost","password":"x","is_admin":1}"#, 400, Some("is_admin"), "unknown field `is_admin`"),
    ("POST", "/accounts", J, r#"{"jid":"a@localhost","jid":"b@localhost","password":"x"}"#, 400, None, "duplicate field `jid`"),
    ("POST", "/accounts", J, r#"{"jid":"eve","password":"x"}"#, 422, Some("jid"), "must look like user@host"),
    ("POST", "/accounts", J, r#"{"jid":"alice@localhost","password":"x"}"#, 409, Some("jid"), "already"),
    ("POST", "/accounts", J, r#"{"jid":"al\u0456ce@localhost","password":"x"}"#, 409, Some("jid"), "looks like alice@localhost"),
    ("POST", "/accounts", J, r#"{"jid":"al\u0456ce@localhost","password":"x","allow_lookalike":"y"}"#, 400, Some("allow_lookalike"), "invalid type"),
    ("POST", "/accounts", J, r#"{"jid":"eve@nowhere.test","password":"x"}"#, 404, None, "has no host nowhere.test"),
    ("POST", "/accounts", J, r#"{"jid":"eve@localhost","password":""}"#, 422, Some("password"), ""),
    ("PUT", "/accounts/alice@localhost/lock", J, r#"{"until":"tomorrow"}"#, 400, Some("until"), "is no time"),
    ("PUT", "/accounts/alice@localhost/lock", J, r#"{"until":9}"#, 400, Some("until"), "invalid type"),
    ("GET", "/accounts?limit=0", "", "", 400, Some("limit"), "1 to 499"),
    ("GET", "/accounts?limit=1000000000", "", "", 400, Some("limit"), "1 to 499"),
    ("GET", "/accounts?limit=-1", "", "", 400, Some("limit"), "invalid digit"),
    ("GET", "/accounts?limit=x", "", "", 400, Some("limit"), "invalid digit"),
    ("GET", "/accounts?nonsense=1", "", "", 400, Some("nonsense"), "unknown field"),
    ("GET", "/accounts?order=password", "", "", 400, Some("order"), "unknown variant"),
    ("GET", "/accounts?order=created&after=x", "", "", 400, Some("after"), "first page"),
    ("GET", "/audit?after=x", "", "", 400, Some("after"), "first page"),
    ("GET", "/accounts/%ff", "", "", 400, None, "percent-encoded"),
    ("GET", "/accounts/nobody@localhost", "", "", 404, Some("jid"), "no account"),
    ("GET", "/nothing", "", "", 404, None, "openapi.json"),
    ("PATCH", "/accounts", "", "", 405, None, "method"),
    ("TRACE", "/accounts", "", "", 405, None, "method"),
    ("TRACK", "/accounts", "", "", 405, None, "method"),
    ("POST", "/server", J, "{}", 405, None, "method"),
    ("DELETE", "/accounts", "", "", 405, None, "method"),
    ("PUT", "/properties/roster.max_items", J, r#"{"value":"many"}"#, 422, Some("value"), "whole numbers"),
    ("PUT", "/properties/roster.max_items", J, r#"{"value":{}}"#, 400, Some("value"), ""),
    ("PUT", "/properties/no.such", J, r#"{"value":1}"#, 404, Some("name"), "no property"),
    ("PUT", "/properties/roster.max_items", J, r#"{"value":5,"scope":"moon"}"#, 400, Some("scope"), "unknown variant"),
    ("DELETE", "/properties/roster.max_items?scope=moon", "", "", 400, Some("scope"), "unknown variant"),
    ("PUT", "/administrators/alice@localhost", J, r#"{"role":"host"}"#, 422, Some("host"), "goes with the role host"),
    ("PUT", "/administrators/alice@localhost", J, r#"{"role":"owner","host":"localhost"}"#, 422, Some("host"), "goes with"),
    ("PUT", "/administrators/alice@localhost", J, r#"{"role":"king"}"#, 400, Some("role"), "unknown variant"),
    ("DELETE", "/administrators/alice@localhost", "", "", 404, Some("jid"), "is no administrator"),
    ("DELETE", "/administrators/owner@localhost", "", "", 409, None, "only owner"),
    ("PUT", "/cluster", J, r#"{"enabled":true}"#, 422, Some("value"), "SQLite is for one server alone"),
    ("GET", "/cluster/nodes/x/caches", "", "", 400, Some("node"), "number"),
    ("DELETE", "/sessions/alice@localhost%2Fx", "", "", 404, Some("jid"), "no session"),
    ("POST", "/tokens", J, r#"{"name":"a b","role":"owner"}"#, 422, Some("name"), "letters"),
    ("POST", "/tokens", J, r#"{"name":"x","role":"owner","expires_at":"2001-01-01T00:00:00Z"}"#, 422, Some("expires_at"), "over"),
    ("POST", "/tokens", J, r#"{"name":"x","role":"owner","owner":"reader@localhost"}"#, 400, Some("owner"), "unknown field"),
    ("DELETE", "/tokens/no-such", "", "", 404, Some("name"), "no token"),
    ("POST", "/groups", J, r#"{"name":"x"}"#, 400, None, "missing field `host`"),
    ("POST", "/groups", J, r#"{"host":"localhost","name":" x"}"#, 422, Some("name"), "no space around it"),
    ("POST", "/groups", J, r#"{"host":"localhost","name":""}"#, 422, Some("name"), "must have a letter"),
    ("POST", "/groups", J, r#"{"host":"nowhere.test","name":"x"}"#, 404, None, "has no host nowhere.test"),
    ("POST", "/groups", J, r#"{"host":"localhost","name":"x","sharing":{"shown_to":"moon"}}"#, 400, Some("sharing.shown_to"), "unknown variant"),
    ("POST", "/groups", J, r#"{"host":"localhost","name":"x","sharing":{"shown_to":"host","viewers":["y"]}}"#, 422, Some("sharing.viewers"), "only with it"),
    ("POST", "/groups", J, r#"{"host":"localhost","name":"x","sharing":{"shown_to":"groups","viewers":["y"]}}"#, 422, Some("sharing.viewers"), "no group y"),
    ("POST", "/groups", J, r#"{"host":"localhost","name":"x","members":["alice"]}"#, 400, Some("members"), "unknown field"),
    ("GET", "/groups/localhost/none", "", "", 404, Some("group"), "no group none"),
    ("PUT", "/groups/localhost/none/sharing", J, r#"{"shown_to":"host"}"#, 404, Some("group"), "no group none"),
    ("DELETE", "/groups/localhost/none", "", "", 404, Some("group"), "no group none"),
    ("GET", "/groups/localhost/none/members?limit=500", "", "", 400, Some("limit"), "1 to 499"),
    ("POST", "/groups/localhost/none/members", J, r#"{"members":"alice"}"#, 400, Some("members"), "invalid type"),
    ("PUT", "/accounts/alice@localhost/vcard", J, r#"{"photo":"x"}"#, 400, Some("photo"), "unknown field"),
    ("PUT", "/accounts/alice@localhost/roster/@@", J, "{}", 422, None, ""),
    ("PUT", "/accounts/alice@localhost/blocked/@@", "", "", 422, None, ""),
    ("GET", "/accounts/alice@localhost/offline?after=x", "", "", 400, Some("after"), "no number"),
    ("POST", "/accounts/alice@localhost/offline/x/read", "", "", 400, Some("message"), "no number"),
    ("POST", "/accounts/alice@localhost/offline/7/read", "", "", 404, Some("message"), "no message"),
    ("POST", "/hosts", J, r#"{"domain":"eve@new.test"}"#, 422, Some("domain"), "is no domain"),
    ("POST", "/hosts", J, r#"{"domain":"localhost"}"#, 409, Some("domain"), "already"),
    ("PUT", "/settings", J, r#"{"values":{"roster.max_items":"many"}}"#, 422, Some("values.roster.max_items"), "whole numbers"),
    ("PUT", "/settings", J, r#"{"values":{"no.such":1,"roster.max_items":"many"}}"#, 422, Some("values"), "no property"),
    ("GET", "/history?name=no.such", "", "", 404, Some("name"), "no property"),
    ("GET", "/history?after=x", "", "", 400, Some("after"), "no number"),
    ("POST", "/history/7/undo", "", "", 404, Some("change"), "no change"),
    ("GET", "/cluster/nodes/x", "", "", 400, Some("node"), "number"),
    ("GET", "/cluster/nodes/7/vitals", "", "", 404, Some("node"), "no server"),
    ("DELETE", "/cluster/nodes/none", "", "", 404, Some("node"), "no server"),
    ("DELETE", "/cluster/caches/none", "", "", 404, Some("cache"), "no cache"),
    ("DELETE", "/cluster/caches/sessions", "", "", 409, Some("cache"), "cannot be cleared"),
];

#[test]
fn what_is_wrong_is_said_by_its_name() -> Result<()> {
    let house = House::start()?;
    let program = house.program("owner", &["owner"]);
    let mut wrong = Vec::new();
    for (method, path, kind, body, status, field, words) in ROWS {
        let kind = [("Content-Type", *kind)]
            .into_iter()
            .filter(|(_, kind)| !kind.is_empty());
        let answer = program.send(method, path, &kind.collect::<Vec<_>>(), body);
        let problem: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let is_problem = answer.header("content-type") == "application/problem+json"
            && problem["status"] == answer.status
            && problem["type"]
                .as_str()
                .is_some_and(|kind| kind.starts_with("urn:hearth:problem:"));
        let is_meant = (answer.status, problem["field"].as_str()) == (*status, *field)
            && problem["detail"].as_str().is_some_and(|detail| detail.contains(words));
        let is_protected = [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cache-control", "no-store"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ];
        let is_protected = is_protected.iter().all(|(name, value)| answer.header(name) == *value);
        if !(is_problem && is_meant && is_protected) {
            wrong.push(format!("{method} {path} {body}: {} {}", answer.status, answer.body));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let accounts = program.get("/accounts?prefix=eve").json();
    assert_eq!(accounts["accounts"], json!([]), "nothing of it was done");
    Ok(())
}

#[test]
fn what_is_too_long_is_not_read() -> Result<()> {
    let house = House::start()?;
    let program = house.program("owner", &["owner"]);
    let long = json!({ "jid": format!("eve@{DOMAIN}"), "password": "x".repeat(300 * 1024) });
    program.post("/accounts", &long).is(413);
    let deep = "[".repeat(100_000);
    program.send("POST", "/accounts", &[JSON], &deep).is(400);
    let long_name = "x".repeat(5_000);
    program.get(&format!("/accounts/{long_name}@{DOMAIN}")).is(422);
    program.get(&format!("/accounts?prefix={long_name}")).is(200);
    program
        .put(
            &format!("/accounts/alice@{DOMAIN}/lock"),
            &json!({ "reason": "a\u{0}b" }),
        )
        .is(400);
    program.get("/server").is(200);
    Ok(())
}

/// Fields that are looked for, sorted by, or begun behind.
const FIELDS: &[&str] = &[
    "/accounts?prefix=",
    "/accounts?host=",
    "/accounts?order=",
    "/accounts?after=",
    "/accounts?order=created&after=",
    "/accounts?descending=",
    "/accounts?limit=",
    "/accounts/",
    "/sessions?text=",
    "/sessions?after=",
    "/sessions?host=",
    "/properties?text=",
    "/properties/",
    "/audit?actor=",
    "/audit?act=",
    "/audit?target=",
    "/audit?after=",
    "/cluster/nodes/1/caches?x=",
    "/groups?host=",
    "/groups?text=",
    "/groups?after=",
    "/groups/localhost/",
    "/groups/localhost/staff/members?prefix=",
    "/groups/localhost/staff/members?after=",
    "/accounts/alice@localhost/roster?text=",
    "/accounts/alice@localhost/roster?after=",
    "/accounts/alice@localhost/blocked?text=",
    "/accounts/alice@localhost/blocked?after=",
    "/accounts/alice@localhost/offline?after=",
    "/history?name=",
    "/history?after=",
];

async fn injections_are_texts(kind: Kind) -> Result<()> {
    let house = House::start_on(kind).await?;
    tokio::task::block_in_place(|| {
        let program = house.program("owner", &["owner"]);
        let total = program.get("/accounts").json()["accounts"].as_array().map(Vec::len);
        for injection in INJECTIONS {
            for field in FIELDS {
                let answer = program.get(&format!("{field}{}", percent(injection)));
                let said = format!("{field}{injection:?}: {} {}", answer.status, answer.body);
                assert!(matches!(answer.status, 200 | 400 | 404 | 422), "{said}");
                for words in ["syntax", "SQL", "sqlx", "SELECT a", "relation"] {
                    assert!(!answer.body.contains(words) || injection.contains(words), "{said}");
                }
            }
            for path in [
                "/tokens/",
                "/administrators/",
                "/sessions/",
                "/accounts/",
                "/groups/localhost/",
                "/groups/localhost/staff/members/",
                "/accounts/alice@localhost/roster/",
                "/accounts/alice@localhost/blocked/",
                "/cluster/caches/",
            ] {
                let answer = program.delete(&format!("{path}{}", percent(injection)));
                // What nobody has blocked is blocked no more.
                let is_idle = path.ends_with("/blocked/") && answer.status == 204;
                assert!(
                    is_idle || matches!(answer.status, 400 | 404 | 405 | 422),
                    "{path}{injection:?}: {}",
                    answer.body
                );
            }
            let value = json!({ "value": injection });
            let answer = program.put("/properties/roster.max_items", &value);
            assert!(matches!(answer.status, 200 | 422), "{injection:?}: {}", answer.body);
            let token = json!({ "name": injection, "role": "owner" });
            let answer = program.post("/tokens", &token);
            assert!(
                matches!(answer.status, 201 | 422 | 400),
                "{injection:?}: {}",
                answer.body
            );
        }
        assert_eq!(
            program.get("/accounts").json()["accounts"].as_array().map(Vec::len),
            total
        );
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn injections_are_texts_on_sqlite() -> Result<()> {
    injections_are_texts(Kind::Sqlite).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn injections_are_texts_on_postgres() -> Result<()> {
    injections_are_texts(Kind::Postgres).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn injections_are_texts_on_mysql() -> Result<()> {
    injections_are_texts(Kind::Mysql).await
}
