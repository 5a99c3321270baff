//! Hosts and accounts.

use storage::{AccountFilter, Credentials, HostId, Lock, LogUsage, NewToken, RosterItem, StorageError};

use crate::Ground;
use crate::ground::{SECOND, START, credentials};

on_every_database!(
    hosts_are_seeded_once,
    an_account_is_found_at_its_host_and_only_there,
    names_that_look_alike_are_different_names,
    a_name_is_given_once,
    an_account_at_no_host_is_refused,
    credentials_come_back_as_they_were_stored,
    better_keys_never_undo_a_change_of_password,
    a_lock_holds_until_its_end,
    accounts_are_listed_page_by_page,
    wildcards_in_a_prefix_mean_themselves,
    a_recreated_account_inherits_nothing,
    logins_and_logouts_are_remembered,
    acts_on_an_absent_account_say_so,
);

async fn hosts_are_seeded_once(g: Ground) {
    let hosts = g.storage.hosts();
    assert_eq!(hosts.seed(&["other.example"]).await.unwrap().len(), 1);
    let added = hosts.add("montague.example").await.unwrap();
    assert_eq!(hosts.add("montague.example").await.unwrap(), added);
    let domains: Vec<_> = hosts
        .list()
        .await
        .unwrap()
        .into_iter()
        .map(|host| host.domain)
        .collect();
    assert_eq!(domains, ["capulet.example", "montague.example"]);
    assert_eq!(hosts.find("other.example").await.unwrap(), None);
}

async fn an_account_is_found_at_its_host_and_only_there(g: Ground) {
    let accounts = g.storage.accounts();
    let other = g.storage.hosts().add("montague.example").await.unwrap();
    let id = g.account("juliet").await;
    let found = accounts.find(g.host, "juliet").await.unwrap().unwrap();
    assert_eq!(
        (found.id, found.host, found.localpart.as_str(), found.created_at),
        (id, g.host, "juliet", START)
    );
    assert_eq!(accounts.get(id).await.unwrap().unwrap(), found);
    assert_eq!(accounts.find(other, "juliet").await.unwrap(), None);
    assert_eq!(accounts.count(g.host).await.unwrap(), 1);
}

async fn names_that_look_alike_are_different_names(g: Ground) {
    let mut ids = Vec::new();
    // RFC 7622 prepares names before they come here; here bytes are compared, on every database.
    for name in ["anna", "Anna", "ánna", "anna ", "a\u{301}nna", "ａnna", "anna\u{1f339}"] {
        ids.push(g.account(name).await);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 7);
    assert!(matches!(
        g.storage.accounts().find(g.host, "an\0na").await,
        Err(StorageError::Nul)
    ));
}

async fn a_name_is_given_once(g: Ground) {
    let attempts = (0..8).map(|seed| {
        let (accounts, host) = (g.storage.accounts().clone(), g.host);
        tokio::spawn(async move { accounts.create(host, "juliet", &credentials(seed)).await.unwrap() })
    });
    let mut made = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        made.extend(attempt.await.unwrap());
    }
    assert_eq!(made.len(), 1);
    assert_eq!(
        g.storage.accounts().find(g.host, "juliet").await.unwrap().unwrap().id,
        made[0]
    );
}

async fn an_account_at_no_host_is_refused(g: Ground) {
    let made = g
        .storage
        .accounts()
        .create(HostId::new(77), "juliet", &Credentials::default())
        .await;
    assert!(matches!(made, Err(StorageError::Conflict(_))), "{made:?}");
}

async fn credentials_come_back_as_they_were_stored(g: Ground) {
    let accounts = g.storage.accounts();
    let id = accounts
        .create(g.host, "juliet", &credentials(1))
        .await
        .unwrap()
        .unwrap();
    let (account, found) = accounts.find_with_credentials(g.host, "juliet").await.unwrap().unwrap();
    assert_eq!((account.id, found), (id, credentials(1)));
    for new in [
        credentials(2),
        Credentials {
            sha1: None,
            ..credentials(3)
        },
        Credentials::default(),
    ] {
        assert!(accounts.change_credentials(id, &new).await.unwrap());
        assert_eq!(accounts.credentials(id).await.unwrap(), Some(new));
    }
}

