//! Every route and every role: who reaches it, and who does not. A route that is not in this table fails the test.

use anyhow::Result;
use serde_json::json;
use tests::support::process::DOMAIN;

use super::program::{JSON, Program};
use crate::{
    browser::{Answer, percent},
    house::{House, OTHER, PASSWORD},
};

/// Who reaches a route: the owner, the administrator of a host, who may only read.
type Who = [bool; 3];

const ALL: Who = [true, true, true];
const SERVER: Who = [true, false, true];
const CHANGE: Who = [true, true, false];
const OWNER: Who = [true, false, false];

/// Written by hand, apart from the API's own table.
const EXPECTED: &[(&str, &str, Who)] = &[
    ("GET", "/accounts/{jid}/vcard", ALL),
    ("PUT", "/accounts/{jid}/vcard", CHANGE),
    ("GET", "/accounts/{jid}/roster", ALL),
    ("PUT", "/accounts/{jid}/roster/{contact}", CHANGE),
    ("DELETE", "/accounts/{jid}/roster/{contact}", CHANGE),
    ("GET", "/accounts/{jid}/blocked", ALL),
    ("PUT", "/accounts/{jid}/blocked/{address}", CHANGE),
    ("DELETE", "/accounts/{jid}/blocked/{address}", CHANGE),
    ("GET", "/accounts/{jid}/offline", ALL),
    ("POST", "/accounts/{jid}/offline/{message}/read", OWNER),
    ("DELETE", "/accounts/{jid}/offline", CHANGE),
    ("GET", "/groups", ALL),
    ("POST", "/groups", CHANGE),
    ("GET", "/groups/{host}/{group}", ALL),
    ("PUT", "/groups/{host}/{group}", CHANGE),
    ("PUT", "/groups/{host}/{group}/sharing", CHANGE),
    ("GET", "/groups/{host}/{group}/members", ALL),
    ("POST", "/groups/{host}/{group}/members", CHANGE),
    ("PUT", "/groups/{host}/{group}/admins/{jid}", CHANGE),
    ("DELETE", "/groups/{host}/{group}/admins/{jid}", CHANGE),
    ("DELETE", "/groups/{host}/{group}/members/{jid}", CHANGE),
    ("DELETE", "/groups/{host}/{group}", CHANGE),
    ("GET", "/hosts", ALL),
    ("POST", "/hosts", OWNER),
    ("DELETE", "/hosts/{host}", OWNER),
    ("PUT", "/hosts/{host}/disabled", OWNER),
    ("DELETE", "/hosts/{host}/disabled", OWNER),
    ("PUT", "/settings", OWNER),
    ("GET", "/history", SERVER),
    ("POST", "/history/{change}/undo", OWNER),
    ("GET", "/cluster/nodes/{node}", SERVER),
    ("DELETE", "/cluster/nodes/{node}", OWNER),
    ("GET", "/cluster/nodes/{node}/vitals", SERVER),
    ("GET", "/cluster/nodes/{node}/caches/{cache}", SERVER),
    ("DELETE", "/cluster/caches/{cache}", OWNER),
    ("GET", "/accounts", ALL),
    ("POST", "/accounts", CHANGE),
    ("GET", "/accounts/{jid}", ALL),
    ("DELETE", "/accounts/{jid}", CHANGE),
    ("PUT", "/accounts/{jid}/password", CHANGE),
    ("PUT", "/accounts/{jid}/lock", CHANGE),
    ("DELETE", "/accounts/{jid}/lock", CHANGE),
    ("GET", "/sessions", ALL),
    ("DELETE", "/sessions/{jid}", CHANGE),
    ("GET", "/properties", SERVER),
    ("GET", "/properties/{name}", SERVER),
    ("PUT", "/properties/{name}", OWNER),
    ("DELETE", "/properties/{name}", OWNER),
    ("POST", "/properties/{name}/encrypt", OWNER),
    ("GET", "/certificates", SERVER),
    ("POST", "/certificates", OWNER),
    ("POST", "/certificates/{host}/self-signed", OWNER),
    ("POST", "/certificates/{host}/request", OWNER),
    ("POST", "/certificates/{host}/order", OWNER),
    ("GET", "/acme", SERVER),
    ("PUT", "/acme", OWNER),
    ("GET", "/cluster", SERVER),
    ("PUT", "/cluster", OWNER),
    ("GET", "/cluster/nodes", SERVER),
    ("GET", "/cluster/nodes/{node}/caches", SERVER),
    ("POST", "/cluster/nodes/{node}/drain", OWNER),
    ("GET", "/administrators", SERVER),
    ("PUT", "/administrators/{jid}", OWNER),
    ("DELETE", "/administrators/{jid}", OWNER),
    ("GET", "/audit", SERVER),
    ("GET", "/server", ALL),
    ("GET", "/tokens", SERVER),
    ("POST", "/tokens", OWNER),
    ("DELETE", "/tokens/{name}", OWNER),
];

