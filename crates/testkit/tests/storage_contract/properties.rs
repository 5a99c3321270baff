//! System properties and secrets.

use storage::{Audit, NewValue, Properties, Scope, StorageError};

use crate::Ground;
use crate::ground::START;

on_every_database!(
    a_property_has_a_value_for_the_cluster_and_for_each_node,
    every_change_is_recorded_with_who_made_it,
    the_version_grows_with_every_change_and_only_then,
    concurrent_changes_are_all_counted,
    a_value_has_its_bound,
    a_secret_is_made_once,
    a_sealed_value_is_known_as_such_and_in_no_record,
    several_changes_are_made_together_or_not_at_all,
    changes_are_found_by_property_and_forgotten_by_time,
);

fn node(name: &str) -> Scope {
    Scope::Node(name.to_owned())
}

async fn a_property_has_a_value_for_the_cluster_and_for_each_node(g: Ground) {
    let properties = g.storage.properties();
    properties
        .set(&Scope::Cluster, "greeting", "Good night", "admin", Audit::Plain)
        .await
        .unwrap();
    properties
        .set(&node("one"), "greeting", "Gute Nacht 🌙", "admin", Audit::Plain)
        .await
        .unwrap();
    for (scope, expected) in [
        (Scope::Cluster, Some("Good night")),
        (node("one"), Some("Gute Nacht 🌙")),
        (node("One"), None),
        (node("two"), None),
    ] {
        assert_eq!(
            properties.get(&scope, "greeting").await.unwrap().as_deref(),
            expected,
            "{scope:?}"
        );
    }
    properties
        .unset(&node("one"), "greeting", "admin", Audit::Plain)
        .await
        .unwrap();
    let all = properties.list().await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(
        (&all[0].scope, all[0].name.as_str(), all[0].value.as_str()),
        (&Scope::Cluster, "greeting", "Good night")
    );
}

async fn every_change_is_recorded_with_who_made_it(g: Ground) {
    let properties = g.storage.properties();
    properties
        .set(&Scope::Cluster, "a", "1", "nurse", Audit::Plain)
        .await
        .unwrap();
    properties
        .set(&Scope::Cluster, "a", "2", "friar", Audit::Plain)
        .await
        .unwrap();
    properties
        .set(&node("one"), "key", "hunter2", "friar", Audit::Masked)
        .await
        .unwrap();
    properties
        .unset(&Scope::Cluster, "a", "prince", Audit::Plain)
        .await
        .unwrap();
    let history = properties.history(None, None, 10).await.unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|change| {
            (
                change.actor.as_str(),
                change.name.as_str(),
                change.before.as_deref(),
                change.after.as_deref(),
            )
        })
        .collect();
    let expected = [
        ("prince", "a", Some("2"), None),
        ("friar", "key", None, Some("••••••")),
        ("friar", "a", Some("1"), Some("2")),
        ("nurse", "a", None, Some("1")),
    ];
    assert_eq!(told, expected);
    assert_eq!((history[1].scope.clone(), history[1].at), (node("one"), START));
    let earlier = properties.history(None, Some(history[1].id), 1).await.unwrap();
    assert_eq!(earlier, history[2..3]);
}

async fn the_version_grows_with_every_change_and_only_then(g: Ground) {
    let properties = g.storage.properties();
    let start = properties.version().await.unwrap();
    properties
        .set(&Scope::Cluster, "a", "1", "x", Audit::Plain)
        .await
        .unwrap();
    properties
        .set(&Scope::Cluster, "a", "1", "x", Audit::Plain)
        .await
        .unwrap();
    properties.unset(&Scope::Cluster, "b", "x", Audit::Plain).await.unwrap();
    assert_eq!(properties.version().await.unwrap(), start + 1);
    properties.unset(&Scope::Cluster, "a", "x", Audit::Plain).await.unwrap();
    assert_eq!(properties.version().await.unwrap(), start + 2);
    assert_eq!(properties.history(None, None, 10).await.unwrap().len(), 2);
}

