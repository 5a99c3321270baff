use serde_json::{Value, json};

use crate::{home::Home, stream::Stream};

fn jids(home: &Home) -> Vec<String> {
    let listed = home.hearth(&["account", "list", "--json"]).json();
    listed
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["jid"].as_str().unwrap().to_owned())
        .collect()
}

fn add(home: &Home, address: &str) {
    home.hearth_with(&["account", "add", address, "--password-stdin"], &[], "secret\n")
        .done();
}

/// Adds, lists, changes and deletes, in whatever way the program gets there.
fn lives(home: &Home) {
    add(home, "alice@localhost");
    add(home, "Bob@LOCALHOST");
    assert_eq!(jids(home), ["alice@localhost", "bob@localhost"]);
    home.hearth(&[
        "account",
        "lock",
        "bob@localhost",
        "--reason",
        "spam",
        "--until",
        "2099-01-01T00:00:00Z",
    ])
    .done();
    let listed = home.hearth(&["account", "list", "--prefix", "bo", "--json"]).json();
    assert_eq!(
        listed[0]["lock"],
        json!({ "reason": "spam", "until": 4_070_908_800_000_000_i64 })
    );
    assert_eq!(listed.as_array().unwrap().len(), 1);
    home.hearth(&["account", "unlock", "bob@localhost"]).done();
    let file = home.write("password", "other\n");
    let file = file.to_str().unwrap();
    home.hearth(&["account", "password", "bob@localhost", "--password-file", file])
        .done();
    home.hearth(&["account", "delete", "bob@localhost"]).done();
    home.hearth(&["account", "delete", "bob@localhost"])
        .failed(1, "there is no account bob@localhost");
    assert_eq!(jids(home), ["alice@localhost"]);
    assert!(home.hearth(&["account", "list"]).done().contains("alice@localhost"));
}

#[test]
fn accounts_are_cared_for_while_no_server_runs() {
    lives(&Home::new());
}

#[test]
fn accounts_are_cared_for_through_the_running_server() {
    let home = Home::new();
    let server = home.start(&[]);
    lives(&home);
    assert!(
        home.read("log").contains("an account was added actor=local:"),
        "the server itself did it"
    );
    server.stop();
    assert_eq!(jids(&home), ["alice@localhost"]);
}

/// What a server remembers of those who were there before lets nobody in.
#[test]
fn a_login_right_after_a_change_is_judged_by_it() {
    let home = Home::new();
    home.write("hearth.toml", "[properties]\nc2s.tls_required = false\n");
    add(&home, "alice@localhost");
    let server = home.start(&[]);
    let says = |password: &str, words: &str| {
        let answer = Stream::open(server.address("c2s")).authenticate("alice", password);
        assert!(answer.contains(words), "{answer}");
    };
    let with_password = |command: &str, password: &str| {
        let password = format!("{password}\n");
        let arguments = ["account", command, "alice@localhost", "--password-stdin"];
        home.hearth_with(&arguments, &[], &password).done();
    };
    for _ in 0..2 {
        says("secret", "<success");
    }
    home.hearth(&["account", "lock", "alice@localhost"]).done();
    says("secret", "account-disabled");
    home.hearth(&["account", "unlock", "alice@localhost"]).done();
    says("secret", "<success");
    with_password("password", "other");
    says("secret", "not-authorized");
    says("other", "<success");
    home.hearth(&["account", "delete", "alice@localhost"]).done();
    says("other", "not-authorized");
    with_password("add", "third");
    says("other", "not-authorized");
    says("third", "<success");
    server.stop();
}

#[test]
fn many_commands_at_once_do_not_get_in_each_others_way() {
    let home = Home::new();
    let names: Vec<String> = (0..6).map(|number| format!("user{number}@localhost")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            scope.spawn(|| add(&home, name));
        }
    });
    assert_eq!(jids(&home), names);
}

#[test]
fn what_is_wrong_is_said_with_the_right_exit_status() {
    let home = Home::new();
    add(&home, "alice@localhost");
    let stdin = "--password-stdin";
    for (arguments, input, status, words) in [
        (
            vec!["account", "add", "alice@localhost", stdin],
            "x\n",
            1,
            "there is an account alice@localhost already",
        ),
        (
            vec!["account", "add", "alice@nowhere", stdin],
            "x\n",
            1,
            "this server has no host nowhere; its hosts are localhost",
        ),
        (
            vec!["account", "add", "alice", stdin],
            "x\n",
            1,
            "it must look like user@host",
        ),
        (
            vec!["account", "add", "eve@localhost", stdin],
            "\n",
            2,
            "the password is empty",
        ),
        (
            vec!["account", "add", "eve@localhost"],
            "",
            2,
            "give --password-stdin or --password-file",
        ),
        (
            vec!["account", "add", "eve@localhost", "--password-file", "none"],
            "",
            2,
            "none cannot be read",
        ),
        (
            vec!["account", "add", "eve@localhost", "--password", "x"],
            "",
            2,
            "unexpected argument '--password'",
        ),
        (vec!["account", "add"], "", 2, "required"),
        (
            vec!["account", "lock", "alice@localhost", "--until", "tomorrow"],
            "",
            2,
            "--until",
        ),
        (vec!["session", "list"], "", 1, "no server runs on this data directory"),
        (vec!["bake"], "", 2, "unrecognized subcommand"),
        (vec!["run", "--c2s-lisen", "127.0.0.1:1"], "", 2, "--c2s-listen"),
    ] {
        home.hearth_with(&arguments, &[], input).failed(status, words);
    }
    assert_eq!(jids(&home), ["alice@localhost"]);
}

