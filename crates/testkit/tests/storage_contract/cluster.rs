//! Which cluster exists, who may act in it, and which servers there are.

use std::collections::HashSet;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection, SqliteConnection};
use storage::{
    ArbiterRow, Claim, Grounds, GroupId, Listed, NewServer, Scope, Server, ServerState, Standing, Storage, StorageError,
};
use testkit::databases::Kind;
use tokio::sync::Barrier;

use crate::Ground;

on_every_database!(
    at_first_there_is_no_cluster,
    of_many_who_take_over_at_once_one_wins,
    a_lease_that_is_not_past_is_not_taken,
    a_lease_is_renewed_until_somebody_takes_over,
    a_renewal_tells_a_taker_that_watched_to_begin_again,
    a_renewal_lists_and_unlists,
    a_survivor_takes_over_at_once_if_it_was_listed,
    members_are_listed_by_their_own_group_alone,
    the_last_member_leaves_the_row_to_whoever_comes,
    a_number_is_given_once,
    a_later_life_takes_the_place_of_the_one_before,
    a_server_says_how_it_is,
    silence_is_told_by_the_databases_clock,
    a_server_that_was_heard_of_is_not_removed,
    what_a_server_says_of_itself_has_its_bounds,
    an_authority_is_made_once,
    a_change_on_one_node_is_heard_on_another,
    a_closed_storage_tells_of_no_more_changes,
);

const LEASE_MILLIS: u32 = 3_600_000;

fn claim(me: u64, grounds: Grounds) -> Claim {
    Claim {
        me: listed(me),
        new_group: u128::from(me) << 64 | 7,
        lease_millis: LEASE_MILLIS,
        grounds,
    }
}

/// A process on a server of its own.
fn listed(id: u64) -> Listed {
    Listed { id, server: id << 32 }
}

/// A first cluster, with this member.
async fn founded(g: &Ground, me: u64) -> GroupId {
    let seen = g.storage.cluster().read().await.unwrap();
    let taken = g.storage.cluster().take_over(&seen, &claim(me, Grounds::Expired)).await;
    taken.unwrap().unwrap()
}

/// Does something to the database behind everybody's back.
pub(crate) async fn behind_the_back(g: &Ground, statement: impl Into<String>) {
    let (url, statement) = (g.fresh.url(), AssertSqlSafe(statement.into()));
    match g.kind {
        Kind::Sqlite => {
            let mut connection = SqliteConnection::connect(url).await.unwrap();
            connection.execute(statement).await.map(|_| ())
        }
        Kind::Postgres => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            connection.execute(statement).await.map(|_| ())
        }
        Kind::Mysql => {
            let mut connection = MySqlConnection::connect(url).await.unwrap();
            connection.execute(statement).await.map(|_| ())
        }
    }
    .unwrap();
}

async fn let_the_lease_pass(g: &Ground) {
    behind_the_back(g, "UPDATE cluster SET lease_until = 1").await;
}

async fn at_first_there_is_no_cluster(g: Ground) {
    let row = g.storage.cluster().read().await.unwrap();
    assert_eq!(row.group, GroupId { epoch: 0, id: 0 });
    assert_eq!((row.lease_seq, row.is_released), (0, true));
    assert!(row.lease_left_millis < 0 && row.members.is_empty(), "{row:?}");
}

async fn of_many_who_take_over_at_once_one_wins(g: Ground) {
    const NODES: u64 = 4;
    const TAKERS: u64 = 8;
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        nodes.push(g.again(|_| {}).await);
    }
    for round in 1..=6 {
        let grounds = if round == 1 {
            Grounds::Released
        } else {
            Grounds::Expired
        };
        let seen = Arc::new(g.storage.cluster().read().await.unwrap());
        let start = Arc::new(Barrier::new(usize::try_from(NODES * TAKERS).unwrap()));
        let takers: Vec<_> = (1..=NODES * TAKERS)
            .map(|me| {
                let cluster = nodes[usize::try_from(me % NODES).unwrap()].cluster().clone();
                let (seen, start) = (Arc::clone(&seen), Arc::clone(&start));
                tokio::spawn(async move {
                    start.wait().await;
                    let taken = cluster.take_over(&seen, &claim(me, grounds)).await.unwrap();
                    taken.map(|group| (me, group))
                })
            })
            .collect();
        let mut winners = Vec::new();
        for taker in takers {
            winners.extend(taker.await.unwrap());
        }
        let row = g.storage.cluster().read().await.unwrap();
        let [(me, group)] = winners[..] else {
            panic!("round {round}: {winners:?}")
        };
        assert_eq!((row.group, row.members), (group, vec![listed(me)]), "round {round}");
        assert_eq!(group.epoch, round);
        assert!(row.lease_left_millis > 0 && !row.is_released);
        let_the_lease_pass(&g).await;
    }
}

