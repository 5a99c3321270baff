//! Hosts that are not served any more, for a while or for good.

use storage::{
    AuditFilter, Credentials, GroupFacts, HostChange, HostDeleted, HostId, NewApiToken, NewAuditEntry, Role, ShownTo,
};

use crate::Ground;

on_every_database!(
    a_disabled_host_keeps_everything_and_one_is_always_served,
    a_host_goes_with_all_that_is_of_it_and_nothing_else,
    a_host_with_every_owner_stays,
    many_accounts_go_with_their_host,
    who_goes_with_a_host_leaves_the_details_of_acts,
);

async fn another(g: &Ground) -> HostId {
    g.storage.hosts().add("montague.example").await.unwrap()
}

async fn account(g: &Ground, host: HostId, name: &str) -> storage::AccountId {
    let accounts = g.storage.accounts();
    accounts
        .create(host, name, &Credentials::default())
        .await
        .unwrap()
        .unwrap()
}

/// Which hosts there are, and whether each is served.
async fn served(g: &Ground) -> Vec<(String, bool)> {
    let hosts = g.storage.hosts().list().await.unwrap();
    hosts
        .into_iter()
        .map(|host| (host.domain, host.disabled_at.is_none()))
        .collect()
}

async fn a_disabled_host_keeps_everything_and_one_is_always_served(g: Ground) {
    let hosts = g.storage.hosts();
    let version = g.storage.properties().version().await.unwrap();
    let only = hosts.set_disabled("capulet.example", true).await.unwrap();
    assert_eq!(only, HostChange::LastHost);
    let montague = another(&g).await;
    account(&g, montague, "romeo").await;
    assert_eq!(
        hosts.set_disabled("montague.example", true).await.unwrap(),
        HostChange::Done(())
    );
    assert_eq!(
        hosts.set_disabled("capulet.example", true).await.unwrap(),
        HostChange::LastHost
    );
    assert_eq!(hosts.delete("capulet.example").await.unwrap(), HostChange::LastHost);
    assert_eq!(
        hosts.set_disabled("nowhere.example", true).await.unwrap(),
        HostChange::NoHost
    );
    let expected = [
        ("capulet.example".to_owned(), true),
        ("montague.example".to_owned(), false),
    ];
    assert_eq!(served(&g).await, expected);
    assert_eq!(g.storage.accounts().count(montague).await.unwrap(), 1);
    assert!(
        g.storage.properties().version().await.unwrap() > version,
        "all servers look for it"
    );
    assert_eq!(
        hosts.set_disabled("montague.example", false).await.unwrap(),
        HostChange::Done(())
    );
    assert!(served(&g).await[1].1);
}

