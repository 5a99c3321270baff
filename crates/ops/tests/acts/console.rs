//! Logins at the console, administrators, and the record.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use arc_swap::ArcSwap;
use auth::{Authenticator, SystemRandom};
use ops::{
    Accounts, Actor, Administrators, Applied, Audit, AuditPage, Configured, ConsoleSettings, Entered, Install, Logins,
    Looking, NoLogin, OpsError, Role, SecondFactors, Setup, Token, Written,
};
use storage::{Clock, Options, Storage};

use crate::{Told, local, password, secrets::sealing};

/// A clock that a test turns.
#[derive(Debug, Default)]
pub(crate) struct Hand(AtomicI64);

impl Clock for Hand {
    fn now_micros(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

pub(crate) struct Office {
    pub(crate) storage: Storage,
    pub(crate) clock: Arc<Hand>,
    pub(crate) authenticator: Authenticator,
    pub(crate) accounts: Accounts,
    pub(crate) administrators: Administrators,
    pub(crate) audit: Audit,
    pub(crate) logins: Logins,
    pub(crate) settings: Arc<ArcSwap<ConsoleSettings>>,
    pub(crate) second_factors: SecondFactors,
    pub(crate) setup: Setup,
}

pub(crate) async fn office() -> Office {
    let clock = Arc::new(Hand(AtomicI64::new(1_800_000_000 * SECOND)));
    let options = Options {
        clock: Arc::clone(&clock) as _,
        ..Options::new("sqlite::memory:")
    };
    let storage = Storage::open(&options).await.unwrap();
    storage.hosts().seed(&["one.example", "two.example"]).await.unwrap();
    let settings = auth::Settings {
        iterations: 4096,
        ..auth::Settings::default()
    };
    let door = Authenticator::new(
        storage.clone(),
        settings,
        b"",
        Arc::clone(&clock) as _,
        Arc::new(SystemRandom),
    );
    let authenticator = door.await.unwrap();
    let audit = Audit::new(storage.clone(), "here".into());
    let live = Arc::new(Told::default());
    let accounts = Accounts::new(storage.clone(), live as _, authenticator.clone(), audit.clone());
    for address in ["a@one.example", "b@one.example", "c@two.example"] {
        accounts.add(&local(), address, &password("secret")).await.unwrap();
    }
    let settings = Arc::new(ArcSwap::from_pointee(ConsoleSettings::default()));
    let sealing = sealing(&storage);
    Office {
        clock,
        administrators: Administrators::new(storage.clone(), audit.clone()),
        logins: Logins::new(
            storage.clone(),
            authenticator.clone(),
            audit.clone(),
            Arc::clone(&settings),
            sealing.clone(),
        ),
        second_factors: SecondFactors::new(storage.clone(), audit.clone(), sealing),
        storage: storage.clone(),
        settings,
        setup: Setup::new(storage, accounts.clone(), audit.clone(), Arc::new(Nothing), None),
        authenticator,
        accounts,
        audit,
    }
}

/// A process without a configuration.
struct Nothing;

impl Install for Nothing {
    fn configured(&self) -> Configured {
        Configured {
            database: "sqlite:".into(),
            database_by: Some("a test".into()),
            domains_by: None,
        }
    }

    fn look_at_domain<'a>(&'a self, _: &'a str) -> Looking<'a> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn try_database<'a>(&'a self, _: &'a str) -> Looking<'a> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn write(&self, _: &str, _: &str) -> Written {
        panic!("a database was chosen that may not be")
    }

    fn restart(&self, _: &str) {}
}

impl Office {
    pub(crate) fn wait(&self, secs: i64) {
        self.clock.0.fetch_add(secs * SECOND, Ordering::Relaxed);
    }

    /// Logs in with a password alone.
    pub(crate) async fn log_in(&self, address: &str) -> (Token, Actor) {
        match self.logins.log_in(address, &password("secret"), FROM).await.unwrap() {
            Entered::In(token, actor) => (token, actor),
            Entered::Code(_) => panic!("a code is asked for"),
        }
    }

    pub(crate) async fn grant(&self, address: &str, role: Role) {
        self.administrators.grant(&local(), address, &role).await.unwrap();
    }
}

#[tokio::test]
async fn a_login_ends_after_a_quarter_of_an_hour_without_a_page_and_after_twelve_hours_in_any_case() {
    let office = office().await;
    office.grant("a@one.example", Role::Owner).await;
    let (token, actor) = office.log_in("a@one.example").await;
    assert_eq!((actor.role(), actor.address()), (&Role::Owner, Some(FROM)));
    office.wait(899);
    assert!(
        office.logins.find(&token, FROM, true).await.unwrap().is_some(),
        "a page"
    );
    office.wait(899);
    assert!(
        office.logins.find(&token, FROM, false).await.unwrap().is_some(),
        "no use of it"
    );
    office.wait(3);
    assert!(office.logins.find(&token, FROM, true).await.unwrap().is_none(), "idle");

    let (token, _) = office.log_in("a").await;
    for _ in 0..(12 * 6) {
        assert!(office.logins.find(&token, FROM, true).await.unwrap().is_some());
        office.wait(600);
    }
    office.wait(1);
    assert!(
        office.logins.find(&token, FROM, true).await.unwrap().is_none(),
        "half a day"
    );
}

#[tokio::test]
async fn who_has_no_power_is_not_let_in_and_hears_the_same_as_who_guesses() {
    let office = office().await;
    office.grant("a@one.example", Role::ReadOnly).await;
    for (address, secret) in [
        ("a@one.example", "wrong"),
        ("b@one.example", "secret"),
        ("nobody@one.example", "secret"),
        ("a@nowhere.example", "secret"),
        ("", "secret"),
        ("a\0b", "sec\0ret"),
    ] {
        let refused = office.logins.log_in(address, &password(secret), FROM).await;
        assert!(matches!(refused, Err(NoLogin::Wrong)), "{address}: {refused:?}");
    }
}

#[tokio::test]
async fn there_is_always_an_owner() {
    let office = office().await;
    office.grant("a@one.example", Role::Owner).await;
    let is_last = |result: Result<(), OpsError>| assert!(matches!(result, Err(OpsError::LastOwner(_))), "{result:?}");
    is_last(office.administrators.revoke(&local(), "a@one.example").await);
    is_last(
        office
            .administrators
            .grant(&local(), "a@one.example", &Role::ReadOnly)
            .await,
    );
    is_last(office.accounts.delete(&local(), "a@one.example").await.map(drop));
    office.grant("b@one.example", Role::Owner).await;
    office.administrators.revoke(&local(), "a@one.example").await.unwrap();
    let left = office.administrators.list(&local()).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].jid.as_str(), &left[0].role), ("b@one.example", &Role::Owner));
}

