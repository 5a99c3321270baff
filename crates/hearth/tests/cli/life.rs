use std::{os::unix::net::UnixDatagram, path::Path};

use nix::sys::signal::Signal;
use serde_json::Value;
use storage::{Options, Storage};

use crate::{home::Home, stream::Stream};

#[test]
fn the_first_start_needs_nothing_and_says_how_to_go_on() {
    let home = Home::new();
    let server = home.start(&[]);
    for words in [
        "runs for localhost",
        "(STARTTLS)",
        "(direct TLS)",
        "http://127.0.0.1:",
        "sqlite:data/hearth.db",
        "self-signed, in data/certs",
    ] {
        assert!(
            server.greeting.contains(words),
            "{words:?} is missing: {}",
            server.greeting
        );
    }
    let command = server.greeting.lines().last().unwrap().trim();
    assert!(command.ends_with(" account add alice@localhost"), "{command}");
    home.shell(&format!("{command} --password-stdin"), "secret\n").done();
    assert_eq!(
        home.hearth(&["account", "list", "--json"]).json()[0]["jid"],
        "alice@localhost"
    );
    assert!(home.path("data/hearth.db").exists() && home.path("data/certs").exists());
    server.stop();
}

#[test]
fn what_is_written_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    std::fs::create_dir(home.path("data")).unwrap();
    let server = home.start(&[]);
    let mut directories = vec![home.path("data/certs")];
    let files = std::fs::read_dir(home.path("data"))
        .unwrap()
        .chain(std::fs::read_dir(directories.pop().unwrap()).unwrap());
    // A certificate is public by nature.
    let is_secret = |file: &std::fs::DirEntry| !file.file_name().to_string_lossy().ends_with(".crt");
    for file in files.map(Result::unwrap).filter(is_secret) {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", file.path().display());
    }
    server.stop();
}

#[test]
fn the_ready_file_says_where_everything_listens() {
    let home = Home::new();
    home.write("ready.json", "left from an earlier life");
    let server = home.start(&[]);
    for listener in ["c2s", "c2s_tls", "admin"] {
        let address = server.address(listener);
        assert!(
            address.ip().is_loopback() && address.port() != 0,
            "{listener} {address}"
        );
        std::net::TcpStream::connect(address).unwrap();
    }
    assert!(Path::new(&format!("/proc/{}", server.pid())).exists());
    server.stop();
}

#[test]
fn a_listener_is_switched_off_by_an_empty_list() {
    let home = Home::new();
    let server = home.start_on(["", "127.0.0.1:0,127.0.0.1:0", ""], &[]);
    let count = |listener: &str| server.ready[listener].as_array().unwrap().len();
    assert_eq!((count("c2s"), count("c2s_tls"), count("admin")), (0, 2, 0));
    server.stop();
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let home = Home::new();
    let server = home.start(&[]);
    let second = home.hearth(&["run", "--c2s-listen", "127.0.0.1:0"]);
    second.failed(
        1,
        &format!(
            "another server (process {}) runs on the data directory data",
            server.pid()
        ),
    );
    assert!(
        server.get("/readyz").contains("200 OK"),
        "the first one is not disturbed"
    );
    server.stop();
    home.start(&[]).stop();
}

#[test]
fn a_killed_server_leaves_nothing_in_the_way_of_the_next() {
    let home = Home::new();
    let server = home.start(&[]);
    server.signal(Signal::SIGKILL);
    assert_ne!(server.end(), Some(0));
    home.hearth_with(
        &["account", "add", "alice@localhost", "--password-stdin"],
        &[],
        "secret\n",
    )
    .done();
    home.start(&[]).stop();
}

#[test]
fn an_address_that_is_taken_is_named() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let flags = [
        "--c2s-listen",
        "--c2s-tls-listen",
        "--admin-listen",
        "--admin-tls-listen",
    ];
    for flag in flags {
        let mut arguments = vec!["run", flag, &address];
        for other in flags {
            if other != flag {
                arguments.extend([other, "127.0.0.1:0"]);
            }
        }
        home.hearth(&arguments).failed(1, &address);
    }
}

