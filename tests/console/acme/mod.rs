//! Certificates that come by themselves, from an authority that really looks.

mod pebble;
mod together;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::support::{child::Guarded, ports, process::DOMAIN, tools};

use crate::{
    authority::Authority,
    browser::Browser,
    cluster::until,
    house::{self, House, LOOK_AGAIN, OTHER, PATIENCE},
};
use pebble::Pebble;

const PAGE: &str = "/certificates/acme";
/// What Pebble's terms are.
const TERMS: &str = "data:text/plain,Do%20what%20thou%20wilt";

/// A house that trusts `authority`, and answers challenges at this port.
fn house(authority: &Authority, port: Option<u16>) -> Result<House> {
    let mut home = house::home()?.with("HEARTH_TLS__TRUST", authority.root().to_str().unwrap());
    if let Some(port) = port {
        home = home.with("HEARTH_ACME__LISTEN", &format!("127.0.0.1:{port}"));
    }
    House::over(home, None)
}

/// Turns ordering on, on the page.
#[track_caller]
fn turn_on(owner: &mut Browser, directory: &str) {
    let fields = [("directory", directory), ("terms", TERMS), ("agreed", "yes")];
    owner
        .post(PAGE, "/certificates/acme/on", &fields)
        .leads_to(&format!("{PAGE}?done=acme-on"));
}

