//! Every route and every role: who reaches it, and who does not. A route that is not in this table fails the test.

use anyhow::Result;
use tests::support::process::DOMAIN;

use crate::{
    browser::{Answer, Browser},
    house::{House, OTHER},
};

/// Who reaches a route: the owner, the administrator of a host, who may only read.
type Who = [bool; 3];

const ALL: Who = [true, true, true];
const SERVER: Who = [true, false, true];
const CHANGE: Who = [true, true, false];
const OWNER: Who = [true, false, false];

/// Written by hand, apart from the console's own table.
const EXPECTED: &[(&str, &str, Who)] = &[
    ("GET", "/", ALL),
    ("GET", "/banner/events", ALL),
    ("GET", "/accounts", ALL),
    ("GET", "/accounts/new", CHANGE),
    ("POST", "/accounts/new", CHANGE),
    ("GET", "/accounts/{address}", ALL),
    ("POST", "/accounts/{address}/password", CHANGE),
    ("POST", "/accounts/{address}/lock", CHANGE),
    ("POST", "/accounts/{address}/unlock", CHANGE),
    ("GET", "/accounts/{address}/delete", CHANGE),
    ("POST", "/accounts/{address}/delete", CHANGE),
    ("POST", "/accounts/{address}/export", OWNER),
    ("GET", "/accounts/{address}/contacts", ALL),
    ("POST", "/accounts/{address}/contacts", CHANGE),
    ("POST", "/accounts/{address}/contacts/remove", CHANGE),
    ("GET", "/accounts/{address}/blocked", ALL),
    ("POST", "/accounts/{address}/blocked", CHANGE),
    ("POST", "/accounts/{address}/blocked/remove", CHANGE),
    ("GET", "/accounts/{address}/offline", ALL),
    ("POST", "/accounts/{address}/offline/read", OWNER),
    ("POST", "/accounts/{address}/offline/delete", CHANGE),
    ("GET", "/accounts/{address}/vcard", ALL),
    ("POST", "/accounts/{address}/vcard", CHANGE),
    ("GET", "/groups", ALL),
    ("GET", "/groups/new", CHANGE),
    ("POST", "/groups/new", CHANGE),
    ("GET", "/groups/{host}/{name}", ALL),
    ("POST", "/groups/{host}/{name}", CHANGE),
    ("POST", "/groups/{host}/{name}/members", CHANGE),
    ("POST", "/groups/{host}/{name}/members/remove", CHANGE),
    ("POST", "/groups/{host}/{name}/admins", CHANGE),
    ("GET", "/groups/{host}/{name}/delete", CHANGE),
    ("POST", "/groups/{host}/{name}/delete", CHANGE),
    ("GET", "/sessions", ALL),
    ("POST", "/sessions/close", CHANGE),
    ("GET", "/sessions/one", ALL),
    ("GET", "/sessions/one/events", ALL),
    ("POST", "/sessions/one/inspect", OWNER),
    ("GET", "/sessions/announce", CHANGE),
    ("POST", "/sessions/announce", CHANGE),
    ("GET", "/cluster", SERVER),
    ("GET", "/cluster/events", SERVER),
    ("POST", "/cluster/switch", OWNER),
    ("GET", "/cluster/nodes/{node}", SERVER),
    ("POST", "/cluster/nodes/{node}/drain", OWNER),
    ("POST", "/cluster/nodes/{node}/remove", OWNER),
    ("GET", "/cluster/nodes/{node}/events", SERVER),
    ("GET", "/cluster/nodes/{node}/caches/{cache}", SERVER),
    ("POST", "/cluster/nodes/{node}/caches/{cache}/clear", OWNER),
    ("GET", "/hosts", ALL),
    ("POST", "/hosts/add", OWNER),
    ("GET", "/certificates", SERVER),
    ("GET", "/certificates/import", OWNER),
    ("POST", "/certificates/import", OWNER),
    ("GET", "/certificates/acme", SERVER),
    ("POST", "/certificates/acme/on", OWNER),
    ("POST", "/certificates/acme/off", OWNER),
    ("POST", "/certificates/host/{host}/order", OWNER),
    ("GET", "/certificates/host/{host}", SERVER),
    ("POST", "/certificates/host/{host}/self-signed", OWNER),
    ("POST", "/certificates/host/{host}/request", OWNER),
    ("GET", "/hosts/{host}", OWNER),
    ("POST", "/hosts/{host}/disable", OWNER),
    ("POST", "/hosts/{host}/enable", OWNER),
    ("POST", "/hosts/{host}/delete", OWNER),
    ("GET", "/settings", SERVER),
    ("GET", "/settings/{topic}", SERVER),
    ("POST", "/settings/{topic}", OWNER),
    ("GET", "/properties", SERVER),
    ("GET", "/properties/{name}", SERVER),
    ("POST", "/properties/{name}", OWNER),
    ("POST", "/properties/{name}/unset", OWNER),
    ("POST", "/properties/{name}/encrypt", OWNER),
    ("GET", "/history", SERVER),
    ("POST", "/history/undo", OWNER),
    ("GET", "/administrators", SERVER),
    ("POST", "/administrators/grant", OWNER),
    ("POST", "/administrators/revoke", OWNER),
    ("GET", "/tokens", SERVER),
    ("POST", "/tokens", OWNER),
    ("POST", "/tokens/revoke", OWNER),
    ("GET", "/database", SERVER),
    ("GET", "/logs", SERVER),
    ("GET", "/logs/events", SERVER),
    ("POST", "/logs/level", OWNER),
    ("GET", "/audit", SERVER),
    ("GET", "/audit/export", SERVER),
    ("POST", "/administrators/second-factor", OWNER),
    ("GET", "/welcome", ALL),
    ("GET", "/me", ALL),
    ("GET", "/me/second-factor", ALL),
    ("POST", "/me/second-factor", ALL),
    ("POST", "/me/second-factor/confirm", ALL),
    ("POST", "/me/second-factor/codes", ALL),
    ("POST", "/me/second-factor/remove", ALL),
    ("POST", "/me/logout-everywhere", ALL),
    ("POST", "/logout", ALL),
];

