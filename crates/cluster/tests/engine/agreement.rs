//! What was applied is the same on all nodes that are as far, whatever they do meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cluster::state::Machine;
use cluster::{Lasts, Membership};
use futures_util::future::join_all;

use crate::nodes::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn states_are_equal_at_equal_places_of_the_log() {
    let mut world = World::together(3).await;
    let (enough, is_enough) = tokio::sync::watch::channel(false);
    let sample = |membership: Arc<Membership>| {
        let is_enough = is_enough.clone();
        tokio::spawn(async move {
            let mut samples = BTreeMap::new();
            while !*is_enough.borrow() {
                let (index, machine) = membership.snapshot();
                samples.insert(index, machine);
                tokio::time::sleep(Duration::from_micros(300)).await;
            }
            samples
        })
    };
    let memberships = world.nodes.iter().map(|node| node.cluster().membership().unwrap());
    let mut samplers: Vec<_> = memberships.map(sample).collect();
    write(&world, 0).await;
    // Who comes late gets the state as a whole, or the log.
    world.add().await;
    world.switch(true).await;
    samplers.push(sample(world.nodes[3].cluster().membership().unwrap()));
    write(&world, 1).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    enough.send_replace(true);
    let samples: Vec<BTreeMap<u64, Machine>> = join_all(samplers).await.into_iter().map(Result::unwrap).collect();
    let mut compared = 0;
    for (index, machine) in samples.iter().flatten() {
        for other in samples.iter().filter_map(|samples| samples.get(index)) {
            assert!(machine == other, "the states after {index} differ");
            compared += 1;
        }
    }
    let last = samples.iter().map(|samples| samples.last_key_value().unwrap());
    let indexes: Vec<u64> = last.clone().map(|(index, _)| *index).collect();
    println!("{compared} states compared; the last are those after {indexes:?}");
    assert!(
        indexes.iter().all(|index| *index == indexes[0]),
        "all come to the same end"
    );
}

/// Everybody writes this and that: own, shared beyond the bound, short-lived, locks.
async fn write(world: &World, round: u32) {
    let writing = world.nodes.iter().enumerate().map(|(number, node)| async move {
        for entry in 0..40 {
            node.put_own(&format!("own {number} {}", entry % 7), entry).await;
            node.put_shared(&format!("shared {round} {}", entry % 13), entry).await;
            let key = format!("short {}", entry % 5);
            let short = Lasts::For(Duration::from_millis(u64::from(entry) * 10));
            node.shared.put(&key, &entry, short).await.unwrap();
            if entry % 3 == 0 {
                node.own.remove(&format!("own {number} {}", entry % 7)).await.unwrap();
            }
            drop(node.own.lock(&key, Duration::from_millis(300)).await.unwrap());
        }
    });
    join_all(writing).await;
}
