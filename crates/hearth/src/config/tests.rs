//! What a configuration may say, and what is said about one that is wrong.
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt;

use ops::{Applies, Catalogue, Definition, Kind, Value};
use tempfile::TempDir;

use super::*;

/// Sources with this file, these variables and these flags.
struct Given {
    sources: Sources,
    directory: TempDir,
}

fn given(file: &str, environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Given {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.toml");
    std::fs::write(&path, file).unwrap();
    let environment = environment
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let flags = flags.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Given {
        sources: Sources {
            file: Some(path),
            environment,
            flags,
        },
        directory,
    }
}

impl Given {
    fn load(&self) -> Result<Configuration, Problems> {
        self.sources.load(&properties())
    }
}

fn properties() -> Catalogue {
    let definition = |name, kind, default| Definition {
        name,
        doc: "",
        kind,
        default,
        applies: Applies::Live,
        is_secret: false,
    };
    Catalogue::new(vec![
        definition("registration.enabled", Kind::Bool, Value::Bool(false)),
        definition("cluster.enabled", Kind::Bool, Value::Bool(false)),
        definition("sm.resume_secs", Kind::Int { min: 0, max: 3600 }, Value::Int(600)),
    ])
}

fn refused(given: &Given, expected: &str) {
    let text = given
        .load()
        .unwrap_err()
        .to_string()
        .replace(&format!("{}/", given.directory.path().display()), "");
    assert_eq!(text, expected);
}

#[test]
fn the_sample_is_the_defaults_as_it_is_and_with_its_comments_taken_off() {
    let sample = sample("\"registration.enabled\" = true");
    let defaults = given("", &[], &[]).load().unwrap();
    assert_eq!(given(&sample, &[], &[]).load().unwrap().config, defaults.config);

    let is_setting = |line: &str| line.starts_with('#') && !line.starts_with("# ") && line.contains(" = ");
    let off = |line: &str| format!("{}\n", if is_setting(line) { &line[1..] } else { line });
    let bare: String = sample.lines().map(off).collect();
    let loaded = given(&bare, &[], &[]).load().unwrap();
    let mut expected = defaults.config;
    // The examples of what has no default.
    expected.node_name = "chat1".into();
    expected.secret.file = Some("/etc/hearth/secret.key".into());
    expected.tls.certificate = Some("/etc/hearth/chain.pem".into());
    expected.tls.key = Some("/etc/hearth/key.pem".into());
    expected.tls.trust = vec!["/etc/hearth/ca.pem".into()];
    expected.cluster.advertise = Some("chat1.example.org:5701".into());
    expected.cluster.secret = Some("a phrase that all servers of the cluster have".into());
    assert_eq!(loaded.config, expected);
    assert_eq!(loaded.pins.len(), 1);
    for key in keys::KEYS {
        assert!(
            !matches!(loaded.origin(key.setting.name), Origin::Default),
            "{} is not in the sample",
            key.setting.name
        );
    }
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file_and_that_over_the_default() {
    let file = "node_name = \"file\"";
    let environment = [("HEARTH_NODE_NAME", "environment")];
    let flags = [("node_name", "flag")];
    for (given, name, origin) in [
        (given(file, &environment, &flags), "flag", "--node-name"),
        (given(file, &environment, &[]), "environment", "HEARTH_NODE_NAME"),
        (given(file, &[], &[]), "file", "test.toml:1"),
    ] {
        let loaded = given.load().unwrap();
        assert_eq!(loaded.config.node_name, name);
        assert!(
            loaded.origin("node_name").to_string().ends_with(origin),
            "{}",
            loaded.origin("node_name")
        );
    }
    let loaded = given("", &[], &[]).load().unwrap();
    assert_eq!(loaded.origin("node_name"), &Origin::Default);
}

#[test]
fn names_are_the_same_in_file_environment_and_flags() {
    let expected = vec!["127.0.0.1:1".parse().unwrap(), "[::1]:2".parse().unwrap()];
    for given in [
        given("[c2s]\ntls_listen = [\"127.0.0.1:1\", \"[::1]:2\"]", &[], &[]),
        given("c2s.tls_listen = [\"127.0.0.1:1\", \"[::1]:2\"]", &[], &[]),
        given("", &[("HEARTH_C2S__TLS_LISTEN", "127.0.0.1:1,[::1]:2")], &[]),
        given("", &[], &[("c2s.tls_listen", "127.0.0.1:1, [::1]:2")]),
    ] {
        assert_eq!(given.load().unwrap().config.c2s.tls_listen, expected);
    }
}

#[test]
fn a_listener_is_switched_off_by_an_empty_list() {
    for given in [
        given("c2s.listen = []", &[], &[]),
        given("", &[("HEARTH_C2S__LISTEN", "")], &[]),
    ] {
        assert!(given.load().unwrap().config.c2s.listen.is_empty());
    }
}

#[test]
fn one_domain_or_several() {
    for (given, expected) in [
        (given("domain = \"Example.ORG\"", &[], &[]), vec!["example.org"]),
        (
            given("domains = [\"b.example\", \"a.example\", \"b.example\"]", &[], &[]),
            vec!["b.example", "a.example"],
        ),
        (
            given("domains = [\"b.example\"]", &[("HEARTH_DOMAIN", "a.example")], &[]),
            vec!["a.example"],
        ),
        (
            given("", &[("HEARTH_DOMAINS", "a.example")], &[("domain", "c.example")]),
            vec!["c.example"],
        ),
    ] {
        assert_eq!(given.load().unwrap().config.domains, expected);
    }
}

#[test]
fn the_database_is_in_the_data_directory_unless_it_is_elsewhere() {
    for (given, url) in [
        (given("", &[], &[]), "sqlite:data/hearth.db"),
        (
            given("data_dir = \"/srv/hearth\"", &[], &[]),
            "sqlite:/srv/hearth/hearth.db",
        ),
        (
            given("data_dir = \"/srv/x\"\ndatabase.url = \"postgres://db/x\"", &[], &[]),
            "postgres://db/x",
        ),
    ] {
        assert_eq!(given.load().unwrap().config.database.url, url);
    }
}

#[test]
fn properties_are_pinned_with_the_place_that_pins_them() {
    let file = "[properties]\n\"registration.enabled\" = true\nsm.resume_secs = 60";
    let loaded = given(file, &[("HEARTH_PROPERTIES__SM__RESUME_SECS", "90")], &[])
        .load()
        .unwrap();
    let pins: Vec<_> = loaded
        .pins
        .iter()
        .map(|pin| (pin.name.as_str(), pin.value.clone()))
        .collect();
    assert_eq!(
        pins,
        [
            ("registration.enabled", Value::Bool(true)),
            ("sm.resume_secs", Value::Int(90))
        ]
    );
    assert!(loaded.pins[0].origin.to_string().ends_with("test.toml:2"));
    assert_eq!(loaded.pins[1].origin.to_string(), "HEARTH_PROPERTIES__SM__RESUME_SECS");
}

#[test]
fn mistakes_name_the_place_the_key_the_value_and_what_is_allowed() {
    let addresses = "lists of IP addresses with a port, as \"127.0.0.1:5222\" or \"[::]:5222\"";
    for (given, expected) in [
        (given("\n\nc2s.lisen = []", &[], &[]), "test.toml:3: there is no key c2s.lisen; did you mean c2s.listen?".to_owned()),
        (given("zzz = 1", &[], &[]), "test.toml:1: there is no key zzz; `hearth config sample` shows all keys".to_owned()),
        (given("", &[("HEARTH_DATABASE__URI", "x")], &[]), "HEARTH_DATABASE__URI: there is no key database.uri; did you mean database.url?".to_owned()),
        (
            given("[database]\nmax_connections = 0", &[], &[]),
            "test.toml:2: database.max_connections = 0 is not allowed: allowed are whole numbers from 2 to 1000".to_owned(),
        ),
        (
            given("", &[], &[("database.max_connections", "many")]),
            "--database-max-connections: database.max_connections = \"many\" is not allowed: allowed are whole numbers from 2 to 1000".to_owned(),
        ),
        (
            given("[c2s]\nlisten = [\n  \"localhost:5222\"\n]", &[], &[]),
            format!("test.toml:2: c2s.listen = [\"localhost:5222\"] is not allowed: allowed are {addresses}"),
        ),
        (given("c2s.listen = [1]", &[], &[]), format!("test.toml:1: c2s.listen = [1] is not allowed: allowed are {addresses}")),
        (given("log.format = 1.5", &[], &[]), "test.toml:1: log.format = 1.5 is not allowed: allowed are human, json".to_owned()),
        (
            given("domain = \"a b\"", &[], &[]),
            "test.toml:1: domain = [\"a b\"] is not allowed: allowed are lists of domain names, as \"example.org\"".to_owned(),
        ),
        (
            given("domain = \"a.example\"\ndomains = [\"b.example\"]", &[], &[]),
            "test.toml:2: domain and domains mean the same: give only one of them".to_owned(),
        ),
        (given("domains = []", &[], &[]), "test.toml:1: domains is empty: give at least one".to_owned()),
        (
            given("tls.certificate = \"a.pem\"", &[], &[]),
            "test.toml:1: tls.certificate is of no use without tls.key: give both or neither".to_owned(),
        ),
        (
            given("[properties]\nsm.resume_sec = 1", &[], &[]),
            "test.toml:2: there is no property sm.resume_sec; did you mean sm.resume_secs?".to_owned(),
        ),
        (
            given("[properties]\nsm.resume_secs = 9999", &[], &[]),
            "test.toml:2: sm.resume_secs = 9999 is not allowed: allowed are whole numbers from 0 to 3600".to_owned(),
        ),
        (
            given("[properties]\nregistration.enabled = \"yes\"", &[], &[]),
            "test.toml:2: registration.enabled = \"yes\" is not allowed: allowed are true and false".to_owned(),
        ),
    ] {
        refused(&given, &expected);
    }
}

#[test]
fn clustering_cannot_be_pinned_on_where_the_database_is_sqlite() {
    let why = "clustering needs a database that several servers can share, and SQLite is for one server alone: \
               set database.url to a PostgreSQL or MariaDB database first";
    let pinned = "[properties]\n\"cluster.enabled\" = true";
    refused(
        &given(pinned, &[], &[]),
        &format!("test.toml:2: cluster.enabled = true is not possible: {why}"),
    );
    let variable = [("HEARTH_PROPERTIES__CLUSTER__ENABLED", "true")];
    refused(
        &given("database.url = \"sqlite:/srv/hearth.db\"", &variable, &[]),
        &format!("HEARTH_PROPERTIES__CLUSTER__ENABLED: cluster.enabled = true is not possible: {why}"),
    );
    for url in ["postgres://db/x", "mariadb://db/x"] {
        assert!(given(pinned, &[], &[("database.url", url)]).load().is_ok(), "{url}");
    }
    let off = "[properties]\n\"cluster.enabled\" = false";
    assert!(given(off, &[], &[]).load().is_ok());
}

#[test]
fn where_a_cluster_reaches_this_server() {
    for given in [
        given(
            "[cluster]\nports = \"6000-6009\"\ninterfaces = [\"10.0.*\", \"eth0\"]\nadvertise = \"chat1:6000\"",
            &[],
            &[],
        ),
        given(
            "",
            &[
                ("HEARTH_CLUSTER__PORTS", "6000-6009"),
                ("HEARTH_CLUSTER__INTERFACES", "10.0.*,eth0"),
                ("HEARTH_CLUSTER__ADVERTISE", "chat1:6000"),
            ],
            &[],
        ),
    ] {
        let cluster = given.load().unwrap().config.cluster;
        assert_eq!(cluster.ports, Ports(6000..=6009));
        assert_eq!(cluster.interfaces, ["10.0.*", "eth0"]);
        assert_eq!(cluster.advertise.as_deref(), Some("chat1:6000"));
    }
    let cluster = given("", &[], &[]).load().unwrap().config.cluster;
    assert_eq!((cluster.ports, cluster.interfaces), (Ports(5701..=5800), Vec::new()));
}

#[test]
fn a_cluster_is_not_looked_for_in_impossible_places() {
    for (key, value) in [
        ("ports", "\"5800-5701\""),
        ("ports", "\"http\""),
        ("ports", "5701"),
        ("interfaces", "[\"\"]"),
        ("interfaces", "[\"10.0.0.0/8\"]"),
        ("advertise", "\"chat1\""),
        ("advertise", "\"chat1:0\""),
        ("advertise", "\"fd00::7\""),
    ] {
        let text = given(&format!("cluster.{key} = {value}"), &[], &[])
            .load()
            .unwrap_err()
            .to_string();
        assert!(
            text.contains(&format!("cluster.{key} = {value} is not allowed")),
            "{text}"
        );
    }
}

#[test]
fn the_clusters_secret_is_never_repeated() {
    let loaded = given("cluster.secret = \"open sesame\"", &[], &[]).load().unwrap();
    assert_eq!(loaded.config.cluster.secret.as_deref(), Some("open sesame"));
    let shown = show(&loaded);
    let secret = shown.iter().find(|key| key.name == "cluster.secret").unwrap();
    assert_eq!(secret.value, Value::Text("****".into()));
    assert!(!format!("{:?}", loaded.config).contains("sesame"));

    let short = [("HEARTH_CLUSTER__SECRET", "sesame")];
    for given in [given("cluster.secret = \"sesame\"", &[], &[]), given("", &short, &[])] {
        let text = given.load().unwrap_err().to_string();
        assert!(
            text.contains("cluster.secret = **** is not allowed") && !text.contains("sesame"),
            "{text}"
        );
    }
    assert_eq!(
        given("cluster.secret = \"\"", &[], &[])
            .load()
            .unwrap()
            .config
            .cluster
            .secret,
        None
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let given = given(
        "a = 1\nlog.format = \"xml\"",
        &[("HEARTH_LOG__LEVEL", "loud=loud")],
        &[],
    );
    assert_eq!(given.load().unwrap_err().0.len(), 3);
}

#[test]
fn a_file_that_is_no_toml_is_told_with_its_line() {
    let text = given("log.format = \"json\"\nlisten = [", &[], &[])
        .load()
        .unwrap_err()
        .to_string();
    assert!(text.contains("test.toml:2: this is not TOML: "), "{text}");
}

#[test]
fn a_file_that_was_asked_for_and_is_not_there_is_an_error() {
    let sources = Sources {
        file: Some("/nonexistent/hearth.toml".into()),
        ..Sources::default()
    };
    let text = sources.load(&properties()).unwrap_err().to_string();
    assert!(
        text.starts_with("/nonexistent/hearth.toml:1: the file cannot be read: "),
        "{text}"
    );
}

#[test]
fn a_password_in_a_bad_database_url_is_not_repeated() {
    let text = given("database.url = \"oracle://hearth:secret@db/x\"", &[], &[])
        .load()
        .unwrap_err()
        .to_string();
    assert!(text.contains("hearth:****@db") && !text.contains("secret"), "{text}");
}

#[test]
fn variables_that_kubernetes_sets_are_not_ours() {
    let environment = [
        ("HEARTH_PORT", "tcp://10.0.0.1:5222"),
        ("HEARTH_PORT_5222_TCP_ADDR", "10.0.0.1"),
        ("HEARTH_SERVICE_HOST", "10.0.0.1"),
        ("HEARTH_CONFIG", "/etc/hearth.toml"),
        ("HEARTHSTONE", "1"),
    ];
    assert!(given("", &environment, &[]).load().is_ok());
}

#[test]
fn show_masks_secrets_and_names_origins() {
    let loaded = given("database.url = \"postgres://hearth:secret@db/x\"", &[], &[])
        .load()
        .unwrap();
    let shown = show(&loaded);
    let url = shown.iter().find(|key| key.name == "database.url").unwrap();
    assert_eq!(url.value, Value::Text("postgres://hearth:****@db/x".into()));
    assert!(url.origin.ends_with("test.toml:1"));
    assert_eq!(shown.len(), keys::KEYS.len());
}

#[test]
fn secrets_that_everybody_can_read_are_warned_of() {
    let url = "database.url = \"postgres://hearth:secret@db/x\"";
    for (file, mode, expected) in [
        (url, 0o644, 1),
        (url, 0o640, 0),
        ("database.url = \"postgres://db/x\"", 0o644, 0),
        ("cluster.secret = \"open sesame\"", 0o644, 1),
        ("cluster.secret = \"open sesame\"", 0o640, 0),
    ] {
        let given = given(file, &[], &[]);
        let path = given.sources.file.clone().unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(warnings(&given.load().unwrap()).len(), expected, "{file} {mode:o}");
    }
    let given = given("tls.certificate = \"/etc/hosts\"\ntls.key = \"/etc/hosts\"", &[], &[]);
    let warnings = warnings(&given.load().unwrap());
    assert!(warnings[0].contains("/etc/hosts holds the private key"), "{warnings:?}");
}

#[test]
fn a_database_in_the_data_directory_is_told_from_one_elsewhere() {
    let [data, elsewhere] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let (data, elsewhere) = (data.path(), elsewhere.path());
    std::os::unix::fs::symlink(elsewhere, data.join("away")).unwrap();
    std::os::unix::fs::symlink(data, elsewhere.join("home")).unwrap();
    std::fs::write(elsewhere.join("theirs.db"), "").unwrap();
    std::os::unix::fs::symlink(elsewhere.join("theirs.db"), data.join("linked.db")).unwrap();
    let at = |path: PathBuf| format!("sqlite:{}", path.display());
    for (url, is_in) in [
        (at(data.join("hearth.db")), true),
        (format!("sqlite://{}", data.join("hearth.db").display()), true),
        (at(elsewhere.join("home/hearth.db")), true),
        (at(data.join("away/hearth.db")), false),
        (at(data.join("linked.db")), false),
        (at(data.join("../hearth.db")), false),
        (at(elsewhere.join("hearth.db")), false),
        ("postgres://h:p@db/hearth".to_owned(), false),
        ("mysql://h:p@db/hearth".to_owned(), false),
    ] {
        let database = Database {
            url: url.clone(),
            max_connections: 2,
        };
        assert_eq!(database.is_in(data), is_in, "{url}");
    }
}

#[test]
fn a_database_on_a_network_has_a_place() {
    for (url, place) in [
        ("sqlite:data/hearth.db", None),
        ("postgres://h:p@db/hearth", Some("db:5432")),
        ("postgres://h:p:@x@db:5433/hearth?sslmode=require", Some("db:5433")),
        ("mysql://h@192.0.2.7/x", Some("192.0.2.7:3306")),
        ("postgres://h@[2001:db8::1]/x", Some("[2001:db8::1]:5432")),
        ("postgres://h@[2001:db8::1]:9/x", Some("[2001:db8::1]:9")),
        ("postgres://h@localhost/x?host=/run/postgresql", None),
        ("mysql://h@localhost/x?socket=/run/x.sock", None),
        ("postgres:///x", None),
    ] {
        let database = Database {
            url: url.to_owned(),
            max_connections: 2,
        };
        assert_eq!(database.place().as_deref(), place, "{url}");
    }
}
