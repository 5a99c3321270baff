//! What a login by SCRAM costs the server: `cargo run --release -p auth --example login_cost`.
//!
//! CPU time of the whole process, so that the database's threads count; the clients' own work is left out.

use std::sync::Arc;
use std::time::Duration;

use auth::{Authenticator, Binding, Exchange, Settings, Step, SystemRandom};
use protocol::sasl::scram::{Client, ClientFirst, DerivedKeys, Hash, Keys, Terms};
use protocol::sasl::{Channel, ChannelBinding};
use storage::{HostId, Options, Storage, SystemClock};

const LOGINS: u32 = 20_000;
const EXPORTER: [u8; 32] = [7; 32];

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(measure());
}

async fn measure() {
    println!("{:>6.2} µs  the messages and hashes of SCRAM alone", micros(bare()));
    let folder = std::env::temp_dir().join(format!("login_cost-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    let url = format!("sqlite:{}", folder.join("hearth.db").display());
    let storage = Storage::open(&Options::new(url)).await.expect("the database opens");
    let settings = Settings {
        iterations: 1,
        failures_per_address: u32::MAX,
        ..Settings::default()
    };
    let settings = Settings {
        account_delay: Duration::ZERO,
        ..settings
    };
    let authenticator = Authenticator::new(
        storage.clone(),
        settings,
        b"",
        Arc::new(SystemClock),
        Arc::new(SystemRandom),
    )
    .await;
    let authenticator = authenticator.expect("the database works");
    let host = storage.hosts().add("example.org").await.expect("the database works");
    let credentials = authenticator
        .make_credentials("pencil")
        .await
        .expect("this is a password");
    for user in 0..1_000 {
        let created = storage
            .accounts()
            .create(host, &format!("user{user}"), &credentials)
            .await;
        created.expect("the database works").expect("the account is new");
    }
    for round in 1..=3 {
        println!("round {round}");
        println!(
            "{:>6.2} µs  to read an account with its keys",
            micros(reads(&storage, host).await)
        );
        for (prefix, what) in [("user", "an account that exists"), ("nobody", "one that does not")] {
            let [first, last] = logins(&authenticator, prefix).await.map(micros);
            println!(
                "{:>6.2} µs  {what}: {first:.2} for the first message, {last:.2} for the last",
                first + last
            );
        }
    }
    storage.close().await.expect("the database closes");
    std::fs::remove_dir_all(&folder).expect("what was written can be removed");
}

fn client(user: &str) -> Client {
    Client::new(Hash::Sha256, user, "fyko+d2lbbFgONRv9qkxdawL").bound(ChannelBinding::TlsExporter, &EXPORTER)
}

/// CPU time of `LOGINS` questions to the database.
async fn reads(storage: &Storage, host: HostId) -> Duration {
    let names: Vec<_> = (0..LOGINS).map(|login| format!("user{}", login % 1_000)).collect();
    let start = cpu_time();
    for name in &names {
        let found = storage.accounts().find_with_credentials(host, name).await;
        assert!(found.is_ok_and(|found| found.is_some()));
    }
    cpu_time() - start
}

/// CPU time of the first and the last messages of `LOGINS` logins, round robin over a thousand names.
async fn logins(authenticator: &Authenticator, prefix: &str) -> [Duration; 2] {
    let binding = Binding {
        host: "example.org".to_owned(),
        encrypted: true,
        tls_version: Some(0x0304),
        tls_exporter: Some(EXPORTER),
        tls_server_end_point: Some(vec![9; 32]),
        client_certificate: None,
        address: [192, 0, 2, 1].into(),
    };
    let clients: Vec<_> = (0..LOGINS)
        .map(|login| client(&format!("{prefix}{}", login % 1_000)))
        .collect();
    let firsts: Vec<_> = clients.iter().map(Client::first).collect();
    let mut challenges = Vec::with_capacity(clients.len());
    let start = cpu_time();
    for first in &firsts {
        let step = authenticator
            .start(&binding, "SCRAM-SHA-256-PLUS", Some(first.as_bytes()))
            .await;
        let Step::Challenge(challenge, exchange) = step else {
            panic!("a challenge comes")
        };
        challenges.push((challenge, exchange));
    }
    let begun = cpu_time() - start;
    let answers: Vec<(String, Box<Exchange>)> = clients
        .iter()
        .zip(challenges)
        .map(|(client, (challenge, exchange))| {
            let challenge = String::from_utf8(challenge).expect("challenges are ASCII");
            (
                client
                    .answer(&challenge, "pencil")
                    .expect("the challenge is well-formed")
                    .0,
                exchange,
            )
        })
        .collect();
    let start = cpu_time();
    for (answer, exchange) in answers {
        drop(exchange.respond(answer.as_bytes()).await);
    }
    [begun, cpu_time() - start]
}

/// CPU time of the same without accounts, settings and lists of who failed.
fn bare() -> Duration {
    let derived = DerivedKeys::from_password(Hash::Sha256, "pencil", &[1; 16], 1);
    let keys = Keys {
        salt: &[1; 16],
        iterations: 1,
        stored_key: &derived.stored_key,
        server_key: &derived.server_key,
    };
    let channel = Channel {
        tls_exporter: Some(&EXPORTER),
        tls_server_end_point: None,
    };
    let terms = Terms {
        plus: true,
        plus_offered: true,
        channel,
    };
    let client = client("user");
    let first = client.first();
    let challenge = || {
        let first = ClientFirst::parse(first.as_bytes(), terms).expect("it is well-formed");
        first.challenge(Hash::Sha256, &keys, "3rfcNHYJY1ZVvWVs7j012345", "")
    };
    let (answer, _) = client
        .answer(&challenge().0, "pencil")
        .expect("the challenge is well-formed");
    let start = cpu_time();
    for _ in 0..LOGINS {
        let (_, exchange) = challenge();
        exchange.finish(answer.as_bytes()).expect("the password is right");
    }
    cpu_time() - start
}

/// Per login.
fn micros(total: Duration) -> f64 {
    total.as_secs_f64() * 1e6 / f64::from(LOGINS)
}

/// Time on a processor of all threads of this process.
fn cpu_time() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux has /proc");
    let nanos = tasks.flatten().filter_map(|task| {
        let schedstat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        schedstat.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}
