use std::net::TcpListener;

use serde_json::{Value, json};
use testkit::databases::{Fresh, Kind, fresh};

use crate::home::{Home, Outcome};

const ON_SQLITE: &str = "clustering needs a database that several servers can share, and SQLite is for one server \
                         alone: set database.url to a PostgreSQL or MariaDB database first";

pub(crate) fn postgres() -> Fresh {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(fresh(Kind::Postgres)).unwrap()
}

fn status(home: &Home, arguments: &[&str]) -> Value {
    home.hearth(&[&["cluster", "status", "--json"], arguments].concat())
        .json()
}

/// Tries every way to switch it on.
fn stays_off(home: &Home) {
    home.hearth(&["cluster", "enable"]).failed(1, ON_SQLITE);
    home.hearth(&["property", "set", "cluster.enabled", "true"])
        .failed(1, ON_SQLITE);
    home.hearth(&["property", "set", "cluster.enabled", "true", "--node"])
        .failed(1, ON_SQLITE);
    let status = status(home, &[]);
    assert_eq!(
        (&status["enabled"], &status["can_enable"]),
        (&json!(false), &json!(false))
    );
    assert!(status["reason"].as_str().unwrap().contains(ON_SQLITE), "{status}");
    assert!(home.hearth(&["cluster", "status"]).done().contains(ON_SQLITE));
    home.hearth(&["cluster", "disable"]).done();
}

#[test]
fn sqlite_is_for_one_server_alone() {
    let home = Home::new();
    stays_off(&home);
    let server = home.start(&[]);
    stays_off(&home);
    server.stop();
}

#[test]
fn a_file_that_pins_clustering_on_with_sqlite_cannot_be_used() {
    let home = Home::new();
    home.write("hearth.toml", "[properties]\n\"cluster.enabled\" = true\n");
    let words = format!("hearth.toml:2: cluster.enabled = true is not possible: {ON_SQLITE}");
    for command in [vec!["run"], vec!["cluster", "status"], vec!["check"]] {
        let outcome = home.hearth(&command);
        assert_eq!(outcome.status, 2, "{outcome:?}");
        assert!((outcome.err + &outcome.out).contains(&words), "{command:?}");
    }
    assert!(!home.path("data").exists(), "nothing was begun");
}

#[test]
fn the_cluster_is_looked_at_through_the_server_or_without_one() {
    let home = Home::new();
    let without = status(&home, &[]);
    assert_eq!((&without["state"], &without["node"]), (&Value::Null, &Value::Null));
    assert!(home.hearth(&["cluster", "status"]).done().contains("does not run"));
    home.hearth(&["cluster", "caches"])
        .failed(1, "no server runs on this data directory");
    home.hearth(&["cluster", "drain", "1"])
        .failed(1, "no server runs on this data directory");

    let server = home.start(&[]);
    let with = status(&home, &[]);
    assert_eq!((&with["state"], &with["enabled"]), (&json!("alone"), &json!(false)));
    assert_eq!((&with["members"], &with["database"]), (&json!(0), &json!("sqlite")));
    assert!(home.hearth(&["cluster", "nodes", "--json"]).json().is_array());
    assert!(home.hearth(&["cluster", "nodes"]).done().starts_with("NODE  NAME"));
    assert!(home.hearth(&["cluster", "caches", "--json"]).json().is_array());
    home.hearth(&["cluster", "drain", "chat9"])
        .failed(1, "no server that shares this database has the number or name chat9");
    server.stop();
}

#[test]
fn a_wrong_command_is_not_an_act_that_failed() {
    let home = Home::new();
    for command in [vec!["cluster", "drain"], vec!["cluster", "enabel"], vec!["cluster"]] {
        assert_eq!(home.hearth(&command).status, 2, "{command:?}");
    }
}

#[test]
fn clustering_is_switched_while_no_server_runs_here() {
    let (home, database) = (Home::new(), postgres());
    let url = ["--database-url", database.url()];
    let act = |verb: &str| home.hearth(&[&["cluster", verb, "--json"], &url[..]].concat());
    assert_eq!(act("status").json()["can_enable"], json!(true));
    assert_eq!(act("enable").json()["enabled"], json!(true));
    assert_eq!(status(&home, &url)["enabled"], json!(true));
    let held = home
        .hearth(&[&["property", "get", "cluster.enabled", "--json"], &url[..]].concat())
        .json();
    assert_eq!((&held["value"], &held["source"]), (&json!(true), &json!("cluster")));
    assert_eq!(act("disable").json()["enabled"], json!(false));

    home.write("hearth.toml", "[properties]\n\"cluster.enabled\" = false\n");
    act("enable").failed(1, "cluster.enabled is pinned by hearth.toml:2: change it there");
}

fn check(home: &Home, arguments: &[&str]) -> Outcome {
    let ports = [
        "--c2s-listen",
        "127.0.0.1:0",
        "--c2s-tls-listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
        "--admin-tls-listen",
        "127.0.0.1:0",
        "--cluster-interfaces",
        "127.0.0.1",
    ];
    home.hearth(&[&["check"], &ports[..], arguments].concat())
}

#[test]
fn check_looks_for_a_free_port_where_clustering_is_on() {
    let (home, database) = (Home::new(), postgres());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let arguments = ["--database-url", database.url(), "--cluster-ports", &port];
    let words = format!("no port free in {port} (cluster.ports)");
    assert!(!check(&home, &arguments).out.contains("cluster.ports"), "it is off");

    home.hearth(&["cluster", "enable", "--database-url", database.url()])
        .done();
    let outcome = check(&home, &arguments);
    assert!(outcome.out.contains(&words), "{outcome:?}");
    outcome.failed(1, "must be mended");
    drop(taken);
    let outcome = check(&home, &arguments);
    assert!(
        outcome
            .out
            .contains(&format!("port {port} of {port} (cluster.ports) is free")),
        "{outcome:?}"
    );
}
