//! `kill -9` under load: of what a sender was told is safe, nothing is missing from what its recipient obtains.
//!
//! Pairs of clients with XEP-0198 on talk over direct TLS to a real `hearth` process; at a random moment it is killed,
//! and started again on the same database and port. Then every recipient logs in and must obtain each message whose
//! acknowledgement its sender has seen in any life of the server. Recipients acknowledge only some of what they get, some
//! hear only the beginning, and some are not there, so there is always something under way and something waiting.
//!
//! `HEARTH_KILL_PAIRS` and `HEARTH_KILL_ROUNDS` choose the size, `HEARTH_KILL_SEED` repeats a run's choices.

mod people;
mod random;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use people::{Recipient, Sender, each};
use random::Random;
use testkit::databases::{self, Kind};
use tests::support::process::{DOMAIN, Home, Server};
use tokio::sync::Notify;

/// Everybody's password.
const PASSWORD: &str = "these violent delights";
/// So long may the load take until so much is acknowledged that the server is killed.
const LOAD: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill_on_sqlite() -> Result<()> {
    survive(Kind::Sqlite).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill_on_postgresql() -> Result<()> {
    survive(Kind::Postgres).await
}

/// How much is done.
#[derive(Debug, Clone, Copy)]
struct Scale {
    pairs: usize,
    rounds: usize,
    seed: u64,
}

impl Scale {
    fn chosen() -> Result<Self> {
        Ok(Self {
            pairs: from_environment("HEARTH_KILL_PAIRS")?.unwrap_or(40),
            rounds: from_environment("HEARTH_KILL_ROUNDS")?.unwrap_or(3),
            seed: from_environment("HEARTH_KILL_SEED")?.unwrap_or_else(Random::fresh_seed),
        })
    }
}

fn from_environment<T>(name: &str) -> Result<Option<T>>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let Ok(text) = std::env::var(name) else { return Ok(None) };
    text.parse().map(Some).with_context(|| format!("{name} is {text:?}"))
}

/// The load's progress: when this much is acknowledged, the server's hour has come.
pub(crate) struct Progress {
    acknowledged: AtomicUsize,
    goal: usize,
    reached: Notify,
}

impl Progress {
    fn towards(goal: usize) -> Arc<Self> {
        Arc::new(Self {
            acknowledged: AtomicUsize::new(0),
            goal,
            reached: Notify::new(),
        })
    }

    pub(crate) fn add(&self, count: usize) {
        if self.acknowledged.fetch_add(count, Ordering::Relaxed) + count >= self.goal {
            self.reached.notify_one();
        }
    }
}

/// The people, and how many messages they had to wait for.
struct Crowd {
    senders: Vec<Sender>,
    recipients: Vec<Recipient>,
    collected: usize,
}

async fn survive(kind: Kind) -> Result<()> {
    let scale = Scale::chosen()?;
    println!("{kind}: {scale:?}");
    let began = Instant::now();
    let mut random = Random::new(scale.seed);
    let database = databases::fresh(kind).await?;
    let mut home = Home::new()?.with("HEARTH_DATABASE__URL", database.url());
    home.hearth(&["account", "import", "--iterations", "4096"], &accounts(scale.pairs))?;
    let mut crowd = Crowd {
        senders: (0..scale.pairs).map(Sender::new).collect(),
        recipients: (0..scale.pairs).map(Recipient::new).collect(),
        collected: 0,
    };
    for round in 1..=scale.rounds {
        let server = home.start()?;
        let port = server.addresses().c2s_tls.to_string();
        let lived = crowd.live(server, &mut random).await;
        home = lived.with_context(|| format!("{kind}, round {round} of {scale:?}"))?;
        home = home.with("HEARTH_C2S__TLS_LISTEN", &port);
    }
    let server = home.start()?;
    let collected = crowd.collect(&server).await;
    let collected = collected.with_context(|| format!("{kind}, after the last round of {scale:?}"))?;
    crowd.recipients = collected.into_iter().map(|(recipient, _)| recipient).collect();
    let said: u32 = crowd.senders.iter().map(|it| it.said).sum();
    let acknowledged: usize = crowd.senders.iter().map(|it| it.acknowledged.len()).sum();
    let obtained: usize = crowd.recipients.iter().map(|it| it.obtained.len()).sum();
    let again: usize = crowd.recipients.iter().map(|it| it.again).sum();
    println!(
        "{kind}: {} kills in {:.0?}: {said} sent, {acknowledged} acknowledged to senders, {obtained} obtained, \
         0 acknowledged and missing; {} of them obtained only after a kill, {again} obtained again",
        scale.rounds,
        began.elapsed(),
        crowd.collected,
    );
    ensure!(obtained >= acknowledged && crowd.collected > 0, "there was no load");
    server.stop()?;
    Ok(())
}

/// Everybody's account, as `hearth account import` takes it.
fn accounts(pairs: usize) -> String {
    let names = (0..pairs).flat_map(|number| [people::sender(number), people::recipient(number)]);
    names
        .map(|name| format!("{{\"jid\":\"{name}@{DOMAIN}\",\"password\":\"{PASSWORD}\"}}\n"))
        .collect()
}

impl Crowd {
    /// One life of the server: what is owed is obtained, then there is load until it is killed.
    async fn live(&mut self, server: Server, random: &mut Random) -> Result<Home> {
        let address = server.addresses().c2s_tls;
        let listening = self.collect(&server).await?;
        let speaking = each(std::mem::take(&mut self.senders), move |sender: Sender| async move {
            let wire = people::log_in(address, &people::sender(sender.number)).await;
            Ok((sender, wire))
        })
        .await?;

        let pairs = speaking.len();
        let progress = Progress::towards(pairs * 2 + random.below(pairs * 20));
        let listeners: Vec<_> = listening
            .into_iter()
            .map(|(recipient, wire)| tokio::spawn(recipient.listen(wire, random.fork())))
            .collect();
        let speakers: Vec<_> = speaking
            .into_iter()
            .map(|(sender, wire)| tokio::spawn(sender.speak(wire, progress.clone(), random.fork())))
            .collect();
        let is_loaded = tokio::time::timeout(LOAD, progress.reached.notified()).await.is_ok();
        let home = server.kill();
        for speaker in speakers {
            self.senders.push(speaker.await?);
        }
        for listener in listeners {
            self.recipients.push(listener.await??.0);
        }
        ensure!(
            is_loaded,
            "too little was acknowledged in {LOAD:?}; the server's log ends:\n{}",
            home.log()
        );
        Ok(home)
    }

    /// Every recipient logs in and obtains what it is owed.
    async fn collect(&mut self, server: &Server) -> Result<Vec<(Recipient, people::Stream)>> {
        let address = server.addresses().c2s_tls;
        let owed = self.senders.iter().map(|it| it.acknowledged.clone());
        let waiting: Vec<_> = std::mem::take(&mut self.recipients).into_iter().zip(owed).collect();
        let before: usize = waiting.iter().map(|(it, _)| it.obtained.len()).sum();
        let listening = each(
            waiting,
            move |(recipient, owed): (Recipient, BTreeSet<u32>)| async move { recipient.collect(address, &owed).await },
        )
        .await?;
        let after: usize = listening.iter().map(|(it, _)| it.obtained.len()).sum();
        self.collected += after - before;
        Ok(listening)
    }
}
