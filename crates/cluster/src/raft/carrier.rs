//! How a log's calls get to other nodes: over the links, or over a network that a test makes up.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::link::{CallError, Links};
use crate::{NodeId, kind};

/// One node's way to the logs of the others.
pub(crate) trait Carrier: Send + Sync + 'static {
    /// Whose calls these are.
    fn node(&self) -> NodeId;

    /// Calls a node, whatever its group is, and waits so long for its answer.
    fn call(&self, to: NodeId, body: Bytes, patience: Duration) -> BoxFuture<'_, Result<Bytes, CallError>>;
}

impl Carrier for Links {
    fn node(&self) -> NodeId {
        Self::node(self)
    }

    fn call(&self, to: NodeId, body: Bytes, patience: Duration) -> BoxFuture<'_, Result<Bytes, CallError>> {
        let deadline = Instant::now() + patience;
        self.call_any_group(to, kind::RAFT, body, deadline).boxed()
    }
}
