//! Names, headers, fields and links that are not what they seem.

use anyhow::Result;
use tests::support::process::DOMAIN;

use crate::{
    browser::{Answer, Browser, exchange},
    door::is_protected,
    house::{House, PASSWORD},
};

#[test]
fn names_that_are_not_this_servers_are_not_answered() -> Result<()> {
    let house = House::start_with("HEARTH_PROPERTIES__CONSOLE__HOSTS", "proxy.example")?;
    let ask = |lines: &str| {
        let request = format!("GET /login HTTP/1.1\r\n{lines}Connection: close\r\n\r\n");
        exchange(house.console(), request.as_bytes())
    };
    for host in [
        "localhost:9090",
        "127.0.0.1",
        "[::1]:9090",
        "192.0.2.7:80",
        "other.test",
        "LOCALHOST.",
    ] {
        let answer = ask(&format!("Host: {host}\r\n"));
        assert_eq!(answer.status, 200, "{host}: {}", answer.body);
    }
    for lines in [
        "Host: evil.example\r\n",
        "Host: localhost.evil.example\r\n",
        "Host: evil.example:9090\r\n",
        "Host: evil.example\r\nX-Forwarded-Host: localhost\r\n",
        "Host: localhost@evil.example\r\n",
        "Host: \r\n",
    ] {
        let answer = ask(lines);
        assert!(
            [400, 421].contains(&answer.status),
            "{lines}: {} {}",
            answer.status,
            answer.body
        );
        is_protected_or_none(&answer);
    }
    ask("Host: evil.example\r\n").says(421, "console.hosts");
    assert_eq!(ask("Host: proxy.example:443\r\n").status, 200);
    Ok(())
}

/// Answers of HTTP itself to what is no request have no page.
#[track_caller]
fn is_protected_or_none(answer: &Answer) {
    if !answer.body.is_empty() {
        is_protected(answer);
    }
}

#[test]
fn without_tls_browsers_are_not_told_to_use_it() -> Result<()> {
    let house = House::start()?;
    for path in ["/login", "/", "/nowhere"] {
        assert_eq!(
            house.stranger().get(path).header("strict-transport-security"),
            "",
            "{path}"
        );
    }
    Ok(())
}

#[test]
fn what_a_form_of_ours_does_not_have_means_nothing() -> Result<()> {
    let house = House::start()?;
    let mut chief = house.visitor("chief");
    let more = [
        ("is_admin", "1"),
        ("role", "owner"),
        ("host", "other.test"),
        ("vhost", "other.test"),
        ("id", "1"),
        ("account_id", "1"),
        ("is_proven", "1"),
        ("actor", "owner@localhost"),
    ];
    let new = [
        ("name", "eve"),
        ("host", DOMAIN),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    chief
        .post("/", "/accounts/new", &[&new, more.as_slice()].concat())
        .leads_to(&format!("/accounts/eve@{DOMAIN}?done=added"));
    let alice = format!("/accounts/alice@{DOMAIN}");
    for act in ["lock", "unlock"] {
        chief.post("/", &format!("{alice}/{act}"), &more);
    }
    for path in ["/me/logout-everywhere", "/me/second-factor"] {
        house.visitor("chief").post("/me", path, &more);
    }
    let administrators = house.hearth(&["admin", "list"])?;
    assert!(
        !administrators.contains("eve") && !administrators.contains("alice"),
        "{administrators}"
    );
    let record = house.visitor("owner").get("/audit?act=account.");
    assert!(record.body.contains("chief@localhost"), "{}", record.body);
    assert!(!record.body.contains("owner@localhost</td>"), "{}", record.body);
    Ok(())
}

#[test]
fn spoofed_addresses_buy_no_guesses() -> Result<()> {
    let house = House::start()?;
    house.hearth(&["property", "set", "lockout.failures_per_address", "3"])?;
    house.hearth(&["property", "set", "lockout.exempt", ""])?;
    let mut browser = house.stranger();
    let mut statuses = Vec::new();
    for number in 0..6 {
        let csrf = browser.get("/login").field("csrf");
        let body = format!("csrf={csrf}&address=nobody%40{DOMAIN}&password=guess");
        let address = format!("198.51.100.{number}");
        let headers = [
            ("X-Forwarded-For", address.as_str()),
            ("Forwarded", &format!("for={address}")),
            ("X-Real-IP", &address),
        ];
        statuses.push(browser.send("POST", "/login", &headers, &body).status);
    }
    assert_eq!(statuses.last(), Some(&503), "{statuses:?}");
    Ok(())
}

#[test]
fn no_line_of_an_answer_is_of_somebody_elses_making() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let csrf = owner.get("/").field("csrf");
    let injected = "%0d%0aSet-Cookie:%20evil=1%0d%0a";
    for path in [
        format!("/accounts/alice{injected}@{DOMAIN}/lock"),
        format!("/accounts/alice@{DOMAIN}{injected}/unlock"),
        format!("/properties/roster.max_items{injected}"),
        format!("/cluster/nodes/1{injected}/drain"),
    ] {
        let answer = owner.post_raw(&path, &[("csrf", &csrf), ("value", "1")]);
        assert!(answer.status >= 300, "{path}: {}", answer.status);
        assert!(
            answer.headers.iter().all(|(_, value)| !value.contains("evil")),
            "{path}: {:?}",
            answer.headers
        );
        house.stranger().get(&path);
        assert!(!owner.cookies.contains_key("evil"));
    }
    Ok(())
}

#[test]
fn whoever_follows_every_link_changes_nothing() -> Result<()> {
    const PAGES_MAX: usize = 400;
    let house = House::start()?;
    let state = || -> Result<Vec<String>> {
        let lists: [&[&str]; 3] = [
            &["account", "list"],
            &["admin", "list", "--json"],
            &["property", "list", "--json"],
        ];
        lists.iter().map(|words| house.hearth(words)).collect()
    };
    let mut owner = house.visitor("owner");
    let count = |owner: &mut Browser| owner.get("/audit").body.matches("data-label=\"When\"").count();
    let (before, recorded) = (state()?, count(&mut owner));
    let (mut waiting, mut seen) = (vec!["/".to_owned()], std::collections::BTreeSet::new());
    while let Some(path) = waiting.pop() {
        if seen.len() >= PAGES_MAX || !seen.insert(path.clone()) {
            continue;
        }
        let page = owner.get(&path);
        assert!(page.status < 500, "{path}: {}", page.body);
        let links = page
            .body
            .split("href=\"/")
            .skip(1)
            .filter_map(|rest| rest.split_once('"'));
        waiting.extend(links.map(|(link, _)| format!("/{}", link.replace("&#38;", "&"))));
    }
    assert!(seen.len() > 20, "{seen:?}");
    assert_eq!(count(&mut owner), recorded);
    // A login of the past is told of a moment later; the rest is as it was.
    let names = |state: &[String]| {
        state[0]
            .lines()
            .map(|line| line.split(' ').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let after = state()?;
    assert_eq!((names(&before), &before[1..]), (names(&after), &after[1..]));
    Ok(())
}
