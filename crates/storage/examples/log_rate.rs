//! How many messages a second the log takes, and what each costs this process.
//!
//! `cargo run --release -p storage --example log_rate -- [<database URL>] [<rows>] [<in flight>]`
//!
//! By default a SQLite file in a temporary directory, 200,000 rows, 1,000 in flight. The CPU time is
//! this process's own: SQLite's work is in it, a database server's is not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use storage::{AccountId, Credentials, LogId, LogRow, Options, Storage, StorageError};
use tokio::sync::{Semaphore, mpsc};

const ACCOUNTS: i64 = 400;
const STANZA_BYTES: usize = 450;

/// When a message is acknowledged by its recipient.
#[derive(Clone, Copy)]
enum Acknowledged {
    /// Never: it stays.
    Never,
    /// When it has been written.
    Afterwards,
    /// At once, as by a recipient who is there.
    AtOnce,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let directory = tempfile::tempdir()?;
    let file = format!("sqlite:{}", directory.path().join("rate.db").display());
    let url = args.next().unwrap_or(file);
    let rows = args.next().map_or(Ok(200_000), |text| text.parse())?;
    let in_flight = args.next().map_or(Ok(1_000), |text| text.parse())?;

    let storage = Storage::open(&Options::new(url)).await?;
    let accounts = accounts(&storage).await?;
    println!("{rows} rows of {STANZA_BYTES} bytes to {ACCOUNTS} accounts, {in_flight} in flight");
    for (name, when) in [
        ("append, acknowledge at once", Acknowledged::AtOnce),
        ("append, acknowledge when written", Acknowledged::Afterwards),
        ("append", Acknowledged::Never),
    ] {
        let (started, cpu) = (Instant::now(), cpu_time()?);
        run(&storage, &accounts, rows, in_flight, when).await?;
        let (wall, cpu) = (started.elapsed(), cpu_time()? - cpu);
        let rate = f64::from(rows) / wall.as_secs_f64();
        let cost = cpu.as_secs_f64() * 1e6 / f64::from(rows);
        println!("{name:34} {rate:>9.0} rows/s {cost:>7.1} CPU µs/row");
    }
    storage.close().await?;
    Ok(())
}

async fn accounts(storage: &Storage) -> Result<Vec<AccountId>, StorageError> {
    let host = storage.hosts().seed(&["capulet.example"]).await?[0].id;
    let mut accounts = Vec::new();
    for index in 0..ACCOUNTS {
        let name = format!("user{index}");
        let made = storage.accounts().create(host, &name, &Credentials::default()).await?;
        let found = storage.accounts().find(host, &name).await?.map(|account| account.id);
        accounts.extend(made.or(found));
    }
    Ok(accounts)
}

async fn run(
    storage: &Storage,
    accounts: &[AccountId],
    rows: u32,
    in_flight: usize,
    when: Acknowledged,
) -> Result<(), StorageError> {
    let room = Arc::new(Semaphore::new(in_flight));
    let (tell, mut told) = mpsc::unbounded_channel::<(AccountId, LogId)>();
    let log = storage.log().clone();
    let acknowledging = tokio::spawn(async move {
        let mut some = Vec::new();
        while told.recv_many(&mut some, 1_000).await > 0 {
            for (account, id) in some.drain(..) {
                log.acknowledge(account, [id]);
            }
        }
    });
    for (_, account) in (0..rows).zip(accounts.iter().cycle()) {
        let permit = Arc::clone(&room)
            .acquire_owned()
            .await
            .map_err(|_| StorageError::Closed)?;
        let row = LogRow {
            account: *account,
            id: storage.log().next_id(),
            peer: "romeo@montague.example".to_owned(),
            stanza: vec![b'x'; STANZA_BYTES].into(),
            expires_at: None,
        };
        let (key, tell) = ((row.account, row.id), tell.clone());
        let is_awaited = matches!(when, Acknowledged::Afterwards);
        storage.log().append_then(row, move |result| {
            if is_awaited && result.is_ok() {
                let _ = tell.send(key);
            }
            drop(permit);
        })?;
        if matches!(when, Acknowledged::AtOnce) {
            storage.log().acknowledge(key.0, [key.1]);
        }
    }
    storage.log().flush().await?;
    drop(tell);
    let _ = acknowledging.await;
    storage.log().flush().await
}

/// User and system time of this process so far.
fn cpu_time() -> std::io::Result<Duration> {
    // Linux counts in hundredths of a second here.
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    Ok(TICK * (ticks(11) + ticks(12)))
}
