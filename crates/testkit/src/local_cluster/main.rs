//! Several servers on this machine that are one cluster, to try things with: `cargo xtask cluster`.
//!
//! `local_cluster HEARTH DIRECTORY NODES` runs so many processes of this `hearth` over a PostgreSQL of its own, with
//! everything they keep below the directory, until it is interrupted. Started again on the same directory, it goes on with
//! what is there.

mod node;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::databases::{Durability, Kind, Server};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use node::Node;

/// Who can log in.
const PEOPLE: [&str; 2] = ["romeo", "juliet"];
/// Known to everybody, so the servers listen to this machine alone.
const PASSWORD: &str = "wherefore";
/// How long the servers may take to find each other.
const JOIN: Duration = Duration::from_secs(60);
/// How often they are asked, and looked after.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().context("usage: local_cluster HEARTH DIRECTORY NODES");
    let (hearth, directory) = (PathBuf::from(next()?), PathBuf::from(next()?));
    let count: u16 = next()?.parse().context("how many servers?")?;
    ensure!((1..=9).contains(&count), "1 to 9 servers: their ports are 100 apart");
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);

    // What one of them is told of a message is true even if all processes die, which is what happens here.
    let database = Server::start_in(Kind::Postgres, Durability::Relaxed, &directory.join("postgres"))
        .with_context(|| format!("PostgreSQL, with its data in {}", directory.display()))?;
    let url = database.url();
    let mut nodes: Vec<_> = (1..=count).map(|it| Node::new(it, &hearth, &directory, &url)).collect();
    let lived = tokio::select! {
        lived = live(&mut nodes) => lived,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    println!("\nending …");
    for node in &mut nodes {
        node.ask_to_end();
    }
    for node in &mut nodes {
        node.end().await;
    }
    lived
}

/// Starts everything, says what there is, and looks after it, until somebody has had enough.
async fn live(nodes: &mut [Node]) -> Result<()> {
    for node in &mut *nodes {
        node.start().await?;
    }
    let first = &nodes[0];
    let accounts: String = PEOPLE
        .iter()
        .map(|name| format!("{{\"jid\":\"{name}@localhost\",\"password\":\"{PASSWORD}\"}}\n"))
        .collect();
    first
        .hearth(&["account", "import", "--skip-existing"], &accounts)
        .await?;
    let began = Instant::now();
    first.hearth(&["cluster", "enable"], "").await?;
    while members(first).await? < nodes.len() {
        ensure!(
            began.elapsed() < JOIN,
            "the servers do not find each other; their logs are {}",
            first.log().with_file_name("*.log").display()
        );
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    println!("{} servers are one cluster after {:.1?}.", nodes.len(), began.elapsed());
    explain(nodes);
    look_after(nodes).await
}

/// How many the cluster counts in.
async fn members(node: &Node) -> Result<usize> {
    let printed = node.hearth(&["cluster", "nodes", "--json"], "").await?;
    let rows: Value = serde_json::from_str(&printed)?;
    let rows = rows.as_array().context("nodes are a list")?;
    let is_member = |row: &&Value| row["state"] == "member" && !row["sessions"].is_null();
    Ok(rows.iter().filter(is_member).count())
}

fn explain(nodes: &[Node]) {
    println!("\n  server  STARTTLS        direct TLS      monitoring             cluster         process");
    for node in nodes {
        println!("  {node}");
    }
    let (first, last) = (&nodes[0], &nodes[nodes.len() - 1]);
    let hearth = display(first.program());
    let data = display(&first.data());
    println!(
        "
Accounts: romeo@localhost and juliet@localhost, password {PASSWORD}. The certificates are self-signed.

Try it:
  log in as romeo at {first_name} and as juliet at {last_name}: they can chat
  see who is in the cluster      {hearth} --data-dir {data} cluster nodes
  switch it off, and on again    {hearth} --data-dir {data} cluster disable
                                 {hearth} --data-dir {data} cluster enable
  kill a server                  kill -9 {pid}
  start it again                 type its number here, and Enter
  read what the servers say      tail -f {logs}
  end everything                 Ctrl-C
",
        first_name = first.name(),
        last_name = last.name(),
        pid = last.pid().unwrap_or_default(),
        logs = display(&first.log().with_file_name("*.log")),
    );
}

/// Says when a server has ended, and starts those whose numbers are typed.
async fn look_after(nodes: &mut [Node]) -> Result<()> {
    let mut lines = typed_lines();
    loop {
        if let Some(line) = next(&mut lines).await {
            let node = line
                .trim()
                .parse()
                .ok()
                .and_then(|number: usize| nodes.get_mut(number.checked_sub(1)?));
            match node {
                Some(node) if node.pid().is_some() => println!("{} runs already", node.name()),
                Some(node) => match node.start().await {
                    Ok(()) => println!("  {node}"),
                    Err(error) => println!("{} does not start: {error:#}", node.name()),
                },
                None => println!("a number from 1 to {} starts that server again", nodes.len()),
            }
        }
        for node in &mut *nodes {
            if let Some(status) = node.has_ended() {
                println!("{} has ended: {status}; type its number to start it again", node.name());
            }
        }
    }
}

/// What is typed, read in a thread that nobody waits for at the end.
fn typed_lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// A line that was typed, if one was before it is time to look after the servers again.
async fn next(lines: &mut mpsc::Receiver<String>) -> Option<String> {
    let line = tokio::time::timeout(LOOK_AGAIN, lines.recv()).await.ok()?;
    if line.is_none() {
        // Nobody types here.
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    line
}

/// As short as it can be typed from here.
fn display(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}
