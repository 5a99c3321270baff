//! Second factors, and showing that it is still oneself.

use std::net::IpAddr;
use std::time::Duration;

use ops::{Actor, AuditPage, ConsoleSettings, Entered, NoLogin, OpsError, Role, SecondFactorRule, Token};
use protocol::sasl::scram::Hash;
use storage::Clock;

use crate::{
    console::{FROM, Office, SECOND, office},
    local, password,
};

/// What an app makes of the secret it was given.
struct App(Vec<u8>);

impl App {
    fn of(written: &str) -> Self {
        let mut bits = 0_u64;
        let mut count = 0;
        let mut secret = Vec::new();
        for letter in written.bytes().filter(|byte| *byte != b' ') {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'2'..=b'7' => letter - b'2' + 26,
                other => panic!("{other} is no letter of base 32"),
            };
            bits = (bits << 5) | u64::from(value);
            count += 5;
            if count >= 8 {
                count -= 8;
                secret.push(u8::try_from((bits >> count) & 0xff).unwrap());
            }
        }
        Self(secret)
    }

    fn code(&self, micros: i64) -> String {
        let hash = Hash::Sha1.hmac(&self.0, &[&(micros / (30 * SECOND)).to_be_bytes()]);
        let at = usize::from(hash[19] & 15);
        let word = u32::from_be_bytes([hash[at], hash[at + 1], hash[at + 2], hash[at + 3]]);
        format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
    }
}

impl Office {
    fn now(&self) -> i64 {
        self.clock.now_micros()
    }

    /// Sets a second factor up; the recovery codes.
    async fn enrol(&self, actor: &Actor) -> (App, Vec<String>) {
        self.second_factors.begin(actor).await.unwrap();
        let pending = self.second_factors.pending(actor).await.unwrap().unwrap();
        assert!(pending.uri.contains(&pending.secret.replace(' ', "")));
        let app = App::of(&pending.secret);
        let codes = self.second_factors.confirm(actor, &app.code(self.now())).await.unwrap();
        (app, codes)
    }

    /// Logs in with a code.
    async fn enter(&self, code: &str) -> Result<(), NoLogin> {
        let token = self.waits("a").await;
        self.logins.enter_code(&token, code, FROM).await.map(|_| ())
    }

    async fn waits(&self, address: &str) -> Token {
        match self.logins.log_in(address, &password("secret"), FROM).await.unwrap() {
            Entered::Code(token) => token,
            Entered::In(..) => panic!("no code is asked for"),
        }
    }
}

#[tokio::test]
async fn with_a_second_factor_a_password_alone_lets_nobody_in() {
    let office = office().await;
    office.grant("a@one.example", Role::Owner).await;
    let (_, actor) = office.log_in("a").await;
    office.second_factors.begin(&actor).await.unwrap();
    let wrong = office.second_factors.confirm(&actor, "000000x").await;
    assert!(matches!(wrong, Err(OpsError::WrongCode)), "{wrong:?}");
    office.log_in("a").await; // Not asked for before it is confirmed.
    let (app, _) = office.enrol(&actor).await;
    assert!(matches!(
        office.second_factors.begin(&actor).await,
        Err(OpsError::HasSecondFactor)
    ));
    assert!(
        office.second_factors.pending(&actor).await.unwrap().is_none(),
        "the secret is shown no more"
    );

    let token = office.waits("a").await;
    assert!(
        office.logins.find(&token, FROM, true).await.unwrap().is_none(),
        "half a login is none"
    );
    let code = app.code(office.now());
    let replayed = office.logins.enter_code(&token, &code, FROM).await;
    assert!(
        matches!(replayed, Err(NoLogin::WrongCode)),
        "it was used to confirm: {replayed:?}"
    );
    office.wait(30);
    let code = app.code(office.now());
    let (entered, _) = office
        .logins
        .enter_code(&token, &format!(" {} {} ", &code[..3], &code[3..]), FROM)
        .await
        .unwrap();
    assert!(office.logins.find(&entered, FROM, true).await.unwrap().is_some());
    let again = office.logins.enter_code(&token, &app.code(office.now()), FROM).await;
    assert!(matches!(again, Err(NoLogin::TooLate)), "{again:?}");
    let token = office.waits("a").await;
    let replayed = office.logins.enter_code(&token, &code, FROM).await;
    assert!(matches!(replayed, Err(NoLogin::WrongCode)), "{replayed:?}");
}

