//! What operators have done: an act and its entry in the record are durable together, or neither is.

use std::pin::Pin;

use storage::{
    Audit, AuditFilter, AuditLog, GroupFacts, Lock, NewApiToken, NewAuditEntry, Role, RosterItem, Scope, SessionLimits,
    StorageError, Subscription,
};

use crate::{
    Ground,
    ground::{SECOND, credentials},
};

on_every_database!(
    what_cannot_be_recorded_is_not_done,
    an_entry_tells_of_a_change_before_it_tells_of_the_end,
    an_act_that_changes_nothing_leaves_its_entry_as_it_was,
    acts_within_acts_have_entries_of_their_own,
    old_acts_are_forgotten_step_by_step_and_younger_ones_stay,
    who_is_deleted_leaves_the_details_of_acts_and_nobody_else_does,
);

const LIMITS: SessionLimits = SessionLimits {
    idle_micros: 900_000_000,
    absolute_micros: 43_200_000_000,
};

fn entry(act: &str) -> NewAuditEntry {
    NewAuditEntry {
        actor: "local:root".to_owned(),
        node: "one".to_owned(),
        act: act.to_owned(),
        target: "juliet@capulet.example".to_owned(),
        ..NewAuditEntry::default()
    }
}

async fn outcome(g: &Ground, id: i64) -> Option<String> {
    let all = g.storage.audit().list(&AuditFilter::default(), 100).await.unwrap();
    all.into_iter().find(|entry| entry.id == id).unwrap().outcome
}

/// Every way of changing the database that acts have, one after the other; each of them changes something.
type Change<'a> = (
    &'static str,
    Pin<Box<dyn Future<Output = Result<(), StorageError>> + Send + 'a>>,
);

macro_rules! changes {
    ($($change:expr),* $(,)?) => {
        vec![$((stringify!($change), Box::pin(async move { $change.await.map(drop) }) as _)),*]
    };
}

fn changes<'a>(g: &'a Ground, juliet: storage::AccountId, group: storage::GroupNumber) -> Vec<Change<'a>> {
    let s = &g.storage;
    const SCOPE: Scope = Scope::Cluster;
    changes!(
        s.accounts().create(g.host, "paris", &credentials(1)),
        s.accounts().lock(
            juliet,
            &Lock {
                reason: Some("x".into()),
                until: None
            }
        ),
        s.accounts().unlock(juliet),
        s.accounts().change_credentials(juliet, &credentials(2)),
        s.hosts().add_and_tell("montague.example"),
        s.hosts().add("verona.example"),
        s.hosts().set_disabled("verona.example", true),
        s.hosts().delete("verona.example"),
        s.groups().create(g.host, "friends", &GroupFacts::default()),
        s.groups().change(
            g.host,
            "staff",
            &GroupFacts {
                description: "x".into(),
                ..GroupFacts::default()
            }
        ),
        s.groups().add_members(group, &[juliet]),
        s.groups().set_admin(group, juliet, true),
        s.groups().remove_member(group, juliet),
        s.groups().delete(g.host, "staff"),
        s.administrators().grant(juliet, Role::ReadOnly, "root"),
        s.administrators().revoke(juliet),
        s.api_tokens().add(
            b"hash",
            &NewApiToken {
                name: "t".into(),
                account: juliet,
                role: Role::Owner,
                expires_at: None
            }
        ),
        s.api_tokens().remove("t"),
        s.second_factors().begin(juliet, b"secret"),
        s.second_factors().confirm(juliet, b"secret", 5, &[[1; 32]]),
        s.second_factors().rewrite(juliet, b"secret", b"sealed"),
        s.second_factors().replace_recovery(juliet, &[[2; 32], [3; 32]]),
        s.second_factors().remove(juliet),
        s.console_sessions().add(b"one", juliet, "127.0.0.1", LIMITS),
        s.console_sessions().remove(b"one"),
        s.console_sessions().add(b"two", juliet, "127.0.0.1", LIMITS),
        s.console_sessions().remove_all(juliet),
        s.properties().set(&SCOPE, "a.b", "1", "root", Audit::Plain),
        s.properties().unset(&SCOPE, "a.b", "root", Audit::Plain),
        s.roster().upsert(
            juliet,
            RosterItem {
                jid: "romeo@x".into(),
                subscription: Subscription::Both,
                ..RosterItem::default()
            },
            10
        ),
        s.roster().remove(juliet, "romeo@x"),
        s.blocking().add(juliet, &["spam.example"], 10),
        s.blocking().remove(juliet, &["spam.example"]),
        s.vcards().set(juliet, b"<vCard/>", 100),
        s.private().set(juliet, "a", "b", b"<a/>", 100),
        s.accounts().delete(juliet),
    )
}

