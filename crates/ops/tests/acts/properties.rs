use std::sync::Arc;

use arc_swap::ArcSwap;
use ops::{Applies, Catalogue, Definition, Kind, Pinned, Pins, Properties, Source, Value, Where};
use storage::{Audit, Scope};

use crate::{House, house, local};

fn properties(house: &House, pins: Pins) -> Properties {
    let definition = |name, kind, default, applies| Definition {
        name,
        doc: "Words.",
        kind,
        default,
        applies,
    };
    let catalogue = Catalogue::new(vec![
        definition(
            "sm.resume_secs",
            Kind::Int { min: 0, max: 600 },
            Value::Int(300),
            Applies::Live,
        ),
        definition("registration.enabled", Kind::Bool, Value::Bool(false), Applies::Restart),
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