#[tokio::test]
async fn a_secret_that_nobody_confirms_is_shown_to_nobody_who_comes_later() {
    let office = office().await;
    office.grant("a@one.example", Role::Owner).await;
    let (_, actor) = office.log_in("a").await;
    office.second_factors.begin(&actor).await.unwrap();
    let app = App::of(&office.second_factors.pending(&actor).await.unwrap().unwrap().secret);
    office.wait(601);
    assert!(office.second_factors.pending(&actor).await.unwrap().is_none());
    let late = office.second_factors.confirm(&actor, &app.code(office.now())).await;
    assert!(matches!(late, Err(OpsError::NoSecondFactor(_))), "{late:?}");
}

#[tokio::test]
async fn half_a_login_ends_after_five_minutes() {
    let office = office().await;
    office.grant("a@one.example", Role::Owner).await;
    let (_, actor) = office.log_in("a").await;
    let (app, _) = office.enrol(&actor).await;
    let token = office.waits("a").await;
    office.wait(301);
    let late = office.logins.enter_code(&token, &app.code(office.now()), FROM).await;
    assert!(matches!(late, Err(NoLogin::TooLate)), "{late:?}");
}

#[tokio::test]
async fn a_recovery_code_lets_in_once() {
    let office = office().await;
    office.grant("a@one.example", Role::Owner).await;
    let (_, actor) = office.log_in("a").await;
    let (_, codes) = office.enrol(&actor).await;
    assert_eq!(codes.len(), 10);
    let token = office.waits("a").await;
    office
        .logins
        .enter_code(&token, &codes[0].to_uppercase(), FROM)
        .await
        .unwrap();
    let token = office.waits("a").await;
    let again = office.logins.enter_code(&token, &codes[0], FROM).await;
    assert!(matches!(again, Err(NoLogin::WrongCode)), "{again:?}");
    assert_eq!(office.second_factors.own(&actor).await.unwrap().recovery_codes, 9);
    let renewed = office.second_factors.renew_recovery(&actor).await.unwrap();
    let old = office.logins.enter_code(&token, &codes[1], FROM).await;
    assert!(matches!(old, Err(NoLogin::WrongCode)), "{old:?}");
    office.logins.enter_code(&token, &renewed[0], FROM).await.unwrap();
}

#[tokio::test]
async fn who_guesses_codes_is_stopped_at_the_account_and_at_the_address() {
    let office = office().await;
    office.grant("a@one.example", Role::Owner).await;
    let (_, actor) = office.log_in("a").await;
    let (app, _) = office.enrol(&actor).await;
    office.wait(30);
    let token = office.waits("a").await;
    for _ in 0..5 {
        let wrong = office.logins.enter_code(&token, "12345", FROM).await;
        assert!(matches!(wrong, Err(NoLogin::WrongCode)), "{wrong:?}");
    }
    // From anywhere, and with the password known, and even with the right code.
    let elsewhere: IpAddr = "198.51.100.9".parse().unwrap();
    let token = office.waits("a").await;
    let right = office
        .logins
        .enter_code(&token, &app.code(office.now()), elsewhere)
        .await;
    assert!(matches!(right, Err(NoLogin::NotNow(_))), "{right:?}");
    office.wait(900);
    let token = office.waits("a").await;
    office
        .logins
        .enter_code(&token, &app.code(office.now()), FROM)
        .await
        .unwrap();
    // Wrong codes are counted at their address, and the right password between them forgives none.
    office.authenticator.set_settings(auth::Settings {
        failures_per_address: 3,
        iterations: 4096,
        ..auth::Settings::default()
    });
    for _ in 0..3 {
        let Ok(Entered::Code(token)) = office.logins.log_in("a", &password("secret"), elsewhere).await else {
            panic!("the address is not to be refused yet");
        };
        let wrong = office.logins.enter_code(&token, "12345", elsewhere).await;
        assert!(matches!(wrong, Err(NoLogin::WrongCode)), "{wrong:?}");
    }
    let refused = office.logins.log_in("a", &password("secret"), elsewhere).await;
    assert!(matches!(refused, Err(NoLogin::NotNow(_))), "{refused:?}");
}

