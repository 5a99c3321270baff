//! Who has power, who is logged in at the console, and what was done.

use storage::{AuditFilter, Credentials, NewAuditEntry, Role, RoleChange, SessionLimits};

use crate::{Ground, ground::SECOND};

on_every_database!(
    the_last_owner_stays,
    of_two_first_owners_there_is_one,
    who_is_logged_in_loses_that_with_power_or_account,
    an_account_has_so_many_logins_and_no_more,
    the_record_finds_texts_letter_by_letter,
    the_record_is_narrowed_by_host_time_and_value_and_forgotten_by_time,
);

const LIMITS: SessionLimits = SessionLimits {
    idle_micros: 900_000_000,
    absolute_micros: 43_200_000_000,
};

async fn the_last_owner_stays(g: Ground) {
    let (a, b) = (g.account("a").await, g.account("b").await);
    let it = g.storage.administrators();
    assert!(!it.is_any().await.unwrap());
    assert_eq!(it.grant(a, Role::Owner, "x").await.unwrap(), RoleChange::Done);
    assert_eq!(it.grant(a, Role::ReadOnly, "x").await.unwrap(), RoleChange::LastOwner);
    assert_eq!(it.revoke(a).await.unwrap(), RoleChange::LastOwner);
    assert_eq!(it.revoke(b).await.unwrap(), RoleChange::NoAdministrator);
    assert_eq!(it.grant(b, Role::Host(g.host), "x").await.unwrap(), RoleChange::Done);
    assert_eq!(it.role(b).await.unwrap(), Some(Role::Host(g.host)));
    assert_eq!(it.grant(b, Role::Owner, "y").await.unwrap(), RoleChange::Done);
    assert_eq!(it.revoke(a).await.unwrap(), RoleChange::Done);
    let list = it.list().await.unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(
        (list[0].localpart.as_str(), list[0].role, list[0].granted_by.as_str()),
        ("b", Role::Owner, "y")
    );
    // An account that is deleted takes its power along.
    assert!(g.storage.accounts().delete(b).await.unwrap());
    assert!(!it.is_any().await.unwrap());
}

async fn of_two_first_owners_there_is_one(g: Ground) {
    let (a, b) = (g.account("a").await, g.account("b").await);
    let it = g.storage.administrators();
    let (first, second) = tokio::join!(it.grant_first(a, "x"), it.grant_first(b, "x"));
    let done = [first.unwrap(), second.unwrap()];
    assert!(
        done.contains(&RoleChange::Done) && done.contains(&RoleChange::NotFirst),
        "{done:?}"
    );
    assert_eq!(it.list().await.unwrap().len(), 1);
}

async fn who_is_logged_in_loses_that_with_power_or_account(g: Ground) {
    let (a, b) = (g.account("a").await, g.account("b").await);
    let (it, sessions) = (g.storage.administrators(), g.storage.console_sessions());
    it.grant(a, Role::Owner, "x").await.unwrap();
    it.grant(b, Role::Host(g.host), "x").await.unwrap();
    sessions.add(&[1; 32], a, "127.0.0.1", LIMITS).await.unwrap();
    sessions.add(&[2; 32], b, "::1", LIMITS).await.unwrap();
    let found = sessions.find(&[2; 32], LIMITS).await.unwrap().unwrap();
    assert_eq!(
        (found.account, found.role, found.is_locked),
        (b, Role::Host(g.host), false)
    );
    assert!(found.host.is_some());
    assert!(sessions.find(&[3; 32], LIMITS).await.unwrap().is_none());
    sessions.touch(&[2; 32], &found).await.unwrap();

    it.revoke(b).await.unwrap();
    assert!(sessions.find(&[2; 32], LIMITS).await.unwrap().is_none());
    it.grant(b, Role::ReadOnly, "x").await.unwrap();
    assert!(
        sessions.find(&[2; 32], LIMITS).await.unwrap().is_none(),
        "power that comes again brings no login back"
    );
    // With another password whoever had the old one is out.
    g.storage
        .accounts()
        .change_credentials(a, &Credentials::default())
        .await
        .unwrap();
    assert!(sessions.find(&[1; 32], LIMITS).await.unwrap().is_none());
    sessions.add(&[4; 32], a, "::1", LIMITS).await.unwrap();
    sessions.remove(&[4; 32]).await.unwrap();
    assert!(sessions.find(&[4; 32], LIMITS).await.unwrap().is_none());
    sessions.add(&[5; 32], a, "::1", LIMITS).await.unwrap();
    g.time.pass(LIMITS.idle_micros);
    assert!(sessions.find(&[5; 32], LIMITS).await.unwrap().is_some());
    g.time.pass(1);
    assert!(
        sessions.find(&[5; 32], LIMITS).await.unwrap().is_none(),
        "idle for too long"
    );
}

