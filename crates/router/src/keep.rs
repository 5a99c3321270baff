//! Which messages are worth keeping, and how they enter the log (design: one message log per account).

use protocol::{Condition, Kind, MessageType, Stanza, StanzaError, ns};
use storage::{LogId, LogRow, StorageError};

use crate::{Account, Receipt, Router};

/// Whether a message must not be lost: a chat or normal message with content, unless its sender says otherwise
/// (XEP-0334 `no-store`). Chat states alone, headlines, errors and room messages are not kept (XEP-0160 §3).
#[must_use]
pub fn is_kept(stanza: &Stanza) -> bool {
    let Kind::Message(MessageType::Normal | MessageType::Chat) = stanza.kind else {
        return false;
    };
    if stanza.has("no-store", ns::HINTS) {
        return false;
    }
    stanza.children.iter().any(|child| match child.ns() {
        ns::CLIENT => !matches!(child.name(), "thread" | "subject" | "error"),
        ns::HINTS => child.name() == "store",
        ns::CHAT_STATES => false,
        _ => true,
    })
}

/// Puts a message into its recipient's log; `receipt` is settled when it is durable.
///
/// # Errors
/// `resource-constraint` where too much waits for the database; the receipt's stanza is then free to be acknowledged,
/// because its sender is told.
pub fn append(
    house: &Router,
    account: &Account,
    stanza: &Stanza,
    receipt: Option<Receipt>,
) -> Result<LogId, StanzaError> {
    let log = house.storage().log();
    let id = log.next_id();
    let mut bytes = Vec::with_capacity(stanza.size());
    stanza.write_standalone(&mut bytes);
    let row = LogRow {
        account: account.id,
        id,
        peer: stanza
            .from
            .as_ref()
            .map(|from| from.bare_str().to_owned())
            .unwrap_or_default(),
        stanza: bytes.into(),
        expires_at: None,
    };
    let written = log.append_then(row, move |outcome| match (outcome, receipt) {
        (Ok(()), Some(receipt)) => receipt.settle(),
        (Ok(()), None) => {}
        // The receipt is dropped: the stanza is never acknowledged, and its sender sends it again.
        (Err(error), _) => tracing::error!(target: "router", %error, "a message could not be stored"),
    });
    match written {
        Ok(()) => Ok(id),
        Err(StorageError::Full | StorageError::Closed) => Err(full()),
        Err(error) => Err(house.unavailable("storing a message", &error)),
    }
}

/// The message of a row; none where it cannot be read, which is logged.
#[must_use]
pub fn read(row: &LogRow) -> Option<Stanza> {
    Stanza::parse(&row.stanza)
        .inspect_err(|error| tracing::error!(target: "router", id = %row.id, ?error, "a stored message is damaged"))
        .ok()
}

fn full() -> StanzaError {
    metrics::counter!("messages_refused_for_storage").increment(1);
    StanzaError::with_text(
        Condition::ResourceConstraint,
        "the server's database is behind; send the message again later",
    )
}
