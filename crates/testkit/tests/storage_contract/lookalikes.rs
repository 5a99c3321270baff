//! Names that look alike (UTS #39), where they are refused and where they are meant.

use storage::{AccountId, Creation, Credentials, HostId, Lock, Lookalikes, NewAccount, Storage};

use crate::Ground;
use crate::cluster::behind_the_back;

on_every_database!(
    a_name_that_looks_like_another_is_refused_where_that_is_wished,
    of_names_that_look_alike_and_come_at_once_one_is_taken,
    a_name_is_free_again_when_those_that_look_like_it_have_gone,
    what_names_of_before_look_like_is_noted,
    an_account_can_be_locked_from_its_first_moment_on,
);

async fn refusing(storage: &Storage, host: HostId, localpart: &str) -> Creation {
    let no_keys = Credentials::default();
    let new = NewAccount {
        lookalikes: Lookalikes::Refused,
        ..NewAccount::open(host, localpart, &no_keys)
    };
    storage.accounts().add(&new).await.unwrap()
}

fn made(creation: &Creation) -> AccountId {
    match creation {
        Creation::Made(id) => *id,
        other => panic!("{other:?}"),
    }
}

async fn a_name_that_looks_like_another_is_refused_where_that_is_wished(g: Ground) {
    let other = g.storage.hosts().add("montague.example").await.unwrap();
    made(&refusing(&g.storage, g.host, "juliet").await);
    let looks_like = |name: &str| Creation::LooksLike(name.to_owned());
    for (name, expected) in [
        // Cyrillic і and е, a Greek ι.
        ("jul\u{456}et", looks_like("juliet")),
        ("juli\u{435}t", looks_like("juliet")),
        ("jul\u{3b9}et", looks_like("juliet")),
        ("juliet", Creation::Taken),
    ] {
        assert_eq!(refusing(&g.storage, g.host, name).await, expected, "{name}");
    }
    // At another host it is nobody's business.
    made(&refusing(&g.storage, other, "jul\u{456}et").await);
    // Where it is meant, it is made; and then a name that is taken is told from one that looks like it.
    g.account("jul\u{456}et").await;
    for name in ["juliet", "jul\u{456}et"] {
        assert_eq!(refusing(&g.storage, g.host, name).await, Creation::Taken, "{name}");
    }
    assert_eq!(g.storage.accounts().count(g.host).await.unwrap(), 2);
}

async fn of_names_that_look_alike_and_come_at_once_one_is_taken(g: Ground) {
    let other = g.again(|_| ()).await;
    // о is Cyrillic, ο Greek: twelve names for one look.
    let names =
        ["o", "\u{43e}", "\u{3bf}"].map(|a| ["o", "\u{43e}", "\u{3bf}", "\u{585}"].map(|b| format!("b{a}{b}k")));
    let attempts = names.into_iter().flatten().enumerate().map(|(number, name)| {
        let storage = if number % 2 == 0 { &g.storage } else { &other };
        let (storage, host) = (storage.clone(), g.host);
        tokio::spawn(async move { refusing(&storage, host, &name).await })
    });
    let mut count = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        count += u32::from(matches!(attempt.await.unwrap(), Creation::Made(_)));
    }
    assert_eq!(count, 1);
    assert_eq!(g.storage.accounts().count(g.host).await.unwrap(), 1);
}

async fn a_name_is_free_again_when_those_that_look_like_it_have_gone(g: Ground) {
    let modern = made(&refusing(&g.storage, g.host, "modern").await);
    assert_eq!(
        refusing(&g.storage, g.host, "modem").await,
        Creation::LooksLike("modern".to_owned())
    );
    g.storage.accounts().delete(modern).await.unwrap();
    made(&refusing(&g.storage, g.host, "modem").await);
}

async fn what_names_of_before_look_like_is_noted(g: Ground) {
    // More than are looked at in one transaction.
    for number in 0..450 {
        g.account(&format!("m{number}")).await;
    }
    let accounts = g.storage.accounts();
    assert_eq!(accounts.note_looks().await.unwrap(), 0);
    let before = "UPDATE accounts SET skeleton = NULL";
    let older = "UPDATE counters SET value = 170000 WHERE name = 'lookalikes'";
    let otherwise = "UPDATE accounts SET skeleton = 'x' WHERE localpart < 'm2'";
    // First those without, then, by other data, those that looked different.
    for (statement, also, expected) in [(before, None, 450), (otherwise, None, 0), (otherwise, Some(older), 112)] {
        behind_the_back(&g, statement).await;
        if let Some(also) = also {
            behind_the_back(&g, also).await;
        }
        assert_eq!(accounts.note_looks().await.unwrap(), expected, "{statement}, {also:?}");
        assert_eq!(accounts.note_looks().await.unwrap(), 0);
    }
    assert_eq!(
        refusing(&g.storage, g.host, "rn449").await,
        Creation::LooksLike("m449".to_owned())
    );
    // One that a server of an older version has made since.
    behind_the_back(&g, "UPDATE accounts SET skeleton = NULL WHERE localpart = 'm17'").await;
    assert_eq!(
        refusing(&g.storage, g.host, "rn17").await,
        Creation::LooksLike("m17".to_owned())
    );
}

async fn an_account_can_be_locked_from_its_first_moment_on(g: Ground) {
    let lock = Lock {
        reason: Some("spam".to_owned()),
        until: Some(7),
    };
    let no_keys = Credentials::default();
    let new = NewAccount {
        lock: Some(&lock),
        ..NewAccount::open(g.host, "juliet", &no_keys)
    };
    let id = made(&g.storage.accounts().add(&new).await.unwrap());
    let juliet = g.storage.accounts().get(id).await.unwrap().unwrap();
    assert_eq!(juliet.lock, Some(lock));
    let romeo = g.account("romeo").await;
    assert_eq!(g.storage.accounts().get(romeo).await.unwrap().unwrap().lock, None);
}