async fn a_lease_that_is_not_past_is_not_taken(g: Ground) {
    let group = founded(&g, 1).await;
    let seen = g.storage.cluster().read().await.unwrap();
    for grounds in [Grounds::Expired, Grounds::Released] {
        let taken = g.storage.cluster().take_over(&seen, &claim(2, grounds)).await.unwrap();
        assert_eq!(taken, None, "{grounds:?}");
    }
    assert!(g.storage.cluster().is_current(group).await.unwrap());
    assert_eq!(g.storage.cluster().read().await.unwrap().members, [listed(1)]);
}

async fn a_lease_is_renewed_until_somebody_takes_over(g: Ground) {
    let cluster = g.storage.cluster();
    let first = founded(&g, 1).await;
    assert!(cluster.renew(first, 5_000).await.unwrap());
    let row = cluster.read().await.unwrap();
    assert!((1..=5_000).contains(&row.lease_left_millis), "{row:?}");
    // One that is past is won back by its own group.
    let_the_lease_pass(&g).await;
    assert!(cluster.read().await.unwrap().lease_left_millis < 0);
    assert!(cluster.renew(first, LEASE_MILLIS).await.unwrap());
    assert!(cluster.read().await.unwrap().lease_left_millis > 0);
    // The same epoch with another name is another group.
    let impostor = GroupId {
        id: first.id + 1,
        ..first
    };
    assert!(!cluster.renew(impostor, LEASE_MILLIS).await.unwrap());

    let_the_lease_pass(&g).await;
    let second = founded(&g, 2).await;
    assert_eq!(second.epoch, first.epoch + 1);
    let before = cluster.read().await.unwrap();
    assert!(!cluster.renew(first, LEASE_MILLIS).await.unwrap());
    assert_eq!(cluster.read().await.unwrap().lease_seq, before.lease_seq);
    assert!(!cluster.is_current(first).await.unwrap());
    assert!(cluster.is_current(second).await.unwrap());
}

async fn a_renewal_tells_a_taker_that_watched_to_begin_again(g: Ground) {
    let cluster = g.storage.cluster();
    let group = founded(&g, 1).await;
    let seen = cluster.read().await.unwrap();
    cluster.renew(group, LEASE_MILLIS).await.unwrap();
    let_the_lease_pass(&g).await;
    let late = cluster.take_over(&seen, &claim(2, Grounds::Expired)).await.unwrap();
    assert_eq!(late, None);
    let seen = cluster.read().await.unwrap();
    let taken = cluster.take_over(&seen, &claim(2, Grounds::Expired)).await.unwrap();
    assert!(taken.is_some());
}

async fn a_renewal_lists_and_unlists(g: Ground) {
    let cluster = g.storage.cluster();
    let group = founded(&g, 1).await;
    cluster.list(group, listed(2)).await.unwrap();
    let before = cluster.read().await.unwrap();
    let list = [listed(1), listed(3)];
    assert!(cluster.renew_with(group, 5_000, &list, &[2, 9]).await.unwrap());
    let row = cluster.read().await.unwrap();
    assert_eq!(row.members, [listed(1), listed(3)]);
    assert_eq!(row.lease_seq, before.lease_seq + 1);
    assert!((1..=5_000).contains(&row.lease_left_millis), "{row:?}");
    let other = GroupId { id: 99, ..group };
    assert!(
        !cluster
            .renew_with(other, LEASE_MILLIS, &[listed(4)], &[1])
            .await
            .unwrap()
    );
    let after = cluster.read().await.unwrap();
    assert_eq!((after.members, after.lease_seq), (row.members, row.lease_seq));
}