#[tokio::test]
async fn power_is_given_by_owners_alone_and_over_hosts_that_exist() {
    let office = office().await;
    for role in [Role::Host("one.example".into()), Role::ReadOnly] {
        let actor = Actor::Account {
            jid: "b@one.example".parse().unwrap(),
            role,
            address: None,
        };
        let granted = office.administrators.grant(&actor, "b@one.example", &Role::Owner).await;
        assert!(matches!(granted, Err(OpsError::Denied { .. })), "{granted:?}");
        let revoked = office.administrators.revoke(&actor, "a@one.example").await;
        assert!(matches!(revoked, Err(OpsError::Denied { .. })), "{revoked:?}");
    }
    let role = Role::Host("nowhere.example".into());
    let granted = office
        .administrators
        .grant(&local(), "a@one.example", &role)
        .await
        .unwrap_err();
    assert_eq!(
        granted.to_string(),
        "this server has no host nowhere.example; its hosts are one.example, two.example"
    );
}

#[tokio::test]
async fn set_up_is_for_the_one_with_the_token_and_only_once() {
    let office = office().await;
    let token = office.setup.token().to_owned();
    let make = |token: String, address: &'static str| {
        let setup = office.setup.clone();
        async move { setup.make_owner(&token, address, &password("secret")).await }
    };
    assert!(matches!(
        make("x".into(), "d@one.example").await,
        Err(OpsError::WrongToken)
    ));
    assert!(matches!(
        make(token.clone(), "a@one.example").await,
        Err(OpsError::Exists(_))
    ));
    assert!(office.setup.is_open().await.unwrap());
    make(token.clone(), "d@one.example").await.unwrap();
    assert!(!office.setup.is_open().await.unwrap());
    assert!(matches!(make(token, "e@one.example").await, Err(OpsError::SetUp)));
}

