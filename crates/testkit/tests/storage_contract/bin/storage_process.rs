//! A process of its own for the stories in `processes.rs`.
//!
//! `open <url>` opens the storage and ends. `write <url>` writes messages until it is killed: it says
//! `answered <id>` when one is durable, and `acknowledged <id>` before it acknowledges every second.

use std::io::Write;

use anyhow::{Context, Result, bail};
use storage::{Credentials, LogRow, Options, Storage};

/// Messages on their way at any time.
const IN_FLIGHT: usize = 50;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (act, url) = (
        args.next().context("what to do?")?,
        args.next().context("with which database?")?,
    );
    let storage = Storage::open(&Options::new(url)).await?;
    match act.as_str() {
        "open" => Ok(storage.close().await?),
        "write" => write(&storage).await,
        other => bail!("{other} is not something this program does"),
    }
}

async fn write(storage: &Storage) -> Result<()> {
    let host = storage.hosts().seed(&["capulet.example"]).await?[0].id;
    let found = storage.accounts().find(host, "juliet").await?.map(|account| account.id);
    let account = match found {
        Some(account) => account,
        None => storage
            .accounts()
            .create(host, "juliet", &Credentials::default())
            .await?
            .context("it is taken")?,
    };
    let writers: Vec<_> = (0..IN_FLIGHT)
        .map(|_| tokio::spawn(write_forever(storage.clone(), account)))
        .collect();
    for writer in writers {
        writer.await??;
    }
    Ok(())
}

async fn write_forever(storage: Storage, account: storage::AccountId) -> Result<()> {
    for round in 0_u64.. {
        let id = storage.log().next_id();
        let stanza = format!("<message id='{id}'/>").into();
        let row = LogRow {
            account,
            id,
            peer: "romeo@montague.example".to_owned(),
            stanza,
            expires_at: None,
        };
        storage.log().append(row)?.await?;
        say("answered", id)?;
        if round % 2 == 0 {
            say("acknowledged", id)?;
            storage.log().acknowledge(account, [id]);
        }
    }
    Ok(())
}

/// One write, so that a line is in the pipe as a whole or not at all.
fn say(what: &str, id: storage::LogId) -> Result<()> {
    std::io::stdout()
        .lock()
        .write_all(format!("{what} {id}\n").as_bytes())
        .context("nobody listens")
}
