//! Secrets: what is set and nobody sees, the key that is not in the database, and a server that does not have it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;
use tests::support::process::DOMAIN;

use crate::{
    browser::{Answer, Browser},
    cluster::{Fleet, until},
    house::{House, LOOK_AGAIN, PASSWORD, PATIENCE},
};

const PAGE: &str = "/properties/console.hosts";
const SECRET: &str = "sesame.example";

/// Whether the server answers a browser that asks for it under that name: that is what the property says.
fn is_answered(browser: &Browser) -> bool {
    let request = format!("GET /login HTTP/1.1\r\nHost: {SECRET}\r\nConnection: close\r\n\r\n");
    let answer: Answer = crate::browser::exchange(browser.address, request.as_bytes());
    answer.status == 200
}

fn comes_to_be(browser: &Browser, expected: bool) -> Result<()> {
    let began = Instant::now();
    while is_answered(browser) != expected {
        ensure!(began.elapsed() < PATIENCE, "the property never came to hold");
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

#[test]
fn a_secret_holds_and_is_shown_nowhere_and_a_lost_key_is_told_of() -> Result<()> {
    let house = House::start()?;
    let mut owner = house.visitor("owner");
    owner
        .post(PAGE, PAGE, &[("value", SECRET)])
        .leads_to(&format!("{PAGE}?done=set"));
    comes_to_be(&owner, true)?;
    let encrypt = format!("{PAGE}/encrypt");
    owner.post(PAGE, &encrypt, &[]).says(422, "tick the box");
    owner
        .post(PAGE, &encrypt, &[("sure", "yes")])
        .leads_to(&format!("{PAGE}?done=encrypted"));
    owner
        .post("/", "/properties/cluster.enabled", &[("value", "false")])
        .leads_to("/properties/cluster.enabled?done=set");
    owner
        .post("/", "/properties/cluster.enabled/encrypt", &[("sure", "yes")])
        .says(422, "cannot be encrypted");
    for path in [PAGE, "/properties", "/history", "/settings/administration"] {
        let page = owner.get(path);
        assert!(
            page.status == 200 && !page.body.contains(SECRET),
            "{path}: {}",
            page.body
        );
    }
    owner.get(PAGE).says(200, "encrypted</span> in the database");
    for command in [
        &["property", "get", "console.hosts"][..],
        &["property", "list"],
        &["property", "history"],
    ] {
        let told = house.hearth(command)?;
        assert!(!told.contains(SECRET), "{told}");
    }
    assert!(is_answered(&owner), "it still holds");
    house.hearth(&["property", "set", "console.hosts", "other.example"])?;
    comes_to_be(&owner, false)?;
    house.hearth(&["property", "set", "console.hosts", SECRET])?;
    comes_to_be(&owner, true)?;
    let log = fs::read_to_string(house.server.home().log_file())?;
    assert_eq!(log.matches("other.example").count(), 0, "{log}");

    // The key is a file beside the database, for its owner only; without it the server says what is missing.
    let key = house.server.home().data().join("secret.key");
    assert_eq!(fs::metadata(&key)?.permissions().mode() & 0o777, 0o600);
    let (home, _) = house.server.stop()?;
    let elsewhere = key.with_file_name("copy");
    fs::rename(&key, &elsewhere)?;
    let server = home.start()?;
    let mut owner = Browser::new(server.addresses().admin.unwrap());
    owner.log_in(&format!("owner@{DOMAIN}"), PASSWORD).leads_to("/");
    assert!(!is_answered(&owner), "the default holds");
    owner
        .get(PAGE)
        .says(200, "the value that is set cannot be read")
        .says(200, "copy secret.key from the server that wrote it");
    owner.get("/properties").says(200, "copy secret.key");
    let home = server.home();
    let check = format!("{:#}", home.hearth(&["check"], "").unwrap_err());
    assert!(check.contains("copy secret.key"), "{check}");
    let refused = home
        .hearth(&["property", "set", "console.hosts", "x.example"], "")
        .unwrap_err();
    assert!(format!("{refused:#}").contains("copy secret.key"), "{refused:#}");
    assert!(!key.exists(), "no second key is ever made");
    assert!(home.log().contains("copy secret.key"), "{}", home.log());

    // It is copied: that is noticed while the server runs.
    fs::rename(&elsewhere, &key)?;
    comes_to_be(&owner, true)?;
    assert!(!owner.get(PAGE).body.contains("cannot be read"));
    Ok(())
}

#[test]
fn the_key_may_come_from_the_configuration() -> Result<()> {
    let key = "0f".repeat(32);
    let house = House::start_with("HEARTH_SECRET_KEY", &key)?;
    house.hearth(&["property", "set", "console.hosts", SECRET])?;
    house.hearth(&["property", "encrypt", "console.hosts"])?;
    assert!(is_answered(&house.stranger()));
    assert!(!house.server.home().data().join("secret.key").exists());
    let shown = house.hearth(&["config", "show"])?;
    assert!(!shown.contains(&key) && shown.contains("secret_key"), "{shown}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_joins_gets_the_key_from_a_member() -> Result<()> {
    let fleet = Fleet::start().await?;
    let keys: Vec<_> = fleet
        .servers
        .iter()
        .map(|server| server.home().data().join("secret.key"))
        .collect();
    let home = fleet.servers[0].home();
    home.hearth(&["property", "set", "console.hosts", SECRET], "")?;
    home.hearth(&["property", "encrypt", "console.hosts"], "")?;
    let mut third = fleet.visitor(2);
    until(&mut third, PAGE, "copy secret.key", Duration::from_secs(30))?;
    assert!(!keys[2].exists(), "they are strangers yet");
    home.hearth(&["cluster", "enable"], "")?;
    comes_to_be(&third, true)?;
    let began = Instant::now();
    while !(keys[1].exists() && keys[2].exists()) {
        ensure!(began.elapsed() < PATIENCE, "the key did not come");
        std::thread::sleep(LOOK_AGAIN);
    }
    let first = fs::read_to_string(&keys[0])?;
    for key in &keys {
        assert_eq!(fs::read_to_string(key)?, first);
        assert_eq!(fs::metadata(key)?.permissions().mode() & 0o777, 0o600);
    }
    let info: Value = serde_json::from_str(
        &fleet.servers[1]
            .home()
            .hearth(&["property", "get", "console.hosts", "--json"], "")?,
    )?;
    assert_eq!(
        (&info["is_secret"], &info["problem"]),
        (&Value::Bool(true), &Value::Null)
    );
    Ok(())
}
