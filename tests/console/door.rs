//! Logging in and out; forged forms; who is turned away at once.

use anyhow::Result;
use tests::support::process::DOMAIN;

use crate::{
    browser::{Answer, Browser, exchange},
    house::{House, PASSWORD},
};

const LOGIN: &str = "hearth-console";

#[track_caller]
pub(crate) fn is_protected(answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for words in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(words), "{words}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header("x-frame-options"), "DENY");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "same-origin");
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[test]
fn a_login_is_new_each_time_and_ends_when_its_user_says_so() -> Result<()> {
    let house = House::start()?;
    let mut browser = house.stranger();
    browser.cookies.insert(LOGIN.into(), "A".repeat(43));
    browser.log_in(&format!("owner@{DOMAIN}"), PASSWORD).leads_to("/");
    let first = browser.cookies[LOGIN].clone();
    assert_ne!(first, "A".repeat(43), "a token of somebody else's making");
    browser.get("/").says(200, &format!("owner@{DOMAIN}"));

    // Logging in once more: the login before is worth nothing.
    browser.log_in(&format!("owner@{DOMAIN}"), PASSWORD).leads_to("/");
    assert_ne!(browser.cookies[LOGIN], first);
    let mut stale = browser.clone();
    stale.cookies.insert(LOGIN.into(), first);
    stale.get("/").leads_to("/login");

    let mut copy = browser.clone();
    browser.post("/", "/logout", &[]).leads_to("/login");
    assert!(!browser.cookies.contains_key(LOGIN));
    copy.get("/").leads_to("/login");
    let answer = copy.post_raw("/sessions/close", &[("jid", "x@y")]);
    answer.says(401, "Nothing was done");
    Ok(())
}

#[test]
fn the_cookie_is_for_this_host_and_no_script() -> Result<()> {
    let house = House::start()?;
    let mut browser = house.stranger();
    let answer = browser.log_in(&format!("owner@{DOMAIN}"), PASSWORD);
    let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    let login = cookies
        .map(|(_, value)| value)
        .find(|value| value.starts_with(LOGIN))
        .unwrap();
    assert!(login.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{login}");
    is_protected(&answer);
    for path in ["/", "/login", "/nowhere", "/accounts"] {
        is_protected(&browser.get(path));
        is_protected(&house.stranger().get(path));
    }
    Ok(())
}

#[test]
fn a_wrong_password_an_unknown_account_and_one_without_power_look_the_same() -> Result<()> {
    let house = House::start()?;
    let answer = |address: &str, password: &str| {
        let mut browser = house.stranger();
        let answer = browser.log_in(address, password);
        assert!(!browser.cookies.contains_key(LOGIN), "{address} was let in");
        // What differs is what was typed, and the form's own token.
        let body = answer.body.replace(address, "ADDRESS");
        (
            answer.status,
            body.replace(&browser.cookies["hearth-console-form"], "TOKEN"),
        )
    };
    let owner = format!("owner@{DOMAIN}");
    let wrong = answer(&owner, "wrong");
    assert_eq!(wrong.0, 401);
    assert!(wrong.1.contains("do not belong to an administrator"), "{}", wrong.1);
    for (address, password) in [
        (format!("nobody@{DOMAIN}"), PASSWORD),
        (format!("alice@{DOMAIN}"), PASSWORD),
        ("owner@nowhere.example".to_owned(), PASSWORD),
        (owner.clone(), ""),
    ] {
        assert_eq!(answer(&address, password), wrong, "{address}");
    }
    house.hearth(&["account", "lock", &owner])?;
    assert_eq!(answer(&owner, PASSWORD), wrong, "a locked one");
    Ok(())
}

#[test]
fn who_guesses_too_often_is_not_asked_any_more() -> Result<()> {
    let house = House::start()?;
    house.hearth(&["property", "set", "lockout.failures_per_address", "3"])?;
    house.hearth(&["property", "set", "lockout.exempt", ""])?;
    let mut browser = house.stranger();
    let reaches = |answer: Answer| answer.status;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(reaches(browser.log_in(&format!("nobody@{DOMAIN}"), "guess")));
    }
    assert_eq!(statuses.last(), Some(&503), "{statuses:?}");
    browser
        .log_in(&format!("owner@{DOMAIN}"), PASSWORD)
        .says(503, "too many failed logins from this address");
    Ok(())
}

#[test]
fn what_ends_the_power_ends_the_login() -> Result<()> {
    let house = House::start()?;
    let mut chief = house.visitor("chief");
    chief.get("/accounts").says(200, "alice@");
    let jid = format!("chief@{DOMAIN}");
    house.hearth(&["admin", "grant", &jid, "--role", "read-only"])?;
    chief.get("/accounts/new").says(403, "may not do this");
    house.hearth(&["admin", "revoke", &jid])?;
    chief.get("/accounts").leads_to("/login?next=%2Faccounts");

    let mut reader = house.visitor("reader");
    house.hearth(&["account", "lock", &format!("reader@{DOMAIN}")])?;
    reader.get("/").leads_to("/login");

    let mut owner = house.visitor("owner");
    let password = format!("{PASSWORD} 2\n");
    let jid = format!("owner@{DOMAIN}");
    house
        .server
        .home()
        .hearth(&["account", "password", &jid, "--password-stdin"], &password)?;
    owner.get("/").leads_to("/login");
    Ok(())
}

#[test]
fn forged_forms_do_nothing() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let mut other = house.visitor("reader");
    let foreign = other.get("/").field("csrf");
    let own = owner.get("/").field("csrf");
    let path = format!("/accounts/alice@{DOMAIN}/lock");
    for (case, fields) in [
        ("missing", vec![]),
        ("empty", vec![("csrf", "")]),
        ("wrong", vec![("csrf", "x")]),
        ("another login's", vec![("csrf", foreign.as_str())]),
        (
            "twice, the wrong one first",
            vec![("csrf", "x"), ("csrf", own.as_str())],
        ),
    ] {
        let answer = owner.post_raw(&path, &fields);
        assert_eq!(answer.status, 403, "{case}: {}", answer.body);
    }
    // Right, but sent by another site.
    let form = format!("csrf={own}");
    for headers in [
        [("Origin", "https://evil.example"), ("X-A", "b")],
        [("Origin", "null"), ("X-A", "b")],
        [("Sec-Fetch-Site", "cross-site"), ("X-A", "b")],
    ] {
        let answer = owner.send("POST", &path, &headers, &form);
        answer.says(403, "another site");
    }
    // JSON as text/plain is no form of ours.
    let answer = owner.send(
        "POST",
        &path,
        &[("Content-Type", "text/plain")],
        &format!("{{\"csrf\":\"{own}\"}}"),
    );
    assert_eq!(answer.status, 403);
    owner.get(&format!("/accounts/alice@{DOMAIN}")).says(200, "open");
    owner
        .post_raw(&path, &[("csrf", &own)])
        .leads_to(&format!("/accounts/alice@{DOMAIN}?done=locked"));
    owner.get(&format!("/accounts/alice@{DOMAIN}")).says(200, "locked");
    Ok(())
}

