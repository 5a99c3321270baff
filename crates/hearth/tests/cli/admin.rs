use serde_json::{Value, json};

use crate::home::Home;

fn add(home: &Home, address: &str) {
    home.hearth_with(&["account", "add", address, "--password-stdin"], &[], "secret\n")
        .done();
}

fn roles(home: &Home) -> Vec<(Value, Value)> {
    let listed = home.hearth(&["admin", "list", "--json"]).json();
    let rows = listed.as_array().unwrap().iter();
    rows.map(|row| (row["jid"].clone(), row["role"].clone())).collect()
}

/// Grants, lists and revokes, in whatever way the program gets there.
fn lives(home: &Home) {
    for name in ["alice", "bob"] {
        add(home, &format!("{name}@localhost"));
    }
    home.hearth(&["admin", "grant", "alice@localhost", "--role", "owner"])
        .done();
    let done = home.hearth(&[
        "admin",
        "grant",
        "bob@localhost",
        "--role",
        "host",
        "--host",
        "localhost",
    ]);
    assert_eq!(done.done().trim(), "bob@localhost is now: administrator of localhost");
    let (alice, bob) = (json!("alice@localhost"), json!("bob@localhost"));
    assert_eq!(
        roles(home),
        [
            (alice.clone(), json!("owner")),
            (bob.clone(), json!({ "host": "localhost" }))
        ]
    );
    home.hearth(&["admin", "revoke", "alice@localhost"])
        .failed(1, "alice@localhost is the only owner: make another one first");
    home.hearth(&["account", "delete", "alice@localhost"])
        .failed(1, "alice@localhost is the only owner");
    home.hearth(&["admin", "grant", "bob@localhost", "--role", "read-only"])
        .done();
    assert_eq!(
        roles(home),
        [(alice.clone(), json!("owner")), (bob, json!("read-only"))]
    );
    home.hearth(&["admin", "revoke", "bob@localhost"]).done();
    home.hearth(&["admin", "revoke", "bob@localhost"])
        .failed(1, "bob@localhost is no administrator");
    home.hearth(&["admin", "grant", "nobody@localhost", "--role", "owner"])
        .failed(1, "there is no account nobody@localhost");
    assert_eq!(roles(home), [(alice, json!("owner"))]);
}

#[test]
fn power_is_given_and_taken_while_no_server_runs() {
    lives(&Home::new());
}

#[test]
fn power_is_given_and_taken_through_the_running_server() {
    let home = Home::new();
    let server = home.start(&[]);
    assert!(
        server.greeting.contains("/setup") && server.greeting.contains("token: "),
        "{}",
        server.greeting
    );
    lives(&home);
    server.stop();
}

#[test]
fn a_host_goes_with_its_role_alone() {
    let home = Home::new();
    add(&home, "alice@localhost");
    home.hearth(&["admin", "grant", "alice@localhost", "--role", "host"])
        .failed(2, "--host");
    home.hearth(&[
        "admin",
        "grant",
        "alice@localhost",
        "--role",
        "owner",
        "--host",
        "localhost",
    ])
    .failed(2, "--host goes with --role host");
    home.hearth(&["admin", "grant", "alice@localhost", "--role", "god"])
        .failed(2, "possible values");
    home.hearth(&[
        "admin",
        "grant",
        "alice@localhost",
        "--role",
        "host",
        "--host",
        "nowhere.example",
    ])
    .failed(1, "this server has no host nowhere.example");
}
