//! Locks: one has it, and the next one's token is higher.

use std::time::Duration;

use futures_util::future::join_all;

use crate::nodes::World;

const LONG: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_all_has_a_lock_until_it_lets_go_or_dies_or_its_time_is_over() {
    let mut world = World::together(3).await;
    let key = "a".to_owned();
    let asked = join_all(world.nodes.iter().map(|node| node.shared.lock(&key, LONG))).await;
    let mut had: Vec<_> = asked.into_iter().filter_map(|lock| lock.unwrap()).collect();
    assert_eq!(had.len(), 1);
    let first = had.pop().unwrap();
    assert!(first.is_held());
    let mut highest = first.token();
    // It lets go.
    first.release().await.unwrap();
    let dies = (world.senior() + 1) % 3;
    let lock = world.nodes[dies].shared.lock(&key, LONG).await.unwrap().unwrap();
    assert!(lock.token() > highest);
    highest = lock.token();
    let lives = (dies + 1) % 3;
    assert!(world.nodes[lives].shared.lock(&key, LONG).await.unwrap().is_none());
    // It dies.
    world.kill(dies);
    world.members(2).await;
    let lock = world.nodes[lives]
        .shared
        .lock(&key, Duration::from_secs(1))
        .await
        .unwrap()
        .unwrap();
    assert!(lock.token() > highest);
    highest = lock.token();
    // Its time is over, whatever it believes.
    let other = (dies + 2) % 3;
    let next = loop {
        match world.nodes[other].shared.lock(&key, LONG).await.unwrap() {
            Some(next) => break next,
            None => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    assert!(!lock.is_held() && next.is_held() && next.token() > highest);
    // Its end takes nothing from the next one.
    drop(lock);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(next.is_held());
}