async fn concurrent_changes_are_all_counted(g: Ground) {
    let tasks: Vec<_> = (0..8)
        .map(|index| {
            let properties = g.storage.properties().clone();
            tokio::spawn(async move {
                for round in 0..5 {
                    let value = format!("{index}.{round}");
                    properties
                        .set(&Scope::Cluster, "a", &value, "x", Audit::Plain)
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(g.storage.properties().version().await.unwrap(), 40);
    // Each change starts from what the one before left.
    let history = g.storage.properties().history(None, None, 100).await.unwrap();
    assert!(history.windows(2).all(|pair| pair[0].before == pair[1].after));
}

async fn a_value_has_its_bound(g: Ground) {
    let properties = g.storage.properties();
    let longest = "ß".repeat(Properties::MAX_VALUE_BYTES / 2);
    properties
        .set(&Scope::Cluster, "a", &longest, "x", Audit::Plain)
        .await
        .unwrap();
    assert_eq!(
        properties.get(&Scope::Cluster, "a").await.unwrap(),
        Some(longest.clone())
    );
    let refused = properties
        .set(&Scope::Cluster, "a", &(longest + "x"), "x", Audit::Plain)
        .await;
    assert!(matches!(refused, Err(StorageError::TooLarge { .. })), "{refused:?}");
    let nul = properties.set(&Scope::Cluster, "a", "\0", "x", Audit::Plain).await;
    assert!(matches!(nul, Err(StorageError::Nul)), "{nul:?}");
    assert_eq!(properties.version().await.unwrap(), 1);
}

async fn a_secret_is_made_once(g: Ground) {
    let attempts: Vec<_> = (0..8_u8)
        .map(|index| {
            let secrets = g.storage.secrets().clone();
            tokio::spawn(async move { secrets.get_or_create("fake-salt", || vec![index; 32]).await.unwrap() })
        })
        .collect();
    let mut secrets = Vec::new();
    for attempt in attempts {
        secrets.push(attempt.await.unwrap());
    }
    secrets.dedup();
    assert_eq!(secrets.len(), 1);
    let other = g.again(|_| {}).await;
    assert_eq!(
        other
            .secrets()
            .get_or_create("fake-salt", || panic!("it is there"))
            .await
            .unwrap(),
        secrets[0]
    );
    assert_eq!(other.secrets().get("unknown").await.unwrap(), None);
}

fn plain<'a>(name: &'a str, value: Option<&'a str>) -> NewValue<'a> {
    NewValue {
        name,
        value,
        is_sealed: false,
        audit: Audit::Plain,
    }
}

async fn a_sealed_value_is_known_as_such_and_in_no_record(g: Ground) {
    let properties = g.storage.properties();
    let sealed = |value| NewValue {
        is_sealed: true,
        ..plain("ldap.password", Some(value))
    };
    properties
        .set_all(&Scope::Cluster, &[plain("ldap.password", Some("sesame"))], "x")
        .await
        .unwrap();
    assert!(!properties.is_sealed("ldap.password").await.unwrap());
    properties
        .set_all(&Scope::Cluster, &[sealed("c2VzYW1l")], "x")
        .await
        .unwrap();
    assert!(properties.is_sealed("ldap.password").await.unwrap());
    assert!(!properties.is_sealed("ldap.user").await.unwrap());
    let all = properties.list().await.unwrap();
    assert_eq!((all[0].value.as_str(), all[0].is_sealed), ("c2VzYW1l", true));
    properties.mask_history("ldap.password").await.unwrap();
    properties
        .set_all(&node("one"), &[plain("ldap.password", Some("c2VzYW1l"))], "x")
        .await
        .unwrap();
    properties
        .unset(&Scope::Cluster, "ldap.password", "x", Audit::Plain)
        .await
        .unwrap();
    let history = properties.history(None, None, 10).await.unwrap();
    let values: Vec<_> = history
        .iter()
        .map(|change| (change.before.as_deref(), change.after.as_deref()))
        .collect();
    let mask = Some(Audit::MASK);
    let expected = [(mask, None), (None, Some("c2VzYW1l")), (mask, mask), (None, mask)];
    assert_eq!(values, expected, "the node's value was not sealed");
    assert!(!properties.is_sealed("ldap.password").await.unwrap());

    let secrets = g.storage.secrets();
    let made = secrets.get_or_create("key", || vec![1, 2]).await.unwrap();
    assert!(!secrets.forget("key", &[1]).await.unwrap());
    assert!(secrets.forget("key", &made).await.unwrap());
    assert_eq!(secrets.get("key").await.unwrap(), None);
}

async fn several_changes_are_made_together_or_not_at_all(g: Ground) {
    let properties = g.storage.properties();
    let value = async |name: &str| properties.get(&Scope::Cluster, name).await.unwrap();
    let bad = [plain("a", Some("1")), plain("b", Some("\0"))];
    let refused = properties.set_all(&Scope::Cluster, &bad, "x").await;
    assert!(matches!(refused, Err(StorageError::Nul)), "{refused:?}");
    assert_eq!((value("a").await, properties.version().await.unwrap()), (None, 0));

    let good = [plain("a", Some("1")), plain("b", Some("2")), plain("c", None)];
    properties.set_all(&Scope::Cluster, &good, "x").await.unwrap();
    assert_eq!(
        (value("a").await, value("b").await),
        (Some("1".into()), Some("2".into()))
    );
    assert_eq!(properties.version().await.unwrap(), 1, "one change, told once");
    assert_eq!(properties.history(None, None, 10).await.unwrap().len(), 2);
}

async fn changes_are_found_by_property_and_forgotten_by_time(g: Ground) {
    let properties = g.storage.properties();
    for (name, value) in [("a", "1"), ("b", "2"), ("a", "3")] {
        properties
            .set(&Scope::Cluster, name, value, "x", Audit::Plain)
            .await
            .unwrap();
        g.time.pass(1_000_000);
    }
    let of_a = properties.history(Some("a"), None, 10).await.unwrap();
    let after: Vec<_> = of_a.iter().map(|change| change.after.as_deref()).collect();
    assert_eq!(after, [Some("3"), Some("1")]);
    assert_eq!(properties.past(of_a[1].id).await.unwrap().as_ref(), Some(&of_a[1]));
    assert_eq!(properties.past(i64::MAX).await.unwrap(), None);
    assert_eq!(properties.forget_before(of_a[0].at).await.unwrap(), 2);
    assert_eq!(properties.history(None, None, 10).await.unwrap(), of_a[..1]);
    assert_eq!(
        properties.get(&Scope::Cluster, "b").await.unwrap().as_deref(),
        Some("2")
    );
}