#[tokio::test]
async fn a_proof_is_good_for_a_while() {
    let office = office().await;
    office.grant("a@one.example", Role::Owner).await;
    office.grant("b@one.example", Role::Owner).await;
    let (token, actor) = office.log_in("a").await;
    let is_proven = async || office.logins.find(&token, FROM, true).await.unwrap().unwrap().is_proven;
    assert!(is_proven().await, "just logged in");
    office.wait(601);
    assert!(!is_proven().await);
    let wrong = office.logins.prove(&actor, &token, &password("wrong"), "", FROM).await;
    assert!(matches!(wrong, Err(NoLogin::Wrong)) && !is_proven().await, "{wrong:?}");
    office
        .logins
        .prove(&actor, &token, &password("secret"), "", FROM)
        .await
        .unwrap();
    assert!(is_proven().await);

    let (app, _) = office.enrol(&actor).await;
    office.wait(601);
    let alone = office.logins.prove(&actor, &token, &password("secret"), "", FROM).await;
    assert!(matches!(alone, Err(NoLogin::WrongCode)), "{alone:?}");
    let code = app.code(office.now());
    office
        .logins
        .prove(&actor, &token, &password("secret"), &code, FROM)
        .await
        .unwrap();
    assert!(is_proven().await);

    office.settings.store(std::sync::Arc::new(ConsoleSettings {
        proof_lasts: Duration::ZERO,
        ..ConsoleSettings::default()
    }));
    assert!(!is_proven().await, "each time");
}

#[tokio::test]
async fn where_it_is_required_who_has_none_sets_one_up_first() {
    let office = office().await;
    office.grant("a@one.example", Role::Owner).await;
    office.settings.store(std::sync::Arc::new(ConsoleSettings {
        second_factor: SecondFactorRule::Required,
        ..ConsoleSettings::default()
    }));
    let (token, actor) = office.log_in("a").await;
    let login = office.logins.find(&token, FROM, true).await.unwrap().unwrap();
    assert!(login.is_factor_required && !login.has_second_factor);
    office.enrol(&actor).await;
    assert!(
        office
            .logins
            .find(&token, FROM, true)
            .await
            .unwrap()
            .unwrap()
            .has_second_factor
    );
}

#[tokio::test]
async fn an_owner_takes_away_what_another_has_lost_and_nobody_else_does() {
    let office = office().await;
    office.grant("a@one.example", Role::Owner).await;
    office.grant("b@one.example", Role::Host("one.example".into())).await;
    let (owner, chief) = (office.log_in("a").await.1, office.log_in("b").await.1);
    office.enrol(&owner).await;
    office.enrol(&chief).await;
    let denied = office.second_factors.remove(&chief, "a@one.example").await;
    assert!(matches!(denied, Err(OpsError::Denied { .. })), "{denied:?}");
    office.second_factors.remove(&owner, "b@one.example").await.unwrap();
    office.log_in("b").await;
    let none = office.second_factors.remove(&local(), "b@one.example").await;
    assert!(matches!(none, Err(OpsError::NoSecondFactor(_))), "{none:?}");
    office.second_factors.remove(&owner, "a@one.example").await.unwrap();
    let page = AuditPage {
        act: "console.second-factor.remove".into(),
        limit: 10,
        ..AuditPage::default()
    };
    let entries = office.audit.list(&local(), &page).await.unwrap();
    assert_eq!(entries.len(), 4, "those that were refused as well");
}

