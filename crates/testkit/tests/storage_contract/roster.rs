//! Contact lists and their versions.

use storage::{AccountId, Roster, RosterChange, RosterEdit, RosterItem, RosterSince, StorageError, Subscription};

use crate::Ground;

on_every_database!(
    items_come_back_as_they_were_stored,
    every_change_takes_the_next_version,
    a_client_is_told_what_changed_since,
    a_client_away_for_too_long_gets_the_whole_roster,
    a_stranger_who_asks_is_kept_but_not_shown,
    concurrent_decisions_see_each_other,
    a_refused_change_leaves_no_trace,
);

const MAX: usize = 1_000;

fn item(jid: &str) -> RosterItem {
    RosterItem {
        jid: jid.to_owned(),
        listed: true,
        ..RosterItem::default()
    }
}

async fn changes(g: &Ground, account: AccountId, version: i64) -> Vec<(i64, RosterChange)> {
    match g.storage.roster().since(account, version).await.unwrap() {
        RosterSince::Changes(changes) => changes,
        RosterSince::Whole => panic!("the changes since {version} should be known"),
    }
}

async fn items_come_back_as_they_were_stored(g: Ground) {
    let roster = g.storage.roster();
    let juliet = g.account("juliet").await;
    assert!(roster.load(juliet).await.unwrap().0.is_empty());
    let full = RosterItem {
        jid: "romeo@montague.example".to_owned(),
        name: "Röm 🌹 'o'; DROP TABLE hosts;--".to_owned(),
        subscription: Subscription::From,
        ask: true,
        pending_in: Some(b"<presence type='subscribe'/>".to_vec()),
        approved: true,
        groups: vec!["Lovers, exes".to_owned(), "Verona\nmontague".to_owned(), " ".to_owned()],
        listed: true,
    };
    roster.upsert(juliet, full.clone(), MAX).await.unwrap();
    roster
        .upsert(juliet, item("benvolio@montague.example"), MAX)
        .await
        .unwrap();
    let (items, version) = roster.load(juliet).await.unwrap();
    assert_eq!(items, [item("benvolio@montague.example"), full.clone()]);
    assert_eq!(roster.get(juliet, "romeo@montague.example").await.unwrap(), Some(full));
    assert_eq!(roster.get(juliet, "Romeo@montague.example").await.unwrap(), None);
    for subscription in [Subscription::None, Subscription::To, Subscription::Both] {
        let changed = RosterItem {
            subscription,
            ..item("romeo@montague.example")
        };
        roster.upsert(juliet, changed.clone(), MAX).await.unwrap();
        assert_eq!(
            roster.get(juliet, "romeo@montague.example").await.unwrap(),
            Some(changed)
        );
    }
    assert_eq!(roster.load(juliet).await.unwrap().1, version + 3);
}

async fn every_change_takes_the_next_version(g: Ground) {
    let roster = g.storage.roster();
    let juliet = g.account("juliet").await;
    let start = roster.load(juliet).await.unwrap().1;
    assert_eq!(roster.upsert(juliet, item("a@x"), MAX).await.unwrap(), start + 1);
    // What changes nothing is no change.
    assert_eq!(roster.upsert(juliet, item("a@x"), MAX).await.unwrap(), start + 1);
    assert_eq!(roster.remove(juliet, "b@x").await.unwrap(), None);
    assert_eq!(roster.remove(juliet, "a@x").await.unwrap(), Some(start + 2));
    assert_eq!(roster.remove(juliet, "a@x").await.unwrap(), None);
    assert_eq!(roster.load(juliet).await.unwrap(), (Vec::new(), start + 2));
}

