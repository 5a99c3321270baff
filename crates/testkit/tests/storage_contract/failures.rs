//! What happens when the database is away, damaged or too new.

use std::os::unix::fs::PermissionsExt;

use sqlx::{Connection, Executor, MySqlConnection, PgConnection, SqliteConnection};
use storage::{Credentials, Listed, Lock, LogRow, Options, RosterEdit, RosterItem, Storage, StorageError};
use testkit::databases::{Durability, Kind, Server};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use crate::Ground;

on_every_database!(a_database_of_a_newer_program_is_refused, opening_twice_is_fine);

async fn a_database_of_a_newer_program_is_refused(g: Ground) {
    let newer = "INSERT INTO schema_versions (version, applied_at) VALUES (999, 0)";
    let url = g.fresh.url();
    match g.kind {
        Kind::Sqlite => SqliteConnection::connect(url)
            .await
            .unwrap()
            .execute(newer)
            .await
            .map(|_| ()),
        Kind::Postgres => PgConnection::connect(url)
            .await
            .unwrap()
            .execute(newer)
            .await
            .map(|_| ()),
        Kind::Mysql => MySqlConnection::connect(url)
            .await
            .unwrap()
            .execute(newer)
            .await
            .map(|_| ()),
    }
    .unwrap();
    let refused = Storage::open(&Options::new(url)).await.err().unwrap();
    assert!(
        matches!(refused, StorageError::TooNew { found: 999, .. }),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("run the newer program"), "{refused}");
}

async fn opening_twice_is_fine(g: Ground) {
    let juliet = g.account("juliet").await;
    let again = g.again(|_| {}).await;
    assert_eq!(again.accounts().get(juliet).await.unwrap().unwrap().localpart, "juliet");
    again.check().await.unwrap();
}

#[tokio::test]
async fn postgres_goes_away_and_comes_back() {
    goes_away_and_comes_back(Kind::Postgres).await;
}

#[tokio::test]
async fn mysql_goes_away_and_comes_back() {
    goes_away_and_comes_back(Kind::Mysql).await;
}

#[tokio::test]
async fn postgres_does_not_wait_for_a_node_that_fell_silent() {
    does_not_wait_for_the_silent(Kind::Postgres).await;
}

#[tokio::test]
async fn mysql_does_not_wait_for_a_node_that_fell_silent() {
    does_not_wait_for_the_silent(Kind::Mysql).await;
}

/// One node stands still in the middle of a transaction, until another has written what that one has locked.
async fn does_not_wait_for_the_silent(kind: Kind) {
    let ground = Ground::new(kind).await;
    let juliet = ground.account("juliet").await;
    let (stands_still, has_lock) = tokio::sync::oneshot::channel();
    let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
    let url = ground.fresh.url().to_owned();
    let silent = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let storage = Storage::open(&Options::new(&url)).await.unwrap();
            let edited = storage.roster().edit(juliet, "romeo@montague.example", 9, move |_| {
                stands_still.send(()).unwrap();
                // Ends as well where the other one fails.
                let _ = goes_on.recv();
                RosterEdit::Put(named("silent"))
            });
            edited.await.map(|_| ())
        })
    });
    has_lock.await.unwrap();
    let edit = ground
        .storage
        .roster()
        .edit(juliet, "romeo@montague.example", 9, move |_| {
            RosterEdit::Put(named("lively"))
        });
    edit.await.unwrap();
    drop(go_on);
    assert!(silent.join().unwrap().is_err(), "its transaction is over");
    let (items, _) = ground.storage.roster().load(juliet).await.unwrap();
    assert_eq!(items[0].name, "lively");
}

fn named(name: &str) -> RosterItem {
    RosterItem {
        name: name.to_owned(),
        listed: true,
        ..RosterItem::default()
    }
}

