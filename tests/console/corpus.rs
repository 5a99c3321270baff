//! What attackers write into every field: markup stays text, and SQL stays a text that is looked for.

use anyhow::Result;
use protocol::Jid;
use testkit::{client::Connect, databases::Kind};
use tests::support::process::DOMAIN;

use crate::{
    browser::{Answer, Browser, percent},
    house::{House, PASSWORD},
};

pub(crate) const MARKUP: &[&str] = &[
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "</title><svg onload=alert(1)>",
    "\" autofocus onfocus=\"alert(1)",
    "<a href=\"javascript:alert(1)\">",
    "&lt;script&gt;<script>",
    "\u{2028}<b>\u{202e}",
];

/// What an account's name may hold, and a template or a script could trip over.
const NAMES: &[&str] = &[
    "{{7*7}}",
    "${7*7}",
    "a`b",
    "javascript(1)",
    "x;y=z",
    "a%27b",
    "..",
    "a?b#c",
    "ünï",
];

/// Fields that are looked for, sorted by, or begun behind; with the page that they are of.
const FIELDS: &[(&str, &str)] = &[
    ("/accounts", "prefix"),
    ("/accounts", "host"),
    ("/accounts", "order"),
    ("/accounts", "direction"),
    ("/accounts", "after"),
    ("/accounts?order=made", "after"),
    ("/accounts?order=login&direction=down", "after"),
    ("/accounts/alice@localhost/contacts", "text"),
    ("/accounts/alice@localhost/contacts", "after"),
    ("/accounts/alice@localhost/blocked", "text"),
    ("/accounts/alice@localhost/blocked", "after"),
    ("/accounts/alice@localhost/offline", "after"),
    ("/groups", "host"),
    ("/groups", "text"),
    ("/groups", "after"),
    ("/groups/localhost/staff", "prefix"),
    ("/groups/localhost/staff", "after"),
    ("/sessions", "text"),
    ("/sessions", "after"),
    ("/sessions", "host"),
    ("/sessions", "only"),
    ("/sessions", "node"),
    ("/sessions", "order"),
    ("/sessions", "direction"),
    ("/sessions?order=since&after=a", "place"),
    ("/sessions/one", "jid"),
    ("/sessions/announce", "reached"),
    ("/sessions/announce?reached=1", "silent"),
    ("/cluster/nodes/1/caches/sessions", "text"),
    ("/cluster/nodes/1/caches/sessions", "after"),
    ("/logs", "node"),
    ("/logs", "level"),
    ("/logs", "target"),
    ("/logs", "text"),
    ("/properties", "text"),
    ("/audit", "actor"),
    ("/audit", "act"),
    ("/audit", "target"),
    ("/audit", "text"),
    ("/audit", "host"),
    ("/audit", "since"),
    ("/audit", "until"),
    ("/audit", "before"),
    ("/audit/export", "form"),
    ("/audit/export", "text"),
    ("/audit/export", "since"),
    ("/history", "name"),
    ("/history", "before"),
    ("/login", "next"),
    ("/login", "address"),
    ("/", "done"),
];

pub(crate) const INJECTIONS: &[&str] = &[
    "' OR '1'='1",
    "'; DROP TABLE accounts; --",
    "\" OR \"\"=\"",
    "') UNION SELECT 1,2,3,4,5,6,7,8,9,10 --",
    "1; SELECT pg_sleep(30)",
    "%",
    "_",
    "\\",
    "\\'",
    "/*",
    "--",
    "\0",
    "a\0b",
    "1000000000",
    "-1",
    "9223372036854775808",
    "0.9223372036854775807",
    "1e9",
    "(SELECT 1)",
    "name; --",
    "{{7*7}}",
    "\u{10ffff}",
];

fn at(path: &str, field: &str, value: &str) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}{field}={}", percent(value))
}

#[track_caller]
pub(crate) fn is_inert(answer: &Answer, payload: &str, place: &str) {
    let is_marked_up = payload.contains(['<', '"']);
    assert!(
        !is_marked_up || !answer.body.contains(payload),
        "{place}: {}",
        answer.body
    );
    for words in [
        "<script>alert",
        "<img src=x",
        "<svg onload",
        "onfocus=\"alert",
        "href=\"javascript",
    ] {
        assert!(!answer.body.contains(words), "{place}: {}", answer.body);
    }
}

