//! Every fault, over and over, and how long everything took: a table for people, not for the default run.
//!
//! `HEARTH_CLUSTER_MATRIX_RUNS=20 cargo test -p tests --test cluster matrix -- --nocapture`. Without that variable there is
//! nothing to do. `HEARTH_CLUSTER_MATRIX_ONLY` names the sizes: `3` or `2,5`;
//! `HEARTH_CLUSTER_MATRIX_FAULT` has parts of the only faults' names: `Silence` or `Kill,PowerLoss`;
//! `HEARTH_CLUSTER_MATRIX_AT_ONCE` is how many lines of the table are worked on at the same time.

use std::{fmt, time::Duration};

use anyhow::{Context as _, Result};
use futures_util::stream::{self, StreamExt as _};

use crate::{
    chosen,
    faults::{Fault, Role, Times, Town},
};

use Role::{Junior, Senior};

const SILENCE: Duration = Duration::from_secs(20);
const LONG_SILENCE: Duration = Duration::from_secs(90);
const AWAY: Duration = Duration::from_secs(15);
const LONG_AWAY: Duration = Duration::from_secs(120);

/// What happens to clusters of so many servers.
const MATRIX: &[(usize, &[Fault])] = &[
    (
        2,
        &[
            Fault::Kill(Junior),
            Fault::Kill(Senior),
            Fault::PowerLoss(Junior),
            Fault::PowerLoss(Senior),
            Fault::Apart(Junior),
            Fault::Silence(Junior, SILENCE),
            Fault::Silence(Senior, SILENCE),
        ],
    ),
    (
        3,
        &[
            Fault::Kill(Junior),
            Fault::Kill(Senior),
            Fault::PowerLoss(Junior),
            Fault::PowerLoss(Senior),
            Fault::Apart(Junior),
            Fault::Apart(Senior),
            Fault::OneWay(Junior),
            Fault::OneWay(Senior),
            Fault::Triangle,
            Fault::Silence(Junior, SILENCE),
            Fault::Silence(Senior, SILENCE),
            Fault::Silence(Junior, LONG_SILENCE),
            Fault::Silence(Senior, LONG_SILENCE),
            Fault::WithoutDatabase(AWAY),
            Fault::WithoutDatabase(LONG_AWAY),
        ],
    ),
    (
        5,
        &[
            Fault::Kill(Junior),
            Fault::Kill(Senior),
            Fault::TwoApart(Junior),
            Fault::TwoApart(Senior),
        ],
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn matrix() -> Result<()> {
    let runs: usize = chosen("HEARTH_CLUSTER_MATRIX_RUNS", 0)?;
    let only = chosen("HEARTH_CLUSTER_MATRIX_ONLY", "2,3,5".to_owned())?;
    let named: String = chosen("HEARTH_CLUSTER_MATRIX_FAULT", String::new())?;
    let at_once = chosen("HEARTH_CLUSTER_MATRIX_AT_ONCE", 1)?;
    if runs == 0 {
        return Ok(());
    }
    let sizes: Vec<_> = only.split(',').map(str::trim).collect();
    let rows = MATRIX
        .iter()
        .filter(|(servers, _)| sizes.contains(&servers.to_string().as_str()));
    let cells = rows.flat_map(|(servers, faults)| faults.iter().map(|fault| (*servers, *fault)));
    let is_named = |fault: &Fault| named.split(',').any(|part| format!("{fault:?}").contains(part));
    let cells = cells.filter(|(_, fault)| is_named(fault));
    let mut results = stream::iter(cells)
        .map(|(servers, fault)| tokio::spawn(repeat(servers, fault, runs)))
        .buffered(at_once);
    let (mut lines, mut went_wrong) = (Vec::new(), Vec::new());
    while let Some(result) = results.next().await {
        let (line, failures) = result?;
        lines.push(line);
        went_wrong.extend(failures);
    }
    println!(
        "{:<30} {:<22} {:<22} {:<22} (min/median/max in s)",
        "fault", "first one told", "login works", "all members again"
    );
    for line in &lines {
        println!("{line}");
    }
    went_wrong.into_iter().next().map_or(Ok(()), Err)
}

/// A town for each fault; where something went wrong, the next run has a new one.
async fn repeat(servers: usize, fault: Fault, runs: usize) -> (Line, Vec<anyhow::Error>) {
    let (mut times, mut failures) = (Vec::new(), Vec::new());
    let mut town = None;
    for run in 1..=runs {
        let suffered = suffer(&mut town, servers, fault).await;
        match suffered.with_context(|| format!("run number {run}")) {
            Ok(took) => times.push(took),
            Err(error) => {
                eprintln!("{error:?}");
                failures.push(error);
                town = None;
            }
        }
    }
    if let Some(town) = town {
        // It was told run by run.
        let _ = town.fleet.told();
    }
    let line = Line { servers, fault, times };
    (line, failures)
}

async fn suffer(town: &mut Option<Town>, servers: usize, fault: Fault) -> Result<Times> {
    if town.is_none() {
        *town = Some(Town::found(servers).await?);
    }
    town.as_mut().context("just founded")?.suffer(fault).await
}

/// One of the table.
struct Line {
    servers: usize,
    fault: Fault,
    times: Vec<Times>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |pick: fn(&Times) -> Option<Duration>| spread(self.times.iter().filter_map(pick).collect());
        let fault = format!("{:?} of {}", self.fault, self.servers);
        write!(
            f,
            "{fault:<30} {:<22} {:<22} {:<22} {} runs",
            all(|it| it.told),
            all(|it| Some(it.login)),
            all(|it| Some(it.healed)),
            self.times.len()
        )
    }
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        return "–".to_owned();
    };
    let median = times[times.len() / 2];
    let seconds = [first, &median, last].map(Duration::as_secs_f64);
    format!("{:.2}/{:.2}/{:.2}", seconds[0], seconds[1], seconds[2])
}

#[test]
fn a_spread_has_three_figures() {
    let millis = |all: &[u64]| spread(all.iter().copied().map(Duration::from_millis).collect());
    assert_eq!(millis(&[3000, 1000, 2500]), "1.00/2.50/3.00");
    assert_eq!(millis(&[]), "–");
}