/// Everything that those can have changed.
async fn picture(g: &Ground, juliet: storage::AccountId) -> String {
    let s = &g.storage;
    let groups = s.groups().list(g.host).await.unwrap();
    let mut members = Vec::new();
    for group in &groups {
        members.push(s.groups().members(group.number, "", "", 10).await.unwrap());
    }
    format!(
        "{:?} {:?} {:?} {groups:?} {members:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        s.accounts().find(g.host, "paris").await.unwrap(),
        s.accounts().get(juliet).await.unwrap(),
        s.accounts()
            .credentials(juliet)
            .await
            .unwrap()
            .map(|keys| keys.sha1.map(|keys| keys.salt)),
        s.hosts().list().await.unwrap(),
        s.administrators().list().await.unwrap(),
        s.api_tokens().list().await.unwrap(),
        s.second_factors()
            .get(juliet)
            .await
            .unwrap()
            .map(|it| (it.secret, it.confirmed_at, it.recovery_codes)),
        s.console_sessions().list(juliet, LIMITS).await.unwrap(),
        s.properties().list().await.unwrap(),
        s.roster().load(juliet).await.unwrap(),
        s.blocking().list(juliet).await.unwrap(),
        s.vcards().get(juliet).await.unwrap(),
        s.private().all(juliet).await.unwrap(),
    )
}

async fn what_cannot_be_recorded_is_not_done(g: Ground) {
    let juliet = g.account("juliet").await;
    assert!(
        g.storage
            .groups()
            .create(g.host, "staff", &GroupFacts::default())
            .await
            .unwrap()
    );
    let group = g.storage.groups().get(g.host, "staff").await.unwrap().unwrap().number;
    let audit = g.storage.audit();
    let nowhere = 4711;
    let count = changes(&g, juliet, group).len();
    for place in 0..count {
        let before = picture(&g, juliet).await;
        let (name, change) = changes(&g, juliet, group).swap_remove(place);
        let refused = audit.during(nowhere, change).await;
        assert!(refused.is_err(), "{name} was done without a record");
        assert_eq!(picture(&g, juliet).await, before, "{name} has left something behind");
        // The same with an entry is done, and the entry says so before anybody says how it ended.
        let (name, change) = changes(&g, juliet, group).swap_remove(place);
        let id = audit.begin(&entry("test")).await.unwrap();
        audit.during(id, change).await.unwrap();
        assert_ne!(picture(&g, juliet).await, before, "{name} does nothing");
        assert_eq!(outcome(&g, id).await.as_deref(), Some(AuditLog::CHANGED), "{name}");
    }
}

async fn an_entry_tells_of_a_change_before_it_tells_of_the_end(g: Ground) {
    let juliet = g.account("juliet").await;
    let audit = g.storage.audit();
    let id = audit.begin(&entry("account.lock")).await.unwrap();
    let lock = Lock {
        reason: None,
        until: None,
    };
    assert_eq!(outcome(&g, id).await, None);
    let act = async {
        // Several changes of one act are told of once.
        for _ in 0..3 {
            g.storage.accounts().lock(juliet, &lock).await.unwrap();
            g.storage.accounts().unlock(juliet).await.unwrap();
        }
    };
    audit.during(id, act).await;
    assert_eq!(outcome(&g, id).await.as_deref(), Some(AuditLog::CHANGED));
    audit.end(id, "done").await.unwrap();
    audit.end(id, "something else").await.unwrap();
    assert_eq!(
        outcome(&g, id).await.as_deref(),
        Some("done"),
        "what has an end keeps it"
    );
    // What is done after the act is none of it.
    g.storage.accounts().lock(juliet, &lock).await.unwrap();
    assert_eq!(outcome(&g, id).await.as_deref(), Some("done"));
}

async fn an_act_that_changes_nothing_leaves_its_entry_as_it_was(g: Ground) {
    let juliet = g.account("juliet").await;
    g.storage.accounts().delete(juliet).await.unwrap();
    let audit = g.storage.audit();
    let id = audit.begin(&entry("account.unlock")).await.unwrap();
    let unlocked = audit.during(id, g.storage.accounts().unlock(juliet)).await;
    assert!(!unlocked.unwrap());
    let looked = audit.during(id, g.storage.accounts().find(g.host, "juliet")).await;
    assert!(looked.unwrap().is_none());
    assert_eq!(outcome(&g, id).await, None);
}