async fn a_survivor_takes_over_at_once_if_it_was_listed(g: Ground) {
    let cluster = g.storage.cluster();
    let group = founded(&g, 1).await;
    assert!(cluster.list(group, listed(2)).await.unwrap());
    let seen = cluster.read().await.unwrap();
    assert!(seen.lease_left_millis > 0);
    let at_once = |me, listed| claim(me, Grounds::AllDead { listed });
    assert_eq!(cluster.take_over(&seen, &at_once(3, 3)).await.unwrap(), None);
    // It was listed as 2, and acts as 4 from now on.
    let taken = cluster.take_over(&seen, &at_once(4, 2)).await.unwrap().unwrap();
    assert_eq!(taken.epoch, group.epoch + 1);
    assert_eq!(cluster.read().await.unwrap().members, [listed(4)]);
}

async fn members_are_listed_by_their_own_group_alone(g: Ground) {
    let cluster = g.storage.cluster();
    let group = founded(&g, 1).await;
    let tasks: Vec<_> = (2..10_u64)
        .map(|id| (id, cluster.clone()))
        .map(|(id, cluster)| tokio::spawn(async move { cluster.list(group, listed(id)).await }))
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().unwrap());
    }
    assert!(cluster.list(group, listed(5)).await.unwrap());
    let members = |row: ArbiterRow| row.members.iter().map(|member| member.id).collect::<HashSet<_>>();
    let row = cluster.read().await.unwrap();
    assert_eq!(row.members.len(), 9);
    assert_eq!(members(row), (1..10).collect());
    assert!(cluster.unlist(group, 5).await.unwrap());
    assert!(cluster.unlist(group, 5).await.unwrap());
    assert!(!members(cluster.read().await.unwrap()).contains(&5));

    let other = GroupId { id: 99, ..group };
    assert!(!cluster.list(other, listed(50)).await.unwrap());
    assert!(!cluster.unlist(other, 1).await.unwrap());
    let row = members(cluster.read().await.unwrap());
    assert!(row.contains(&1) && !row.contains(&50));
}

async fn the_last_member_leaves_the_row_to_whoever_comes(g: Ground) {
    let cluster = g.storage.cluster();
    let group = founded(&g, 1).await;
    cluster.list(group, listed(2)).await.unwrap();
    assert!(!cluster.release(group, 1).await.unwrap(), "2 may act");
    cluster.unlist(group, 2).await.unwrap();
    assert!(!cluster.release(GroupId { id: 99, ..group }, 1).await.unwrap());
    assert!(!cluster.release(group, 3).await.unwrap());
    assert!(cluster.release(group, 1).await.unwrap());
    let row = cluster.read().await.unwrap();
    assert!(
        row.is_released && row.lease_left_millis < 0 && row.members.is_empty(),
        "{row:?}"
    );
    let next = cluster.take_over(&row, &claim(2, Grounds::Released)).await.unwrap();
    assert_eq!(next.unwrap().epoch, group.epoch + 1);
}

fn server(server_key: &str, addresses: &[&str]) -> NewServer {
    NewServer {
        server_key: server_key.to_owned(),
        name: format!("{server_key} of Verona 🏰"),
        version: "0.1.0".to_owned(),
        protocol_min: 1,
        protocol_max: 2,
        state: state(Standing::Alone, addresses),
    }
}

fn state(standing: Standing, addresses: &[&str]) -> ServerState {
    ServerState {
        standing,
        addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
    }
}

async fn servers(storage: &Storage) -> Vec<Server> {
    storage.cluster().servers().await.unwrap()
}

async fn a_number_is_given_once(g: Ground) {
    let nodes = [g.again(|_| {}).await, g.again(|_| {}).await, g.storage.clone()];
    let tasks: Vec<_> = (0..12)
        .map(|index| (index, nodes[index % 3].cluster().clone()))
        .map(|(index, cluster)| {
            tokio::spawn(async move { cluster.register(&server(&format!("s{index}"), &[])).await.unwrap() })
        })
        .collect();
    let mut given = HashSet::new();
    for task in tasks {
        assert!(given.insert(task.await.unwrap()));
    }
    let listed: Vec<u64> = servers(&g.storage).await.iter().map(|server| server.id).collect();
    assert_eq!(listed.iter().copied().collect::<HashSet<_>>(), given);
    for id in listed {
        g.storage.cluster().leave(id).await.unwrap();
    }
    assert_eq!(servers(&g.storage).await, []);
    let next = g.storage.cluster().register(&server("s0", &[])).await.unwrap();
    assert!(given.iter().all(|id| *id < next), "{next} {given:?}");
}