async fn better_keys_never_undo_a_change_of_password(g: Ground) {
    let accounts = g.storage.accounts();
    let id = accounts
        .create(g.host, "juliet", &credentials(1))
        .await
        .unwrap()
        .unwrap();
    assert!(
        accounts
            .raise_credentials(id, &credentials(1), &credentials(2))
            .await
            .unwrap()
    );
    assert!(accounts.change_credentials(id, &credentials(3)).await.unwrap());
    assert!(
        !accounts
            .raise_credentials(id, &credentials(2), &credentials(4))
            .await
            .unwrap()
    );
    assert_eq!(accounts.credentials(id).await.unwrap(), Some(credentials(3)));
    // Of two who raise the same keys at once, one does.
    let (one, other) = (credentials(5), credentials(6));
    let before = credentials(3);
    let both = tokio::join!(
        accounts.raise_credentials(id, &before, &one),
        accounts.raise_credentials(id, &before, &other)
    );
    assert_ne!(both.0.unwrap(), both.1.unwrap());
}

async fn a_lock_holds_until_its_end(g: Ground) {
    let accounts = g.storage.accounts();
    let id = g.account("tybalt").await;
    let until = START + 10 * SECOND;
    let lock = Lock {
        reason: Some("duelling ⚔".to_owned()),
        until: Some(until),
    };
    assert!(accounts.lock(id, &lock).await.unwrap());
    let account = accounts.get(id).await.unwrap().unwrap();
    assert_eq!(account.lock, Some(lock));
    assert!(account.is_locked(until - 1) && !account.is_locked(until));
    assert!(accounts.lock(id, &Lock::default()).await.unwrap());
    assert!(accounts.get(id).await.unwrap().unwrap().is_locked(i64::MAX));
    assert!(accounts.unlock(id).await.unwrap());
    assert_eq!(accounts.get(id).await.unwrap().unwrap().lock, None);
}

async fn accounts_are_listed_page_by_page(g: Ground) {
    for name in ["romeo", "Rosaline", "rosaline", "benvolio", "ro", "örs", "zoë"] {
        g.account(name).await;
    }
    // The order is that of bytes.
    assert_eq!(
        pages(&g, "", 3).await,
        ["Rosaline", "benvolio", "ro", "romeo", "rosaline", "zoë", "örs"]
    );
    assert_eq!(pages(&g, "ro", 2).await, ["ro", "romeo", "rosaline"]);
    assert_eq!(pages(&g, "x", 2).await, [""; 0]);
}

async fn wildcards_in_a_prefix_mean_themselves(g: Ground) {
    for name in ["a%c", "abc", "a_c", "a\\c", "a'c"] {
        g.account(name).await;
    }
    for prefix in ["a%", "a_", "a\\", "a'"] {
        assert_eq!(pages(&g, prefix, 9).await, [format!("{prefix}c")]);
    }
    assert_eq!(pages(&g, "' OR '1'='1", 9).await, [""; 0]);
}

async fn pages(g: &Ground, prefix: &str, size: u32) -> Vec<String> {
    let mut filter = AccountFilter {
        prefix: prefix.to_owned(),
        ..AccountFilter::default()
    };
    let mut names = Vec::new();
    loop {
        let page = g.storage.accounts().list(g.host, &filter, size).await.unwrap();
        let Some(last) = page.last() else { return names };
        filter.after = Some(filter.cursor(last));
        names.extend(page.into_iter().map(|account| account.localpart));
    }
}

