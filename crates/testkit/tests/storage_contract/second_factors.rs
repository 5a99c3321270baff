//! What administrators show besides their passwords, and the logins that wait for it.

use storage::{Role, SecondFactors, SessionLimits};

use crate::{Ground, ground::SECOND};

on_every_database!(
    a_secret_counts_once_it_is_confirmed,
    a_step_is_used_once_and_none_before_it,
    a_recovery_code_is_good_once,
    after_some_attempts_the_next_one_waits,
    who_waits_for_a_code_is_not_logged_in,
    a_proof_is_of_one_login,
    another_password_ends_all_logins,
);

const LIMITS: SessionLimits = SessionLimits {
    idle_micros: 900_000_000,
    absolute_micros: 43_200_000_000,
};

async fn a_secret_counts_once_it_is_confirmed(g: Ground) {
    let a = g.account("a").await;
    let it = g.storage.second_factors();
    assert!(it.get(a).await.unwrap().is_none());
    assert!(it.begin(a, b"first").await.unwrap());
    assert!(it.begin(a, b"second").await.unwrap(), "nobody has confirmed the first");
    assert!(!it.use_step(a, 5).await.unwrap(), "nor is its code asked for");
    assert!(!it.replace_recovery(a, &[[1; 32]]).await.unwrap());
    assert!(!it.confirm(a, b"first", 5, &[]).await.unwrap());
    assert!(it.confirm(a, b"second", 5, &[[1; 32], [2; 32]]).await.unwrap());
    assert!(!it.begin(a, b"third").await.unwrap());
    let found = it.get(a).await.unwrap().unwrap();
    assert_eq!(
        (found.secret.as_slice(), found.last_step, found.recovery_codes),
        (b"second".as_slice(), 5, 2)
    );
    assert!(it.remove(a).await.unwrap() && !it.remove(a).await.unwrap());
    assert!(!it.use_recovery(a, &[1; 32]).await.unwrap(), "its codes go with it");
}

async fn a_step_is_used_once_and_none_before_it(g: Ground) {
    let a = g.account("a").await;
    let it = g.storage.second_factors();
    it.begin(a, b"x").await.unwrap();
    it.confirm(a, b"x", 10, &[]).await.unwrap();
    assert!(!it.use_step(a, 10).await.unwrap(), "that which confirmed it");
    let (one, other) = tokio::join!(it.use_step(a, 12), it.use_step(a, 12));
    assert!(one.unwrap() != other.unwrap(), "of two at once one is let in");
    assert!(!it.use_step(a, 11).await.unwrap());
    assert!(it.use_step(a, 13).await.unwrap());
}

async fn a_recovery_code_is_good_once(g: Ground) {
    let (a, b) = (g.account("a").await, g.account("b").await);
    let it = g.storage.second_factors();
    it.begin(a, b"x").await.unwrap();
    it.confirm(a, b"x", 10, &[[1; 32], [2; 32]]).await.unwrap();
    assert!(!it.use_recovery(b, &[1; 32]).await.unwrap());
    assert!(it.use_recovery(a, &[1; 32]).await.unwrap());
    assert!(!it.use_recovery(a, &[1; 32]).await.unwrap());
    assert!(it.replace_recovery(a, &[[3; 32]]).await.unwrap());
    assert!(!it.use_recovery(a, &[2; 32]).await.unwrap());
    assert!(it.use_recovery(a, &[3; 32]).await.unwrap());
}

async fn after_some_attempts_the_next_one_waits(g: Ground) {
    let a = g.account("a").await;
    let it = g.storage.second_factors();
    it.begin(a, b"x").await.unwrap();
    it.confirm(a, b"x", 10, &[]).await.unwrap();
    for _ in 0..SecondFactors::ATTEMPTS {
        assert!(it.attempt(a).await.unwrap());
    }
    assert!(!it.attempt(a).await.unwrap());
    g.time.pass(SecondFactors::WAIT_MICROS);
    assert!(it.attempt(a).await.unwrap(), "one");
    assert!(!it.attempt(a).await.unwrap(), "and no more");
    g.time.pass(SecondFactors::WAIT_MICROS);
    assert!(it.attempt(a).await.unwrap());
    assert!(it.use_step(a, 20).await.unwrap());
    for _ in 0..SecondFactors::ATTEMPTS {
        assert!(it.attempt(a).await.unwrap(), "a right code forgives");
    }
}

