//! Groups: who is in them, whose rosters show them, and that every change is heard of.

use storage::{GroupFacts, GroupNumber, Groups, Member, SharedGroups, ShownTo, StorageError};

use crate::Ground;

on_every_database!(
    a_group_comes_back_as_it_was_made,
    names_are_a_hosts_own_and_byte_for_byte,
    members_come_in_pages_and_go,
    every_change_is_heard_of_and_marks_its_group,
    a_deleted_account_leaves_its_groups_and_that_is_heard_of,
    a_deleted_group_is_chosen_no_more,
    a_refused_group_leaves_no_trace,
    groups_are_read_as_they_were_at_one_moment,
);

fn facts(shown_to: ShownTo, viewers: &[&str]) -> GroupFacts {
    GroupFacts {
        display_name: "Röster 🌹".to_owned(),
        description: "'; DROP TABLE hosts;--".to_owned(),
        shown_to,
        viewers: viewers.iter().map(|viewer| (*viewer).to_owned()).collect(),
    }
}

async fn make(g: &Ground, name: &str, shown_to: ShownTo, viewers: &[&str]) -> GroupNumber {
    let groups = g.storage.groups();
    assert!(groups.create(g.host, name, &facts(shown_to, viewers)).await.unwrap());
    groups.get(g.host, name).await.unwrap().unwrap().number
}

async fn shared(g: &Ground) -> SharedGroups {
    g.storage.groups().shared().await.unwrap()
}

async fn a_group_comes_back_as_it_was_made(g: Ground) {
    let groups = g.storage.groups();
    make(&g, "b", ShownTo::Nobody, &[]).await;
    make(&g, "a", ShownTo::Groups, &["b", "nowhere"]).await;
    let group = groups.get(g.host, "a").await.unwrap().unwrap();
    assert_eq!(group.facts, facts(ShownTo::Groups, &["b"]));
    assert_eq!((group.members, group.created_at), (0, crate::ground::START));
    let names: Vec<String> = groups
        .list(g.host)
        .await
        .unwrap()
        .into_iter()
        .map(|it| it.name)
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(groups.list(g.host).await.unwrap()[0], group);
    for shown_to in [ShownTo::Host, ShownTo::Members, ShownTo::Nobody] {
        assert!(groups.change(g.host, "a", &facts(shown_to, &["b"])).await.unwrap());
        let group = groups.get(g.host, "a").await.unwrap().unwrap();
        assert_eq!(
            group.facts,
            facts(shown_to, &[]),
            "chosen groups count for one answer alone"
        );
    }
    assert!(
        !groups
            .change(g.host, "nowhere", &facts(ShownTo::Host, &[]))
            .await
            .unwrap()
    );
    assert!(!groups.delete(g.host, "nowhere").await.unwrap());
}

async fn names_are_a_hosts_own_and_byte_for_byte(g: Ground) {
    let groups = g.storage.groups();
    for name in ["staff", "Staff", "staff ", "stäff"] {
        make(&g, name, ShownTo::Nobody, &[]).await;
    }
    assert!(
        !groups
            .create(g.host, "staff", &facts(ShownTo::Host, &[]))
            .await
            .unwrap()
    );
    assert_eq!(groups.list(g.host).await.unwrap().len(), 4);
    assert_eq!(groups.get(g.host, "STAFF").await.unwrap(), None);
}

async fn members_come_in_pages_and_go(g: Ground) {
    let groups = g.storage.groups();
    let group = make(&g, "staff", ShownTo::Members, &[]).await;
    let mut accounts = Vec::new();
    for name in ["nurse", "juliet", "romeo", "rosaline"] {
        accounts.push(g.account(name).await);
    }
    assert_eq!(groups.add_members(group, &accounts[..3]).await.unwrap(), 3);
    assert_eq!(groups.add_members(group, &accounts).await.unwrap(), 1);
    assert_eq!(groups.add_members(group, &accounts).await.unwrap(), 0);
    assert!(groups.set_admin(group, accounts[0], true).await.unwrap());
    let page = async |prefix: &str, after: &str, limit| {
        let members = groups.members(group, prefix, after, limit).await.unwrap();
        members.into_iter().map(|member| member.localpart).collect::<Vec<_>>()
    };
    assert_eq!(page("", "", 3).await, ["juliet", "nurse", "romeo"]);
    assert_eq!(page("", "romeo", 3).await, ["rosaline"]);
    assert_eq!(page("ro", "", 9).await, ["romeo", "rosaline"]);
    assert_eq!(page("%", "", 9).await, [""; 0]);
    let nurse = Member {
        localpart: "nurse".to_owned(),
        is_admin: true,
    };
    assert_eq!(groups.members(group, "n", "", 9).await.unwrap(), [nurse]);
    assert!(groups.remove_member(group, accounts[2]).await.unwrap());
    assert!(!groups.remove_member(group, accounts[2]).await.unwrap());
    assert!(!groups.set_admin(group, accounts[2], true).await.unwrap());
    assert_eq!(page("ro", "", 9).await, ["rosaline"]);
    let of = groups.of_account(accounts[0]).await.unwrap();
    assert_eq!((of.len(), of[0].group.as_str(), of[0].is_admin), (1, "staff", true));
    assert!(groups.of_account(accounts[2]).await.unwrap().is_empty());
}

