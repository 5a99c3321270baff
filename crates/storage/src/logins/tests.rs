#![allow(clippy::unwrap_used)]
use std::future::{pending, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;

const HOST: HostId = HostId::new(1);

fn login(account: i64) -> Arc<Login> {
    Arc::new(Login {
        account: AccountId::new(account),
        lock: None,
        credentials: Credentials::default(),
    })
}

/// Reads one from the database, and keeps it.
fn reads(logins: &Logins, name: &str, account: i64) {
    logins.keep(logins.moment(), HOST, name, &login(account));
}

fn is_kept(logins: &Logins, name: &str) -> bool {
    logins.get(HOST, name).is_some()
}

async fn changes(logins: &Logins, account: i64) {
    let change = logins.changing(Some(AccountId::new(account)), ready(Ok(())));
    change.await.unwrap();
}

/// Begins a change, and gives it up.
async fn gives_up(logins: &Logins, account: i64) {
    let mut change = pin!(logins.changing(Some(AccountId::new(account)), pending::<Result<(), _>>()));
    let poll = change.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(poll, Poll::Pending));
}

#[tokio::test]
async fn a_change_is_seen_at_once_and_others_stay() {
    let logins = Logins::new(true);
    reads(&logins, "juliet", 1);
    reads(&logins, "romeo", 2);
    changes(&logins, 1).await;
    assert!(!is_kept(&logins, "juliet") && is_kept(&logins, "romeo"));
    logins.changing(None, ready(Ok(()))).await.unwrap();
    assert!(!is_kept(&logins, "romeo"));
}

#[tokio::test]
async fn what_was_read_before_the_end_of_a_change_is_not_kept_after_it() {
    let logins = Logins::new(true);
    let before = logins.moment();
    let mut change = pin!(logins.changing(Some(AccountId::new(1)), async {
        tokio::task::yield_now().await;
        Ok(())
    }));
    let poll = change.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll.is_pending());
    let amidst = logins.moment();
    for (since, what) in [(before, "read before"), (amidst, "read while it is made")] {
        logins.keep(since, HOST, "juliet", &login(1));
        assert!(!is_kept(&logins, "juliet"), "{what}, kept while it is made");
    }
    change.await.unwrap();
    for (since, what) in [(before, "read before"), (amidst, "read while it was made")] {
        logins.keep(since, HOST, "juliet", &login(1));
        assert!(!is_kept(&logins, "juliet"), "{what}, kept after it");
    }
    reads(&logins, "juliet", 1);
    assert!(is_kept(&logins, "juliet"), "read after it");
}

#[tokio::test]
async fn after_a_change_that_was_given_up_nothing_is_kept_until_a_later_one_was_made() {
    let logins = Logins::new(true);
    let mut earlier = pin!(logins.changing(Some(AccountId::new(3)), async {
        tokio::task::yield_now().await;
        Ok(())
    }));
    assert!(
        earlier
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    gives_up(&logins, 1).await;
    earlier.await.unwrap();
    reads(&logins, "juliet", 1);
    assert!(!is_kept(&logins, "juliet"), "the one that was made began before");
    let failed: Result<(), _> = Err(StorageError::timed_out("a test"));
    assert!(logins.changing(Some(AccountId::new(3)), ready(failed)).await.is_err());
    reads(&logins, "juliet", 1);
    assert!(!is_kept(&logins, "juliet"), "what failed may have been made");
    changes(&logins, 3).await;
    reads(&logins, "juliet", 1);
    assert!(is_kept(&logins, "juliet"));
}

#[test]
fn there_are_never_more_than_so_many() {
    let logins = Logins::new(true);
    for account in 0..=KEPT_MAX {
        reads(&logins, &format!("user{account}"), account as i64);
    }
    let state = logins.state.as_ref().unwrap().lock();
    let count = state.kept.values().map(HashMap::len).sum::<usize>();
    assert_eq!((state.count, count), (KEPT_MAX / 2 + 1, KEPT_MAX / 2 + 1));
}

#[test]
fn where_others_write_nothing_is_kept() {
    let logins = Logins::new(false);
    reads(&logins, "juliet", 1);
    assert!(!is_kept(&logins, "juliet"));
}