/// Waits until what is shown for a host is not any more what it was.
fn changes(authority: &Authority, at: SocketAddr, host: &str, before: &str, within: Duration) -> Result<String> {
    let began = Instant::now();
    loop {
        let shown = authority.shown(at, host)?;
        if shown != before {
            return Ok(shown);
        }
        ensure!(began.elapsed() < within, "{host} is shown the same as before");
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// How things stand with a host, as the API says it.
fn of_host(status: &Value, host: &str) -> Value {
    let hosts = status["hosts"].as_array().unwrap();
    hosts.iter().find(|one| one["host"] == host).unwrap().clone()
}

#[test]
fn hosts_get_their_certificates_and_whoever_connects_is_shown_them() -> Result<()> {
    let (authority, port) = (Authority::new()?, ports::free()?);
    let pebble = Pebble::start(&authority, port, json!({}))?;
    let house = house(&authority, Some(port))?;
    let addresses = house.server.addresses();
    let (clients, console) = (addresses.c2s_tls, addresses.admin_tls.unwrap());
    let mut owner = house.visitor("owner");
    owner
        .get("/certificates")
        .says(200, "can come, and be renewed, by themselves");
    owner.get(PAGE).says(200, "No certificates are ordered");
    let before = authority.shown(clients, DOMAIN)?;

    // Nothing is ordered before somebody has agreed to the terms.
    let on = "/certificates/acme/on";
    let directory = pebble.directory();
    let asked = owner.post(PAGE, on, &[("directory", &directory)]);
    asked.says(422, TERMS).says(422, "I have read the terms");
    owner
        .post(PAGE, on, &[("directory", &directory), ("terms", TERMS)])
        .says(422, "id=\"agreed-error\"");
    owner
        .post(PAGE, on, &[("directory", "http://localhost/dir"), ("agreed", "yes")])
        .says(422, "id=\"directory-error\"");
    owner
        .post(PAGE, on, &[("directory", "https://localhost:9/dir")])
        .says(422, "id=\"directory-error\"");
    owner
        .post(PAGE, on, &[("directory", &directory), ("hosts", "nowhere.test")])
        .says(422, "id=\"hosts-error\"");
    ensure!(pebble.issued()? == 0, "{}", pebble.log()?);

    turn_on(&mut owner, &directory);
    until(&mut owner, PAGE, "valid until", PATIENCE)?;
    let print = changes(&authority, clients, DOMAIN, &before, PATIENCE)?;
    let began = Instant::now();
    while owner.get("/certificates").body.matches("ordered by ACME").count() < 2 {
        ensure!(began.elapsed() < PATIENCE, "{}", owner.get("/certificates").body);
        std::thread::sleep(LOOK_AGAIN);
    }
    ensure!(
        authority.shown(console, DOMAIN)? == print,
        "the console shows it as well"
    );
    owner.get(&format!("/certificates/host/{DOMAIN}")).says(200, &print);
    ensure!(pebble.issued()? == 2, "one for each host: {}", pebble.log()?);

    // The record says who agreed, and to what.
    owner.get("/audit?act=acme").says(200, "acme.agree").says(200, TERMS);

    // The key is on this server's disk, for its owner; in the database nobody can read it.
    let data = house.server.home().data();
    let kept = fs::read_to_string(data.join("certs/localhost.pem"))?;
    let key = kept.lines().nth(1).unwrap();
    for file in fs::read_dir(&data)? {
        let file = file?.path();
        if file.is_file() {
            let text = String::from_utf8_lossy(&fs::read(&file)?).into_owned();
            for secret in [key, "PRIVATE KEY", "key_pkcs8"] {
                assert!(!text.contains(secret), "{secret} can be read in {}", file.display());
            }
        }
    }

    // Another one at once, by whoever may.
    owner
        .post(PAGE, &format!("/certificates/host/{DOMAIN}/order"), &[])
        .leads_to(&format!("{PAGE}?done=acme-order"));
    let next = changes(&authority, clients, DOMAIN, &print, PATIENCE)?;
    ensure!(pebble.issued()? == 3, "{}", pebble.log()?);

    // Where the key for secrets is lost, nothing can be ordered until what was encrypted with it is forgotten.
    let house_key = house.server.home().data().join("secret.key");
    ensure!(house.hearth(&["certificate", "forget-unreadable"])?.trim() == "forgotten: 0");

    // Off: what is there stays, also over a restart.
    owner
        .post(PAGE, "/certificates/acme/off", &[])
        .leads_to(&format!("{PAGE}?done=acme-off"));
    owner.get(PAGE).says(200, "No certificates are ordered");
    let told = owner.post(PAGE, &format!("/certificates/host/{DOMAIN}/order"), &[]);
    told.says(422, "turn ACME on");
    let home = house.server.stop()?.0;
    fs::remove_file(house_key)?;
    let server = home.start()?;
    let clients = server.addresses().c2s_tls;
    ensure!(authority.shown(clients, DOMAIN)? == next);
    let on = ["property", "set", "acme.enabled", "true"];
    server.home().hearth(&on, "")?;
    server.home().hearth(&["certificate", "acme", "order", DOMAIN], "")?;
    let forgotten = server.home().hearth(&["certificate", "forget-unreadable"], "")?;
    ensure!(
        forgotten.trim() == "forgotten: 3",
        "two certificates and an account: {forgotten}"
    );
    changes(&authority, clients, DOMAIN, &next, PATIENCE)?;
    Ok(())
}

#[test]
fn a_listener_for_challenges_answers_nothing_else() -> Result<()> {
    let (authority, port) = (Authority::new()?, ports::free()?);
    let _house = house(&authority, Some(port))?;
    let at: SocketAddr = (Ipv4Addr::LOCALHOST, port).into();
    let ask = |method: &str, path: &str| {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        crate::browser::exchange(at, request.as_bytes())
    };
    let long = format!("/.well-known/acme-challenge/{}", "a".repeat(500));
    for path in [
        "/",
        "/login",
        "/healthz",
        "/metrics",
        "/api/v1/server",
        "/.well-known/acme-challenge",
        "/.well-known/acme-challenge/",
        "/.well-known/acme-challenge/nobody-has-this-one",
        "/.well-known/acme-challenge/..%2f..%2fsecret.key",
        "/.well-known/acme-challenge/%ff",
        "/.well-known/acme-challenge/a'%20OR%20'1'='1",
        &long,
    ] {
        let answer = ask("GET", path);
        assert_eq!((answer.status, answer.body.as_str()), (404, ""), "{path}");
        assert!(answer.header("location").is_empty());
    }
    assert_eq!(ask("POST", "/.well-known/acme-challenge/x").status, 405);
    Ok(())
}

#[test]
fn a_certificate_is_renewed_before_it_ends() -> Result<()> {
    let (authority, port) = (Authority::new()?, ports::free()?);
    let pebble = Pebble::start(&authority, port, json!({ "certificateValidityPeriod": 12 }))?;
    let house = house(&authority, Some(port))?;
    let clients = house.server.addresses().c2s_tls;
    let mut owner = house.visitor("owner");
    let before = authority.shown(clients, DOMAIN)?;
    turn_on(&mut owner, &pebble.directory());
    let first = changes(&authority, clients, DOMAIN, &before, PATIENCE)?;
    let second = changes(&authority, clients, DOMAIN, &first, PATIENCE)?;
    // Seconds since the one before was shown, and it was never shown after its end.
    changes(&authority, clients, DOMAIN, &second, PATIENCE)?;
    let log = house.server.home().log();
    ensure!(!log.contains("has run out"), "{log}");
    ensure!(pebble.log()?.contains("There are now 1 accounts"), "{}", pebble.log()?);
    Ok(())
}

#[test]
fn an_order_that_is_refused_is_told_of_and_the_certificate_of_before_stays() -> Result<()> {
    let (authority, port) = (Authority::new()?, ports::free()?);
    let pebble = Pebble::start(&authority, port, json!({ "domainBlocklist": [OTHER] }))?;
    // Nothing answers challenges here: for this host the authority finds nobody, and of the other it wants to know nothing.
    let house = house(&authority, None)?;
    let clients = house.server.addresses().c2s_tls;
    let owner = house.program("owner", &["owner"]);
    let issued = authority.issue(&[DOMAIN])?;
    let print = authority.fingerprint(&issued.certificate)?;
    owner
        .post("/certificates", &json!({ "chain": issued.chain, "key": issued.key }))
        .is(200);

    let refused = owner.put(
        "/acme",
        &json!({ "enabled": true, "directory_url": pebble.directory() }),
    );
    refused.is(422);
    let problem: Value = serde_json::from_str(&refused.body)?;
    assert_eq!(problem["field"], "agreed", "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains(TERMS), "{problem}");
    let change = json!({ "enabled": true, "directory_url": pebble.directory(), "agreed_terms": TERMS });
    owner.put("/acme", &change).is(200);
    let began = Instant::now();
    let status = loop {
        let status = owner.get("/acme").json();
        if [DOMAIN, OTHER]
            .iter()
            .all(|host| of_host(&status, host)["state"] == "failed")
        {
            break status;
        }
        ensure!(began.elapsed() < PATIENCE, "{status}");
        std::thread::sleep(LOOK_AGAIN);
    };
    let (of_domain, of_other) = (of_host(&status, DOMAIN), of_host(&status, OTHER));
    for (host, words) in [(&of_domain, "connection"), (&of_other, "rejectedIdentifier")] {
        assert!(host["why"].as_str().unwrap().contains(words), "{host}");
        assert!(host["next_at"].is_string() && host["failed_at"].is_string(), "{host}");
    }
    assert_eq!(status["answers_challenges"], false);
    assert_eq!(
        authority.shown(clients, DOMAIN)?,
        print,
        "it never takes a working one away"
    );
    let mut browser = house.visitor("owner");
    browser.get(PAGE).says(200, "failed").says(200, "next try");
    until(&mut browser, "/", "by ACME: failed", PATIENCE)?;
    let told = house.hearth(&["certificate", "acme", "status"])?;
    assert!(
        told.contains("BAD: failed") && told.contains("acme.listen is empty"),
        "{told}"
    );
    let checked = house.hearth(&["check"]);
    let checked = checked.unwrap_or_else(|error| format!("{error:#}"));
    assert!(checked.contains("acme.listen is empty"), "{checked}");

    // An operator who has mended something does not wait for the next try.
    owner.post(&format!("/certificates/{OTHER}/order"), &json!({})).is(204);
    let began = Instant::now();
    while of_host(&owner.get("/acme").json(), OTHER)["failures"] != 2 {
        ensure!(began.elapsed() < PATIENCE, "{}", owner.get("/acme").body);
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

#[test]
fn an_authority_that_wants_to_be_left_alone_is() -> Result<()> {
    let (authority, port) = (Authority::new()?, ports::free()?);
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    let issued = authority.issue(&["localhost"])?;
    fs::write(path("chain.pem"), &issued.chain)?;
    fs::write(path("key.pem"), &issued.key)?;
    let mut command = Command::new("python3");
    command
        .arg(tools::source("console/acme/busy.py"))
        .arg(port.to_string())
        .args([path("chain.pem"), path("key.pem")]);
    let _busy = Guarded::spawn(&mut command, &path("busy.log"))?;
    let began = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        ensure!(began.elapsed() < PATIENCE, "{}", fs::read_to_string(path("busy.log"))?);
        std::thread::sleep(LOOK_AGAIN);
    }
    let house = house(&authority, None)?;
    // It has no terms, so that nobody has to agree to any.
    let directory = format!("https://localhost:{port}/dir");
    house.hearth(&["certificate", "acme", "on", "--directory", &directory, "--host", DOMAIN])?;
    let mut owner = house.visitor("owner");
    until(&mut owner, PAGE, "rateLimited: too many new orders recently", PATIENCE)?;
    let told: Value = serde_json::from_str(&house.hearth(&["certificate", "acme", "status", "--json"])?)?;
    let host = of_host(&told, DOMAIN);
    let wait = host["next_at"].as_i64().unwrap() - host["failed"]["at"].as_i64().unwrap();
    assert!((7_195_000_000..=7_205_000_000).contains(&wait), "{host}");

    // Not even a wish changes that.
    let refused = house.hearth(&["certificate", "acme", "order", DOMAIN]).unwrap_err();
    assert!(format!("{refused:#}").contains("wants to be left alone"), "{refused:#}");
    let off = house.hearth(&["certificate", "acme", "order", OTHER]).unwrap_err();
    assert!(
        format!("{off:#}").contains("no certificate is ordered for it"),
        "{off:#}"
    );
    // A change has everything looked at again.
    house.hearth(&["property", "set", "acme.contact", "admin@example.org"])?;
    until(&mut owner, "/properties/acme.contact", "admin@example.org", PATIENCE)?;
    let orders = fs::read_to_string(path("busy.log"))?.matches("/newOrder").count();
    assert_eq!(orders, 1, "{}", fs::read_to_string(path("busy.log"))?);
    Ok(())
}

#[test]
fn an_account_is_bound_where_the_authority_wants_that_and_the_configuration_wins() -> Result<()> {
    const KEY: &str = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
    let (authority, port) = (Authority::new()?, ports::free()?);
    let wants = json!({ "externalAccountBindingRequired": true, "externalAccountMACKeys": { "kid-1": KEY } });
    let pebble = Pebble::start(&authority, port, wants)?;
    let named = authority.issue(&[OTHER])?;
    let folder = tempfile::tempdir()?;
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    fs::write(&chain, &named.chain)?;
    fs::write(&key, &named.key)?;
    let home = house::home()?
        .with("HEARTH_TLS__TRUST", authority.root().to_str().unwrap())
        .with("HEARTH_TLS__CERTIFICATE", chain.to_str().unwrap())
        .with("HEARTH_TLS__KEY", key.to_str().unwrap())
        .with("HEARTH_ACME__LISTEN", &format!("127.0.0.1:{port}"));
    let house = House::over(home, None)?;
    let clients = house.server.addresses().c2s_tls;
    let directory = pebble.directory();
    let on = [
        "certificate",
        "acme",
        "on",
        "--directory",
        &directory,
        "--agree-terms",
        TERMS,
    ];
    let refused = house.hearth(&on).unwrap_err();
    assert!(format!("{refused:#}").contains("(EAB)"), "{refused:#}");
    let eab = folder.path().join("eab");
    fs::write(&eab, format!("{KEY}\n"))?;
    let bound = ["--eab-key-id", "kid-1", "--eab-key-file", eab.to_str().unwrap()];
    house.hearth(&[&on[..], &bound].concat())?;
    let mut owner = house.visitor("owner");
    until(&mut owner, "/certificates", "ordered by ACME", PATIENCE)?;
    owner
        .get(PAGE)
        .says(200, "not ordered: the configuration names its certificate");
    assert_eq!(pebble.issued()?, 1, "{}", pebble.log()?);
    assert_eq!(
        authority.shown(clients, OTHER)?,
        authority.fingerprint(&named.certificate)?
    );

    // What binds it is a secret.
    for path in [
        PAGE,
        "/properties/acme.eab_secret",
        "/settings/acme",
        "/history",
        "/audit",
    ] {
        assert!(!owner.get(path).body.contains(KEY), "{path}");
    }
    Ok(())
}
