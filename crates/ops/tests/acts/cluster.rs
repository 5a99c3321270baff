mod fake;

pub(crate) use fake::{Fake, stands};

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use ops::{
    Applies, Audit as Record, CLUSTER_ENABLED, Catalogue, ClusterHere, Clustering, Definition, Kind, MemberHere,
    NoCluster, NodeState, OpsError, Pinned, Pins, Properties, SessionQuestion, Sessions, Value, Where,
};
use storage::{Audit, NewServer, Options, Scope, ServerState, Standing, Storage};
use testkit::databases::{self, Fresh};

use crate::{Told, local, powers};

/// Servers that share a database, and the one of them that is asked.
pub(crate) struct Town {
    pub(crate) storage: Storage,
    pub(crate) properties: Properties,
    pub(crate) clustering: Clustering,
    pub(crate) live: Arc<Fake>,
    _database: Fresh,
}

pub(crate) async fn town(kind: databases::Kind) -> Town {
    town_with(kind, Pins::new()).await
}

async fn town_with(kind: databases::Kind, pins: Pins) -> Town {
    let database = databases::fresh(kind).await.unwrap();
    let storage = Storage::open(&Options::new(database.url())).await.unwrap();
    let switch = Definition {
        name: CLUSTER_ENABLED,
        doc: "Words.",
        kind: Kind::Bool,
        default: Value::Bool(false),
        applies: Applies::Live,
        is_secret: false,
    };
    let catalogue = Arc::new(Catalogue::new(vec![switch]));
    let pins = Arc::new(ArcSwap::from_pointee(pins));
    let properties = Properties::new(storage.clone(), catalogue, pins, "chat1".into());
    let live = Arc::new(Fake::default());
    let clustering = Clustering::new(storage.clone(), properties.clone(), Arc::clone(&live) as _);
    Town {
        storage,
        properties,
        clustering,
        live,
        _database: database,
    }
}

impl Town {
    /// What the server will be found to be, look by look; the last stays.
    pub(crate) fn will_be(&self, standings: impl IntoIterator<Item = ClusterHere>) {
        *self.live.here.lock().unwrap() = standings.into_iter().collect();
    }

    /// Without the wait.
    fn hurried(&self) -> Clustering {
        self.clustering.clone().with_patience(Duration::ZERO)
    }

    /// Why the property itself cannot be set so.
    async fn set(&self, place: Where, value: &str) -> String {
        let set = self.properties.set(&local(), place, CLUSTER_ENABLED, value).await;
        set.unwrap_err().to_string()
    }

    async fn is_on(&self) -> bool {
        let held = self.properties.held().await.unwrap();
        held[CLUSTER_ENABLED].value == Value::Bool(true)
    }

    async fn changes(&self) -> usize {
        self.storage.properties().history(None, None, 10).await.unwrap().len()
    }

    pub(crate) async fn register(&self, key: &str, name: &str, standing: Standing) -> u64 {
        let server = NewServer {
            server_key: key.into(),
            name: name.into(),
            version: "1.2.3".into(),
            protocol_min: 1,
            protocol_max: 1,
            state: ServerState {
                standing,
                addresses: vec![format!("{key}.example:5701"), "10.0.0.1:5701".into()],
            },
        };
        self.storage.cluster().register(&server).await.unwrap()
    }
}

#[tokio::test]
async fn on_sqlite_clustering_is_refused_with_the_reason_and_nothing_changes() {
    let town = town(databases::Kind::Sqlite).await;
    let refused = town.clustering.enable(&local()).await.unwrap_err().to_string();
    assert!(
        refused.contains("SQLite is for one server alone") && refused.contains("set database.url to a PostgreSQL"),
        "{refused}"
    );
    assert_eq!(town.set(Where::Cluster, "true").await, refused, "whatever the way");
    let status = town.clustering.status(&local()).await.unwrap();
    assert_eq!((status.can_enable, status.reason), (false, Some(refused)));
    assert_eq!((status.enabled, status.database.as_str()), (false, "sqlite"));
    assert_eq!(town.changes().await, 0);
    town.clustering.disable(&local()).await.unwrap();
}

