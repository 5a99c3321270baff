//! A rolling restart: one server after another is drained and started again, while people talk. Whatever a server
//! acknowledged arrives, and who logs in at a server that is not draining is let in.

use std::{
    collections::{BTreeSet, VecDeque},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use protocol::{Element, ns};
use testkit::{
    client::Connect,
    databases::Kind,
    wire::{Seen, Wire},
};
use tests::support::process::DOMAIN;
use tokio::sync::watch;

use crate::{PATIENCE, chosen, fleet::Fleet, person::PASSWORD};

/// Messages that a speaker leaves unacknowledged.
const WINDOW: usize = 16;
/// How fast, so that the listeners keep up and the story is about restarts.
const PACE: Duration = Duration::from_millis(50);
/// What everybody says at least while all servers run.
const BETWEEN: usize = 200;
/// A server that has said nothing for so long has nothing to say.
const SILENCE: Duration = Duration::from_secs(15);

/// Where one may log in: what a balancer would know.
type Open = watch::Receiver<Option<Vec<SocketAddr>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_loses_nothing_and_turns_nobody_away() -> Result<()> {
    let pairs: usize = chosen("HEARTH_CLUSTER_PAIRS", 4)?;
    let names: Vec<_> = (0..pairs).flat_map(|pair| [speaker(pair), listener(pair)]).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut fleet = Fleet::start(Kind::Postgres, 3, &names).await?;
    // Who is slow to hear everything must not cost others their messages here.
    fleet.run(1, &["property", "set", "offline.quota_messages", "1000000"])?;
    fleet.enable(1)?;
    fleet.wait_members(3, PATIENCE).await?;

    let (open, is_open) = watch::channel(Some(addresses(&fleet, None)?));
    let talking: Vec<_> = (0..pairs)
        .map(|pair| {
            let (said, heard) = (Arc::new(Progress::default()), is_open.clone());
            let speaking = tokio::spawn(speak(pair, is_open.clone(), Arc::clone(&said)));
            (said, speaking, tokio::spawn(listen(pair, heard)))
        })
        .collect();
    let progress: Vec<_> = talking.iter().map(|(said, ..)| Arc::clone(said)).collect();

    for number in 1..=3 {
        Progress::all(&progress, BETWEEN).await?;
        open.send_replace(Some(addresses(&fleet, Some(number))?));
        let began = Instant::now();
        let beside = number % 3 + 1;
        fleet.drain(beside, number)?;
        let drained = began.elapsed();
        fleet.wait_members(2, PATIENCE).await?;
        let parted = began.elapsed();
        fleet.restart(number)?;
        fleet.wait_members(3, PATIENCE).await?;
        println!(
            "server {number} drained from {beside}: gone after {drained:.1?}, two members after {parted:.1?}, three again \
             after {:.1?}",
            began.elapsed()
        );
        open.send_replace(Some(addresses(&fleet, None)?));
    }
    Progress::all(&progress, BETWEEN).await?;
    open.send_replace(None);

    let (mut acknowledged, mut obtained, mut again) = (0, 0, 0);
    let address = fleet.address(1)?;
    for (pair, (_, speaking, listening)) in talking.into_iter().enumerate() {
        let owed = speaking.await?.with_context(|| speaker(pair))?;
        let mut heard = listening.await?.with_context(|| listener(pair))?;
        heard.collect(pair, address, &owed).await?;
        acknowledged += owed.len();
        obtained += heard.numbers.len();
        again += heard.again;
    }
    println!("{acknowledged} acknowledged, {obtained} obtained, {again} again, 0 acknowledged and missing");
    fleet.told()
}

fn addresses(fleet: &Fleet, but: Option<usize>) -> Result<Vec<SocketAddr>> {
    let open = fleet.awake().filter(|number| Some(*number) != but);
    open.map(|number| fleet.address(number)).collect()
}

fn speaker(pair: usize) -> String {
    format!("speaker{pair}")
}

fn listener(pair: usize) -> String {
    format!("listener{pair}")
}

/// How much of what one says was acknowledged.
#[derive(Default)]
struct Progress(watch::Sender<usize>);

impl Progress {
    fn add(&self, count: usize) {
        self.0.send_modify(|acknowledged| *acknowledged += count);
    }

    /// Waits until everybody has said so much more.
    async fn all(all: &[Arc<Self>], more: usize) -> Result<()> {
        for one in all {
            let mut acknowledged = one.0.subscribe();
            let goal = *acknowledged.borrow() + more;
            let reached = acknowledged.wait_for(|acknowledged| *acknowledged >= goal);
            tokio::time::timeout(PATIENCE, reached)
                .await
                .context("somebody does not get on")??;
        }
        Ok(())
    }
}

/// Logs in at one of the open servers, which must not refuse. `None`: it is enough.
async fn enter(name: &str, turn: usize, open: &Open) -> Result<Option<Wire>> {
    let Some(addresses) = open.borrow().clone() else {
        return Ok(None);
    };
    let address = addresses[turn % addresses.len()];
    let account = format!("{name}@{DOMAIN}").parse()?;
    let entering = async {
        let bound = Connect::DirectTls(address).log_in(&account, PASSWORD).await;
        let bound = bound.map_err(|refusal| anyhow::anyhow!("{name} is refused: {refusal:?}"))?;
        let client = bound.bind("rolling").await;
        let mut client = client.map_err(|refusal| anyhow::anyhow!("{name} is refused: {refusal:?}"))?;
        client.send("<enable xmlns='urn:xmpp:sm:3'/>").await;
        client.receive(|it| it.is("enabled", ns::STREAM_MANAGEMENT)).await;
        Ok(Some(client.wire))
    };
    tokio::time::timeout(PATIENCE, entering)
        .await
        .context("nobody answers")?
}

/// Says numbers as fast as they are acknowledged, wherever a server is open; which were acknowledged.
async fn speak(pair: usize, open: Open, progress: Arc<Progress>) -> Result<BTreeSet<u32>> {
    let (mut said, mut acknowledged, mut turn) = (0u32, BTreeSet::new(), pair);
    let mut pace = tokio::time::interval(PACE);
    while let Some(mut wire) = enter(&speaker(pair), turn, &open).await? {
        turn += 1;
        let (mut waiting, mut last) = (VecDeque::new(), 0u32);
        loop {
            if waiting.is_empty() {
                if open.borrow().is_none() {
                    return Ok(acknowledged);
                }
                pace.tick().await;
                let mut batch = String::new();
                for _ in 0..WINDOW {
                    let to = listener(pair);
                    batch += &format!("<message to='{to}@{DOMAIN}' type='chat'><body>{said}</body></message>");
                    waiting.push_back(said);
                    said += 1;
                }
                wire.send(batch + "<r xmlns='urn:xmpp:sm:3'/>").await;
            }
            let Ok(next) = tokio::time::timeout(PATIENCE, wire.next()).await else {
                bail!("nothing is acknowledged")
            };
            let Seen::Element(element) = next else { break };
            ensure!(element.name != "message", "a message came back: {}", element.to_xml());
            if element.is("a", ns::STREAM_MANAGEMENT) {
                let h: u32 = element.get("h").and_then(|h| h.parse().ok()).context("h is a number")?;
                let new = usize::try_from(h.checked_sub(last).context("the server counts upwards")?)?;
                last = h;
                acknowledged.extend(waiting.drain(..new));
                progress.add(new);
            }
        }
    }
    Ok(acknowledged)
}

/// What somebody has heard.
#[derive(Default)]
struct Heard {
    numbers: BTreeSet<u32>,
    again: usize,
    stanzas: u32,
}

/// Hears and acknowledges, wherever a server is open.
async fn listen(pair: usize, mut open: Open) -> Result<Heard> {
    let (mut heard, mut turn) = (Heard::default(), pair + 1);
    while let Some(mut wire) = enter(&listener(pair), turn, &open).await? {
        turn += 1;
        heard.stanzas = 0;
        wire.send("<presence/>").await;
        loop {
            tokio::select! {
                next = wire.next() => {
                    let Seen::Element(element) = next else { break };
                    heard.take(&element, &mut wire).await;
                }
                enough = async { open.wait_for(Option::is_none).await.map(|_| ()) } => {
                    enough?;
                    return Ok(heard);
                }
            }
        }
    }
    Ok(heard)
}

impl Heard {
    async fn take(&mut self, element: &Element, wire: &mut Wire) {
        self.stanzas += u32::from(matches!(element.name.as_str(), "message" | "presence" | "iq"));
        if element.is("r", ns::STREAM_MANAGEMENT) {
            let h = self.stanzas;
            wire.send(format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>")).await;
        }
        let body = element.find("body", ns::CLIENT).map(Element::own_text);
        if let Some(number) = body.and_then(|body| body.parse().ok()) {
            let is_new = self.numbers.insert(number);
            self.again += usize::from(!is_new);
        }
    }

    /// Logs in once more and obtains the rest of what is owed.
    async fn collect(&mut self, pair: usize, address: SocketAddr, owed: &BTreeSet<u32>) -> Result<()> {
        let (_open, is_open) = watch::channel(Some(vec![address]));
        let mut wire = enter(&listener(pair), 0, &is_open).await?.context("it is open")?;
        self.stanzas = 0;
        wire.send("<presence/>").await;
        while !owed.is_subset(&self.numbers) {
            let next = tokio::time::timeout(SILENCE, wire.next()).await;
            let Ok(Seen::Element(element)) = next else {
                let missing: Vec<_> = owed.difference(&self.numbers).collect();
                bail!(
                    "{} of {} acknowledged messages are missing: {missing:?}",
                    missing.len(),
                    owed.len()
                );
            };
            self.take(&element, &mut wire).await;
        }
        ensure!(!owed.is_empty(), "nothing was said");
        Ok(())
    }
}