/// What asks whether it is still the same person, besides everything that only an owner may do.
const GRAVE: &[&str] = &[
    "/accounts/{address}/password",
    "/accounts/{address}/delete",
    "/me/second-factor",
    "/me/second-factor/codes",
    "/me/second-factor/remove",
];

/// Ends the visitor who sends it, and those of all rows that follow.
const LEAVES: &[&str] = &["/logout", "/me/logout-everywhere"];

#[test]
fn every_route_of_the_console_is_in_the_matrix() {
    let mut known: Vec<_> = EXPECTED.iter().map(|(method, path, _)| (*method, *path)).collect();
    let mut routes: Vec<_> = console::table()
        .iter()
        .map(|route| (route.method, route.path))
        .collect();
    known.sort_unstable();
    routes.sort_unstable();
    assert_eq!(routes, known, "say in this test who may reach a new route");
}

#[test]
fn every_role_reaches_what_it_may_and_nothing_else() -> Result<()> {
    let house = House::start()?;
    let node: serde_json::Value = serde_json::from_str(&house.hearth(&["cluster", "nodes", "--json"])?)?;
    let node = node[0]["id"].to_string();
    let mut visitors = ["owner", "chief", "reader"].map(|name| (name, house.visitor(name)));
    let group = [("host", DOMAIN), ("name", "staff")];
    visitors[0]
        .1
        .post("/", "/groups/new", &group)
        .leads_to(&format!("/groups/{DOMAIN}/staff?done=group-added"));
    for (method, path, who) in EXPECTED {
        let path = filled(path, &format!("bob@{DOMAIN}"), &node);
        is_closed_to_strangers(&house, method, &path);
        for ((name, browser), may) in visitors.iter_mut().zip(who) {
            if path.ends_with("/events") && *may {
                continue; // Its answer has no end; other stories read it.
            }
            let answer = if LEAVES.contains(&path.as_str()) {
                ask(&mut house.visitor(name), method, &path)
            } else {
                ask(browser, method, &path)
            };
            let is_refused = matches!(answer.status, 401 | 403) || answer.header("location").starts_with("/login?");
            let is_admitted = !is_refused && answer.status < 500;
            assert!(
                if *may {
                    is_admitted
                } else {
                    answer.status == 403 && answer.body.contains("may not do this")
                },
                "{name}: {method} {path}: {} {}",
                answer.status,
                answer.body
            );
        }
    }
    Ok(())
}

#[test]
fn every_grave_act_asks_whether_it_is_still_the_same_person_and_no_other_does() -> Result<()> {
    let house = House::start_with("HEARTH_PROPERTIES__CONSOLE__PROOF_LASTS_SECS", "0")?;
    let mut owner = house.visitor("owner");
    for (method, path, who) in EXPECTED {
        if *method != "POST" || LEAVES.contains(path) {
            continue;
        }
        let filled = filled(path, &format!("bob@{DOMAIN}"), "1");
        let answer = ask(&mut owner, method, &filled);
        let is_asked = answer.status == 403 && answer.body.contains("Is it still you?");
        let is_grave = *who == OWNER || GRAVE.contains(path);
        assert_eq!(is_asked, is_grave, "{path}: {} {}", answer.status, answer.body);
    }
    Ok(())
}