async fn a_later_life_takes_the_place_of_the_one_before(g: Ground) {
    let cluster = g.storage.cluster();
    let first = cluster.register(&server("one", &["10.0.0.1:5701"])).await.unwrap();
    let other = cluster.register(&server("two", &[])).await.unwrap();
    let second = cluster.register(&server("one", &["10.0.0.1:5702"])).await.unwrap();
    let there = servers(&g.storage).await;
    let ids: Vec<_> = there.iter().map(|server| server.id).collect();
    assert_eq!(ids, [other, second]);
    assert_eq!(there[1].state.addresses, ["10.0.0.1:5702"]);
    let alone = state(Standing::Alone, &[]);
    assert!(!cluster.heartbeat(first, &alone).await.unwrap());
    assert!(cluster.heartbeat(second, &alone).await.unwrap());
    assert_eq!(servers(&g.storage).await.len(), 2);
}

async fn a_server_says_how_it_is(g: Ground) {
    let cluster = g.storage.cluster();
    let id = cluster.register(&server("one", &[])).await.unwrap();
    for said in [
        state(Standing::Alone, &[]),
        state(Standing::Joining, &["10.0.0.1:5701", "[fd00::1]:5701"]),
        state(Standing::Member, &["10.0.0.1:5701", "[fd00::1]:5701"]),
        state(Standing::Fenced, &["chat.example:5701"]),
        state(Standing::Draining, &[]),
    ] {
        assert!(cluster.heartbeat(id, &said).await.unwrap());
        let there = servers(&g.storage).await;
        assert_eq!(there[0].state, said);
    }
    let there = &servers(&g.storage).await[0];
    assert_eq!(
        (there.server_key.as_str(), there.name.as_str()),
        ("one", "one of Verona 🏰")
    );
    assert_eq!(
        (there.version.as_str(), there.protocol_min, there.protocol_max),
        ("0.1.0", 1, 2)
    );
    behind_the_back(&g, "UPDATE cluster_node SET standing = 42").await;
    assert_eq!(servers(&g.storage).await[0].state.standing, Standing::Unknown);
}

async fn silence_is_told_by_the_databases_clock(g: Ground) {
    let cluster = g.storage.cluster();
    let silent = cluster.register(&server("one", &[])).await.unwrap();
    let loud = cluster.register(&server("two", &[])).await.unwrap();
    // The nodes' own clocks say nothing about it.
    g.time.pass(86_400 * crate::ground::SECOND);
    behind_the_back(
        &g,
        format!("UPDATE cluster_node SET heartbeat_at = heartbeat_at - 600000 WHERE id = {silent}"),
    )
    .await;
    cluster.heartbeat(loud, &state(Standing::Alone, &[])).await.unwrap();
    let there = servers(&g.storage).await;
    assert!(there[0].silent_millis >= 600_000, "{there:?}");
    assert!((0..600_000).contains(&there[1].silent_millis), "{there:?}");
    assert!((0..600_000).contains(&there[0].known_millis), "{there:?}");
}

async fn a_server_that_was_heard_of_is_not_removed(g: Ground) {
    let cluster = g.storage.cluster();
    let id = cluster.register(&server("one", &[])).await.unwrap();
    assert!(!cluster.remove_server(id, 3_600_000).await.unwrap());
    behind_the_back(&g, "UPDATE cluster_node SET heartbeat_at = heartbeat_at - 3600001").await;
    assert!(cluster.remove_server(id, 3_600_000).await.unwrap());
    assert!(!cluster.remove_server(id, 3_600_000).await.unwrap());
    assert!(!cluster.heartbeat(id, &state(Standing::Alone, &[])).await.unwrap());
}

async fn what_a_server_says_of_itself_has_its_bounds(g: Ground) {
    let cluster = g.storage.cluster();
    let long = "x".repeat(2_000);
    let many = vec!["10.0.0.1:5701"; 17];
    for refused in [server(&long, &[]), server("one", &[&long]), server("one", &many)] {
        let answer = cluster.register(&refused).await;
        assert!(matches!(answer, Err(StorageError::TooLarge { .. })), "{answer:?}");
    }
    assert_eq!(servers(&g.storage).await, []);
}

