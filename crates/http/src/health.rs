//! `/healthz`: the process answers. `/readyz`: it can serve clients, or these are the reasons why not.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::{
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::Machines;

/// The reasons why this server should get no clients just now.
///
/// Each part of the server keeps its own reason up to date, so that asking costs nothing, however
/// often somebody asks.
#[derive(Debug, Default)]
pub struct Readiness {
    reasons: Mutex<BTreeMap<&'static str, String>>,
}

impl Readiness {
    /// A part cannot serve, and why.
    pub fn hold(&self, part: &'static str, reason: impl Into<String>) {
        self.lock().insert(part, reason.into());
    }

    /// A part can serve.
    pub fn clear(&self, part: &'static str) {
        self.lock().remove(part);
    }

    /// What is in the way, by part; empty when the server is ready.
    #[must_use]
    pub fn reasons(&self) -> BTreeMap<&'static str, String> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) async fn healthz() -> Response {
    answer(StatusCode::OK, &json!({ "status": "ok" }))
}

pub(crate) async fn readyz(State(machines): State<Machines>) -> Response {
    let reasons = machines.readiness.reasons();
    if reasons.is_empty() {
        return answer(StatusCode::OK, &json!({ "status": "ready" }));
    }
    answer(
        StatusCode::SERVICE_UNAVAILABLE,
        &json!({ "status": "not ready", "reasons": reasons }),
    )
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
