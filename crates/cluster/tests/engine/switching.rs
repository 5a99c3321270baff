//! Clustering is switched on and off under handles that are in use.

use std::sync::atomic::Ordering;
use std::time::Duration;

use cluster::discovery::Method;
use cluster::{Lasts, Stands};

use crate::nodes::{World, comes_to, pairs, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_keeps_what_is_their_own_through_on_and_off_and_on() {
    let world = World::apart(3).await;
    for (number, node) in world.nodes.iter().enumerate() {
        node.put_own(&format!("own {number}"), 1).await;
        node.put_own("same", u32::try_from(number).unwrap()).await;
    }
    world.nodes[0].put_shared("of one", 1).await;
    for (number, node) in world.nodes.iter().enumerate() {
        node.put_shared("of all", u32::try_from(number).unwrap()).await;
    }
    let lock = world.nodes[0]
        .shared
        .lock(&"a".to_owned(), Duration::from_secs(60))
        .await;
    let lock = lock.unwrap().unwrap();

    world.switch(true).await;
    // Whoever came first has what several had.
    let same = world.nodes[0].own.get(&"same".to_owned()).unwrap();
    let of_all = world.nodes[0].shared.get(&"of all".to_owned()).unwrap();
    let all = [
        ("of all", of_all),
        ("of one", 1),
        ("own 0", 1),
        ("own 1", 1),
        ("own 2", 1),
        ("same", same),
    ];
    for node in &world.nodes {
        comes_to(|| node.sees(), pairs(&all)).await;
    }
    assert!(lock.is_held());
    let again = world.nodes[1]
        .shared
        .lock(&"a".to_owned(), Duration::from_secs(1))
        .await;
    assert!(again.unwrap().is_none(), "a lock goes along into the cluster");
    world.nodes[2].put_shared("later", 5).await;
    world.nodes[1].own.remove(&"own 1".to_owned()).await.unwrap();
    comes_to(|| world.nodes[0].shared.get(&"later".to_owned()), Some(5)).await;

    world.switch(false).await;
    assert!(lock.is_held());
    for (number, node) in world.nodes.iter().enumerate() {
        let mut expected = vec![
            ("of all".to_owned(), of_all),
            ("later".to_owned(), 5),
            ("of one".to_owned(), 1),
        ];
        if number != 1 {
            expected.push((format!("own {number}"), 1));
        }
        if u32::try_from(number).unwrap() == same {
            expected.push(("same".to_owned(), same));
        }
        expected.sort();
        assert_eq!(node.sees(), expected, "node {number}");
        // They are its own again, and it does with them as it likes.
        node.put_own(&format!("own {number}"), 2).await;
        assert_eq!(node.own.get(&format!("own {number}")), Some(2));
    }
    lock.release().await.unwrap();

    world.switch(true).await;
    for node in &world.nodes {
        comes_to(|| node.own.get(&"own 1".to_owned()), Some(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_is_seen_all_the_time() {
    let world = World::apart(2).await;
    for number in 0..200 {
        world.nodes[0].put_own(&format!("own {number}"), number).await;
    }
    let watching = world.nodes[0].own.clone();
    let (enough, is_enough) = tokio::sync::watch::channel(false);
    let watcher = tokio::task::spawn_blocking(move || {
        let mut looks = 0_u64;
        while !*is_enough.borrow() {
            let number = u32::try_from(looks % 200).unwrap();
            assert_eq!(
                watching.get(&format!("own {number}")),
                Some(number),
                "after {looks} looks"
            );
            looks += 1;
        }
        looks
    });
    for is_on in [true, false, true, false] {
        world.switch(is_on).await;
    }
    enough.send_replace(true);
    println!("{} looks", watcher.await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_wait_for_the_switch_and_none_is_lost_that_was_done() {
    let world = World::apart(2).await;
    let own = world.nodes[0].own.clone();
    let (enough, is_enough) = tokio::sync::watch::channel(false);
    let writer = tokio::spawn(async move {
        let (mut done, mut undecided) = (0, 0);
        while !*is_enough.borrow() {
            match own.put(&"count".to_owned(), &(done + 1), Lasts::ForEver).await {
                Ok(_) => {
                    done += 1;
                    assert_eq!(own.get(&"count".to_owned()), Some(done));
                }
                Err(_) => undecided += 1,
            }
        }
        (done, undecided)
    });
    for is_on in [true, false, true, false, true] {
        world.switch(is_on).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    enough.send_replace(true);
    let (done, undecided) = writer.await.unwrap();
    println!("{done} writes done, {undecided} undecided");
    comes_to(|| world.nodes[1].own.get(&"count".to_owned()), Some(done)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_cut_off_has_its_own_again_and_brings_back_nothing_that_went_meanwhile() {
    let world = World::together(3).await;
    let cut_off = (world.senior() + 1) % 3;
    let (node, other) = (&world.nodes[cut_off], &world.nodes[(cut_off + 1) % 3]);
    let a = "a".to_owned();
    node.put_own("own", 1).await;
    node.put_shared("goes", 2).await;
    node.put_shared("stays", 3).await;
    let lock = node.shared.lock(&a, Duration::from_secs(60)).await.unwrap().unwrap();
    let number = node.id();

    world.freeze(cut_off, Duration::from_secs(9));
    until(|| other.cluster().here().members.len() == 2).await;
    assert_eq!(other.sees(), pairs(&[("goes", 2), ("stays", 3)]));
    other.shared.remove(&"goes".to_owned()).await.unwrap();
    let next = other.shared.lock(&a, Duration::from_secs(60)).await.unwrap().unwrap();
    assert!(next.token() > lock.token());
    // It stands still, and reads what it had; but nothing that is done depends on it.
    assert_eq!(node.sees(), pairs(&[("goes", 2), ("own", 1), ("stays", 3)]));
    assert!(!lock.is_held(), "its fence has closed by itself");

    until(|| node.id() != number && node.cluster().here().stands == Stands::Member).await;
    for node in &world.nodes {
        comes_to(|| node.sees(), pairs(&[("own", 1), ("stays", 3)])).await;
    }
    assert!(node.own.look(&"own".to_owned()).unwrap().is_mine);
    assert!(next.is_held() && !lock.is_held());
    drop(lock);
    assert!(node.shared.lock(&a, Duration::from_secs(1)).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_join_acts_alone_for_a_while_and_is_then_told_to_stop() {
    let world = World::apart(1).await;
    let node = &world.nodes[0];
    world.set(|settings| {
        settings.is_enabled = true;
        // Without a place: nobody can be found like that.
        settings.discovery.method = Method::Static;
    });
    let here = || node.cluster().here();
    until(|| here().problem.is_some()).await;
    assert!(node.cluster().fence().is_open(), "its people do not notice yet");
    until(|| node.fenced.load(Ordering::Relaxed) == 1).await;
    assert!(!node.cluster().fence().is_open());
    assert_eq!(here().stands, Stands::Joining);

    world.set(|settings| settings.is_enabled = false);
    until(|| node.cluster().fence().is_open()).await;
}