#[test]
fn accounts_are_carried_from_one_server_to_another() {
    let (from, to) = (Home::new(), Home::new());
    add(&from, "alice@localhost");
    add(&from, "bob@localhost");
    from.hearth(&["account", "export", "--output", "accounts"]).done();
    let lines = from.read("accounts");
    to.hearth_with(&["account", "import", "-"], &[], &lines).done();
    assert_eq!(jids(&to), ["alice@localhost", "bob@localhost"]);
    assert_eq!(to.hearth(&["account", "export"]).done(), lines);
    from.hearth(&["account", "export", "--output", "accounts"])
        .failed(1, "accounts cannot be made");
}

#[test]
fn accounts_are_made_in_bulk_through_a_running_server_too() {
    let home = Home::new();
    // More than one batch, with keys in most of the lines, so that this tests us and not PBKDF2.
    add(&home, "model@localhost");
    let model = home.hearth(&["account", "export"]).done();
    let line = |number| match number {
        7 => r#"{"jid":"user0007@localhost","password":"secret"}"#.to_owned() + "\n",
        _ => model.replace("model@", &format!("user{number:04}@")),
    };
    home.write("bulk", &(0..1100).map(line).collect::<String>());
    let server = home.start(&[]);
    let import = ["account", "import", "bulk", "--iterations", "4096", "--json"];
    let made = home.hearth(&import).json();
    assert_eq!(made, json!({ "created": 1100, "existing": 0, "refused": [] }));
    let again = home.hearth(&import);
    again.failed(1, "not all accounts were made");
    let again: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(again, json!({ "created": 0, "existing": 1100, "refused": [] }));
    assert_eq!(
        home.hearth(&["account", "import", "bulk", "--iterations", "4096", "--skip-existing"])
            .status,
        0
    );
    assert_eq!(jids(&home).len(), 1101);
    server.stop();
}

#[test]
fn a_bad_line_is_refused_without_being_repeated() {
    let home = Home::new();
    let lines = "{\"jid\":\"a@localhost\",\"password\":\"hunter2\",}\n{\"jid\":\"b@localhost\",\"password\":\"x\"}\n";
    let outcome = home.hearth_with(&["account", "import", "--iterations", "4096"], &[], lines);
    outcome.failed(1, "not all accounts were made");
    assert!(
        outcome.out.contains("line 1") && !outcome.out.contains("hunter2"),
        "{outcome:?}"
    );
    assert_eq!(jids(&home), ["b@localhost"]);
}

#[test]
fn an_account_is_carried_whole_as_a_document_that_other_servers_read() {
    let (from, to) = (Home::new(), Home::new());
    add(&from, "alice@localhost");
    let export = ["account", "export", "--xep0227", "alice@localhost"];
    let document = from.hearth(&export).done();
    assert!(
        document.contains("<scram-credentials ") && !document.contains("secret"),
        "{document}"
    );
    from.hearth(&["account", "export", "--xep0227", "nobody@localhost"])
        .failed(1, "there is no account nobody@localhost");
    // A server takes it as the command does without one, and tells it from lines of JSON.
    let server = to.start(&[]);
    to.hearth_with(&["account", "import"], &[], &document).done();
    to.hearth_with(&["account", "import"], &[], &document)
        .failed(1, "not all accounts were made");
    to.hearth_with(&["account", "import"], &[], "<other/>")
        .failed(1, "this is no XEP-0227 document");
    assert_eq!(to.hearth(&export).done(), document);
    server.stop();
}

#[test]
fn what_is_no_file_of_accounts_is_given_up_soon() {
    let home = Home::new();
    // It has no end and no lines.
    home.hearth(&["account", "import", "/dev/zero"])
        .failed(1, "this is no file of accounts");
    let bad = "=cmd|'/C calc'!A0\n";
    let good = |name: &str| format!("{{\"jid\":\"{name}@localhost\",\"password\":\"x\"}}\n");
    let import = ["account", "import", "--iterations", "4096"];
    let some = bad.repeat(600) + &good("a");
    home.hearth_with(&import, &[], &some)
        .failed(1, "not all accounts were made");
    let many = good("b") + &bad.repeat(5000) + &good("c");
    home.hearth_with(&import, &[], &many)
        .failed(1, "stopped at line 1002, 1 accounts were made");
    assert_eq!(jids(&home), ["a@localhost", "b@localhost"]);
    home.hearth(&["account", "import", "."]).failed(1, "cannot read");
}