#[test]
fn every_route_of_the_api_is_in_the_matrix() {
    let mut known: Vec<_> = EXPECTED.iter().map(|(method, path, _)| (*method, *path)).collect();
    let mut routes: Vec<_> = api::table().iter().map(|route| (route.method, route.path)).collect();
    known.sort_unstable();
    routes.sort_unstable();
    assert_eq!(routes, known, "say in this test who may reach a new route");
}

#[test]
fn every_role_reaches_what_it_may_and_nothing_else() -> Result<()> {
    let house = House::start()?;
    let programs = house.programs();
    for (method, path, who) in EXPECTED {
        let path = filled(path, &format!("bob@{DOMAIN}"), DOMAIN);
        is_closed_to_strangers(&house, method, &path);
        for ((name, program), may) in programs.iter().zip(who) {
            let answer = ask(program, method, &path);
            let is_admitted = !matches!(answer.status, 401 | 403) && answer.status < 500;
            if *may {
                assert!(
                    is_admitted,
                    "{name}: {method} {path}: {} {}",
                    answer.status, answer.body
                );
            } else {
                answer.is(403).says(403, "may not do this");
            }
        }
    }
    Ok(())
}

#[test]
fn an_administrator_of_one_host_has_no_way_to_another() -> Result<()> {
    let house = House::start()?;
    // A token may be worth less than who made it; here it is worth as much.
    for program in [
        house.program("chief", &["host", "--host", DOMAIN]),
        house.program("owner", &["host", "--host", DOMAIN]),
        house.program("chief", &["owner"]),
    ] {
        for (method, path, _) in EXPECTED
            .iter()
            .filter(|(_, path, who)| (path.contains("{jid}") || path.contains("{host}")) && who[1])
        {
            let sharing = json!({ "shown_to": "host" });
            let body = match *path {
                "/accounts/{jid}/password" => json!({ "password": "stolen" }),
                "/groups/{host}/{group}" => json!({ "display_name": "x", "description": "x", "sharing": sharing }),
                "/groups/{host}/{group}/sharing" => sharing,
                "/groups/{host}/{group}/members" => json!({ "members": [format!("carol@{OTHER}")] }),
                _ => json!({}),
            };
            let path = filled(path, &format!("carol@{OTHER}"), OTHER);
            program.send(method, &path, &[JSON], &body.to_string()).is(403);
        }
        let new = json!({ "jid": format!("eve@{OTHER}"), "password": "x" });
        program.post("/accounts", &new).is(403);
        program
            .post("/groups", &json!({ "host": OTHER, "name": "staff" }))
            .is(403);
        program.get(&format!("/groups?host={OTHER}")).is(403);
        assert!(!program.get("/hosts").is(200).body.contains(OTHER));
        program.get(&format!("/accounts?host={OTHER}")).is(403);
        program.get(&format!("/sessions?host={OTHER}")).is(403);
        assert!(!program.get("/server").body.contains(OTHER));
        // Nor to more power: by becoming somebody who has it.
        for name in ["owner", "reader"] {
            let path = format!("/accounts/{name}@{DOMAIN}/password");
            program.put(&path, &json!({ "password": "stolen" })).is(403);
        }
    }
    let accounts = house.hearth(&["account", "list", "--host", OTHER, "--json"])?;
    assert!(!accounts.contains("eve") && accounts.contains("carol"), "{accounts}");
    Ok(())
}