async fn who_waits_for_a_code_is_not_logged_in(g: Ground) {
    let (a, b) = (g.account("a").await, g.account("b").await);
    let (it, sessions) = (g.storage.administrators(), g.storage.console_sessions());
    it.grant(a, Role::Owner, "x").await.unwrap();
    it.grant(b, Role::ReadOnly, "x").await.unwrap();
    sessions.wait(&[1; 32], b, "127.0.0.1").await.unwrap();
    assert!(sessions.find(&[1; 32], LIMITS).await.unwrap().is_none());
    let (account, local, _) = sessions.find_waiting(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((account, local.as_str()), (b, "b"));
    g.time.pass(301 * SECOND);
    assert!(sessions.find_waiting(&[1; 32]).await.unwrap().is_none(), "five minutes");
    sessions.wait(&[2; 32], b, "127.0.0.1").await.unwrap();
    it.revoke(b).await.unwrap();
    it.grant(b, Role::Owner, "x").await.unwrap();
    assert!(
        sessions.find_waiting(&[2; 32]).await.unwrap().is_none(),
        "with its power it went"
    );
    sessions.wait(&[3; 32], a, "127.0.0.1").await.unwrap();
    assert!(sessions.remove_waiting(&[3; 32]).await.unwrap());
    assert!(!sessions.remove_waiting(&[3; 32]).await.unwrap());
}

async fn a_proof_is_of_one_login(g: Ground) {
    let a = g.account("a").await;
    g.storage.administrators().grant(a, Role::Owner, "x").await.unwrap();
    let sessions = g.storage.console_sessions();
    sessions.add(&[1; 32], a, "192.0.2.1", LIMITS).await.unwrap();
    sessions.add(&[2; 32], a, "192.0.2.2", LIMITS).await.unwrap();
    let proven = async |token: u8| sessions.find(&[token; 32], LIMITS).await.unwrap().unwrap().proven_at;
    let begun = proven(1).await;
    g.time.pass(60 * SECOND);
    sessions.prove(&[1; 32]).await.unwrap();
    assert_eq!((proven(1).await, proven(2).await), (begun + 60 * SECOND, begun));
    let list = sessions.list(a, LIMITS).await.unwrap();
    assert_eq!(list.len(), 2);
    sessions.remove(&[1; 32]).await.unwrap();
    assert_eq!(sessions.list(a, LIMITS).await.unwrap()[0].address, "192.0.2.2");
}

async fn another_password_ends_all_logins(g: Ground) {
    let (a, b) = (g.account("a").await, g.account("b").await);
    let (it, sessions) = (g.storage.administrators(), g.storage.console_sessions());
    for account in [a, b] {
        it.grant(account, Role::Owner, "x").await.unwrap();
    }
    sessions.add(&[1; 32], a, "192.0.2.1", LIMITS).await.unwrap();
    sessions.add(&[2; 32], b, "192.0.2.1", LIMITS).await.unwrap();
    sessions.wait(&[3; 32], a, "192.0.2.1").await.unwrap();
    let credentials = storage::Credentials::default();
    g.storage.accounts().change_credentials(a, &credentials).await.unwrap();
    assert!(sessions.find(&[1; 32], LIMITS).await.unwrap().is_none());
    assert!(sessions.find_waiting(&[3; 32]).await.unwrap().is_none());
    assert!(sessions.find(&[2; 32], LIMITS).await.unwrap().is_some());
    assert_eq!(sessions.remove_all(b).await.unwrap(), 1);
    assert!(sessions.find(&[2; 32], LIMITS).await.unwrap().is_none());
}