#[tokio::test]
async fn what_is_stored_on_sqlite_does_not_switch_it_on_either() {
    let town = town(databases::Kind::Sqlite).await;
    let properties = town.storage.properties();
    let set = properties.set(&Scope::Cluster, CLUSTER_ENABLED, "true", "x", Audit::Plain);
    set.await.unwrap();
    assert!(!town.is_on().await);
}

#[tokio::test]
async fn clustering_is_never_on_or_off_for_one_server_of_many() {
    let town = town(databases::Kind::Postgres).await;
    for value in ["true", "false"] {
        assert_eq!(
            town.set(Where::Node, value).await,
            "cluster.enabled holds for every server that shares the database: it has no value for one of them"
        );
    }
    assert_eq!(town.changes().await, 0);
}

#[tokio::test]
async fn enabling_is_for_all_servers_and_ends_when_this_one_has_joined() {
    let town = town(databases::Kind::Postgres).await;
    town.will_be([Standing::Alone, Standing::Joining, Standing::Member].map(stands));
    let status = town.clustering.enable(&local()).await.unwrap();
    assert_eq!((status.enabled, status.state), (true, Some(NodeState::Member)));
    assert_eq!((status.can_enable, status.reason), (true, None));
    let changes = town.storage.properties().history(None, None, 10).await.unwrap();
    assert_eq!(
        (changes[0].actor.as_str(), &changes[0].scope),
        ("local:root", &Scope::Cluster)
    );

    town.will_be([Standing::Member, Standing::Alone].map(stands));
    let status = town.clustering.disable(&local()).await.unwrap();
    assert_eq!((status.enabled, status.state), (false, Some(NodeState::Alone)));
    assert!(!town.is_on().await);
}

#[tokio::test]
async fn a_server_that_does_not_join_makes_the_act_fail_with_what_is_known() {
    let town = town(databases::Kind::Postgres).await;
    let stuck = ClusterHere {
        problem: Some("no port is free in 5701-5800".into()),
        ..stands(Standing::Joining)
    };
    town.will_be([stuck]);
    let failed = town.hurried().enable(&local()).await.unwrap_err().to_string();
    assert_eq!(
        failed,
        "clustering is on, but this server has not joined the cluster within 0 s: no port is free in 5701-5800"
    );
    assert!(town.is_on().await, "the others may have joined");

    for standing in [Standing::Member, Standing::Fenced, Standing::Draining] {
        town.will_be([stands(standing)]);
        let failed = town.hurried().disable(&local()).await.unwrap_err().to_string();
        let word = NodeState::from(standing);
        assert_eq!(
            failed,
            format!("clustering is off, but this server has not left the cluster within 0 s: it is {word}")
        );
    }
}

#[tokio::test]
async fn a_pin_is_not_overruled() {
    let pin = Pinned {
        value: Value::Bool(false),
        by: "hearth.toml:7".into(),
    };
    let town = town_with(databases::Kind::Postgres, Pins::from([(CLUSTER_ENABLED.into(), pin)])).await;
    let refused = town.clustering.enable(&local()).await.unwrap_err().to_string();
    assert_eq!(refused, "cluster.enabled is pinned by hearth.toml:7: change it there");
    let status = town.clustering.status(&local()).await.unwrap();
    assert_eq!((status.can_enable, status.reason), (false, Some(refused)));
    assert_eq!(town.changes().await, 0);
}

#[tokio::test]
async fn where_no_server_runs_the_switch_is_all_there_is() {
    let town = town(databases::Kind::Postgres).await;
    let storage = town.storage.clone();
    let nobody = Clustering::new(storage, town.properties.clone(), Arc::new(NoCluster));
    let status = nobody.enable(&local()).await.unwrap();
    assert_eq!((status.enabled, status.state, status.node), (true, None, None));
    town.register("two", "chat2", Standing::Alone).await;
    assert_eq!(nobody.nodes(&local()).await.unwrap().len(), 1);
    assert!(!nobody.disable(&local()).await.unwrap().enabled);
    for act in [
        nobody.caches(&local()).unwrap_err(),
        nobody.drain(&local(), "chat2").await.unwrap_err(),
    ] {
        assert_eq!(act.to_string(), "no server runs on this data directory");
    }
}

