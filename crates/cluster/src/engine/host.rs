//! The server above, as the cluster tells it what happens.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use super::{Fence, Membership};
use crate::NodeId;
use crate::cache::Caches;
use crate::state::{Change, Machine};
use crate::tasks::Tasks;

/// What the server above brings along. Of everything that happens the caches are told first.
#[derive(Clone)]
pub struct Above {
    /// What it is told.
    pub host: Arc<dyn Host>,
    /// Its caches.
    pub caches: Caches,
    /// What other nodes may have it do.
    pub tasks: Tasks,
}

/// The server above. What is told of one membership ends before the next begins.
pub trait Host: Send + Sync + 'static {
    /// This process is a member now, under a number that it never had before; `machine` is what the cluster agrees on at
    /// this moment, and what changes from here on comes through [`Host::changed`]. Must return at once: the log waits.
    fn entered(&self, membership: &Arc<Membership>, machine: &Machine);

    /// After [`Host::entered`]: publishes what this process owns, and finds another way for what it could not deliver as a
    /// member under an earlier number ([`Host::undelivered`]). The fence of a process that was cut off opens when this is
    /// done, so that nothing comes before it.
    fn publish(&self, membership: Arc<Membership>, undelivered: Vec<(NodeId, Vec<Bytes>)>) -> BoxFuture<'static, ()>;

    /// What the cluster agrees on has changed, in this order. Must return at once: the log waits.
    fn changed(&self, membership: &Arc<Membership>, machine: &Machine, changes: &[Change]);

    /// These messages of the ordered stream to a member were not handled, or it is not known that they were: it is gone,
    /// or this process was a member under another number when it sent them.
    fn undelivered(&self, node: NodeId, messages: Vec<Bytes>);

    /// This process may not act until the fence opens again.
    fn fenced(&self);

    /// This process is in no cluster any more. It acts alone while the fence is open, which it may not be when it is to be
    /// in a cluster again.
    fn left(&self, fence: Arc<Fence>) -> BoxFuture<'static, ()>;

    /// The next message of another member's ordered stream. The next one comes when this is done.
    fn data(&self, from: NodeId, body: Bytes) -> BoxFuture<'static, ()>;

    /// Where [`Host::data`] runs, and the connections that bring it; `None`: where the cluster does.
    fn runtime(&self) -> Option<Handle> {
        None
    }

    /// Another member asks; `None` where the question cannot be read.
    fn asked(&self, from: NodeId, body: Bytes) -> BoxFuture<'static, Option<Bytes>>;
}
