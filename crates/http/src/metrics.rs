//! `/metrics` in Prometheus' text format. Labels are static words: never a JID, a host or an address.

use axum::{
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{Machines, process};

/// The media type of Prometheus' text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper ends of the classes that durations fall into, in seconds.
const SECONDS: [f64; 14] = [
    0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// The figures gathered by the `metrics` macros all over the house.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

/// Why figures are not gathered.
#[derive(Debug, thiserror::Error)]
#[error("figures cannot be gathered: {0}")]
pub struct BadRecorder(String);

impl Metrics {
    /// Starts to gather the figures of this process. Once in a process, first thing.
    ///
    /// # Errors
    /// When they are gathered already.
    pub fn install() -> Result<Self, BadRecorder> {
        let recorder = recorder().map_err(|error| BadRecorder(error.to_string()))?;
        let handle = recorder.handle();
        ::metrics::set_global_recorder(recorder).map_err(|error| BadRecorder(error.to_string()))?;
        Ok(Self { handle })
    }

    /// Sorts what has been gathered into classes; to be called every few seconds, so that nothing
    /// piles up while nobody asks.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

fn recorder() -> Result<metrics_exporter_prometheus::PrometheusRecorder, metrics_exporter_prometheus::BuildError> {
    let durations = Matcher::Suffix("_seconds".to_owned());
    Ok(PrometheusBuilder::new()
        .set_buckets_for_metric(durations, &SECONDS)?
        .build_recorder())
}

pub(crate) async fn page(State(machines): State<Machines>) -> Response {
    process::measure();
    ([(CONTENT_TYPE, TEXT)], machines.metrics.handle.render()).into_response()
}

#[cfg(test)]
impl Metrics {
    /// Figures apart from those of the process.
    pub(crate) fn apart() -> (Self, metrics_exporter_prometheus::PrometheusRecorder) {
        let recorder = recorder().expect("there are classes");
        (
            Self {
                handle: recorder.handle(),
            },
            recorder,
        )
    }
}