#[test]
fn markup_in_an_address_stays_text() -> Result<()> {
    let house = House::start()?;
    let (mut owner, mut stranger) = (house.visitor("owner"), house.stranger());
    make_group(&mut owner, "staff", "");
    for payload in MARKUP {
        for (path, field) in FIELDS {
            let place = at(path, field, payload);
            is_inert(&owner.get(&place), payload, &place);
            is_inert(&stranger.get(&place), payload, &place);
        }
        for path in [
            "/",
            "/accounts/",
            "/properties/",
            "/settings/",
            "/cluster/nodes/",
            "/assets/x/",
            "/setup/",
        ] {
            let place = format!("{path}{}", percent(payload));
            let answer = owner.get(&place);
            assert!(answer.status >= 400, "{place}: {}", answer.status);
            is_inert(&answer, payload, &place);
            is_inert(&stranger.get(&place), payload, &place);
        }
    }
    Ok(())
}

#[test]
fn markup_that_is_stored_stays_text() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let alice = format!("/accounts/alice@{DOMAIN}");
    for payload in MARKUP {
        owner
            .post("/", &format!("{alice}/lock"), &[("reason", payload)])
            .leads_to(&format!("{alice}?done=locked"));
        let page = owner.get(&alice);
        is_inert(&page, payload, "a reason");
        let escaped = payload
            .replace('&', "&#38;")
            .replace('<', "&#60;")
            .replace('>', "&#62;")
            .replace('"', "&#34;")
            .replace('\'', "&#39;");
        page.says(200, escaped.trim());
        owner.post("/", &format!("{alice}/unlock"), &[]);

        let refused = owner.post("/", "/properties/lockout.exempt", &[("value", payload)]);
        assert_eq!(refused.status, 422);
        is_inert(&refused, payload, "a property's value");
        let refused = owner.post("/", "/hosts/add", &[("domain", payload)]);
        is_inert(&refused, payload, "a host");
        is_inert(&owner.get("/hosts"), payload, "the hosts");
        let refused = owner.post("/", "/settings/login", &[("lockout.exempt", payload)]);
        assert_eq!(refused.status, 422);
        is_inert(&refused, payload, "a setting");
        let text = owner.post("/", "/settings/about", &[("contacts.admin", payload)]);
        is_inert(&text, payload, "a setting that is text");
        let refused = owner.post("/", "/history/undo", &[("id", payload)]);
        is_inert(&refused, payload, "the number of a change");
        let refused = owner.post(
            "/",
            "/accounts/new",
            &[("name", payload), ("host", DOMAIN), ("password", "x"), ("again", "y")],
        );
        is_inert(&refused, payload, "a name");
        let refused = owner.post("/", "/administrators/grant", &[("address", payload), ("role", "owner")]);
        is_inert(&refused, payload, "an administrator");
        for token in [[("name", *payload), ("days", "1")], [("name", "x"), ("days", *payload)]] {
            let refused = owner.post("/", "/tokens", &[&token[..], &[("role", "owner")]].concat());
            assert_eq!(refused.status, 422);
            is_inert(&refused, payload, "a token");
        }
        let mut stranger = house.stranger();
        is_inert(&stranger.log_in(payload, payload), payload, "a login");
        for path in ["/audit", "/history", "/properties/contacts.admin"] {
            is_inert(&owner.get(path), payload, path);
        }
    }
    Ok(())
}

fn make_group(owner: &mut Browser, name: &str, text: &str) -> Answer {
    let fields = [
        ("host", DOMAIN),
        ("name", name),
        ("shown_to", "members"),
        ("display_name", text),
        ("description", text),
    ];
    owner.post("/", "/groups/new", &fields)
}

#[test]
fn markup_in_groups_contacts_and_vcards_stays_text() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let alice = format!("/accounts/alice@{DOMAIN}");
    for payload in MARKUP {
        // Space around a name is nobody's.
        let name = payload.trim();
        make_group(&mut owner, name, payload);
        let group = format!("/groups/{DOMAIN}/{}", percent(name));
        let lines = format!("alice\n{payload}");
        let refused = owner.post("/", &format!("{group}/members"), &[("lines", &lines)]);
        refused.says(422, "1 added");
        is_inert(&refused, payload, "lines that name nobody");
        let viewers = [("viewers", name), ("shown_to", "groups"), ("display_name", payload)];
        owner
            .post("/", &group, &viewers)
            .leads_to(&format!("{group}?done=group-changed"));
        for place in ["/groups", &group, &format!("{group}/delete"), &alice] {
            let page = owner.get(place);
            assert_eq!(page.status, 200, "{place}: {}", page.body);
            is_inert(&page, payload, place);
        }
        let fields = [("contact", "nurse@example.net"), ("name", payload), ("groups", payload)];
        owner
            .post("/", &format!("{alice}/contacts"), &fields)
            .leads_to(&format!("{alice}/contacts?done=contact-set"));
        let card = [
            "full_name",
            "nickname",
            "email",
            "phone",
            "organisation",
            "title",
            "url",
            "birthday",
            "description",
        ]
        .map(|field| (field, *payload));
        owner
            .post("/", &format!("{alice}/vcard"), &card)
            .leads_to(&format!("{alice}/vcard?done=vcard-set"));
        let refused = owner.post("/", &format!("{alice}/blocked"), &[("jid", payload)]);
        is_inert(&refused, payload, "a blocked address");
        for place in ["contacts", "vcard", "blocked", "offline"] {
            let page = owner.get(&format!("{alice}/{place}"));
            assert_eq!(page.status, 200, "{place}: {}", page.body);
            is_inert(&page, payload, place);
        }
        is_inert(&owner.get("/audit"), payload, "the record");
    }
    Ok(())
}