async fn goes_away_and_comes_back(kind: Kind) {
    let mut server = Server::start(kind, Durability::Full).unwrap();
    let storage = Storage::open(&Options::new(server.url())).await.unwrap();
    let host = storage.hosts().seed(&["capulet.example"]).await.unwrap()[0].id;
    let juliet = storage
        .accounts()
        .create(host, "juliet", &Credentials::default())
        .await
        .unwrap()
        .unwrap();
    let message = |text: &'static str| LogRow {
        account: juliet,
        id: storage.log().next_id(),
        peer: "romeo@montague.example".to_owned(),
        stanza: text.into(),
        expires_at: None,
    };
    storage.log().append(message("before")).unwrap().await.unwrap();
    // Several connections, all of which will be dead.
    let checks: Vec<_> = (0..8)
        .map(|_| storage.clone())
        .map(|s| tokio::spawn(async move { s.check().await }))
        .collect();
    for check in checks {
        check.await.unwrap().unwrap();
    }

    let mut changes = storage.cluster().changes();
    let before = changes.changed().await.unwrap();
    let group = storage.cluster().read().await.unwrap().group;

    server.pause().unwrap();
    let meanwhile = storage.log().append(message("meanwhile")).unwrap();
    for result in [
        storage.check().await,
        storage.accounts().get(juliet).await.map(|_| ()),
        storage.blocking().add(juliet, &["paris@verona.example"], 9).await,
        storage.vcards().set(juliet, b"<vCard/>", 99).await,
        storage.log().flush().await,
        storage.log().unacknowledged(juliet, None, 9).await.map(|_| ()),
        storage.cluster().read().await.map(|_| ()),
        storage.cluster().renew(group, 1_000).await.map(|_| ()),
        storage.cluster().servers().await.map(|_| ()),
    ] {
        assert!(matches!(result, Err(StorageError::Unavailable(_))), "{result:?}");
    }

    server.resume().unwrap();
    storage.check().await.unwrap();
    storage
        .blocking()
        .add(juliet, &["paris@verona.example"], 9)
        .await
        .unwrap();
    storage.vcards().set(juliet, b"<vCard/>", 99).await.unwrap();
    meanwhile.await.unwrap();
    assert!(storage.cluster().renew(group, 1_000).await.unwrap());
    assert!(
        storage
            .cluster()
            .list(group, Listed { id: 7, server: 7 })
            .await
            .unwrap()
    );
    assert_eq!(changes.changed().await.unwrap().cluster, before.cluster + 1);
    let rows = storage.log().unacknowledged(juliet, None, 9).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| &row.stanza[..]).collect::<Vec<_>>(),
        [b"before".as_slice(), b"meanwhile"]
    );

    // Away for good: closing ends all the same, and who waited is told.
    server.pause().unwrap();
    let lost = storage.log().append(message("lost")).unwrap();
    assert!(matches!(storage.close().await, Err(StorageError::Unavailable(_))));
    assert!(lost.await.is_err());
}

/// Between us and PostgreSQL: at a word it swallows what comes by the connections there are, without
/// closing them, as a network does that is cut.
async fn swallowing(server: &Server) -> (tempfile::TempDir, String, watch::Sender<u64>) {
    const SOCKET: &str = ".s.PGSQL.5432";
    let (place, directory) = server
        .url()
        .split_once("?host=")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let between = tempfile::tempdir_in("/tmp").unwrap();
    let listener = UnixListener::bind(between.path().join(SOCKET)).unwrap();
    let url = format!("{place}?host={}", between.path().display());
    let (cut, cuts) = watch::channel(0);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut cuts = cuts.clone();
            cuts.mark_unchanged();
            let mut server = UnixStream::connect(std::path::Path::new(&directory).join(SOCKET))
                .await
                .unwrap();
            tokio::spawn(async move {
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                    _ = cuts.changed() => {
                        // Held open, and nothing comes through any more.
                        let _held = (client, server);
                        std::future::pending::<()>().await;
                    }
                }
            });
        }
    });
    (between, url, cut)
}

