use std::sync::Arc;

use arc_swap::ArcSwap;
use ops::{
    Actor, Applies, Catalogue, Check, Definition, Kind, NotSet, OpsError, Pinned, Pins, Properties, Role, Source,
    Value, Where,
};
use storage::{Audit, Scope};

use crate::{House, house, local};

const ANY: Check = Check {
    allowed: "anything",
    is_allowed: |_| true,
};

fn properties(house: &House, pins: Pins) -> Properties {
    let definition = |name, kind, default, applies| Definition {
        name,
        doc: "Words.",
        kind,
        default,
        applies,
        is_secret: false,
    };
    let catalogue = Catalogue::new(vec![
        definition(
            "sm.resume_secs",
            Kind::Int { min: 0, max: 600 },
            Value::Int(300),
            Applies::Live,
        ),
        definition("registration.enabled", Kind::Bool, Value::Bool(false), Applies::Restart),
        definition(
            "console.allowed",
            Kind::List(ANY),
            Value::List(Vec::new()),
            Applies::Live,
        ),
    ]);
    let pins = Arc::new(ArcSwap::from_pointee(pins));
    Properties::new(house.storage.clone(), Arc::new(catalogue), pins, "node1".into())
}

#[tokio::test]
async fn the_nodes_value_stands_over_the_clusters_and_that_over_the_default() {
    let house = house().await;
    let properties = properties(&house, Pins::new());
    let holds = async |expected: i64, source: Source| {
        let property = properties.get(&local(), "sm.resume_secs").await.unwrap();
        assert_eq!((property.value, property.source), (Value::Int(expected), source));
    };
    holds(300, Source::Default).await;
    properties
        .set(&local(), Where::Cluster, "sm.resume_secs", "100")
        .await
        .unwrap();
    holds(100, Source::Cluster).await;
    properties
        .set(&local(), Where::Node, "sm.resume_secs", "50")
        .await
        .unwrap();
    holds(50, Source::Node).await;
    properties.unset(&local(), Where::Node, "sm.resume_secs").await.unwrap();
    holds(100, Source::Cluster).await;
    properties
        .unset(&local(), Where::Cluster, "sm.resume_secs")
        .await
        .unwrap();
    holds(300, Source::Default).await;
}

#[tokio::test]
async fn values_and_names_are_checked() {
    let house = house().await;
    let properties = properties(&house, Pins::new());
    for (name, value, expected) in [
        (
            "sm.resume_secs",
            "601",
            "sm.resume_secs = \"601\" is not allowed: allowed are whole numbers from 0 to 600",
        ),
        (
            "registration.enabled",
            "yes",
            "registration.enabled = \"yes\" is not allowed: allowed are true and false",
        ),
        (
            "sm.resume_sec",
            "1",
            "there is no property sm.resume_sec; did you mean sm.resume_secs?",
        ),
        ("zzz", "1", "there is no property zzz"),
    ] {
        let refused = properties.set(&local(), Where::Cluster, name, value).await.unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
    assert_eq!(
        house.storage.properties().version().await.unwrap(),
        0,
        "nothing was changed"
    );
}

#[tokio::test]
async fn a_pinned_property_is_changed_where_it_is_pinned() {
    let house = house().await;
    let pinned = Pinned {
        value: Value::Int(10),
        by: "hearth.toml:7".into(),
    };
    let properties = properties(&house, Pins::from([("sm.resume_secs".to_owned(), pinned)]));
    house
        .storage
        .properties()
        .set(&Scope::Cluster, "sm.resume_secs", "5", "x", Audit::Plain)
        .await
        .unwrap();
    let property = properties.get(&local(), "sm.resume_secs").await.unwrap();
    assert_eq!(
        (property.value, property.source),
        (Value::Int(10), Source::Pinned("hearth.toml:7".into()))
    );
    let expected = "sm.resume_secs is pinned by hearth.toml:7: change it there";
    let set = properties
        .set(&local(), Where::Cluster, "sm.resume_secs", "1")
        .await
        .unwrap_err();
    let unset = properties
        .unset(&local(), Where::Node, "sm.resume_secs")
        .await
        .unwrap_err();
    assert_eq!([set.to_string(), unset.to_string()], [expected, expected]);
}

#[tokio::test]
async fn a_stored_value_that_is_not_allowed_any_more_is_passed_over() {
    let house = house().await;
    let properties = properties(&house, Pins::new());
    house
        .storage
        .properties()
        .set(&Scope::Cluster, "sm.resume_secs", "9999", "x", Audit::Plain)
        .await
        .unwrap();
    let property = properties.get(&local(), "sm.resume_secs").await.unwrap();
    assert_eq!((property.value, property.source), (Value::Int(300), Source::Default));
}

#[tokio::test]
async fn the_record_of_changes_says_who() {
    let house = house().await;
    let properties = properties(&house, Pins::new());
    properties
        .set(&local(), Where::Cluster, "registration.enabled", "true")
        .await
        .unwrap();
    let changes = house.storage.properties().history(None, None, 10).await.unwrap();
    let change = &changes[0];
    assert_eq!(
        (change.actor.as_str(), change.after.as_deref()),
        ("local:root", Some("true"))
    );
}

fn pairs(values: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    values.iter().map(owned).collect()
}

#[tokio::test]
async fn several_are_set_in_one_act_or_none_of_them() {
    let house = house().await;
    let properties = properties(&house, Pins::new());
    let wrong = pairs(&[
        ("sm.resume_secs", "601"),
        ("registration.enabled", "true"),
        ("zzz", "1"),
    ]);
    let refused = properties.set_all(&local(), &wrong).await;
    let Err(NotSet::Values(wrong)) = refused else {
        panic!("{refused:?}");
    };
    let mut names: Vec<_> = wrong.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["sm.resume_secs", "zzz"],
        "each is told of what is wrong with it"
    );
    let right = pairs(&[("sm.resume_secs", "60"), ("registration.enabled", "true")]);
    let denied = properties.set_all(&crate::powers::of_one(), &right).await;
    assert!(
        matches!(denied, Err(NotSet::Other(OpsError::Denied { .. }))),
        "{denied:?}"
    );
    assert_eq!(
        house.storage.properties().version().await.unwrap(),
        0,
        "nothing was changed"
    );
    properties.set_all(&local(), &right).await.unwrap();
    assert_eq!(house.storage.properties().version().await.unwrap(), 1);
}

