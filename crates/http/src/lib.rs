//! What is reached over HTTP: for now health and metrics, for machines (load balancers, supervisors,
//! Prometheus). Nothing here names a user.
//!
//! | to find | look in |
//! |---|---|
//! | `/healthz`, `/readyz` | `health` |
//! | `/metrics` | `metrics`, `process` |
//! | what certificate authorities ask for | `challenge` |
//! | bounds on connections | `serve` |

mod challenge;
mod health;
mod metrics;
mod process;
mod serve;
#[cfg(test)]
mod tests;

pub use challenge::{Answers, CHALLENGE_BOUNDS, challenges};
pub use health::Readiness;
pub use metrics::{BadRecorder, Metrics};
pub use serve::{Bounds, Door, serve};

use std::sync::Arc;

use axum::{Router, routing::get};

/// What the pages for machines show.
#[derive(Clone)]
pub struct Machines {
    /// Whether to send clients here.
    pub readiness: Arc<Readiness>,
    /// Figures.
    pub metrics: Metrics,
}

impl Machines {
    /// The pages; other methods than GET and HEAD get 405, other paths 404.
    pub fn pages(self) -> Router {
        Router::new()
            .route("/healthz", get(health::healthz))
            .route("/readyz", get(health::readyz))
            .route("/metrics", get(metrics::page))
            .with_state(self)
    }
}