#[test]
fn names_of_accounts_lead_to_their_pages_and_mean_nothing_else() -> Result<()> {
    let house = House::start()?;
    let jids: Vec<String> = NAMES.iter().map(|name| format!("{name}@{DOMAIN}")).collect();
    house.import(jids.iter())?;
    let mut owner = house.visitor("owner");
    let list = owner.get("/accounts");
    assert!(!list.body.contains("49@"), "a template ran: {}", list.body);
    let links: Vec<&str> = list
        .body
        .split("<td data-label=\"Account\"><a href=\"")
        .skip(1)
        .map(|rest| rest.split_once('"').unwrap().0)
        .collect();
    assert_eq!(links.len(), 5 + NAMES.len(), "{}", list.body);
    for link in &links {
        owner.get(link).says(200, "<h2>Lock</h2>");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn markup_in_a_resource_stays_text() -> Result<()> {
    let house = House::start()?;
    let alice: Jid = format!("alice@{DOMAIN}").parse()?;
    let connect = Connect::DirectTls(house.server.addresses().c2s_tls);
    let resource = "\"><script>alert(1)</script>'{{7*7}}";
    let escaped = resource
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&apos;");
    let client = connect
        .log_in(&alice, PASSWORD)
        .await
        .unwrap()
        .bind(&escaped)
        .await
        .unwrap();
    assert_eq!(client.jid.resource(), Some(resource));
    tokio::task::block_in_place(|| {
        let mut owner = house.visitor("owner");
        for path in ["/sessions", &format!("/accounts/alice@{DOMAIN}")] {
            let page = owner.get(path);
            page.says(200, "{{7*7}}");
            is_inert(&page, resource, path);
        }
        let full = client.jid.to_string();
        owner
            .post("/", "/sessions/close", &[("jid", &full)])
            .leads_to("/sessions?done=closed");
    });
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn injections_on_sqlite() -> Result<()> {
    injections(Kind::Sqlite).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn injections_on_postgresql() -> Result<()> {
    injections(Kind::Postgres).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn injections_on_mariadb() -> Result<()> {
    injections(Kind::Mysql).await
}

async fn injections(kind: Kind) -> Result<()> {
    let house = House::start_on(kind).await?;
    tokio::task::block_in_place(|| {
        let mut owner = house.visitor("owner");
        make_group(&mut owner, "staff", "").leads_to(&format!("/groups/{DOMAIN}/staff?done=group-added"));
        let members = format!("/groups/{DOMAIN}/staff/members");
        owner.post("/", &members, &[("lines", "alice\nbob")]);
        for payload in INJECTIONS {
            for (path, field) in FIELDS.iter().filter(|(path, _)| *path != "/login") {
                let place = at(path, field, payload);
                let answer = owner.get(&place);
                let is_understood = [200, 400, 404].contains(&answer.status);
                assert!(is_understood, "{kind}: {place}: {} {}", answer.status, answer.body);
                for words in ["syntax", "SQL", "sqlx", "near \""] {
                    let shown = answer
                        .body
                        .replace("PostgreSQL", "")
                        .replace("MySQL", "")
                        .replace("SQLite", "");
                    let typed = payload.contains(words) || *field == "text";
                    assert!(typed || !shown.contains(words), "{kind}: {place}: {}", answer.body);
                }
            }
            // Looked for letter by letter: nobody is called that.
            if !payload.contains('\0') {
                owner
                    .get(&at("/accounts", "prefix", payload))
                    .says(200, "No account here matches that.");
                owner
                    .get(&at(&format!("/groups/{DOMAIN}/staff"), "prefix", payload))
                    .says(200, "No member matches that.");
                owner
                    .get(&at("/groups", "text", payload))
                    .says(200, "No group here matches that.");
            }
        }
        owner.get("/accounts?prefix=al").says(200, "alice@");
        owner.get("/accounts?order=made&direction=down").says(200, "alice@");
    });
    Ok(())
}
