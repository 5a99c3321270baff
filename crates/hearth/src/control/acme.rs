//! What is asked about certificates that are ordered.

use ops::{Acme, AcmeWish, Actor, OpsError};
use serde::{Deserialize, Serialize};

use super::Answer;

/// An act on orders of certificates.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "of_acme", rename_all = "snake_case")]
pub(crate) enum AcmeRequest {
    Status,
    On { wish: Box<AcmeWish> },
    Off,
    Order { host: String },
}

impl AcmeRequest {
    /// Does what is asked.
    pub(super) async fn answer(self, acme: &Acme, actor: &Actor) -> Result<Answer, OpsError> {
        let status = match self {
            Self::Status => acme.status(actor).await?,
            Self::On { wish } => acme.turn_on(actor, *wish).await?,
            Self::Off => acme.turn_off(actor).await?,
            Self::Order { host } => {
                acme.order_now(actor, &host).await?;
                acme.status(actor).await?
            }
        };
        Ok(Answer::Acme(Box::new(status)))
    }
}