async fn acts_within_acts_have_entries_of_their_own(g: Ground) {
    let juliet = g.account("juliet").await;
    let audit = g.storage.audit();
    let outer = audit.begin(&entry("outer")).await.unwrap();
    let inner = audit
        .during(outer, async {
            let inner = audit.begin(&entry("inner")).await.unwrap();
            let lock = Lock {
                reason: None,
                until: None,
            };
            let locked = audit.during(inner, g.storage.accounts().lock(juliet, &lock)).await;
            assert!(locked.unwrap());
            audit.end(inner, "done").await.unwrap();
            inner
        })
        .await;
    assert_eq!(outcome(&g, inner).await.as_deref(), Some("done"));
    assert_eq!(outcome(&g, outer).await, None, "it has changed nothing itself");
}

async fn old_acts_are_forgotten_step_by_step_and_younger_ones_stay(g: Ground) {
    let audit = g.storage.audit();
    let step = AuditLog::FORGOTTEN_AT_A_TIME;
    for _ in 0..step + 3 {
        audit.begin(&entry("old")).await.unwrap();
    }
    g.time.pass(SECOND);
    let limit = g.storage.now_micros();
    let young = audit.begin(&entry("young")).await.unwrap();
    assert_eq!(
        audit.forget_some_before(limit).await.unwrap(),
        step,
        "no more at a time"
    );
    assert_eq!(audit.forget_some_before(limit).await.unwrap(), 3);
    assert_eq!(audit.forget_some_before(limit).await.unwrap(), 0);
    let left = audit.list(&AuditFilter::default(), 10).await.unwrap();
    assert_eq!(left.iter().map(|entry| entry.id).collect::<Vec<_>>(), [young]);
}

async fn who_is_deleted_leaves_the_details_of_acts_and_nobody_else_does(g: Ground) {
    let juliet = g.account("juliet").await;
    let address = "juliet@capulet.example";
    let audit = g.storage.audit();
    let write = async |actor: &str, target: &str, before: &str, after: &str, outcome: &str| {
        let act = NewAuditEntry {
            actor: actor.to_owned(),
            target: target.to_owned(),
            before: (!before.is_empty()).then(|| before.to_owned()),
            after: (!after.is_empty()).then(|| after.to_owned()),
            ..entry("test")
        };
        let id = audit.begin(&act).await.unwrap();
        if !outcome.is_empty() {
            audit.end(id, outcome).await.unwrap();
        }
        id
    };
    let of_others = "juliet@capulet.example.org and nurse.juliet@capulet.example";
    let rows = [
        write("a@x", "staff at capulet.example", "", address, "done").await,
        write(
            "a@x",
            "romeo@x",
            "juliet@capulet.example as \"J\" in A",
            "",
            "refused: there is no account juliet@capulet.example",
        )
        .await,
        write(address, address, of_others, of_others, "").await,
    ];
    // More than are looked at in one step.
    for _ in 0..520 {
        write("a@x", "b@x", "", address, "").await;
    }
    assert!(g.storage.accounts().delete(juliet).await.unwrap());
    let all = audit.list(&AuditFilter::default(), 1000).await.unwrap();
    assert_eq!(all.len(), 523, "every act stays");
    let row = |id: i64| {
        let found = all.iter().find(|entry| entry.id == id).unwrap();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (before, after) = (text(&found.act.before), text(&found.act.after));
        [
            found.act.actor.clone(),
            found.act.target.clone(),
            before,
            after,
            text(&found.outcome),
        ]
    };
    let gone = "(a deleted account)";
    assert_eq!(row(rows[0]), ["a@x", "staff at capulet.example", "", gone, "done"]);
    let refused = format!("refused: there is no account {gone}");
    assert_eq!(
        row(rows[1]),
        ["a@x", "romeo@x", &format!("{gone} as \"J\" in A"), "", &refused]
    );
    // Who did it and to whom it was done is what the record is for; other addresses are others'.
    assert_eq!(row(rows[2]), [address, address, of_others, of_others, ""]);
    assert_eq!(
        all.iter()
            .filter(|entry| entry.act.after.as_deref() == Some(gone))
            .count(),
        521
    );
}
