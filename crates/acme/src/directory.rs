//! What an authority wants before all else.

use std::sync::Arc;

use rustls::ClientConfig;
use serde::Deserialize;

use crate::{Failure, wire::Wire};

/// What stands in an authority's directory (RFC 8555 §7.1.1) that concerns operators.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Directory {
    /// Its terms: their address, where it has any.
    pub terms_of_service: Option<String>,
    /// Who runs it: an address, where it says so.
    pub website: Option<String>,
    /// Whether it makes accounts only for those whom it knows otherwise (§7.3.4).
    pub external_account_required: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    #[serde(rename = "newOrder")]
    _new_order: String,
    #[serde(default)]
    meta: Directory,
}

/// Looks at the directory with this address.
///
/// # Errors
/// Where it cannot be had, or is none.
pub async fn look(directory: &str, tls: Arc<ClientConfig>) -> Result<Directory, Failure> {
    let wire = Wire::new(tls);
    let body = wire.get(directory).await?;
    let whole: Whole = serde_json::from_slice(&body)
        .map_err(|error| Failure::new(format!("{directory} is no directory of RFC 8555: {error}")))?;
    Ok(whole.meta)
}