#[test]
fn an_administrator_of_one_host_has_no_way_to_another() -> Result<()> {
    let house = House::start()?;
    let mut chief = house.visitor("chief");
    let carol = format!("carol@{OTHER}");
    for (method, path, who) in EXPECTED
        .iter()
        .filter(|(_, path, who)| path.contains("{address}") && who[1])
    {
        assert!(who[0]);
        let path = filled(path, &carol, "1");
        let answer = ask(&mut chief, method, &path);
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.body);
    }
    let csrf = chief.get("/").field("csrf");
    let new = [
        ("csrf", csrf.as_str()),
        ("name", "eve"),
        ("host", OTHER),
        ("password", "x"),
        ("again", "x"),
    ];
    assert_eq!(chief.post_raw("/accounts/new", &new).status, 403);
    let close = [("csrf", csrf.as_str()), ("jid", carol.as_str())];
    assert_eq!(chief.post_raw("/sessions/close", &close).status, 403);
    assert_eq!(chief.get(&format!("/accounts?host={OTHER}")).status, 403);
    let page = chief.get("/");
    assert!(!page.body.contains(OTHER), "{}", page.body);

    // Nor to more power: by becoming somebody who has it.
    for name in ["owner", "reader"] {
        let path = format!("/accounts/{name}@{DOMAIN}/password");
        let fields = [("csrf", csrf.as_str()), ("password", "stolen"), ("again", "stolen")];
        assert_eq!(chief.post_raw(&path, &fields).status, 403, "{name}");
    }
    let accounts = house.hearth(&["account", "list", "--json"])?;
    assert!(!accounts.contains("eve") && accounts.contains("carol"), "{accounts}");
    Ok(())
}

#[test]
fn no_spelling_of_a_path_leads_past_the_login() -> Result<()> {
    let house = House::start()?;
    let url_forms = [
        "/..",
        "/../",
        "/../accounts",
        "/setup/setup-/../accounts",
        "/setup/../accounts",
        "/login/../accounts",
        "/login/..%2faccounts",
        "/login/%2e%2e/accounts",
        "/setup/setup-s/%u002e%u002e/%u002e%u002e/accounts",
        "/login/%252e%252e/accounts",
        "/login/..;/accounts",
        "/login;/accounts",
        "/accounts;x=y",
        "/login/..\\accounts",
        "//accounts",
        "/.//accounts",
        "/./accounts",
        "/accounts/",
        "/accounts/.",
        "/ACCOUNTS",
        "/%61ccounts",
        "/accounts%00",
        "/accounts%2f",
        "/login/%c0%ae%c0%ae/accounts",
        "/login/\u{ff0e}\u{ff0e}/accounts",
        "/assets/../accounts",
        "/assets/%2e%2e/accounts",
        "/assets/x/..%2f..%2faccounts",
        "/assets//etc/passwd",
        "/assets/..%2f..%2f..%2fetc/passwd",
        "/healthz/../accounts",
        "/metrics/%2e%2e/accounts",
        "/accounts?/login",
        "/login?/../accounts",
        "/setup",
        "/accounts#/login",
        "http://localhost/accounts",
        "*",
    ];
    for form in url_forms {
        for method in ["GET", "POST"] {
            let answer = house.stranger().send(method, form, &[], "");
            let is_login_form = answer.status == 200 && answer.body.contains("<h1>Log in</h1>");
            assert!(
                is_login_form || answer.status >= 300,
                "{method} {form}: {} {}",
                answer.status,
                answer.body
            );
            assert!(
                !answer.body.contains("alice@localhost"),
                "{method} {form}: {}",
                answer.body
            );
            assert!(!answer.body.contains("root:"), "{method} {form}");
        }
    }
    Ok(())
}

fn filled(path: &str, address: &str, node: &str) -> String {
    path.replace("{address}", address)
        .replace("{node}", node)
        .replace("/{host}/{name}", &format!("/{DOMAIN}/staff"))
        .replace("/certificates/host/{host}", &format!("/certificates/host/{DOMAIN}"))
        .replace("{host}", OTHER)
        .replace("{cache}", "sessions")
        .replace("{topic}", "offline")
        .replace("{name}", "roster.max_items")
}

/// Forms are sent as they would be by mistake: of this login, and empty.
fn ask(browser: &mut Browser, method: &str, path: &str) -> Answer {
    match method {
        "GET" => browser.get(path),
        _ => browser.post("/", path, &[]),
    }
}

fn is_closed_to_strangers(house: &House, method: &str, path: &str) {
    let forged = [("hearth-console", "A".repeat(43)), ("hearth-console", "x".to_owned())];
    let mut browsers = vec![house.stranger()];
    browsers.extend(forged.map(|(name, value)| {
        let mut browser = house.stranger();
        browser.cookies.insert(name.to_owned(), value);
        browser
    }));
    for mut browser in browsers {
        let answer = match method {
            "GET" => browser.get(path),
            _ => browser.post_raw(path, &[("csrf", "x")]),
        };
        let is_sent_to_the_login = answer.status == 303 && answer.header("location").starts_with("/login");
        assert!(
            if method == "GET" {
                is_sent_to_the_login
            } else {
                answer.status == 401
            },
            "{method} {path}: {} {}",
            answer.status,
            answer.body
        );
    }
}
