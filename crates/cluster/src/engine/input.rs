//! What the driver is told, and what is under way for it.

use std::collections::BTreeSet;

use storage::{ArbiterRow, Server};
use tokio::sync::oneshot;

use super::finder::Located;
use crate::lease::{Answer, Message, Micros, ServerId};
use crate::link::LinkEvent;
use crate::{Group, NodeId};

/// Inputs that wait. What gets lost past this is said again.
pub(super) const INBOX: usize = 4_096;
/// What tasks report. Those of a life carry its number: what comes for another is dropped.
pub(super) enum Input {
    Told(NodeId, NodeId, Message),
    Called(NodeId, Group),
    Link(NodeId, LinkEvent),
    Located(NodeId, Located),
    Read(Micros, ArbiterRow, Vec<Server>),
    NotRead,
    Renewed(NodeId, Group, bool, Micros),
    Listed(NodeId, Group, NodeId, ServerId, bool),
    Taken(NodeId, Group, Micros),
    NotTaken,
    Attempted(ServerId, Option<Answer>, Micros),
    Keys(Result<Vec<u8>, String>),
    Numbered(Option<NodeId>),
    Published(NodeId),
    Left(NodeId),
    Stop(oneshot::Sender<()>),
}

/// What is under way and must not be begun twice.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    pub(super) is_reading: bool,
    pub(super) is_taking: bool,
    pub(super) is_numbering: bool,
    pub(super) is_unlocking: bool,
    pub(super) is_leaving: bool,
    pub(super) proofs: BTreeSet<ServerId>,
    /// How often beginning a life has failed, and when it may be tried again.
    pub(super) failures: u32,
    pub(super) next_begin: Micros,
    /// When a number may be asked for again.
    pub(super) next_number: Micros,
}