async fn an_account_has_so_many_logins_and_no_more(g: Ground) {
    let a = g.account("a").await;
    g.storage.administrators().grant(a, Role::Owner, "x").await.unwrap();
    let sessions = g.storage.console_sessions();
    for number in 0..20 {
        sessions.add(&[number; 32], a, "::1", LIMITS).await.unwrap();
        g.time.pass(SECOND);
    }
    let mut open = 0;
    for number in 0..20 {
        open += usize::from(sessions.find(&[number; 32], LIMITS).await.unwrap().is_some());
    }
    assert_eq!(open, 16);
    assert!(
        sessions.find(&[19; 32], LIMITS).await.unwrap().is_some(),
        "the latest one stays"
    );
}

async fn the_record_finds_texts_letter_by_letter(g: Ground) {
    let audit = g.storage.audit();
    for (act, target) in [
        ("account.add", "a%b@x"),
        ("account.add", "a_b@x"),
        ("property.set", "Ä'\\"),
    ] {
        let entry = NewAuditEntry {
            actor: "local:root".to_owned(),
            node: "n1".to_owned(),
            act: act.to_owned(),
            target: target.to_owned(),
            after: Some("v".repeat(10_000)),
            ..NewAuditEntry::default()
        };
        let id = audit.begin(&entry).await.unwrap();
        if act == "property.set" {
            audit.end(id, "done").await.unwrap();
            audit.end(id, "again").await.unwrap();
        }
    }
    let find = async |act: &str, target: &str| {
        let filter = AuditFilter {
            act: act.to_owned(),
            target: target.to_owned(),
            ..AuditFilter::default()
        };
        audit.list(&filter, 10).await.unwrap()
    };
    for (act, target, count) in [
        ("", "", 3),
        ("account", "", 2),
        ("Account", "", 0),
        ("", "%", 1),
        ("", "_", 1),
        ("", "\\", 1),
        ("", "'", 1),
        ("", "Ä", 1),
        ("", "ä", 0),
        ("' OR '1'='1", "", 0),
    ] {
        assert_eq!(find(act, target).await.len(), count, "{act} {target}");
    }
    let all = find("", "").await;
    assert_eq!(
        all[0].outcome.as_deref(),
        Some("done"),
        "the first word about it is the last"
    );
    assert_eq!(all[1].outcome, None);
    assert_eq!(
        all[0].act.after.as_ref().map(String::len),
        Some(4096),
        "long texts are cut"
    );
    assert!(all[0].id > all[1].id && all[1].id > all[2].id);
    let filter = AuditFilter {
        before: Some(all[0].id),
        ..AuditFilter::default()
    };
    assert_eq!(audit.list(&filter, 1).await.unwrap(), all[1..2]);
}

async fn the_record_is_narrowed_by_host_time_and_value_and_forgotten_by_time(g: Ground) {
    let audit = g.storage.audit();
    let mut ids = Vec::new();
    for (target, after) in [
        ("a@x.test", "old"),
        ("b@x.test/r", "50%"),
        ("x.test", "new"),
        ("a@not-x.test", "new"),
    ] {
        let entry = NewAuditEntry {
            actor: "x".to_owned(),
            node: "n1".to_owned(),
            act: "act".to_owned(),
            target: target.to_owned(),
            after: Some(after.to_owned()),
            ..NewAuditEntry::default()
        };
        ids.push(audit.begin(&entry).await.unwrap());
        g.time.pass(SECOND);
    }
    audit.end(ids[3], "refused, 2 times").await.unwrap();
    let all = audit.list(&AuditFilter::default(), 10).await.unwrap();
    let check = async |filter: AuditFilter, expected: &[usize]| {
        let found = audit.list(&filter, 10).await.unwrap();
        let found: Vec<_> = found.iter().map(|entry| entry.id).collect();
        let expected: Vec<_> = expected.iter().map(|index| ids[*index]).collect();
        assert_eq!(found, expected, "{filter:?}");
    };
    let none = AuditFilter::default;
    let (host, text) = (
        |host: &str| AuditFilter {
            host: host.into(),
            ..none()
        },
        |text: &str| AuditFilter {
            text: text.into(),
            ..none()
        },
    );
    check(host("x.test"), &[2, 1, 0]).await;
    check(host("not-x.test"), &[3]).await;
    check(host("test"), &[]).await;
    check(host("%"), &[]).await;
    check(text("new"), &[3, 2]).await;
    check(text("%"), &[1]).await;
    check(text("2 times"), &[3]).await;
    let (since, until) = (Some(all[2].at), Some(all[0].at));
    check(AuditFilter { since, until, ..none() }, &[2, 1]).await;
    assert_eq!(audit.forget_some_before(all[1].at).await.unwrap(), 2);
    check(none(), &[3, 2]).await;
}
