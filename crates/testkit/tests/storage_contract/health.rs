//! How the database fares.

use storage::DatabaseKind;

use crate::Ground;

on_every_database!(
    every_database_says_how_it_fares,
    slow_statements_are_listed_without_their_values,
    a_database_that_is_away_is_unknown_and_says_why,
);

async fn every_database_says_how_it_fares(g: Ground) {
    g.storage.hosts().add("one.example").await.unwrap();
    let health = g.storage.checkup().look().await;
    let version = health.version.unwrap();
    assert!(version.contains(|letter: char| letter.is_ascii_digit()), "{version}");
    assert!(health.bytes.unwrap() > 0);
    let tables = health.tables.unwrap();
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    assert!(
        names.contains(&"accounts") && names.contains(&"message_log"),
        "{names:?}"
    );
    let migrations = health.migrations.unwrap();
    assert!(
        migrations.iter().any(|step| step.version == 1 && step.at > 0),
        "{migrations:?}"
    );
    assert!(
        migrations.iter().all(|step| !step.name.starts_with("unknown")),
        "{migrations:?}"
    );
    assert_eq!((health.queue.rows, health.queue.trouble), (0, None));
    assert!(health.queue.rows_max > 0 && health.queue.bytes_max > 0);
    let everything = &health.pools[0];
    assert!(
        everything.open >= 1 && everything.open <= everything.max,
        "{everything:?}"
    );
    assert!(everything.idle <= everything.open, "{everything:?}");
    let is_shared = g.storage.kind() != DatabaseKind::Sqlite;
    assert_eq!(health.pools.len(), if is_shared { 2 } else { 1 });
    assert_eq!(health.shared.is_some(), is_shared);
    if let Some(shared) = health.shared {
        assert!(shared.connections.unwrap() >= 1);
        assert!(shared.connections_max.unwrap() > 1 && shared.connections_ours > 1);
        assert_eq!(shared.is_read_only, Ok(false));
        assert!(
            shared.clock_ahead_millis.unwrap().abs() < 5_000,
            "it runs on this machine"
        );
    }
}

async fn slow_statements_are_listed_without_their_values(g: Ground) {
    let checkup = g.storage.checkup();
    checkup.set_slow_millis(60_000);
    g.storage.hosts().find("quick.example").await.unwrap();
    assert_eq!(checkup.look().await.slow, []);
    checkup.set_slow_millis(0);
    for _ in 0..3 {
        g.storage.hosts().find("sesame.example").await.unwrap();
    }
    g.storage.hosts().reseed("sesame.example").await.unwrap();
    let health = checkup.look().await;
    assert_eq!(health.slow_millis, 0);
    let found = health
        .slow
        .iter()
        .find(|it| it.statement == "SELECT id FROM hosts WHERE domain = ?");
    let found = found.unwrap();
    assert!(
        found.count >= 3 && found.worst_micros > 0 && found.last_at > 0,
        "{found:?}"
    );
    let in_a_transaction = health
        .slow
        .iter()
        .any(|it| it.statement.starts_with("DELETE FROM hosts"));
    assert!(in_a_transaction, "{:?}", health.slow);
    assert!(health.slow.is_sorted_by(|a, b| a.worst_micros >= b.worst_micros));
    assert!(!format!("{:?}", health.slow).contains("sesame"), "{:?}", health.slow);
}

async fn a_database_that_is_away_is_unknown_and_says_why(g: Ground) {
    g.storage.close().await.unwrap();
    let health = g.storage.checkup().look().await;
    for why in [
        health.version.unwrap_err(),
        health.tables.unwrap_err(),
        health.migrations.unwrap_err(),
    ] {
        assert!(!why.is_empty());
    }
}