async fn an_authority_is_made_once(g: Ground) {
    let other = g.again(|_| {}).await;
    assert_eq!(other.cluster().ca().await.unwrap(), None);
    let attempts: Vec<_> = (0..8_u8)
        .map(|index| {
            (
                index,
                if index % 2 == 0 { &g.storage } else { &other }.cluster().clone(),
            )
        })
        .map(|(index, cluster)| {
            let candidate = vec![index; 600];
            tokio::spawn(async move { cluster.ca_or_insert(&candidate).await.unwrap() })
        })
        .collect();
    let mut stored = Vec::new();
    for attempt in attempts {
        stored.push(attempt.await.unwrap());
    }
    stored.dedup();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].len(), 600);
    assert_eq!(other.cluster().ca().await.unwrap(), Some(stored.remove(0)));
}

async fn a_change_on_one_node_is_heard_on_another(g: Ground) {
    let other = g.again(|_| {}).await;
    let (mut here, mut there) = (g.storage.cluster().changes(), other.cluster().changes());
    let (mut before, same) = (here.changed().await.unwrap(), there.changed().await.unwrap());
    assert_eq!(before, same);

    let properties = g.storage.properties();
    let set = properties.set(&Scope::Cluster, "a", "1", "x", storage::Audit::Plain);
    set.await.unwrap();
    for changes in [&mut here, &mut there] {
        let after = changes.changed().await.unwrap();
        assert_eq!(
            (after.properties, after.cluster),
            (before.properties + 1, before.cluster)
        );
    }
    before.properties += 1;

    let id = other.cluster().register(&server("one", &[])).await.unwrap();
    // What only says that somebody is still there is no change.
    other
        .cluster()
        .heartbeat(id, &state(Standing::Alone, &[]))
        .await
        .unwrap();
    let group = founded(&g, id).await;
    g.storage.cluster().renew(group, LEASE_MILLIS).await.unwrap();
    for changes in [&mut here, &mut there] {
        let mut after = changes.changed().await.unwrap();
        while after.cluster < before.cluster + 2 {
            after = changes.changed().await.unwrap();
        }
        assert_eq!(
            (after.properties, after.cluster),
            (before.properties, before.cluster + 2)
        );
    }
    // Who begins to watch later is told how things are.
    let late = g.storage.cluster().changes().changed().await.unwrap();
    assert_eq!(late.cluster, before.cluster + 2);
}

async fn a_closed_storage_tells_of_no_more_changes(g: Ground) {
    let mut changes = g.storage.cluster().changes();
    assert!(changes.changed().await.is_some());
    g.storage.close().await.unwrap();
    assert_eq!(changes.changed().await, None);
    assert_eq!(g.storage.cluster().changes().changed().await, None);
}

#[tokio::test]
async fn postgres_is_listened_to_and_again_after_the_connection_was_lost() {
    const LISTENERS: &str = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
                             AND query LIKE 'LISTEN %hearth_changes%'";
    let g = Ground::new(Kind::Postgres).await;
    let mut changes = g.storage.cluster().changes();
    changes.changed().await.unwrap();
    let mut connection = PgConnection::connect(g.fresh.url()).await.unwrap();
    let mut known: HashSet<i32> = HashSet::new();
    for _ in 0..2 {
        // The one that listens, and has not been killed before.
        let pid = loop {
            let pids: Vec<i32> = sqlx::query_scalar(LISTENERS).fetch_all(&mut connection).await.unwrap();
            if let Some(pid) = pids.into_iter().find(|pid| !known.contains(pid)) {
                break pid;
            }
            tokio::task::yield_now().await;
        };
        known.insert(pid);
        sqlx::query("SELECT pg_terminate_backend($1)")
            .bind(pid)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    // Changes are heard all the same.
    let id = g.storage.cluster().register(&server("one", &[])).await.unwrap();
    assert!(changes.changed().await.is_some());
    g.storage.cluster().leave(id).await.unwrap();
}

#[tokio::test]
async fn postgres_tells_others_of_a_change() {
    let g = Ground::new(Kind::Postgres).await;
    let mut listener = sqlx::postgres::PgListener::connect(g.fresh.url()).await.unwrap();
    listener.listen("hearth_changes").await.unwrap();
    g.storage.cluster().register(&server("one", &[])).await.unwrap();
    assert_eq!(listener.recv().await.unwrap().channel(), "hearth_changes");
    let properties = g.storage.properties();
    let set = properties.set(&Scope::Cluster, "a", "1", "x", storage::Audit::Plain);
    set.await.unwrap();
    assert_eq!(listener.recv().await.unwrap().channel(), "hearth_changes");
}
