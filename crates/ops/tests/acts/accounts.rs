use ops::{Lock, Page, Why};

use crate::{house, local, password};

fn page(host: &str) -> Page {
    Page {
        host: Some(host.into()),
        limit: 100,
        ..Page::default()
    }
}

#[tokio::test]
async fn an_account_is_made_once_and_under_its_prepared_name() {
    let house = house().await;
    house
        .accounts
        .add(&local(), "Juliet@One.Example", &password("secret"))
        .await
        .unwrap();
    let again = house
        .accounts
        .add(&local(), "juliet@one.example", &password("other"))
        .await
        .unwrap_err();
    assert_eq!(again.to_string(), "there is an account juliet@one.example already");
    let listed = house.accounts.list(&local(), &page("one.example")).await.unwrap();
    assert_eq!(
        listed.iter().map(|account| account.jid.as_str()).collect::<Vec<_>>(),
        ["juliet@one.example"]
    );
    assert!(
        house
            .accounts
            .list(&local(), &page("two.example"))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_the_reason() {
    let house = house().await;
    for (address, secret, expected) in [
        (
            "juliet",
            "x",
            "\"juliet\" is no account's address: it must look like user@host",
        ),
        (
            "one.example",
            "x",
            "\"one.example\" is no account's address: it must look like user@host",
        ),
        (
            "a@one.example/phone",
            "x",
            "\"a@one.example/phone\" is no account's address: it must look like user@host",
        ),
        (
            "a b@one.example",
            "x",
            "\"a b@one.example\" is no account's address: it must look like user@host",
        ),
        (
            "a@three.example",
            "x",
            "this server has no host three.example; its hosts are one.example, two.example",
        ),
        ("a@one.example", "", "the password is empty"),
        (
            "a@one.example",
            "\u{1}",
            "the password has a character that is not allowed, such as a control character",
        ),
    ] {
        let refused = house
            .accounts
            .add(&local(), address, &password(secret))
            .await
            .unwrap_err();
        assert_eq!(refused.to_string(), expected, "{address}");
    }
    let actor = local();
    for refused in [
        house
            .accounts
            .set_password(&actor, "a@one.example", &password("x"))
            .await
            .unwrap_err(),
        house
            .accounts
            .lock(&actor, "a@one.example", &Lock::default())
            .await
            .unwrap_err(),
        house.accounts.unlock(&actor, "a@one.example").await.unwrap_err(),
        house.accounts.delete(&actor, "a@one.example").await.unwrap_err(),
    ] {
        assert_eq!(refused.to_string(), "there is no account a@one.example");
    }
}

#[tokio::test]
async fn a_new_password_ends_sessions_and_tokens() {
    let house = house().await;
    house.add("a@one.example").await;
    let host = house.storage.hosts().find("one.example").await.unwrap().unwrap();
    let account = house.storage.accounts().find(host, "a").await.unwrap().unwrap();
    let before = house.storage.accounts().credentials(account.id).await.unwrap();
    let token = storage::NewToken {
        mechanism: "HT-SHA-256-NONE".into(),
        secret: vec![1; 32],
        expires_at: i64::MAX,
    };
    house
        .storage
        .tokens()
        .issue(account.id, "phone", &token, None)
        .await
        .unwrap();

    let closed = house
        .accounts
        .set_password(&local(), "a@one.example", &password("other"))
        .await
        .unwrap();

    assert_eq!(closed, 1);
    assert_eq!(
        *house.live.closed.lock().unwrap(),
        [("a@one.example".into(), Why::PasswordChanged)]
    );
    assert!(
        house
            .storage
            .tokens()
            .find(account.id, "phone")
            .await
            .unwrap()
            .is_empty()
    );
    assert_ne!(house.storage.accounts().credentials(account.id).await.unwrap(), before);
}

#[tokio::test]
async fn a_lock_ends_sessions_and_is_remembered_until_it_is_taken_off() {
    let house = house().await;
    house.add("a@one.example").await;
    let lock = Lock {
        reason: Some("spam".into()),
        until: Some(7),
    };
    house.accounts.lock(&local(), "a@one.example", &lock).await.unwrap();
    assert_eq!(
        *house.live.closed.lock().unwrap(),
        [("a@one.example".into(), Why::Locked)]
    );
    let listed = house.accounts.list(&local(), &page("one.example")).await.unwrap();
    assert_eq!(listed[0].lock, Some(lock));
    house.accounts.unlock(&local(), "a@one.example").await.unwrap();
    assert_eq!(
        house.accounts.list(&local(), &page("one.example")).await.unwrap()[0].lock,
        None
    );
}

#[tokio::test]
async fn a_deleted_account_is_gone_everywhere() {
    let house = house().await;
    house.add("a@one.example").await;
    house.live.forgotten.lock().unwrap().clear();
    house.accounts.delete(&local(), "a@one.example").await.unwrap();
    assert_eq!(
        *house.live.closed.lock().unwrap(),
        [("a@one.example".into(), Why::Deleted)]
    );
    assert_eq!(*house.live.forgotten.lock().unwrap(), ["a@one.example"]);
    assert!(
        house
            .accounts
            .list(&local(), &page("one.example"))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn pages_follow_one_another() {
    let house = house().await;
    for name in ["a", "b", "ba", "c"] {
        house.add(&format!("{name}@one.example")).await;
    }
    let of = async |prefix: &str, after: &str, limit| {
        let page = Page {
            prefix: prefix.into(),
            after: after.into(),
            limit,
            ..page("one.example")
        };
        let listed = house.accounts.list(&local(), &page).await.unwrap();
        listed
            .into_iter()
            .map(|account| account.jid.replace("@one.example", ""))
            .collect::<Vec<_>>()
    };
    assert_eq!(of("", "", 3).await, ["a", "b", "ba"]);
    assert_eq!(of("", "ba", 3).await, ["c"]);
    assert_eq!(of("b", "", 3).await, ["b", "ba"]);
    assert_eq!(of("", "", 0).await, ["a"], "at least one");
}