#[test]
fn a_browser_that_is_logged_in_has_no_power_here_and_no_other_site_gets_any() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let csrf = owner.get("/").field("csrf");
    for (method, path, _) in EXPECTED {
        let path = format!("/api/v1{}", filled(path, &format!("bob@{DOMAIN}"), DOMAIN));
        let headers = [("X-CSRF-Token", csrf.as_str()), JSON];
        owner.send(method, &path, &headers, "{}").is(401);
    }
    let program = house.program("owner", &["owner"]);
    let foreign = [
        ("Origin", "https://evil.test"),
        ("Access-Control-Request-Method", "PUT"),
    ];
    for method in ["OPTIONS", "GET"] {
        let answer = program.send(method, "/accounts", &foreign, "");
        let has_cors = answer
            .headers
            .iter()
            .any(|(name, _)| name.starts_with("access-control"));
        assert!(!has_cors, "{:?}", answer.headers);
    }
    // And a token is none in the console, nor in an address.
    let token = program.get("/tokens").json();
    assert!(token["tokens"][0].get("token").is_none());
    Ok(())
}

#[test]
fn reading_changes_nothing() -> Result<()> {
    let house = House::start()?;
    let program = house.program("owner", &["owner"]);
    let state = || {
        let places = [
            "/accounts",
            "/properties",
            "/administrators",
            "/audit",
            "/cluster",
            "/groups",
            "/hosts",
            "/history",
        ];
        places.map(|place| program.get(place).body)
    };
    program.get("/tokens").is(200);
    let before = state();
    for (_, path, _) in EXPECTED {
        let path = filled(path, &format!("bob@{DOMAIN}"), DOMAIN);
        for query in ["", "?enabled=true", "?method=DELETE&_method=DELETE"] {
            let overriding = [("X-HTTP-Method-Override", "DELETE")];
            program.send("GET", &format!("{path}{query}"), &overriding, "");
        }
    }
    assert_eq!(state(), before);
    let password = house.visitor("owner").log_in(&format!("owner@{DOMAIN}"), PASSWORD);
    password.leads_to("/");
    Ok(())
}

#[test]
fn no_spelling_of_a_path_leads_past_the_token() -> Result<()> {
    let house = House::start()?;
    for form in [
        "/api/v1/openapi.json/../accounts",
        "/api/v1/openapi.json/%2e%2e/accounts",
        "/api/v1/openapi.json;/../accounts",
        "/api/v1//accounts",
        "/api/v1/./accounts",
        "/api/v1/accounts/",
        "/api//v1/accounts",
        "/api/v1/%61ccounts",
        "/api/v1/accounts%00",
        "/api/V1/accounts",
        "/API/v1/accounts",
        "/api/v1/accounts?/openapi.json",
        "/api/v1/accounts#/openapi.json",
        "/api/v1/..%2f..%2faccounts",
        "/api",
        "/api/",
        "/api/v1",
        "/api/v2/accounts",
        "/login/../api/v1/accounts",
        "/healthz/../api/v1/accounts",
        "http://localhost/api/v1/accounts",
    ] {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let answer = house.stranger().send(method, form, &[JSON], "{}");
            assert!(
                answer.status >= 300,
                "{method} {form}: {} {}",
                answer.status,
                answer.body
            );
            assert!(!answer.body.contains("alice@localhost"), "{method} {form}");
        }
    }
    Ok(())
}

fn filled(path: &str, jid: &str, host: &str) -> String {
    path.replace("{jid}", &percent(jid))
        // The host of whoever asks stays.
        .replace("/hosts/{host}", &format!("/hosts/{OTHER}"))
        .replace("{host}", host)
        .replace("{group}", "staff")
        .replace("{contact}", &percent("nurse@capulet.example"))
        .replace("{address}", "spam.example")
        .replace("{cache}", "sessions")
        .replace("{message}", "424242")
        .replace("{change}", "424242")
        .replace("{node}", "424242")
        .replace("{host}", DOMAIN)
        .replace("properties/{name}", "properties/roster.max_items")
        .replace("{name}", "no-such-token")
}

/// Bodies are sent as they would be by mistake.
fn ask(program: &Program, method: &str, path: &str) -> Answer {
    program.send(method, path, &[JSON], "{}")
}

/// Who guesses is counted, so few do; the story of guesses is told apart.
fn is_closed_to_strangers(house: &House, method: &str, path: &str) {
    for headers in [
        vec![],
        vec![("Authorization", "Basic b3duZXI6eA==")],
        vec![("Authorization", "Bearer")],
    ] {
        let path = format!("/api/v1{path}");
        let answer = house
            .stranger()
            .send(method, &path, &[headers, vec![JSON]].concat(), "{}");
        answer.is(401);
        assert!(
            answer.header("www-authenticate").starts_with("Bearer "),
            "{:?}",
            answer.headers
        );
    }
}