#[tokio::test]
async fn failed_logins_are_one_entry_for_each_address_and_minute() {
    let office = office().await;
    office.grant("a@one.example", Role::Owner).await;
    let elsewhere: IpAddr = "198.51.100.9".parse().unwrap();
    for (address, secret, from) in [
        ("a@one.example", "wrong", FROM),
        ("b@one.example", "secret", FROM),
        ("hunter2\0", "a", FROM),
        ("hunter2\0", "a", elsewhere),
    ] {
        let refused = office.logins.log_in(address, &password(secret), from).await;
        assert!(refused.is_err());
    }
    let page = AuditPage {
        act: "console.login-failed".into(),
        limit: 10,
        ..AuditPage::default()
    };
    let entries = office.audit.list(&local(), &page).await.unwrap();
    let seen: Vec<_> = entries
        .iter()
        .map(|entry| {
            (
                entry.address.as_deref().unwrap(),
                entry.target.as_str(),
                entry.outcome.as_deref().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("198.51.100.9", "what is no address", "refused"),
            ("192.0.2.7", "a@one.example", "refused 3 times within a minute"),
        ]
    );
    office.wait(60);
    let _ = office.logins.log_in("a", &password("wrong"), FROM).await;
    assert_eq!(office.audit.list(&local(), &page).await.unwrap().len(), 3);
}

#[tokio::test]
async fn who_logs_out_everywhere_is_nowhere_logged_in() {
    let office = office().await;
    office.grant("a@one.example", Role::Owner).await;
    office.grant("b@one.example", Role::Owner).await;
    let (one, actor) = office.log_in("a").await;
    let (other, _) = office.log_in("a").await;
    let (foreign, _) = office.log_in("b").await;
    let logins = office.logins.list(&one).await.unwrap();
    assert_eq!(
        (logins.len(), logins.iter().filter(|login| login.is_this).count()),
        (2, 1)
    );
    office.logins.log_out_everywhere(&actor, &one).await.unwrap();
    for token in [&one, &other] {
        assert!(office.logins.find(token, FROM, true).await.unwrap().is_none());
    }
    assert!(office.logins.find(&foreign, FROM, true).await.unwrap().is_some());
}

#[tokio::test]
async fn the_secret_is_encrypted_in_the_database_and_one_of_before_still_opens() {
    let office = office().await;
    office.grant("a@one.example", Role::Owner).await;
    let (_, actor) = office.log_in("a").await;
    let (app, codes) = office.enrol(&actor).await;
    let factors = office.storage.second_factors();
    let (account, sealed) = factors.secrets().await.unwrap().remove(0);
    let has_it = |bytes: &[u8]| bytes.windows(app.0.len()).any(|part| part == app.0);
    assert!(!has_it(&sealed), "{sealed:?}");

    // As it was written before there was a key.
    assert!(factors.rewrite(account, &sealed, &app.0).await.unwrap());
    office.wait(60);
    office.enter(&app.code(office.now())).await.unwrap();
    assert_eq!(office.second_factors.seal_old().await.unwrap(), 1);
    assert_eq!(office.second_factors.seal_old().await.unwrap(), 0);
    let (_, sealed) = factors.secrets().await.unwrap().remove(0);
    assert!(!has_it(&sealed), "{sealed:?}");
    office.wait(60);
    office.enter(&app.code(office.now())).await.unwrap();

    // Moved or changed, it opens for nobody; a code that is good once does.
    let mut broken = sealed.clone();
    broken[30] ^= 1;
    assert!(factors.rewrite(account, &sealed, &broken).await.unwrap());
    office.wait(60);
    let refused = office.enter(&app.code(office.now())).await.unwrap_err();
    assert!(
        matches!(&refused, NoLogin::NotNow(why) if why.contains("cannot be read")),
        "{refused:?}"
    );
    office.enter(&codes[0]).await.unwrap();
}
