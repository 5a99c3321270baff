//! The first administrator.

use std::thread;

use anyhow::Result;
use tests::support::process::{DOMAIN, Home, Server};

use crate::{
    browser::{Answer, Browser},
    house::{PASSWORD, setup_token},
};

fn make(browser: &mut Browser, token: &str, name: &str, again: &str) -> Answer {
    let fields = [
        ("token", token),
        ("name", name),
        ("domain", DOMAIN),
        ("password", PASSWORD),
        ("again", again),
    ];
    browser.post("/setup", "/setup", &fields)
}

#[test]
fn whoever_sees_the_terminal_makes_the_first_administrator_and_then_the_page_is_gone() -> Result<()> {
    let server = Server::start()?;
    let token = setup_token(server.home())?;
    let mut browser = Browser::new(server.addresses().admin.unwrap());
    browser.get("/").leads_to("/login");
    browser.get("/login").leads_to("/setup");
    browser.get("/setup").says(200, &format!("@{DOMAIN}"));

    make(&mut browser, "wrong", "romeo", PASSWORD).says(403, "not the token that the server&#39;s terminal shows");
    make(&mut browser, &token, "ro meo", PASSWORD).says(404, "must look like user@host");
    make(&mut browser, &token, "", PASSWORD).says(422, "choose a name");
    make(&mut browser, &token, "romeo", "other").says(422, "the two passwords differ");
    assert_eq!(
        server.home().hearth(&["account", "list"], "")?.lines().count(),
        1,
        "only the heading"
    );
    assert!(browser.get("/setup").status == 200);

    make(&mut browser, &token, "romeo", PASSWORD).leads_to("/?done=welcome");
    browser
        .get("/?done=welcome")
        .says(200, "The server is set up. Welcome.");
    for path in ["/setup", "/setup?token=x"] {
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
    late.post_raw("/setup", &fields).says(404, "No page has this address.");
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
