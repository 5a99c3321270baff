use ops::{
    Actor, Audit, AuditPage, BULK_LINES_MAX, GroupForm, GroupPage, GroupShown, Groups, MemberPage, OpsError, Role,
};

use crate::{House, house, local};

fn groups(house: &House) -> Groups {
    let audit = Audit::new(house.storage.clone(), "here".into());
    Groups::new(house.storage.clone(), std::sync::Arc::clone(&house.live) as _, audit)
}

fn form(shown_to: GroupShown, viewers: &[&str]) -> GroupForm {
    GroupForm {
        shown_to,
        viewers: viewers.iter().map(|viewer| (*viewer).to_owned()).collect(),
        ..GroupForm::default()
    }
}

async fn members(groups: &Groups, name: &str) -> Vec<String> {
    let page = MemberPage {
        limit: 10,
        ..MemberPage::default()
    };
    let (members, next) = groups.members(&local(), "one.example", name, &page).await.unwrap();
    assert_eq!(next, None);
    members.into_iter().map(|member| member.jid).collect()
}

#[tokio::test]
async fn lines_that_name_nobody_are_told_and_keep_nobody_else_out() {
    let house = house().await;
    let groups = groups(&house);
    for address in ["a@one.example", "b@one.example", "c@two.example"] {
        house.add(address).await;
    }
    let members_only = form(GroupShown::Members, &[]);
    groups
        .create(&local(), "one.example", "staff", &members_only)
        .await
        .unwrap();
    let lines = "a\n\n  B@one.example  \nnobody\nc@two.example\na@one.example\n<b>\na@one.example/x\n";
    let added = groups
        .add_members(&local(), "one.example", "staff", lines)
        .await
        .unwrap();
    assert_eq!((added.added, added.already), (2, 1));
    let refused: Vec<(usize, &str)> = added
        .refused
        .iter()
        .map(|line| (line.line, line.text.as_str()))
        .collect();
    let expected = [(4, "nobody"), (5, "c@two.example"), (7, "<b>"), (8, "a@one.example/x")];
    assert_eq!(refused, expected);
    assert_eq!(members(&groups, "staff").await, ["a@one.example", "b@one.example"]);
    let changes = *house.live.sharing_changes.lock().unwrap();
    assert_eq!(changes, 2, "who is there was told of the group and of its members");
    let too_many = "a\n".repeat(BULK_LINES_MAX + 1);
    let refused = groups.add_members(&local(), "one.example", "staff", &too_many).await;
    assert!(matches!(refused, Err(OpsError::TooManyLines { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_group_is_made_found_changed_and_deleted() {
    let house = house().await;
    let groups = groups(&house);
    for (name, display) in [("staff", ""), ("a team", "Team"), ("Zoo", "Tiere")] {
        let form = GroupForm {
            display_name: display.to_owned(),
            ..form(GroupShown::Nobody, &[])
        };
        groups.create(&local(), "one.example", name, &form).await.unwrap();
    }
    let list = async |text: &str, after: &str, limit| {
        let page = GroupPage {
            host: "one.example".into(),
            text: text.into(),
            after: after.into(),
            limit,
        };
        let (found, next) = groups.list(&local(), &page).await.unwrap();
        (found.into_iter().map(|group| group.name).collect::<Vec<_>>(), next)
    };
    assert_eq!(
        list("", "", 2).await,
        (vec!["Zoo".into(), "a team".into()], Some("a team".into()))
    );
    assert_eq!(list("", "a team", 2).await, (vec!["staff".into()], None));
    assert_eq!(list("TIER", "", 9).await.0, ["Zoo"]);
    let staff = groups.get(&local(), "one.example", "staff").await.unwrap();
    assert_eq!(staff.form.display_name, "staff");
    let chosen = form(GroupShown::Groups, &["Zoo"]);
    groups.change(&local(), "one.example", "staff", &chosen).await.unwrap();
    let unknown = form(GroupShown::Groups, &["nowhere"]);
    let refused = groups.change(&local(), "one.example", "staff", &unknown).await;
    assert!(matches!(refused, Err(OpsError::NoGroup(_))), "{refused:?}");
    let staff = groups.get(&local(), "one.example", "staff").await.unwrap();
    assert_eq!(staff.form.viewers, ["Zoo"], "what is refused changes nothing");
    groups.delete(&local(), "one.example", "Zoo").await.unwrap();
    let staff = groups.get(&local(), "one.example", "staff").await.unwrap();
    assert!(staff.form.viewers.is_empty());
    for name in ["", " x", "x ", "a\nb", "\u{ffff}"] {
        let refused = groups
            .create(&local(), "one.example", name, &form(GroupShown::Nobody, &[]))
            .await;
        assert!(matches!(refused, Err(OpsError::BadGroupName)), "{name:?}: {refused:?}");
    }
    let taken = groups
        .create(&local(), "one.example", "staff", &form(GroupShown::Nobody, &[]))
        .await;
    assert!(matches!(taken, Err(OpsError::GroupExists(_))), "{taken:?}");
}

#[tokio::test]
async fn groups_of_another_host_are_neither_seen_nor_changed_and_reading_changes_none() {
    let house = house().await;
    let groups = groups(&house);
    house.add("a@one.example").await;
    groups
        .create(&local(), "one.example", "staff", &GroupForm::default())
        .await
        .unwrap();
    let actor = |role: Role| Actor::Account {
        jid: "chief@two.example".parse().unwrap(),
        role,
        address: None,
    };
    let (chief, reader) = (actor(Role::Host("two.example".into())), actor(Role::ReadOnly));
    groups.get(&reader, "one.example", "staff").await.unwrap();
    let page = GroupPage {
        host: "one.example".into(),
        ..GroupPage::default()
    };
    assert!(groups.list(&chief, &page).await.is_err());
    assert!(groups.get(&chief, "one.example", "staff").await.is_err());
    for actor in [&chief, &reader] {
        let (host, form) = ("one.example", GroupForm::default());
        let refused = [
            groups.create(actor, host, "new", &form).await.err(),
            groups.change(actor, host, "staff", &form).await.err(),
            groups.add_members(actor, host, "staff", "a").await.err(),
            groups.remove_member(actor, host, "staff", "a").await.err(),
            groups.set_group_admin(actor, host, "staff", "a", true).await.err(),
            groups.delete(actor, host, "staff").await.err(),
        ];
        for (place, refused) in refused.iter().enumerate() {
            assert!(
                matches!(refused, Some(OpsError::Denied { .. })),
                "{actor}, {place}: {refused:?}"
            );
        }
    }
    assert!(members(&groups, "staff").await.is_empty());
}

#[tokio::test]
async fn while_an_act_is_under_way_its_entry_says_that_it_has_changed_something() {
    let house = house().await;
    house.live.storage.set(house.storage.clone()).ok().unwrap();
    let audit = Audit::new(house.storage.clone(), "here".into());
    let groups = groups(&house);
    let form = GroupForm::default();
    groups.create(&local(), "one.example", "staff", &form).await.unwrap();
    assert!(groups.create(&local(), "one.example", "staff", &form).await.is_err());
    groups.delete(&local(), "one.example", "staff").await.unwrap();
    let outcomes = house.live.outcomes.lock().unwrap().clone();
    let changed = || Some(storage::AuditLog::CHANGED.to_owned());
    assert_eq!(outcomes, [changed(), changed()], "the one that failed changed nothing");
    let page = AuditPage {
        limit: 10,
        ..AuditPage::default()
    };
    let acts = audit.list(&local(), &page).await.unwrap();
    let ends: Vec<&str> = acts.iter().filter_map(|act| act.outcome.as_deref()).collect();
    assert_eq!(
        ends,
        ["done", "refused: there is a group staff at one.example already", "done"]
    );
    assert!(acts.iter().all(|act| !act.is_open()));
}
