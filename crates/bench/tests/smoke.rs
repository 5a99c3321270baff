//! The relay and the load generator, against each other, small: every scenario, every way to
//! connect. What is checked is what was said and heard, never how long it took.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use bench::client::{Accounts, Security, Target};
use bench::process::Server;
use bench::relay::{Relay, Running};
use bench::report::Report;
use bench::scenario::chat::Chat;
use bench::scenario::idle::Idle;
use bench::scenario::login::Login;
use bench::scenario::{Scenario, Stage};
use bench::scram::client::KeyCache;

const WAYS: [Security; 3] = [Security::Plain, Security::Starttls, Security::Direct];

fn relay(security: Security) -> (Running, Target) {
    let any = "127.0.0.1:0".parse().unwrap();
    let relay = Relay::bind(any, any, "bench").unwrap();
    let address = match security {
        Security::Direct => relay.addresses.tls,
        Security::Plain | Security::Starttls => relay.addresses.starttls,
    };
    let target = Target {
        domain: "localhost".to_owned(),
        addresses: vec![address],
        security,
        accounts: Accounts::default(),
        sources: 4,
    };
    (relay.spawn().unwrap(), target)
}

fn play(target: &Target, scenario: &Scenario) -> anyhow::Result<Report> {
    let pid = i32::try_from(std::process::id()).unwrap();
    scenario.run(&mut Stage {
        target,
        server: &Server { pids: vec![pid] },
        keys: &mut KeyCache::default(),
    })
}

fn check_chat(security: Security, chat: &Chat) {
    let (_relay, target) = relay(security);
    let report = play(&target, &Scenario::Chat(chat.clone())).unwrap();
    let fates = report.fates.unwrap();
    let case = format!("{security:?} {chat:?}: {fates:?}");
    assert!(report.count > 0, "{case}");
    assert!(fates.sent >= report.count, "{case}");
    assert_eq!(report.latency.total(), report.count, "{case}");
    assert_eq!((fates.lost, fates.duplicated), (0, 0), "{case}");
    assert_eq!((fates.disordered, fates.unacknowledged), (0, 0), "{case}");
    assert_eq!(report.sessions, 8, "{case}");
    assert_eq!(report.failed, 0, "{case}");
    assert!(report.cpu_each().unwrap() > 0.0, "{case}");
}

fn short() -> Chat {
    Chat {
        sessions: 8,
        warm_up: 0.05,
        seconds: 0.2,
        ..Chat::default()
    }
}

#[test]
fn messages_arrive_once_and_in_order_however_they_travel() {
    for security in WAYS {
        for sm in [false, true] {
            check_chat(security, &Chat { sm, ..short() });
        }
    }
}

#[test]
fn messages_arrive_once_and_in_order_in_every_mixture() {
    check_chat(Security::Direct, &Chat { window: 7, ..short() });
    check_chat(
        Security::Direct,
        &Chat {
            store: true,
            full: true,
            ..short()
        },
    );
    check_chat(
        Security::Direct,
        &Chat {
            text: 40_000,
            window: 5,
            ..short()
        },
    );
    check_chat(
        Security::Direct,
        &Chat {
            rate: Some(500),
            sm: true,
            ..short()
        },
    );
}

#[test]
fn logins_are_counted_and_every_session_ends() {
    for security in WAYS {
        let (_relay, target) = relay(security);
        let login = Login {
            accounts: 5,
            in_flight: 3,
            rate: None,
            seconds: 0.2,
        };
        let report = play(&target, &Scenario::Login(login)).unwrap();
        assert!(report.count > 0, "{security:?}");
        assert_eq!(report.latency.total(), report.count, "{security:?}");
    }
}

#[test]
fn idle_sessions_stay() {
    let (_relay, target) = relay(Security::Starttls);
    let idle = Idle {
        sessions: 20,
        sm: true,
        seconds: 0.1,
    };
    let report = play(&target, &Scenario::Idle(idle)).unwrap();
    assert_eq!(report.sessions, 20);
    assert_eq!(report.failed, 0);
    assert!(report.bytes_each().is_some());
}

#[test]
fn a_wrong_password_is_an_error_that_says_so() {
    let (_relay, mut target) = relay(Security::Direct);
    target.accounts.password = "guess".to_owned();
    let login = Login {
        accounts: 1,
        ..Login::default()
    };
    let error = play(&target, &Scenario::Login(login)).unwrap_err();
    assert!(format!("{error:#}").contains("not-authorized"), "{error:#}");
}