async fn a_recreated_account_inherits_nothing(g: Ground) {
    let s = &g.storage;
    let old = s
        .accounts()
        .create(g.host, "juliet", &credentials(1))
        .await
        .unwrap()
        .unwrap();
    let token = NewToken {
        mechanism: "HT-SHA-256-EXPR".to_owned(),
        secret: vec![1],
        expires_at: i64::MAX,
    };
    s.tokens().issue(old, "phone", &token, None).await.unwrap();
    let item = RosterItem {
        jid: "romeo@montague.example".to_owned(),
        listed: true,
        ..RosterItem::default()
    };
    let old_version = s.roster().upsert(old, item, 10).await.unwrap();
    s.vcards().set(old, b"<vCard/>", 100).await.unwrap();
    s.private()
        .set(old, "storage", "storage:bookmarks", b"<storage/>", 100)
        .await
        .unwrap();
    s.blocking().add(old, &["paris@verona.example"], 10).await.unwrap();
    s.accounts().lock(old, &Lock::default()).await.unwrap();
    s.log().append(g.message(old, "written")).unwrap().await.unwrap();
    let waiting = s
        .log()
        .append(g.message(old, "still waiting while the account is deleted"))
        .unwrap();

    assert!(s.accounts().delete(old).await.unwrap());
    waiting.await.unwrap();
    s.log().flush().await.unwrap();
    let new = g.account("juliet").await;

    assert!(new > old);
    for account in [old, new] {
        assert!(s.tokens().find(account, "phone").await.unwrap().is_empty());
        assert!(s.roster().load(account).await.unwrap().0.is_empty());
        assert_eq!(s.vcards().get(account).await.unwrap(), None);
        assert_eq!(
            s.private().get(account, "storage", "storage:bookmarks").await.unwrap(),
            None
        );
        assert!(s.blocking().list(account).await.unwrap().is_empty());
        assert_eq!(s.log().usage(account).await.unwrap(), LogUsage::default());
        assert!(g.unacknowledged(account).await.is_empty());
    }
    assert_eq!(
        s.accounts().credentials(new).await.unwrap(),
        Some(Credentials::default())
    );
    assert_eq!(s.accounts().get(new).await.unwrap().unwrap().lock, None);
    // A client that remembers the old roster's version is not told "nothing has changed".
    assert_eq!(
        s.roster().since(new, old_version).await.unwrap(),
        storage::RosterSince::Whole
    );
}

async fn logins_and_logouts_are_remembered(g: Ground) {
    let accounts = g.storage.accounts();
    let id = g.account("juliet").await;
    let gone = g.account("rosaline").await;
    accounts.record_login(id);
    accounts.record_login(gone);
    accounts.delete(gone).await.unwrap();
    g.time.pass(SECOND);
    accounts.record_logout(id, "gone to the balcony");
    g.time.pass(SECOND);
    accounts.record_login(id);
    g.storage.log().flush().await.unwrap();
    let account = accounts.get(id).await.unwrap().unwrap();
    assert_eq!(
        (account.last_login, account.last_logout),
        (Some(START + 2 * SECOND), Some(START + SECOND))
    );
    assert_eq!(account.last_status.as_deref(), Some("gone to the balcony"));
}

async fn acts_on_an_absent_account_say_so(g: Ground) {
    let accounts = g.storage.accounts();
    let id = g.account("rosaline").await;
    assert!(accounts.delete(id).await.unwrap());
    assert!(!accounts.delete(id).await.unwrap());
    assert!(!accounts.lock(id, &Lock::default()).await.unwrap());
    assert!(!accounts.unlock(id).await.unwrap());
    assert!(!accounts.change_credentials(id, &credentials(1)).await.unwrap());
    assert!(
        !accounts
            .raise_credentials(id, &credentials(1), &credentials(2))
            .await
            .unwrap()
    );
    assert_eq!(accounts.credentials(id).await.unwrap(), None);
    for result in [
        g.storage
            .roster()
            .upsert(
                id,
                RosterItem {
                    jid: "a@b".to_owned(),
                    ..RosterItem::default()
                },
                9,
            )
            .await
            .map(|_| ()),
        g.storage.vcards().set(id, b"<vCard/>", 100).await,
        g.storage.private().set(id, "a", "b", b"<a/>", 100).await,
        g.storage.blocking().add(id, &["a@b"], 9).await,
    ] {
        assert!(matches!(result, Err(StorageError::Conflict(_))), "{result:?}");
    }
}