#[tokio::test]
async fn a_change_is_undone_once_and_by_owners_and_secrets_are_not() {
    let house = house().await;
    let properties = properties(&house, Pins::new());
    let set = async |value: &str| {
        let set = properties.set(&local(), Where::Node, "sm.resume_secs", value).await;
        set.unwrap();
        properties.history(&local(), None, None, 1).await.unwrap()[0].clone()
    };
    let (first, second) = (set("1").await, set("2").await);
    assert_eq!(second.node.as_deref(), Some("node1"));
    let owner = local();
    let undo = async |id: i64| properties.undo(&owner, id).await;
    let denied = properties.undo(&crate::powers::of_one(), second.id).await;
    assert!(matches!(denied, Err(OpsError::Denied { .. })), "{denied:?}");
    assert!(matches!(undo(first.id).await, Err(OpsError::ChangedSince(_))));
    assert_eq!(undo(second.id).await.unwrap().value, Value::Int(1));
    assert!(
        matches!(undo(second.id).await, Err(OpsError::ChangedSince(_))),
        "it is undone"
    );
    assert_eq!(undo(first.id).await.unwrap().source, Source::Default);
    assert!(matches!(undo(i64::MAX).await, Err(OpsError::NoChange(_))));

    let stored = house.storage.properties();
    let (scope, name) = (Scope::Cluster, "sm.resume_secs");
    stored.set(&scope, name, "7", "x", Audit::Masked).await.unwrap();
    let secret = &stored.history(Some(name), None, 1).await.unwrap()[0];
    assert!(matches!(undo(secret.id).await, Err(OpsError::SecretChange(_))));
    assert_eq!(stored.get(&scope, name).await.unwrap().as_deref(), Some("7"));
}

#[tokio::test]
async fn nobody_shuts_themselves_out_of_the_console_in_any_way() {
    let house = house().await;
    let properties = properties(&house, Pins::new());
    let owner = Actor::Account {
        jid: "juliet@one.example".parse().unwrap(),
        role: Role::Owner,
        address: Some("198.51.100.7".parse().unwrap()),
    };
    let (name, office, own) = ("console.allowed", "192.0.2.0/24", "192.0.2.0/24,198.51.100.0/24");
    let set = async |text: &str| properties.set(&owner, Where::Cluster, name, text).await;
    assert!(matches!(set(office).await, Err(OpsError::ShutOut(_))));
    let form = [(name.to_owned(), office.to_owned())];
    let in_a_form = properties.set_all(&owner, &form).await;
    assert!(matches!(in_a_form, Err(NotSet::Values(wrong)) if matches!(wrong[name], OpsError::ShutOut(_))));
    // Who is on the machine may; the owner may not go back to it.
    for text in [office, own] {
        properties.set(&local(), Where::Cluster, name, text).await.unwrap();
    }
    let last = properties.history(&local(), Some(name), None, 1).await.unwrap();
    let undone = properties.undo(&owner, last[0].id).await;
    assert!(matches!(undone, Err(OpsError::ShutOut(_))), "{undone:?}");
    let held = properties.get(&local(), name).await.unwrap().value;
    assert_eq!(held.to_string(), own);
    set("").await.unwrap();
}
