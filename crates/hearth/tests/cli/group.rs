use serde_json::{Value, json};

use crate::home::Home;

fn members(home: &Home, group: &str) -> Vec<(Value, Value)> {
    let shown = home.hearth(&["group", "show", group, "--json"]).json();
    let rows = shown["members"].as_array().unwrap().iter();
    rows.map(|row| (row["jid"].clone(), row["is_admin"].clone())).collect()
}

/// Makes, fills, shares and deletes groups, in whatever way the program gets there.
fn lives(home: &Home) {
    for name in ["alice", "bob", "carol"] {
        let address = format!("{name}@localhost");
        home.hearth_with(&["account", "add", &address, "--password-stdin"], &[], "secret\n")
            .done();
    }
    let made = home.hearth(&[
        "group",
        "add",
        "staff",
        "--display-name",
        "Our <staff>",
        "--description",
        "x",
    ]);
    assert_eq!(made.done().trim(), "staff at localhost: added");
    home.hearth(&["group", "add", "staff"])
        .failed(1, "there is a group staff at localhost already");
    home.hearth(&["group", "add", "boss", "--host", "localhost"]).done();
    home.hearth(&["group", "add", " x"]).failed(1, "no space around it");
    home.hearth(&["group", "add", "x", "--host", "nowhere.test"])
        .failed(1, "this server has no host nowhere.test");

    let add = |names: &[&str]| home.hearth(&[&["group", "member", "add", "staff"], names].concat());
    assert_eq!(
        add(&["alice", "bob@localhost"]).done().trim(),
        "added: 2; there already: 0"
    );
    let some = add(&["carol", "nobody", "alice"]);
    some.failed(1, "not all are members now");
    assert!(
        some.out.contains("added: 1; there already: 1")
            && some
                .out
                .contains("refused: nobody: there is no account nobody@localhost"),
        "{some:?}"
    );
    add(&["alice", "--admin"]).done();
    let jids = ["alice@localhost", "bob@localhost", "carol@localhost"];
    let expected = jids.map(|jid| (json!(jid), json!(jid.starts_with("alice"))));
    assert_eq!(members(home, "staff"), expected);
    let remove = ["group", "member", "remove", "staff", "bob", "carol@localhost"];
    home.hearth(&remove).done();
    home.hearth(&remove).failed(1, "bob is no member of this group");
    assert_eq!(members(home, "staff").len(), 1);

    let share = |rest: &[&str]| home.hearth(&[&["group", "share", "staff", "--with"], rest].concat());
    assert_eq!(
        share(&["groups", "--viewer", "boss"]).done().trim(),
        "staff at localhost: shown to its members and to boss, as \"Our <staff>\""
    );
    share(&["groups", "--viewer", "none"]).failed(1, "there is no group none at localhost");
    share(&["groups"]).failed(2, "--viewer");
    share(&["host", "--viewer", "boss"]).failed(2, "only with it");
    share(&["host"]).done();
    let list = home.hearth(&["group", "list", "--json"]).json();
    let rows: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row["name"], &row["members"], &row["shown_to"]))
        .collect();
    assert_eq!(
        rows,
        [
            (&json!("boss"), &json!(0), &json!("nobody")),
            (&json!("staff"), &json!(1), &json!("host"))
        ]
    );
    let table = home.hearth(&["group", "list"]).done();
    assert!(table.contains("shown to everybody of the host"), "{table}");
    assert_eq!(
        home.hearth(&["group", "delete", "staff"]).done().trim(),
        "staff at localhost: deleted"
    );
    home.hearth(&["group", "show", "staff"])
        .failed(1, "there is no group staff at localhost");
}

#[test]
fn groups_are_cared_for_while_no_server_runs() {
    lives(&Home::new());
}

#[test]
fn groups_are_cared_for_through_the_running_server() {
    let home = Home::new();
    let server = home.start(&[]);
    lives(&home);
    server.stop();
}
