//! Who is at the addresses that discovery names.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio_util::task::AbortOnDropHandle;

use super::input::Input;
use crate::NodeId;
use crate::discovery::Candidates;
use crate::link::{GreetError, Links, Purpose, Refusal};

/// Until the addresses are looked at again at which nobody was.
const PAUSE: Duration = Duration::from_millis(700);
/// Addresses that are tried at the same time.
const AT_A_TIME: usize = 16;

/// Nodes and where they were found.
pub(super) type Located = HashMap<NodeId, Vec<SocketAddr>>;

/// Looks until it is dropped.
pub(super) fn find(
    links: Arc<Links>,
    mut candidates: watch::Receiver<Candidates>,
    inbox: mpsc::Sender<Input>,
) -> AbortOnDropHandle<()> {
    let runtime = links.runtime().clone();
    AbortOnDropHandle::new(runtime.spawn(async move {
        let mut known: BTreeMap<SocketAddr, NodeId> = BTreeMap::new();
        let mut told = None;
        loop {
            let addresses = candidates.borrow_and_update().clone();
            known.retain(|address, _| addresses.contains(address));
            let is_open = |address: &SocketAddr| {
                known
                    .get(address)
                    .is_none_or(|node| !links.is_up(*node, Purpose::Control))
            };
            let unsure: Vec<SocketAddr> = addresses.iter().copied().filter(is_open).collect();
            let found: Vec<_> = stream::iter(unsure)
                .map(|address| {
                    let links = &links;
                    async move { (address, who_is_at(links, address).await) }
                })
                .buffer_unordered(AT_A_TIME)
                .collect()
                .await;
            for (address, node) in found {
                match node {
                    Some(node) => known.insert(address, node),
                    None => known.remove(&address),
                };
            }
            let mut located = Located::new();
            for (address, node) in &known {
                located.entry(*node).or_default().push(*address);
            }
            if told.as_ref() != Some(&located) {
                links.set_peers(&located);
                told = Some(located.clone());
                if inbox.send(Input::Located(links.node(), located)).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                Ok(()) = candidates.changed() => {}
            }
        }
    }))
}

async fn who_is_at(links: &Links, address: SocketAddr) -> Option<NodeId> {
    match links.probe(address).await {
        Ok(hello) => Some(hello.node),
        Err(GreetError::Another(hello)) => Some(hello.node),
        Err(GreetError::Refused(Refusal::Myself)) => None,
        Err(error) => {
            tracing::debug!(target: "cluster", %address, %error, "nobody is found there");
            None
        }
    }
}