#[tokio::test]
async fn a_domain_is_chosen_while_nobody_is_there_and_what_is_decided_elsewhere_is_not() {
    let office = office().await;
    let (setup, token) = (&office.setup, office.setup.token().to_owned());
    for text in ["", "a b", "a@b", "x/y"] {
        assert!(matches!(
            setup.choose_domain(&token, text).await,
            Err(OpsError::NoDomain(_))
        ));
    }
    assert!(matches!(
        setup.choose_domain("x", "chat.example").await,
        Err(OpsError::WrongToken)
    ));
    assert!(matches!(setup.apply("x").await, Err(OpsError::WrongToken)));
    assert_eq!(setup.apply(&token).await.unwrap(), Applied::Holds);
    let fixed = setup.choose_database(&token, Some("postgres://db/x"));
    assert!(matches!(fixed, Err(OpsError::Fixed { .. })), "{fixed:?}");
    setup.choose_domain(&token, "Chat.Example").await.unwrap();
    assert_eq!(setup.info().await.unwrap().domain, "chat.example");
    assert_eq!(setup.apply(&token).await.unwrap(), Applied::Restarts);
    // There are accounts at the others: those stay.
    assert_eq!(
        setup.domains().await.unwrap(),
        ["one.example", "two.example", "chat.example"]
    );
}

#[tokio::test]
async fn the_record_is_read_backwards_and_by_what_is_in_it() {
    let office = office().await;
    for _ in 0..3 {
        office.accounts.unlock(&local(), "a@one.example").await.unwrap();
    }
    let _ = office
        .accounts
        .unlock(&local(), "nobody@one.example")
        .await
        .unwrap_err();
    let page = |act: &str, limit, before| AuditPage {
        act: act.into(),
        limit,
        before,
        ..AuditPage::default()
    };
    let all = office
        .audit
        .list(&local(), &page("account.unlock", 10, None))
        .await
        .unwrap();
    assert_eq!(all.len(), 4);
    assert_eq!(
        (all[0].outcome.as_deref(), all[0].target.as_str()),
        (
            Some("refused: there is no account nobody@one.example"),
            "nobody@one.example"
        )
    );
    assert_eq!(
        (all[1].outcome.as_deref(), all[1].node.as_str()),
        (Some("done"), "here")
    );
    let older = office
        .audit
        .list(&local(), &page("account.unlock", 10, Some(all[1].id)))
        .await
        .unwrap();
    assert_eq!(older, all[2..]);
    assert!(
        office
            .audit
            .list(&local(), &page("%", 10, None))
            .await
            .unwrap()
            .is_empty()
    );
    let of_one = crate::powers::of_one();
    let denied = office.audit.list(&of_one, &page("", 10, None)).await;
    assert!(matches!(denied, Err(OpsError::Denied { .. })));
}

#[tokio::test]
async fn the_records_are_kept_for_as_many_days_as_is_set() {
    const DAY: i64 = 86_400;
    let office = office().await;
    let keep = ops::KeepSettings {
        audit_days: 2,
        history_days: 2,
    };
    office.accounts.unlock(&local(), "a@one.example").await.unwrap();
    office.wait(DAY);
    office.accounts.unlock(&local(), "b@one.example").await.unwrap();
    let forget = async || office.audit.forget_old(&keep, office.clock.now_micros()).await.unwrap();
    assert_eq!(forget().await, (0, 0));
    office.wait(DAY + 1);
    let (acts, _) = forget().await;
    let page = AuditPage {
        limit: 10,
        ..AuditPage::default()
    };
    let left = office.audit.list(&local(), &page).await.unwrap();
    let targets: Vec<_> = left.iter().map(|row| row.target.as_str()).collect();
    assert_eq!(
        (acts, targets),
        (4, vec!["b@one.example"]),
        "three were made at the start"
    );
}