#[test]
fn on_sigterm_streams_are_told_and_the_last_messages_are_on_disk() {
    let home = Home::new();
    home.write("hearth.toml", "[properties]\nc2s.tls_required = false\n");
    for user in ["alice", "bob"] {
        let address = format!("{user}@localhost");
        home.hearth_with(&["account", "add", &address, "--password-stdin"], &[], "secret\n")
            .done();
    }
    let server = home.start(&[]);
    let mut alice = Stream::open(server.address("c2s"));
    alice.log_in("alice");
    for number in 0..50 {
        alice.send(&format!(
            "<message to='bob@localhost' type='chat' id='m{number}'><body>{number}</body></message>"
        ));
    }
    // What is answered was read after all that came before it.
    alice.send("<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
    alice.until("id='p'");

    server.signal(Signal::SIGTERM);

    let last_words = alice.rest();
    assert!(
        last_words.contains("<system-shutdown") && last_words.ends_with("</stream:stream>"),
        "{last_words}"
    );
    drop(alice);
    assert_eq!(server.end(), Some(0), "{}", home.read("log"));
    assert_eq!(stored_for_bob(&home), 50);
}

fn stored_for_bob(home: &Home) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = format!("sqlite:{}", home.path("data/hearth.db").display());
        let storage = Storage::open(&Options::new(url)).await.unwrap();
        let host = storage.hosts().find("localhost").await.unwrap().unwrap();
        let bob = storage.accounts().find(host, "bob").await.unwrap().unwrap();
        storage.log().usage(bob.id).await.unwrap().rows
    })
}

#[test]
fn sessions_are_listed_and_closed() {
    let home = Home::new();
    home.write("hearth.toml", "[properties]\nc2s.tls_required = false\n");
    home.hearth_with(
        &["account", "add", "alice@localhost", "--password-stdin"],
        &[],
        "secret\n",
    )
    .done();
    let server = home.start(&[]);
    let mut alice = Stream::open(server.address("c2s"));
    alice.log_in("alice");
    let sessions = home.hearth(&["session", "list", "--json"]).json();
    assert_eq!(
        (sessions[0]["jid"].clone(), sessions[0]["mechanism"].clone()),
        ("alice@localhost/x".into(), "SCRAM-SHA-256".into())
    );
    home.hearth(&["session", "close", "alice@localhost/x", "--reason", "tea time"])
        .done();
    let last_words = alice.rest();
    assert!(
        last_words.contains("<policy-violation") && last_words.contains("tea time"),
        "{last_words}"
    );

    let mut alice = Stream::open(server.address("c2s"));
    alice.log_in("alice");
    home.hearth(&["account", "lock", "alice@localhost"]).done();
    assert!(alice.rest().contains("<not-authorized"), "a lock ends sessions");
    home.hearth(&["session", "close", "alice@localhost"])
        .failed(1, "there is no session alice@localhost");
    server.stop();
}

#[test]
fn machines_are_told_how_it_is() {
    let home = Home::new();
    let server = home.start(&[]);
    assert!(server.get("/healthz").contains("200 OK"));
    assert!(server.get("/readyz").contains("200 OK"));
    let metrics = server.get("/metrics");
    assert!(metrics.contains("process_resident_memory_bytes"), "{metrics}");
    assert!(!metrics.contains('@'), "metrics name nobody: {metrics}");
    assert!(server.get("/").contains("303 See Other"), "the console asks who comes");
    server.stop();
}

#[test]
fn logs_are_lines_of_json_where_that_is_asked_for() {
    let home = Home::new();
    home.start(&["--log-format", "json"]).stop();
    let log = home.read("log");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |words: &str| {
        lines
            .iter()
            .any(|line| line["message"] == words && line["level"] == "INFO")
    };
    assert!(said("ready") && said("stopped"), "{log}");
}

#[test]
fn a_second_signal_does_not_wait_for_clients() {
    let home = Home::new();
    home.write("hearth.toml", "[properties]\nc2s.tls_required = false\n");
    home.hearth_with(
        &["account", "add", "alice@localhost", "--password-stdin"],
        &[],
        "secret\n",
    )
    .done();
    let server = home.start(&[]);
    let mut alice = Stream::open(server.address("c2s"));
    alice.log_in("alice");
    server.signal(Signal::SIGTERM);
    // She was told, and stays on the line.
    alice.until("</stream:stream>");
    server.signal(Signal::SIGTERM);
    assert_eq!(server.end(), Some(0));
    let log = home.read("log");
    assert!(log.contains("told again to stop") && log.contains("stopped"), "{log}");
    drop(alice);
}

#[test]
fn a_service_manager_is_told() {
    let home = Home::new();
    let socket = UnixDatagram::bind(home.path("notify")).unwrap();
    let server = home.start_with(&[("NOTIFY_SOCKET", "notify"), ("WATCHDOG_USEC", "200000")]);
    let mut buffer = [0; 256];
    let mut until = |wanted: &str| {
        while {
            let read = socket.recv(&mut buffer).unwrap();
            !std::str::from_utf8(&buffer[..read]).unwrap().contains(wanted)
        } {}
    };
    until("READY=1");
    until("WATCHDOG=1");
    server.signal(Signal::SIGHUP);
    until("RELOADING=1");
    until("READY=1");
    server.signal(Signal::SIGTERM);
    until("STOPPING=1");
    assert_eq!(server.end(), Some(0));
}
