//! A server is killed: how long its sessions are still there for others.

use super::servers::{Running, Servers};
use super::watch::Watchers;
use crate::client::{Fleet, Goal, Sessions, Target, Traffic};
use crate::hearth::Control;
use crate::histogram::Histogram;
use crate::report::Report;
use crate::scenario::{bring_up, serve};
use crate::scram::client::KeyCache;
use crate::wire::{Hub, Outlets};
use anyhow::{Context as _, anyhow, ensure};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often each survivor's directory is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// What was said before the kill is heard before it.
const SETTLE: Duration = Duration::from_millis(500);
/// So long sessions of a dead server may be there.
const PATIENCE: Duration = Duration::from_secs(30);

const AVAILABLE: Goal = Goal::Available {
    stream_management: false,
};

/// Every account has a session at the server that dies and one at another, which its client
/// watches the first one from. Besides, the directories of all survivors are looked at.
pub(super) fn run(
    servers: &mut Servers,
    sessions: usize,
    is_senior: bool,
    keys: &mut KeyCache,
) -> anyhow::Result<Report> {
    let mut running = servers.take()?;
    let (victim, survivors) = choose(&running, servers.count(), is_senior)?;

    let doomed = running.target_at(&[victim]);
    let mut doomed_hub = Hub::new()?;
    let mut doomed_fleet = Fleet::new(&doomed, &mut *keys, sessions, 1, Doomed)?;
    bring_up(&mut doomed_hub, &mut doomed_fleet, sessions, AVAILABLE)?;
    // From here on nobody serves these clients; they have nothing to say.
    drop(doomed_fleet);

    let safe = watching(running.target_at(&survivors));
    let mut hub = Hub::new()?;
    let watchers = Watchers::new(sessions, &doomed.accounts.resource);
    let mut fleet = Fleet::new(&safe, keys, sessions, 1, watchers)?;
    bring_up(&mut hub, &mut fleet, sessions, AVAILABLE)?;
    running.wait_for_sessions(&survivors, 2 * sessions as u64)?;
    serve(&mut hub, &mut fleet, SETTLE)?;

    let directories = look_at_all(&running, &survivors, sessions as u64)?;
    let killed = Instant::now();
    running.kill(victim)?;
    while fleet.traffic.left > 0 && killed.elapsed() < PATIENCE {
        hub.round(&mut fleet, Some(LOOK_AGAIN))?;
    }
    let gone = last(directories)?.duration_since(killed);
    let left = fleet.traffic.left;
    ensure!(left == 0, "{left} clients were not told of the end of a session");
    Ok(report(&fleet.traffic, killed, gone, sessions))
}

/// Who dies, and who does not.
fn choose(running: &Running, count: usize, is_senior: bool) -> anyhow::Result<(usize, Vec<usize>)> {
    let senior = running.senior()?;
    let victim = if is_senior { senior } else { (senior + 1) % count };
    Ok((victim, (0..count).filter(|number| *number != victim).collect()))
}

fn watching(mut target: Target) -> Target {
    target.accounts.resource = "watch".to_owned();
    target
}

/// Looks at the directory of every survivor until it has no more sessions than `stay`.
fn look_at_all(
    running: &Running,
    survivors: &[usize],
    stay: u64,
) -> anyhow::Result<Vec<JoinHandle<anyhow::Result<Instant>>>> {
    let look = |number: &usize| {
        let mut control = running.control(*number)?;
        Ok(thread::spawn(move || look_until(&mut control, stay)))
    };
    survivors.iter().map(look).collect()
}

fn look_until(control: &mut Control, stay: u64) -> anyhow::Result<Instant> {
    let end = Instant::now() + PATIENCE;
    while control.sessions()? != stay {
        ensure!(Instant::now() < end, "a directory still has sessions of a dead server");
        thread::sleep(LOOK_AGAIN);
    }
    Ok(Instant::now())
}

fn last(directories: Vec<JoinHandle<anyhow::Result<Instant>>>) -> anyhow::Result<Instant> {
    let ended = directories.into_iter().map(|directory| {
        let ended = directory.join();
        ended.map_err(|_| anyhow!("the look at a directory panicked"))?
    });
    let ended = ended.collect::<anyhow::Result<Vec<_>>>()?;
    ended.into_iter().max().context("nobody survived")
}

fn report(watchers: &Watchers, killed: Instant, gone: Duration, sessions: usize) -> Report {
    let mut latency = Histogram::default();
    for seen in watchers.gone() {
        latency.record_time(seen.duration_since(killed));
    }
    Report {
        scenario: "killed".to_owned(),
        elapsed: killed.elapsed(),
        latency,
        gone: Some(gone),
        sessions: sessions as u64,
        ..Report::default()
    }
}

/// Those whose server dies.
struct Doomed;

impl Traffic for Doomed {
    fn ready(&mut self, _account: usize, _sessions: &mut Sessions, _out: &mut Outlets) {}

    fn ended(&mut self, _account: usize, _reached: bool) {}
}