#[tokio::test]
async fn connections_that_the_network_has_swallowed_do_not_keep_the_cluster_from_its_row() {
    let server = Server::start(Kind::Postgres, Durability::Relaxed).unwrap();
    let (_between, url, cut) = swallowing(&server).await;
    let storage = Storage::open(&Options::new(url)).await.unwrap();
    let read_by_all = || async {
        let reads: Vec<_> = (0..4)
            .map(|_| storage.cluster().clone())
            .map(|cluster| tokio::spawn(async move { cluster.read().await }))
            .collect();
        let mut well = 0;
        for read in reads {
            well += usize::from(read.await.unwrap().is_ok());
        }
        well
    };
    assert_eq!(read_by_all().await, 4);
    // More often than there are connections, were one of them stuck each time.
    for cuts in 1..=4 {
        cut.send_replace(cuts);
        let mut tries = 0;
        while read_by_all().await < 4 {
            tries += 1;
            assert!(tries < 3, "cut {cuts}: they are stuck");
        }
    }
}

#[tokio::test]
async fn a_change_waits_for_another_process_that_writes() {
    let g = Ground::new(Kind::Sqlite).await;
    let juliet = g.account("juliet").await;
    let mut other = SqliteConnection::connect(g.fresh.url()).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let appended = g.storage.log().append(g.message(juliet, "waits")).unwrap();
    let locking = {
        let accounts = g.storage.accounts().clone();
        tokio::spawn(async move { accounts.lock(juliet, &Lock::default()).await })
    };
    // Reading does not wait.
    assert_eq!(g.storage.accounts().get(juliet).await.unwrap().unwrap().lock, None);
    other.execute("COMMIT").await.unwrap();
    appended.await.unwrap();
    assert!(locking.await.unwrap().unwrap());
}

#[tokio::test]
async fn a_sqlite_file_is_its_owners_alone() {
    let g = Ground::new(Kind::Sqlite).await;
    g.account("juliet").await;
    let file = std::path::PathBuf::from(g.fresh.url().strip_prefix("sqlite:").unwrap());
    let others = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o077;
    for suffix in ["", "-wal", "-shm"] {
        let file = file.with_file_name(format!("hearth.db{suffix}"));
        assert_eq!(others(&file), 0, "{}", file.display());
    }
    assert_eq!(others(file.parent().unwrap()), 0);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_called_damaged() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hearth.db");
    std::fs::write(
        &file,
        "Two households, both alike in dignity, in fair Verona".repeat(100),
    )
    .unwrap();
    let refused = Storage::open(&Options::new(format!("sqlite:{}", file.display())))
        .await
        .err()
        .unwrap();
    assert!(matches!(refused, StorageError::Corrupt(_)), "{refused:?}");
}

#[tokio::test]
async fn an_unreachable_database_is_unavailable_and_a_bad_url_is_explained() {
    for url in ["postgres://a@127.0.0.1:1/x", "mysql://a@127.0.0.1:1/x"] {
        let refused = Storage::open(&Options::new(url)).await.err().unwrap();
        assert!(matches!(refused, StorageError::Unavailable(_)), "{url}: {refused:?}");
    }
    let refused = Storage::open(&Options::new("mongodb://x/y")).await.err().unwrap();
    assert!(matches!(refused, StorageError::Url(_)), "{refused:?}");
}

#[tokio::test]
async fn a_database_in_memory_works_like_any_other() {
    let storage = Storage::open(&Options::new("sqlite::memory:")).await.unwrap();
    let host = storage.hosts().seed(&["capulet.example"]).await.unwrap()[0].id;
    let id = storage
        .accounts()
        .create(host, "juliet", &Credentials::default())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(storage.accounts().find(host, "juliet").await.unwrap().unwrap().id, id);
    storage.close().await.unwrap();
}
