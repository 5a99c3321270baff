use crate::home::Home;

#[test]
fn the_sample_changes_nothing() {
    let home = Home::new();
    let before = home.hearth(&["config", "show", "--json"]).json();
    let sample = home.hearth(&["config", "sample"]).done();
    home.write("hearth.toml", &sample);
    assert_eq!(home.hearth(&["config", "show", "--json"]).json(), before);
}

#[test]
fn show_tells_where_each_value_came_from() {
    let home = Home::new();
    home.write(
        "hearth.toml",
        "[database]\nurl = \"postgres://hearth:hunter2@db/x\"\n[log]\nlevel = \"debug\"\n",
    );
    let environment = [("HEARTH_LOG__LEVEL", "trace"), ("HEARTH_NODE_NAME", "chat1")];
    let shown = home
        .hearth_with(&["config", "show", "--json", "--node-name", "chat2"], &environment, "")
        .json();
    let of = |name: &str| {
        let key = shown
            .as_array()
            .unwrap()
            .iter()
            .find(|key| key["name"] == name)
            .unwrap();
        (
            key["value"].as_str().unwrap().to_owned(),
            key["origin"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(
        of("database.url"),
        ("postgres://hearth:****@db/x".into(), "hearth.toml:2".into())
    );
    assert_eq!(of("log.level"), ("trace".into(), "HEARTH_LOG__LEVEL".into()));
    assert_eq!(of("node_name"), ("chat2".into(), "--node-name".into()));
    assert_eq!(of("data_dir"), ("data".into(), "default".into()));
    assert!(!home.hearth(&["config", "show"]).done().contains("hunter2"));
}

#[test]
fn a_wrong_configuration_ends_every_command_with_the_place() {
    let home = Home::new();
    home.write("hearth.toml", "[c2s]\nlisen = []\n[log]\nformat = \"xml\"\n");
    for command in [
        vec!["run"],
        vec!["config", "show"],
        vec!["account", "list"],
        vec!["property", "list"],
    ] {
        let outcome = home.hearth(&command);
        outcome.failed(2, "hearth.toml:2: there is no key c2s.lisen; did you mean c2s.listen?");
        outcome.failed(
            2,
            "hearth.toml:4: log.format = \"xml\" is not allowed: allowed are human, json",
        );
    }
    let other = home.write("other.toml", "");
    let other = other.to_str().unwrap();
    home.hearth(&["config", "show", "--config", other]).done();
    home.hearth_with(&["config", "show"], &[("HEARTH_CONFIG", other)], "")
        .done();
    home.hearth(&["config", "show", "--config", "none.toml"])
        .failed(2, "none.toml:1: the file cannot be read");
}
