//! What servers used and did.

use storage::NodeSample;

use crate::Ground;

on_every_database!(
    samples_are_read_in_order_and_of_one_server,
    a_sample_that_is_entered_twice_is_there_once,
    what_is_old_is_forgotten_of_all_servers,
);

fn sample(at_micros: i64) -> NodeSample {
    NodeSample {
        at_micros,
        memory_bytes: 1 << 40,
        cpu_permille: 2,
        tasks: 3,
        threads: 4,
        descriptors: 5,
        connections: 6,
        sessions: 7,
        stanzas_in: 8,
        stanzas_out: 9,
    }
}

async fn samples_are_read_in_order_and_of_one_server(g: Ground) {
    let history = g.storage.node_history();
    for (key, at) in [("a", 3), ("a", 1), ("A", 2), ("b", 4), ("a", 2)] {
        history.add(key, &sample(at)).await.unwrap();
    }
    assert_eq!(history.since("a", 2).await.unwrap(), [sample(2), sample(3)]);
    assert_eq!(history.since("A", 0).await.unwrap(), [sample(2)]);
    assert_eq!(history.since("' OR ''='", 0).await.unwrap(), []);
}

async fn a_sample_that_is_entered_twice_is_there_once(g: Ground) {
    let history = g.storage.node_history();
    history.add("a", &sample(1)).await.unwrap();
    let other = NodeSample { tasks: 99, ..sample(1) };
    history.add("a", &other).await.unwrap();
    assert_eq!(history.since("a", 0).await.unwrap(), [sample(1)]);
}

async fn what_is_old_is_forgotten_of_all_servers(g: Ground) {
    let history = g.storage.node_history();
    for (key, at) in [("a", 1), ("a", 10), ("b", 2), ("b", 11)] {
        history.add(key, &sample(at)).await.unwrap();
    }
    assert_eq!(history.prune(10).await.unwrap(), 2);
    assert_eq!(history.since("a", 0).await.unwrap(), [sample(10)]);
    assert_eq!(history.since("b", 0).await.unwrap(), [sample(11)]);
}
