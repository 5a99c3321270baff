use serde_json::Value;

use crate::{
    cluster::postgres,
    home::{Home, Outcome},
};

/// The level of the finding that says so.
#[track_caller]
fn level(outcome: &Outcome, words: &str) -> String {
    let findings: Value = serde_json::from_str(&outcome.out).unwrap();
    let found = findings
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["message"].as_str().unwrap().contains(words));
    found.unwrap_or_else(|| panic!("nothing says {words:?}: {findings:#}"))["level"]
        .as_str()
        .unwrap()
        .to_owned()
}

const PORTS: [&str; 8] = [
    "--c2s-listen",
    "127.0.0.1:0",
    "--c2s-tls-listen",
    "127.0.0.1:0",
    "--admin-tls-listen",
    "127.0.0.1:0",
    "--admin-listen",
    "127.0.0.1:0",
];

fn check(home: &Home, arguments: &[&str]) -> Outcome {
    home.hearth(&[&["check", "--json"], &PORTS[..], arguments].concat())
}

#[test]
fn before_the_first_start_all_is_well() {
    let home = Home::new();
    let outcome = check(&home, &[]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert_eq!(level(&outcome, "data will be made at the first start"), "ok");
    assert_eq!(level(&outcome, "data/hearth.db will be made at the first start"), "ok");
    assert_eq!(level(&outcome, "localhost is a name that only this machine"), "warning");
    assert!(!home.path("data").exists(), "looking changes nothing");
    assert!(home.hearth(&["check"]).out.contains("file limit"), "people get lines");
}

#[test]
fn ports_are_ours_free_or_taken() {
    let home = Home::new();
    let server = home.start(&[]);
    let ours = server.address("c2s").to_string();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let other = taken.local_addr().unwrap().to_string();
    let outcome = home.hearth(&["check", "--json", "--c2s-listen", &ours, "--c2s-tls-listen", &other]);
    assert_eq!(
        level(&outcome, &format!("{ours} (c2s.listen): this server listens there")),
        "ok"
    );
    assert_eq!(
        level(&outcome, &format!("{other} (c2s.tls_listen) cannot be listened on")),
        "error"
    );
    assert_eq!(
        level(
            &outcome,
            &format!("data, in use by this server, process {}", server.pid())
        ),
        "ok"
    );
    outcome.failed(1, "must be mended");
    server.stop();
}

#[test]
fn what_must_be_mended_is_an_error() {
    let home = Home::new();
    let made = rcgen::generate_simple_self_signed(["example.org".to_owned()]).unwrap();
    home.write("chain.pem", &made.cert.pem());
    home.write("key.pem", &made.signing_key.serialize_pem());
    let files = ["--tls-certificate", "chain.pem", "--tls-key", "key.pem"];
    let outcome = check(&home, &files);
    assert_eq!(
        level(&outcome, "chain.pem is not for localhost, only for example.org"),
        "error"
    );
    assert_eq!(level(&outcome, "chain.pem vouches for itself"), "warning");
    outcome.failed(1, "one thing must be mended");

    home.write("key.pem", "");
    assert_eq!(check(&home, &files).status, 1);

    home.write("empty.db", "");
    let outcome = check(&home, &["--database-url", "sqlite:empty.db"]);
    assert_eq!(level(&outcome, "the first start makes its tables"), "ok");
    home.write("broken.db", "this is no database, however long one looks at it");
    let outcome = check(&home, &["--database-url", "sqlite:broken.db"]);
    assert_eq!(level(&outcome, "sqlite:broken.db: "), "error");
    let outcome = check(&home, &["--database-url", "postgres://x:hunter2@127.0.0.1:1/x"]);
    assert_eq!(level(&outcome, "nothing answers at 127.0.0.1:1"), "error");
    assert!(!outcome.out.contains("hunter2"));
}

#[test]
fn a_database_that_can_only_be_read_is_an_error() {
    let (home, fresh) = (Home::new(), postgres());
    home.write("hearth.toml", &format!("database.url = \"{}\"\n", fresh.url()));
    home.start(&[]).stop();
    assert_eq!(level(&check(&home, &[]), "answers; accounts: 0"), "ok");
    let read_only = format!("{}&options=-c%20default_transaction_read_only%3Don", fresh.url());
    home.write("hearth.toml", &format!("database.url = \"{read_only}\"\n"));
    let outcome = check(&home, &[]);
    assert_eq!(level(&outcome, "answers, but cannot be written to: "), "error");
    outcome.failed(1, "must be mended");
}

#[test]
fn a_wrong_configuration_is_the_first_finding() {
    let home = Home::new();
    home.write("hearth.toml", "log.levl = \"info\"\n");
    let outcome = home.hearth(&["check", "--json"]);
    assert_eq!(
        level(
            &outcome,
            "hearth.toml:1: there is no key log.levl; did you mean log.level?"
        ),
        "error"
    );
    outcome.failed(2, "the configuration cannot be used");
}

#[test]
fn an_admin_listener_that_others_reach_is_warned_of() {
    let outcome = Home::new().hearth(&[&["check", "--json"], &PORTS[..6], &["--admin-listen", "0.0.0.0:0"]].concat());
    assert_eq!(level(&outcome, "can be reached from other machines"), "warning");
}