async fn a_client_is_told_what_changed_since(g: Ground) {
    let roster = g.storage.roster();
    let juliet = g.account("juliet").await;
    let start = roster.load(juliet).await.unwrap().1;
    assert_eq!(changes(&g, juliet, start).await, []);
    for jid in ["a@x", "b@x", "c@x"] {
        roster.upsert(juliet, item(jid), MAX).await.unwrap();
    }
    roster.remove(juliet, "b@x").await.unwrap();
    let renamed = RosterItem {
        name: "A".to_owned(),
        ..item("a@x")
    };
    let last = roster.upsert(juliet, renamed.clone(), MAX).await.unwrap();
    let tail = [
        (last - 1, RosterChange::Removed("b@x".to_owned())),
        (last, RosterChange::Put(renamed)),
    ];
    assert_eq!(changes(&g, juliet, start + 3).await, tail);
    assert_eq!(
        changes(&g, juliet, start).await[0],
        (start + 3, RosterChange::Put(item("c@x")))
    );
    assert_eq!(changes(&g, juliet, last).await, []);
    assert_eq!(roster.since(juliet, last + 1).await.unwrap(), RosterSince::Whole);
    // It comes back.
    roster.upsert(juliet, item("b@x"), MAX).await.unwrap();
    assert_eq!(
        changes(&g, juliet, last).await,
        [(last + 1, RosterChange::Put(item("b@x")))]
    );
}

async fn a_client_away_for_too_long_gets_the_whole_roster(g: Ground) {
    let roster = g.storage.roster();
    let juliet = g.account("juliet").await;
    let start = roster.load(juliet).await.unwrap().1;
    for index in 0..=Roster::MAX_REMOVED {
        let jid = format!("{index}@x");
        roster.upsert(juliet, item(&jid), MAX).await.unwrap();
        roster.remove(juliet, &jid).await.unwrap();
    }
    assert_eq!(roster.since(juliet, start).await.unwrap(), RosterSince::Whole);
    assert_eq!(roster.since(juliet, start + 1).await.unwrap(), RosterSince::Whole);
    let removed = usize::try_from(Roster::MAX_REMOVED).unwrap();
    assert_eq!(changes(&g, juliet, start + 2).await.len(), removed);
}

async fn a_stranger_who_asks_is_kept_but_not_shown(g: Ground) {
    let roster = g.storage.roster();
    let juliet = g.account("juliet").await;
    let start = roster.load(juliet).await.unwrap().1;
    let asks = RosterItem {
        pending_in: Some(b"<presence/>".to_vec()),
        listed: false,
        ..item("paris@verona.example")
    };
    roster.upsert(juliet, asks.clone(), MAX).await.unwrap();
    assert_eq!(roster.load(juliet).await.unwrap().0, std::slice::from_ref(&asks));
    let told = changes(&g, juliet, start).await;
    assert_eq!(told, [(start + 1, RosterChange::Removed(asks.jid))]);
}

async fn concurrent_decisions_see_each_other(g: Ground) {
    let juliet = g.account("juliet").await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let roster = g.storage.roster().clone();
            tokio::spawn(async move {
                for _ in 0..5 {
                    let append = |current: Option<&RosterItem>| {
                        let mut item = current.cloned().unwrap_or_else(|| item("a@x"));
                        item.name.push('x');
                        RosterEdit::Put(item)
                    };
                    roster.edit(juliet, "a@x", MAX, append).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let (items, version) = g.storage.roster().load(juliet).await.unwrap();
    assert_eq!(items[0].name.len(), 40);
    assert_eq!(changes(&g, juliet, version - 1).await.len(), 1);
}

async fn a_refused_change_leaves_no_trace(g: Ground) {
    let roster = g.storage.roster();
    let juliet = g.account("juliet").await;
    roster.upsert(juliet, item("a@x"), 1).await.unwrap();
    let before = roster.load(juliet).await.unwrap();
    let refused = roster.upsert(juliet, item("b@x"), 1).await;
    assert!(
        matches!(refused, Err(StorageError::TooLarge { limit: 1, .. })),
        "{refused:?}"
    );
    // A decision that panics takes its transaction with it.
    let panicking = roster.clone();
    let panicked = tokio::spawn(async move { panicking.edit(juliet, "a@x", 1, |_| panic!("on purpose")).await }).await;
    assert!(panicked.is_err());
    assert_eq!(roster.load(juliet).await.unwrap(), before);
    // A full roster can still be changed.
    roster
        .upsert(
            juliet,
            RosterItem {
                name: "A".to_owned(),
                ..item("a@x")
            },
            1,
        )
        .await
        .unwrap();
    let long = format!("{}@x", "x".repeat(2_600));
    assert!(matches!(
        roster.upsert(juliet, item(&long), MAX).await,
        Err(StorageError::TooLarge { .. })
    ));
}