async fn a_host_goes_with_all_that_is_of_it_and_nothing_else(g: Ground) {
    let montague = another(&g).await;
    let (juliet, nurse) = (g.account("juliet").await, g.account("nurse").await);
    let (romeo, tybalt) = (
        account(&g, montague, "romeo").await,
        account(&g, montague, "tybalt").await,
    );
    let admins = g.storage.administrators();
    admins.grant(juliet, Role::Owner, "x").await.unwrap();
    // Power over the host, and power of its accounts.
    admins.grant(nurse, Role::Host(montague), "x").await.unwrap();
    admins.grant(romeo, Role::Owner, "x").await.unwrap();
    let tokens = g.storage.api_tokens();
    for (hash, name, account, role) in [
        (1, "a", juliet, Role::Owner),
        (2, "b", juliet, Role::Host(montague)),
        (3, "c", romeo, Role::ReadOnly),
    ] {
        let token = NewApiToken {
            name: name.to_owned(),
            account,
            role,
            expires_at: None,
        };
        tokens.add(&[hash; 32], &token).await.unwrap();
    }
    // Groups of both hosts, each with members of both.
    let groups = g.storage.groups();
    let facts = GroupFacts {
        display_name: "x".to_owned(),
        description: String::new(),
        shown_to: ShownTo::Members,
        viewers: Vec::new(),
    };
    for host in [g.host, montague] {
        assert!(groups.create(host, "both", &facts).await.unwrap());
        let number = groups.get(host, "both").await.unwrap().unwrap().number;
        assert_eq!(groups.add_members(number, &[juliet, romeo]).await.unwrap(), 2);
    }
    for to in [juliet, romeo, tybalt] {
        g.storage.log().append(g.message(to, "hello")).unwrap().await.unwrap();
    }
    g.storage.vcards().set(romeo, b"<vCard/>", 100).await.unwrap();

    let deleted = g.storage.hosts().delete("montague.example").await.unwrap();
    assert_eq!(deleted, HostChange::Done(HostDeleted { accounts: 2, groups: 1 }));
    assert_eq!(served(&g).await, [("capulet.example".to_owned(), true)]);
    let left: Vec<String> = admins
        .list()
        .await
        .unwrap()
        .into_iter()
        .map(|it| it.localpart)
        .collect();
    assert_eq!(left, ["juliet"]);
    let left: Vec<String> = tokens.list().await.unwrap().into_iter().map(|it| it.name).collect();
    assert_eq!(left, ["a"]);
    assert_eq!(groups.get(g.host, "both").await.unwrap().unwrap().members, 1);
    assert_eq!(g.unacknowledged(juliet).await.len(), 1);
    for gone in [romeo, tybalt] {
        assert_eq!(g.unacknowledged(gone).await, []);
    }
    assert_eq!(g.storage.accounts().count(g.host).await.unwrap(), 2);
    assert_eq!(
        g.storage.hosts().delete("montague.example").await.unwrap(),
        HostChange::NoHost
    );
    // The name is free, and what comes under it is new.
    let again = another(&g).await;
    assert_eq!(g.storage.accounts().count(again).await.unwrap(), 0);
}

async fn a_host_with_every_owner_stays(g: Ground) {
    let montague = another(&g).await;
    let romeo = account(&g, montague, "romeo").await;
    let admins = g.storage.administrators();
    admins.grant(romeo, Role::Owner, "x").await.unwrap();
    let hosts = g.storage.hosts();
    assert_eq!(hosts.delete("montague.example").await.unwrap(), HostChange::LastOwner);
    assert!(served(&g).await[1].1, "nothing was done");
    assert_eq!(g.storage.accounts().count(montague).await.unwrap(), 1);
    let juliet = g.account("juliet").await;
    admins.grant(juliet, Role::Owner, "x").await.unwrap();
    let deleted = hosts.delete("montague.example").await.unwrap();
    assert_eq!(deleted, HostChange::Done(HostDeleted { accounts: 1, groups: 0 }));
}

async fn many_accounts_go_with_their_host(g: Ground) {
    let montague = another(&g).await;
    // More than go in one transaction.
    for number in 0..501 {
        account(&g, montague, &format!("montague{number}")).await;
    }
    let deleted = g.storage.hosts().delete("montague.example").await.unwrap();
    assert_eq!(
        deleted,
        HostChange::Done(HostDeleted {
            accounts: 501,
            groups: 0
        })
    );
}

async fn who_goes_with_a_host_leaves_the_details_of_acts(g: Ground) {
    let montague = another(&g).await;
    account(&g, montague, "romeo").await;
    let audit = g.storage.audit();
    let act = NewAuditEntry {
        actor: "romeo@montague.example".to_owned(),
        target: "romeo@montague.example".to_owned(),
        act: "test".to_owned(),
        before: Some("juliet@capulet.example".to_owned()),
        after: Some("juliet@capulet.example, romeo@montague.example".to_owned()),
        ..NewAuditEntry::default()
    };
    let id = audit.begin(&act).await.unwrap();
    audit.end(id, "done for romeo@montague.example").await.unwrap();
    g.storage.hosts().delete("montague.example").await.unwrap();
    let entry = audit.list(&AuditFilter::default(), 10).await.unwrap().remove(0);
    assert_eq!(entry.act.before, act.before);
    assert_eq!(
        entry.act.after.as_deref(),
        Some("juliet@capulet.example, (a deleted account)")
    );
    assert_eq!(entry.outcome.as_deref(), Some("done for (a deleted account)"));
    assert_eq!(
        (entry.act.actor, entry.act.target),
        (act.actor, act.target),
        "these are the record"
    );
}