async fn every_change_is_heard_of_and_marks_its_group(g: Ground) {
    let other = g.again(|_| {}).await;
    let mut changes = other.cluster().changes();
    let mut seen = changes.changed().await.unwrap().groups;
    let account = g.account("juliet").await;
    let groups = g.storage.groups();
    let group = make(&g, "staff", ShownTo::Members, &[]).await;
    let mut last = 0;
    for step in 0..4 {
        match step {
            0 => {}
            1 => assert_eq!(groups.add_members(group, &[account]).await.unwrap(), 1),
            2 => assert!(
                groups
                    .change(g.host, "staff", &facts(ShownTo::Host, &[]))
                    .await
                    .unwrap()
            ),
            _ => assert!(groups.remove_member(group, account).await.unwrap()),
        }
        let version = shared(&g).await.groups[0].version;
        assert!(version > last, "step {step}: {version} after {last}");
        assert_eq!(version, groups.version().await.unwrap());
        last = version;
        while seen < version {
            seen = changes.changed().await.unwrap().groups;
        }
    }
    // What changes nothing is no change.
    assert!(!groups.remove_member(group, account).await.unwrap());
    assert_eq!(groups.version().await.unwrap(), last);
    other.close().await.unwrap();
}

async fn a_deleted_account_leaves_its_groups_and_that_is_heard_of(g: Ground) {
    let (juliet, romeo) = (g.account("juliet").await, g.account("romeo").await);
    let groups = g.storage.groups();
    let group = make(&g, "staff", ShownTo::Members, &[]).await;
    groups.add_members(group, &[juliet]).await.unwrap();
    let before = shared(&g).await;
    assert!(g.storage.accounts().delete(romeo).await.unwrap());
    assert_eq!(shared(&g).await, before, "who is in no group changes none");
    assert!(g.storage.accounts().delete(juliet).await.unwrap());
    let after = shared(&g).await;
    assert!(after.version > before.version && after.groups[0].version == after.version);
    assert!(after.groups[0].members.is_empty());
}

async fn a_deleted_group_is_chosen_no_more(g: Ground) {
    let groups = g.storage.groups();
    let viewers = make(&g, "viewers", ShownTo::Nobody, &[]).await;
    make(&g, "seen", ShownTo::Groups, &["viewers"]).await;
    let before = shared(&g).await;
    let numbers: Vec<_> = before.groups.iter().map(|group| group.number).collect();
    assert_eq!(
        numbers.len(),
        2,
        "one that is chosen matters, though it is shown to nobody"
    );
    assert!(numbers.contains(&viewers));
    assert!(groups.delete(g.host, "viewers").await.unwrap());
    let after = shared(&g).await;
    assert_eq!(after.groups.len(), 1);
    assert!(after.groups[0].viewers.is_empty() && after.groups[0].version == after.version);
}

async fn a_refused_group_leaves_no_trace(g: Ground) {
    let groups = g.storage.groups();
    let too_long = "x".repeat(Groups::MAX_NAME_BYTES + 1);
    let refused = groups.create(g.host, &too_long, &facts(ShownTo::Nobody, &[])).await;
    assert!(matches!(refused, Err(StorageError::TooLarge { .. })), "{refused:?}");
    let refused = groups.create(g.host, "a\0b", &facts(ShownTo::Nobody, &[])).await;
    assert!(matches!(refused, Err(StorageError::Nul)), "{refused:?}");
    assert!(groups.list(g.host).await.unwrap().is_empty());
}

/// Another node reads while members come and go: to one version of a group belong always the same members.
async fn groups_are_read_as_they_were_at_one_moment(g: Ground) {
    const CHANGES: usize = 60;
    let other = g.again(|_| {}).await;
    let group = make(&g, "staff", ShownTo::Members, &[]).await;
    let juliet = g.account("juliet").await;
    let changing = async {
        for _ in 0..CHANGES {
            g.storage.groups().add_members(group, &[juliet]).await.unwrap();
            assert!(g.storage.groups().remove_member(group, juliet).await.unwrap());
        }
    };
    let mut seen = std::collections::HashMap::new();
    let reading = async {
        loop {
            let found = other.groups().shared().await.unwrap().groups.remove(0);
            let members = seen.entry(found.version).or_insert_with(|| found.members.clone());
            assert_eq!(*members, found.members, "version {}", found.version);
        }
    };
    tokio::select! {
        () = changing => {}
        () = reading => {}
    }
    // The last change, by which they were added and went, is seen as well.
    assert_eq!(shared(&g).await.groups[0].members, [""; 0]);
}