#[tokio::test]
async fn servers_are_told_as_the_registry_and_the_cluster_know_them() {
    let town = town(databases::Kind::Sqlite).await;
    let one = town.register("one", "chat1", Standing::Joining).await;
    let two = town.register("two", "chat2", Standing::Member).await;
    let three = town.register("three", "chat3", Standing::Alone).await;
    let member = MemberHere {
        node: two,
        sessions: 9,
        joined_at_micros: Some(7),
        is_voter: true,
    };
    town.will_be([ClusterHere {
        node: Some(one),
        senior: Some(two),
        group: Some("1-abc".into()),
        members: vec![member],
        ..stands(Standing::Member)
    }]);
    let nodes = town.clustering.nodes(&local()).await.unwrap();
    assert!(nodes.iter().all(|node| node.silent_secs <= node.up_secs), "{nodes:?}");
    let mut told = serde_json::to_value(&nodes).unwrap();
    for node in told.as_array_mut().unwrap() {
        // What passes with the time.
        let node = node.as_object_mut().unwrap();
        assert!(node.remove("up_secs").is_some() && node.remove("silent_secs").is_some());
    }
    assert_eq!(
        told,
        serde_json::json!([
            {"id": one, "name": "chat1", "address": "one.example:5701", "version": "1.2.3", "state": "member",
             "senior": false, "sessions": null, "joined_at": null, "voter": null, "addresses": ["one.example:5701", "10.0.0.1:5701"]},
            {"id": two, "name": "chat2", "address": "two.example:5701", "version": "1.2.3", "state": "member",
             "senior": true, "sessions": 9, "joined_at": 7, "voter": true, "addresses": ["two.example:5701", "10.0.0.1:5701"]},
            {"id": three, "name": "chat3", "address": "three.example:5701", "version": "1.2.3", "state": "alone",
             "senior": false, "sessions": null, "joined_at": null, "voter": null, "addresses": ["three.example:5701", "10.0.0.1:5701"]},
        ])
    );
    let status = town.clustering.status(&local()).await.unwrap();
    assert_eq!((status.members, status.servers), (1, Some(3)));
    assert_eq!((status.senior, status.group.as_deref()), (Some(two), Some("1-abc")));
}

#[tokio::test]
async fn caches_are_told_by_name() {
    let town = town(databases::Kind::Sqlite).await;
    let caches = town.clustering.caches(&local()).unwrap();
    let names: Vec<_> = caches.iter().map(|cache| cache.name.as_str()).collect();
    assert_eq!(names, ["rooms", "sessions"]);
}

#[tokio::test]
async fn without_its_database_a_server_still_says_how_it_stands() {
    let town = town(databases::Kind::Sqlite).await;
    town.storage.close().await.unwrap();
    town.will_be([stands(Standing::Member)]);
    let status = town.clustering.status(&local()).await.unwrap();
    assert_eq!((status.enabled, status.state), (true, Some(NodeState::Member)));
    assert_eq!(status.servers, None);
    assert!(status.problem.is_some(), "{status:?}");
}

#[tokio::test]
async fn only_the_server_that_was_meant_is_drained() {
    let town = town(databases::Kind::Sqlite).await;
    for (key, name) in [
        ("one", "chat1"),
        ("two", "chat2"),
        ("three", "twin"),
        ("four", "twin"),
        ("five", "1"),
    ] {
        town.register(key, name, Standing::Member).await;
    }
    let drain = async |node: &str| {
        town.clustering
            .drain(&local(), node)
            .await
            .map_err(|error| error.to_string())
    };
    for (node, expected) in [
        (
            "chat9",
            "no server that shares this database has the number or name chat9",
        ),
        ("9", "no server that shares this database has the number or name 9"),
        ("", "no server that shares this database has the number or name "),
        (
            "twin",
            "several servers are called twin: say which by its number, one of 3, 4",
        ),
    ] {
        assert_eq!(drain(node).await.unwrap_err(), expected);
    }
    assert!(town.live.drained.lock().unwrap().is_empty());

    assert_eq!(drain("chat2").await.unwrap().id, 2);
    assert_eq!(drain("2").await.unwrap().name, "chat2");
    assert_eq!(
        drain("1").await.unwrap_err(),
        "chat1 is not drained: it does not answer"
    );
    assert_eq!(drain("4").await.unwrap_err(), "twin is not drained: it does not answer");
    assert_eq!(
        *town.live.drained.lock().unwrap(),
        [2, 2, 1, 4],
        "a number comes before a name"
    );
}

