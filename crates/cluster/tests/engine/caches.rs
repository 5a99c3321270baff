//! Entries: who wins, who sees what, and what becomes of them.

use std::time::Duration;

use cluster::{Lasts, Written};
use futures_util::future::join_all;

use crate::nodes::{MOST_SHARED, World, comes_to, pairs, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_nodes_that_compare_and_set_at_once_one_wins() {
    let world = World::together(3).await;
    let key = "a".to_owned();
    for round in 0..20 {
        world.nodes[round % 3].put_shared(&key, 0).await;
        until(|| world.nodes.iter().all(|node| node.shared.get(&key) == Some(0))).await;
        let stamp = world.nodes[0].shared.look(&key).unwrap().stamp;
        let setting = (1..=3).map(|value| {
            let shared = &world.nodes[usize::try_from(value - 1).unwrap()].shared;
            let key = &key;
            async move {
                let written = shared
                    .compare_and_set(key, stamp, &value, Lasts::ForEver)
                    .await
                    .unwrap();
                (value, written)
            }
        });
        let written = join_all(setting).await;
        let winners: Vec<u32> = written
            .iter()
            .filter(|(_, written)| *written == Written::Done)
            .map(|(value, _)| *value)
            .collect();
        let [winner] = winners[..] else { panic!("{written:?}") };
        for node in &world.nodes {
            comes_to(|| node.shared.get(&key), Some(winner)).await;
        }
    }
    // Counting together loses nothing.
    let counting = world.nodes.iter().map(|node| async {
        for _ in 0..30 {
            let add = |held: Option<&cluster::Held<u32>>| Some((held.map_or(0, |held| held.value) + 1, Lasts::ForEver));
            node.shared.update(&"count".to_owned(), add).await.unwrap();
        }
    });
    join_all(counting).await;
    comes_to(|| world.nodes[2].shared.get(&"count".to_owned()), Some(90)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_owns_vanishes_with_it_and_what_is_nobodys_stays() {
    let mut world = World::together(3).await;
    let dies = (world.senior() + 1) % 3;
    for (number, node) in world.nodes.iter().enumerate() {
        node.put_own(&format!("own {number}"), 1).await;
    }
    world.nodes[dies].put_shared("shared", 2).await;
    // A key that is another's stays so.
    let taken = world.nodes[(dies + 1) % 3]
        .own
        .put(&format!("own {dies}"), &9, Lasts::ForEver)
        .await;
    assert!(matches!(taken, Ok(Written::Taken(held)) if held.value == 1 && !held.is_mine));
    world.kill(dies);
    world.members(2).await;
    let stays = (0..3).filter(|number| *number != dies);
    let mut expected: Vec<(String, u32)> = stays.clone().map(|number| (format!("own {number}"), 1)).collect();
    expected.push(("shared".to_owned(), 2));
    for number in stays {
        comes_to(|| world.nodes[number].sees(), expected.clone()).await;
    }
    let next = &world.nodes[(dies + 1) % 3];
    next.put_own(&format!("own {dies}"), 3).await;
    assert_eq!(next.own.get(&format!("own {dies}")), Some(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_end_everywhere_without_anybody_looking() {
    let world = World::together(2).await;
    let (one, other) = (&world.nodes[0], &world.nodes[1]);
    let short = Lasts::For(Duration::from_millis(600));
    one.shared.put(&"short".to_owned(), &1, short).await.unwrap();
    one.put_shared("long", 2).await;
    comes_to(|| other.sees(), pairs(&[("long", 2), ("short", 1)])).await;
    for node in [one, other] {
        comes_to(|| node.caches.info()[1].size.entries, 1).await;
        assert_eq!(node.sees(), pairs(&[("long", 2)]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_make_room_the_same_on_all_nodes() {
    let world = World::together(3).await;
    let writing = world.nodes.iter().enumerate().map(|(number, node)| async move {
        for entry in 0..20 {
            node.put_shared(&format!("{number} {entry}"), entry).await;
        }
    });
    join_all(writing).await;
    world.nodes[1].put_shared("last", 0).await;
    let seen = world.nodes[1].sees();
    assert_eq!(u64::try_from(seen.len()).unwrap(), MOST_SHARED);
    for node in &world.nodes {
        comes_to(|| node.sees(), seen.clone()).await;
        assert_eq!(node.caches.info()[1].evictions, 61 - MOST_SHARED);
    }
}
