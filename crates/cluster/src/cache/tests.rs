//! A server that is alone. What the same handles do in a cluster is in `tests/engine`.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use super::{Belongs, Cache, Caches, Definition, Face, Lasts, NotCleared, Search, Written};
use crate::state::{Bound, CacheId};

fn cache(caches: &Caches, belongs: Belongs, most: Option<u64>) -> Cache<String, u32> {
    caches.cache(Definition {
        id: CacheId(9),
        name: "words",
        belongs,
        bound: Bound {
            entries: most,
            bytes: None,
        },
        face: Face {
            lifetime: "for ever",
            kept: None,
            describe: |key, value| {
                Face::decoded(key, value, |word: String, number: u32| {
                    (word, format!("number {number}"))
                })
            },
        },
    })
}

fn key(text: &str) -> String {
    text.to_owned()
}

#[tokio::test]
async fn what_is_written_is_read() {
    for belongs in [Belongs::Node, Belongs::Nobody] {
        let words = cache(&Caches::new(), belongs, None);
        let a = key("a");
        assert_eq!(words.get(&a), None);
        for value in [1, 2, 3] {
            assert_eq!(words.put(&a, &value, Lasts::ForEver).await, Ok(Written::Done));
            assert_eq!(words.get(&a), Some(value));
        }
        let held = words.look(&a).unwrap();
        assert_eq!(held.is_mine, belongs == Belongs::Node);
        assert_eq!(
            words.put_if_free(&a, &4, Lasts::ForEver).await,
            Ok(Written::Taken(held.clone()))
        );
        let set = words.compare_and_set(&a, held.stamp, &5, Lasts::ForEver).await;
        assert_eq!(set, Ok(Written::Done));
        let late = words.compare_and_set(&a, held.stamp, &6, Lasts::ForEver).await;
        assert_eq!(late, Ok(Written::Taken(words.look(&a).unwrap())));
        // What was set has another stamp, and is put over all the same.
        assert_eq!(words.put(&a, &7, Lasts::ForEver).await, Ok(Written::Done));
        let add = |held: Option<&super::Held<u32>>| Some((held.map_or(0, |held| held.value) + 1, Lasts::ForEver));
        words.update(&a, add).await.unwrap();
        words.update(&key("b"), add).await.unwrap();
        assert_eq!((words.get(&a), words.get(&key("b"))), (Some(8), Some(1)));
        assert_eq!(words.remove_if(&a, held.stamp).await, Ok(Written::Stale));
        assert_eq!(words.remove(&a).await, Ok(Written::Done));
        assert_eq!(words.remove(&a).await, Ok(Written::Stale));
        assert_eq!(words.update(&key("b"), |_| None).await, Ok(Written::Done));
        assert!(words.entries().is_empty());
    }
}

#[tokio::test]
async fn entries_and_locks_end_by_themselves() {
    let caches = Caches::new();
    let words = cache(&caches, Belongs::Nobody, None);
    let (a, short) = (key("a"), Duration::from_millis(30));
    words.put(&a, &1, Lasts::For(short)).await.unwrap();
    let lock = words.lock(&a, short).await.unwrap().unwrap();
    assert!(lock.is_held() && words.get(&a) == Some(1));
    assert!(words.lock(&a, short).await.unwrap().is_none());
    tokio::time::sleep(short).await;
    assert!(!lock.is_held());
    assert_eq!(words.get(&a), None, "over, although nobody has swept it up");
    assert_eq!(words.put_if_free(&a, &2, Lasts::For(short)).await, Ok(Written::Done));
    tokio::time::sleep(short).await;
    caches.expire_here();
    assert_eq!(caches.info()[0].size.entries, 0);
    let next = words.lock(&a, short).await.unwrap().unwrap();
    assert!(next.token() > lock.token());
    next.release().await.unwrap();
    drop(lock);
    assert!(words.lock(&a, short).await.unwrap().is_some());
}

#[tokio::test]
async fn a_lock_is_let_go_when_it_is_dropped() {
    let words = cache(&Caches::new(), Belongs::Nobody, None);
    let mut lock = words.lock(&key("a"), Duration::from_secs(60)).await.unwrap().unwrap();
    assert!(lock.renew(Duration::from_secs(90)).await.unwrap() && lock.is_held());
    drop(lock);
    tokio::task::yield_now().await;
    assert!(words.lock(&key("a"), Duration::from_secs(60)).await.unwrap().is_some());
}

#[tokio::test]
async fn caches_are_listed_with_how_they_fare() {
    let caches = Caches::new();
    let words = cache(&caches, Belongs::Nobody, Some(2));
    caches.observe(CacheId(1), "sessions", Face::UNKNOWN, || (1, 0));
    for word in ["one", "two", "three"] {
        words.put(&key(word), &1, Lasts::ForEver).await.unwrap();
    }
    assert_eq!((words.get(&key("one")), words.get(&key("two"))), (None, Some(1)));
    assert_eq!(caches.names(), ["sessions", "words"]);
    let [sessions, words] = caches.info().try_into().unwrap();
    assert_eq!((sessions.hits, sessions.misses, sessions.size.entries), (1, 0, 0));
    assert_eq!((words.hits, words.misses, words.evictions), (1, 1, 1));
    assert_eq!((words.size.entries, words.size.bytes), (2, 4 + 6 + 2));
}

#[tokio::test]
async fn entries_are_looked_for_in_words_page_by_page() {
    let caches = Caches::new();
    let words = cache(&caches, Belongs::Nobody, None);
    for (number, word) in ["one", "two", "three", "four"].into_iter().enumerate() {
        let number = u32::try_from(number).unwrap();
        words.put(&key(word), &number, Lasts::ForEver).await.unwrap();
    }
    let gone = Lasts::For(Duration::ZERO);
    words.put(&key("forgotten"), &1, gone).await.unwrap();
    let check = |text: &str, after: &str, limit, total, expected: &[&str]| {
        let search = Search {
            text: text.into(),
            after: after.into(),
            limit,
        };
        let found = caches.search("words", &search).unwrap();
        let keys: Vec<_> = found.entries.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!((found.total, keys.as_slice()), (total, expected), "{search:?}");
    };
    check("", "", 9, 4, &["four", "one", "three", "two"]);
    check("", "", 2, 4, &["four", "one"]);
    check("", "one", 2, 4, &["three", "two"]);
    check("number 2", "", 9, 1, &["three"]);
    check("nothing", "", 9, 0, &[]);
    assert_eq!(caches.search("others", &Search::default()), None);
}

#[tokio::test]
async fn a_cache_is_cleared_unless_that_does_harm() {
    let caches = Caches::new();
    let words = cache(&caches, Belongs::Nobody, None);
    caches.observe(CacheId(1), "sessions", Face::UNKNOWN, || (0, 0));
    for word in ["one", "two"] {
        words.put(&key(word), &1, Lasts::ForEver).await.unwrap();
    }
    assert!(matches!(caches.clear("sessions").await, Err(NotCleared::Harmful(_))));
    assert_eq!(caches.clear("others").await, Err(NotCleared::Unknown));
    assert_eq!(words.entries().len(), 2);
    assert_eq!(caches.clear("words").await, Ok(2));
    assert_eq!(words.entries(), []);
}

#[test]
fn bytes_that_nobody_understands_are_never_shown() {
    let words = |key: String, value: u32| (key, value.to_string());
    let (key, value) = Face::decoded(&[0xff, 0xfe], &[1], words);
    assert_eq!(
        (key.as_str(), value.as_str()),
        ("a key of 2 bytes", "a value of 1 bytes")
    );
}
