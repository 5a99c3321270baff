//! The first administrator.

use std::thread;

use anyhow::Result;
use tests::support::process::{DOMAIN, Home, Server};

use crate::{
    browser::{Answer, Browser},
    house::{PASSWORD, setup_token},
};

/// Shows the token, and so gets to the steps.
fn begin(browser: &mut Browser, token: &str) -> Answer {
    browser.post("/setup", "/setup", &[("token", token), ("language", "en")])
}

fn make(browser: &mut Browser, token: &str, name: &str, again: &str) -> Answer {
    begin(browser, token);
    let fields = [
        ("name", name),
        ("domain", DOMAIN),
        ("password", PASSWORD),
        ("again", again),
    ];
    browser.post("/setup/account", "/setup/account", &fields)
}

#[test]
fn whoever_sees_the_terminal_makes_the_first_administrator_and_then_the_page_is_gone() -> Result<()> {
    let server = Server::start()?;
    let token = setup_token(server.home())?;
    let mut browser = Browser::new(server.addresses().admin.unwrap());
    browser.get("/").leads_to("/login");
    browser.get("/login").leads_to("/setup");
    begin(&mut browser, "wrong").says(403, "not the token that the server&#39;s terminal shows");
    for path in ["/setup/domain", "/setup/database", "/setup/account"] {
        browser.get(path).leads_to("/setup");
        let fields = [
            ("domain", "evil.example"),
            ("name", "eve"),
            ("password", PASSWORD),
            ("again", PASSWORD),
        ];
        browser.post("/setup", path, &fields).leads_to("/setup");
    }
    begin(&mut browser, &token).leads_to("/setup/domain");
    browser.get("/setup/account").says(200, &format!("@{DOMAIN}"));

    make(&mut browser, &token, "ro meo", PASSWORD).says(404, "must look like user@host");
    make(&mut browser, &token, "", PASSWORD).says(422, "choose a name");
    make(&mut browser, &token, "romeo", "other").says(422, "the two passwords differ");
    assert_eq!(
        server.home().hearth(&["account", "list"], "")?.lines().count(),
        1,
        "only the heading"
    );
    assert!(browser.get("/setup").status == 200);

    make(&mut browser, &token, "romeo", PASSWORD).leads_to("/welcome");
    browser
        .get("/welcome")
        .says(200, "The server is set up. Welcome.")
        .says(200, "romeo@localhost");
    for path in [
        "/setup",
        "/setup?token=x",
        "/setup/domain",
        "/setup/database",
        "/setup/account",
    ] {
        browser.get(path).says(404, "No page has this address.");
        Browser::new(browser.address)
            .get(path)
            .says(404, "No page has this address.");
    }
    let mut late = Browser::new(browser.address);
    let fields = [
        ("csrf", "x"),
        ("token", token.as_str()),
        ("name", "eve"),
        ("password", "x"),
        ("again", "x"),
    ];
    for path in ["/setup", "/setup/domain", "/setup/database", "/setup/account"] {
        late.post_raw(path, &fields).says(404, "No page has this address.");
    }
    assert!(!server.home().hearth(&["account", "list"], "")?.contains("eve"));
    assert!(server.home().hearth(&["admin", "list"], "")?.contains("owner"));
    Ok(())
}

#[test]
fn of_two_who_set_up_at_once_one_does() -> Result<()> {
    let server = Server::start()?;
    let token = setup_token(server.home())?;
    let address = server.addresses().admin.unwrap();
    let statuses: Vec<u16> = thread::scope(|scope| {
        let names = ["romeo", "tybalt", "mercutio", "benvolio"];
        let making = names.map(|name| {
            let token = &token;
            scope.spawn(move || make(&mut Browser::new(address), token, name, PASSWORD).status)
        });
        making.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 303).count(),
        1,
        "{statuses:?}"
    );
    assert!(
        statuses.iter().all(|status| [303, 404].contains(status)),
        "{statuses:?}"
    );
    let administrators = server.home().hearth(&["admin", "list"], "")?;
    assert_eq!(administrators.lines().count(), 2, "{administrators}");
    let accounts = server.home().hearth(&["account", "list"], "")?;
    assert_eq!(
        accounts.lines().count(),
        2,
        "the others leave nothing behind: {accounts}"
    );
    Ok(())
}

#[test]
fn a_server_that_has_an_administrator_shows_no_token() -> Result<()> {
    let home = Home::new()?;
    home.add_account("romeo", PASSWORD)?;
    home.hearth(&["admin", "grant", &format!("romeo@{DOMAIN}"), "--role", "owner"], "")?;
    let server = home.start()?;
    assert!(setup_token(server.home()).is_err());
    let mut browser = Browser::new(server.addresses().admin.unwrap());
    assert_eq!(browser.get("/setup").status, 404);
    Ok(())
}

#[test]
fn set_up_speaks_the_language_that_was_chosen() -> Result<()> {
    let server = Server::start()?;
    let token = setup_token(server.home())?;
    let mut browser = Browser::new(server.addresses().admin.unwrap());
    browser
        .send("GET", "/setup", &[("Accept-Language", "de-CH,de;q=0.9")], "")
        .says(200, "<html lang=\"de\">")
        .says(200, "Willkommen");
    browser.get("/setup").says(200, "Welcome");
    browser.post("/setup", "/setup", &[("token", &token), ("language", "de")]);
    browser.get("/setup/domain").says(200, "Schritt 1 von 3");
    browser.get("/setup/account").says(200, "Verwalter anlegen");
    Ok(())
}

#[test]
fn what_the_configuration_decides_is_shown_and_not_changed() -> Result<()> {
    let server = Server::start()?;
    let mut browser = Browser::new(server.addresses().admin.unwrap());
    begin(&mut browser, &setup_token(server.home())?);
    let choose = |browser: &mut Browser, domain: &str, what: &str| {
        browser.post("/setup/domain", "/setup/domain", &[("domain", domain), ("do", what)])
    };
    browser.get("/setup/domain").says(200, "HEARTH_DOMAIN");
    choose(&mut browser, "chat.example.org", "go").says(422, "HEARTH_DOMAIN: change it there");
    choose(&mut browser, "not a domain", "check").says(422, "it must look like example.org");
    let looked = choose(&mut browser, DOMAIN, "check");
    looked
        .says(200, "a name that only this machine or network knows")
        .says(200, "(c2s.tls_listen)");
    choose(&mut browser, DOMAIN, "go").leads_to("/setup/database");
    browser.get("/setup/database").says(200, "HEARTH_DATABASE__URL");
    browser
        .post("/setup/database", "/setup/database", &[("kind", "keep"), ("do", "go")])
        .leads_to("/setup/account");
    Ok(())
}
