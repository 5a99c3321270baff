//! Second factors, and acts that ask whether it is still oneself.

use anyhow::Result;
use tests::support::process::DOMAIN;

use crate::{
    app::App,
    browser::{Answer, Browser},
    house::{House, PASSWORD},
};

/// Sets a second factor up; the app, and the recovery codes.
fn enrol(browser: &mut Browser) -> (App, Vec<String>) {
    browser
        .post("/me", "/me/second-factor", &[("proof-password", PASSWORD)])
        .leads_to("/me/second-factor");
    let page = browser.get("/me/second-factor");
    let secret = between(&page.body, "Secret: <code>", "</code>").to_owned();
    assert!(page.body.contains("<svg class=\"code\"") && !page.body.contains("style="));
    let app = App::of(&secret);
    browser
        .post("/me/second-factor", "/me/second-factor/confirm", &[("code", "000000x")])
        .says(422, "this code is wrong");
    let done = browser.post(
        "/me/second-factor",
        "/me/second-factor/confirm",
        &[("code", &app.code(0))],
    );
    done.says(200, "Keep these");
    let codes = done.body.split("<li><code>").skip(1);
    let codes: Vec<String> = codes.map(|rest| rest.split_once('<').unwrap().0.to_owned()).collect();
    assert_eq!(codes.len(), 10);
    browser.get("/me/second-factor").leads_to("/me");
    (app, codes)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).expect("it is there").1;
    rest.split_once(after).expect("it ends").0
}

fn code(browser: &mut Browser, code: &str) -> Answer {
    browser.post("/login/code", "/login/code", &[("code", code)])
}

#[test]
fn a_login_asks_for_a_code_and_no_code_is_good_twice() -> Result<()> {
    let house = House::start()?;
    let (app, codes) = enrol(&mut house.visitor("owner"));
    let owner = format!("owner@{DOMAIN}");

    let mut browser = house.stranger();
    browser.log_in(&owner, PASSWORD).leads_to("/login/code?next=%2F");
    assert!(!browser.cookies.contains_key("hearth-console"));
    browser.get("/accounts").leads_to("/login?next=%2Faccounts");
    // What a half login has is no login, wherever it is shown.
    let mut forged = browser.clone();
    let half = forged.cookies["hearth-console-code"].clone();
    forged.cookies.insert("hearth-console".to_owned(), half);
    forged.get("/accounts").leads_to("/login?next=%2Faccounts");

    code(&mut browser, "000000").says(401, "this code is wrong");
    code(&mut browser, &app.code(0)).says(401, "has been used");
    code(&mut browser, &codes[0]).leads_to("/");
    assert!(!browser.cookies.contains_key("hearth-console-code"));
    browser.get("/accounts").says(200, "alice@");

    let mut other = house.stranger();
    other.log_in(&owner, PASSWORD);
    code(&mut other, &codes[0]).says(401, "this code is wrong");
    code(&mut other, &codes[1]).leads_to("/");
    house.stranger().get("/login/code").leads_to("/login");
    Ok(())
}

#[test]
fn guessing_codes_ends_after_five_whoever_guesses() -> Result<()> {
    let house = House::start()?;
    let (_, codes) = enrol(&mut house.visitor("owner"));
    let owner = format!("owner@{DOMAIN}");
    let mut browser = house.stranger();
    browser.log_in(&owner, PASSWORD);
    for _ in 0..5 {
        code(&mut browser, "111111x").says(401, "this code is wrong");
    }
    let mut other = house.stranger();
    other.log_in(&owner, PASSWORD);
    code(&mut other, &codes[0]).says(503, "too many codes were wrong");
    // An owner, here one at the machine, helps who is locked out.
    house.hearth(&["admin", "remove-second-factor", &owner])?;
    house.visitor("owner").get("/me").says(200, "Set one up");
    Ok(())
}