#[tokio::test]
async fn the_cluster_is_for_those_who_have_the_whole_server() {
    let town = town(databases::Kind::Postgres).await;
    town.register("two", "chat2", Standing::Member).await;
    let (actor, clustering) = (powers::of_one(), &town.clustering);
    let denied = |error: OpsError| assert!(matches!(error, OpsError::Denied { .. }), "{error}");
    denied(clustering.status(&actor).await.unwrap_err());
    denied(clustering.nodes(&actor).await.unwrap_err());
    denied(clustering.caches(&actor).unwrap_err());
    denied(clustering.enable(&actor).await.unwrap_err());
    denied(clustering.disable(&actor).await.unwrap_err());
    denied(clustering.drain(&actor, "chat2").await.unwrap_err());
    assert_eq!(town.changes().await, 0);
    assert!(town.live.drained.lock().unwrap().is_empty());
}

#[tokio::test]
async fn sessions_of_all_servers_come_in_pages_and_who_is_silent_is_named() {
    let town = town(databases::Kind::Sqlite).await;
    let record = Record::new(town.storage.clone(), "n1".into());
    let sessions = Sessions::new(Arc::new(Told::default()), Arc::clone(&town.live) as _, record);
    let question = |text: &str, after: &str| SessionQuestion {
        host: None,
        text: text.into(),
        after: after.into(),
        limit: 2,
        ..SessionQuestion::default()
    };
    let page = sessions.everywhere(&local(), &question("", "")).await;
    let jids =
        |page: &ops::Everywhere| -> Vec<String> { page.sessions.iter().map(|on| on.session.jid.clone()).collect() };
    assert_eq!(jids(&page), ["a@one.example/x", "b@one.example/x"]);
    assert_eq!((page.total, page.has_more, page.sessions[0].node), (3, true, 1));
    assert_eq!(page.silent, [(3, "it did not answer in time".to_owned())]);
    let rest = sessions.everywhere(&local(), &question("", "b@one.example/x")).await;
    assert_eq!(
        (jids(&rest), rest.has_more),
        (vec!["c@two.example/x".to_owned()], false)
    );
    let found = sessions.everywhere(&local(), &question("two.ex", "")).await;
    assert_eq!((jids(&found), found.total), (vec!["c@two.example/x".to_owned()], 1));

    // Whoever has power over one host sees no other, whatever is asked for.
    let asked = SessionQuestion {
        host: Some("two.example".into()),
        ..question("", "")
    };
    let own = sessions.everywhere(&powers::of_one(), &asked).await;
    assert_eq!((jids(&own).len(), own.total), (2, 2));
}

#[tokio::test]
async fn a_server_that_does_not_say_how_its_caches_fare_is_named() {
    let town = town(databases::Kind::Sqlite).await;
    let caches = town.clustering.caches_of(&local(), 2).await.unwrap();
    assert_eq!(
        caches.iter().map(|cache| cache.name.as_str()).collect::<Vec<_>>(),
        ["rooms", "sessions"]
    );
    let silent = town.clustering.caches_of(&local(), 3).await.unwrap_err();
    assert_eq!(
        silent.to_string(),
        "server 3 does not answer: it did not answer in time"
    );
}

#[tokio::test]
async fn the_headline_names_the_senior() {
    let town = town(databases::Kind::Sqlite).await;
    let id = town.register("k", "n7", Standing::Member).await;
    let here = |senior| ClusterHere {
        senior: Some(senior),
        ..stands(Standing::Member)
    };
    town.will_be([here(id)]);
    assert_eq!(town.clustering.headline().await.senior.as_deref(), Some("n7"));
    town.will_be([here(99)]);
    assert_eq!(town.clustering.headline().await.senior.as_deref(), Some("number 99"));
}