#[test]
fn a_login_form_of_another_browser_is_refused() -> Result<()> {
    let house = House::start()?;
    let theirs = house.stranger().get("/login").field("csrf");
    let fields = [
        ("csrf", theirs.as_str()),
        ("address", "owner@localhost"),
        ("password", PASSWORD),
    ];
    house.stranger().post_raw("/login", &fields).says(403, "too old");
    Ok(())
}

#[test]
fn nothing_leads_out_of_the_console() -> Result<()> {
    let house = House::start()?;
    for (next, place) in [
        ("/accounts?host=localhost", "/accounts?host=localhost"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("https:evil.example", "/"),
        ("https://evil.example", "/"),
        ("/x\r\nSet-Cookie: a=b", "/"),
        ("javascript:alert(1)", "/"),
    ] {
        let mut browser = house.stranger();
        let fields = [("address", "owner@localhost"), ("password", PASSWORD), ("next", next)];
        let answer = browser.post("/login", "/login", &fields);
        answer.leads_to(place);
        assert!(!browser.cookies.contains_key("a"));
    }
    Ok(())
}

#[test]
fn other_methods_and_overrides_change_nothing() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let page = format!("/accounts/alice@{DOMAIN}");
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "TRACK", "LOCK", "FROB"] {
        assert_eq!(owner.send(method, &page, &[], "").status, 405, "{method}");
        assert_eq!(house.stranger().send(method, &page, &[], "").status, 405, "{method}");
    }
    for header in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        owner.send("GET", &format!("{page}/delete?_method=POST"), &[(header, "POST")], "");
    }
    owner.get(&page).says(200, "open");
    // A page that is only sent to is not read.
    assert_eq!(owner.get(&format!("{page}/lock")).status, 405);
    Ok(())
}

#[test]
fn pages_that_are_read_change_nothing() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    let count = |owner: &mut Browser| owner.get("/audit").body.matches("data-label=\"When\"").count();
    let before = count(&mut owner);
    for path in [
        "/",
        "/accounts",
        "/accounts/new",
        "/sessions",
        "/cluster",
        "/properties",
        "/administrators",
    ] {
        owner.get(path);
    }
    owner.get(&format!("/accounts/alice@{DOMAIN}/delete?confirm=alice@{DOMAIN}"));
    owner.get("/cluster/switch?to=on");
    assert_eq!(count(&mut owner), before);
    owner.get(&format!("/accounts/alice@{DOMAIN}")).says(200, "open");
    Ok(())
}

#[test]
fn requests_that_could_mean_two_things_are_refused() -> Result<()> {
    let house = House::start()?;
    let address = house.console();
    for (case, request) in [
        (
            "CL and TE",
            "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: xchunked\r\n\r\nabc",
        ),
        (
            "two lengths",
            "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        ),
        (
            "length, then chunks",
            "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "chunks, then length",
            "POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        ),
        (
            "chunks twice",
            "POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        ),
        ("a folded header", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"),
        ("no HTTP", "GET /\r\n\r\n"),
        (
            "a length that is none",
            "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        ),
    ] {
        let answer = exchange(address, request.as_bytes());
        assert_eq!(answer.status, 400, "{case}: {answer:?}");
    }
    let version_2 = exchange(address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!(
        [0, 400].contains(&version_2.status),
        "nobody speaks it here: {version_2:?}"
    );
    let mut owner = house.visitor("owner");
    let csrf = owner.get("/").field("csrf");
    let huge = format!("csrf={csrf}&value={}", "x".repeat(300 * 1024));
    let answer = owner.send("POST", "/properties/roster.max_items", &[], &huge);
    assert_eq!(answer.status, 413);
    Ok(())
}