#[test]
fn where_every_administrator_needs_one_nothing_else_is_reached_before() -> Result<()> {
    let house = House::start_with("HEARTH_PROPERTIES__CONSOLE__SECOND_FACTOR", "required")?;
    let mut chief = house.visitor("chief");
    for path in ["/", "/accounts", "/me", "/sessions", "/nowhere"] {
        chief.get(path).leads_to("/me/second-factor");
    }
    let csrf = chief.get("/me/second-factor").field("csrf");
    let lock = format!("/accounts/alice@{DOMAIN}/lock");
    chief
        .post_raw(&lock, &[("csrf", &csrf)])
        .says(403, "set yours up first");
    chief.post("/me/second-factor", "/me/second-factor", &[]);
    let page = chief.get("/me/second-factor");
    let app = App::of(between(&page.body, "Secret: <code>", "</code>"));
    chief
        .post(
            "/me/second-factor",
            "/me/second-factor/confirm",
            &[("code", &app.code(0))],
        )
        .says(200, "Keep these");
    chief.get("/accounts").says(200, "alice@");
    Ok(())
}

#[test]
fn a_grave_act_asks_whether_it_is_still_oneself_and_is_done_at_once_then() -> Result<()> {
    let house = House::start_with("HEARTH_PROPERTIES__CONSOLE__PROOF_LASTS_SECS", "0")?;
    let mut owner = house.visitor("owner");
    let path = "/administrators/grant";
    let grant = |owner: &mut Browser, more: &[(&str, &str)]| {
        let alice = format!("alice@{DOMAIN}");
        let fields = [&[("address", alice.as_str()), ("role", "read-only")], more].concat();
        owner.post("/", path, &fields)
    };
    let asked = grant(&mut owner, &[]);
    asked.says(403, "Nothing was done yet");
    assert_eq!(asked.field("role"), "read-only", "what was chosen is kept");
    grant(&mut owner, &[("proof-password", "wrong")]).says(403, "the password is wrong");
    assert!(!house.hearth(&["admin", "list"])?.contains("alice"));
    grant(&mut owner, &[("proof-password", PASSWORD)]).leads_to("/administrators?done=granted");
    assert!(house.hearth(&["admin", "list"])?.contains("alice"));
    // What is not grave is not asked about.
    let alice = format!("/accounts/alice@{DOMAIN}");
    owner
        .post("/", &format!("{alice}/lock"), &[])
        .leads_to(&format!("{alice}?done=locked"));
    Ok(())
}

#[test]
fn with_a_second_factor_a_proof_needs_its_code() -> Result<()> {
    let house = House::start_with("HEARTH_PROPERTIES__CONSOLE__PROOF_LASTS_SECS", "0")?;
    let mut owner = house.visitor("owner");
    let (_, codes) = enrol(&mut owner);
    let remove = |owner: &mut Browser, more: &[(&str, &str)]| owner.post("/me", "/me/second-factor/remove", more);
    remove(&mut owner, &[]).says(403, "Code of your second factor");
    remove(&mut owner, &[("proof-password", PASSWORD)]).says(403, "this code is wrong");
    remove(&mut owner, &[("proof-password", PASSWORD), ("proof-code", &codes[0])]).leads_to("/me?done=factor-removed");
    house.visitor("owner");
    Ok(())
}

#[test]
fn who_logs_out_everywhere_is_logged_in_nowhere() -> Result<()> {
    let house = House::start()?;
    let (mut one, mut other, mut foreign) = (house.visitor("owner"), house.visitor("owner"), house.visitor("chief"));
    assert_eq!(one.get("/me").body.matches("another one").count(), 1);
    one.post("/me", "/me/logout-everywhere", &[]).leads_to("/login");
    other.get("/").leads_to("/login");
    foreign.get("/").says(200, "Overview");
    Ok(())
}

#[test]
fn a_failed_login_is_in_the_record_once_for_each_address_and_minute() -> Result<()> {
    let house = House::start()?;
    for _ in 0..3 {
        house.stranger().log_in(&format!("alice@{DOMAIN}"), "wrong");
    }
    let record = house.visitor("owner").get("/audit?act=console.login-failed");
    let entries = record.body.matches("<code>console.login-failed</code>").count();
    assert!(entries == 1 || entries == 2, "a minute may have ended: {}", record.body);
    assert!(record.body.contains("127.0.0.1"), "{}", record.body);
    Ok(())
}
