//! Other nodes are those that share the database.

use std::time::Duration;

use storage::Server;
use tracing::debug;

use super::resolve::Names;
use super::{Found, Place};
use crate::NodeId;

/// Who has not been heard of for longer is not knocked at; when it is back, it is heard of.
const SILENT_LIMIT_MILLIS: i64 = 30_000;
/// The registry is read when it changes, and this often, because silence is no change.
const READ_AGAIN: Duration = Duration::from_secs(5);

pub(super) async fn look(registry: storage::Cluster, me: NodeId, found: Found) {
    let (mut changes, mut names) = (registry.changes(), Names::default());
    loop {
        tokio::select! {
            changed = changes.changed() => {
                if changed.is_none() {
                    // The storage is closed: what was found stays.
                    return;
                }
            }
            () = tokio::time::sleep(READ_AGAIN) => {}
        }
        match registry.servers().await {
            Ok(servers) => found.tell(names.addresses(&places(&servers, me)).await),
            Err(error) => debug!(%error, "the registry of servers cannot be read"),
        }
    }
}

/// Where the others listen. An address that nobody understands was written by a newer version.
fn places(servers: &[Server], me: NodeId) -> Vec<Place> {
    let others = servers
        .iter()
        .filter(|server| server.id != me.0 && server.silent_millis <= SILENT_LIMIT_MILLIS);
    let addresses = others.flat_map(|server| &server.state.addresses);
    addresses.filter_map(|address| address.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::SocketAddr;

    use storage::{NewServer, Options, ServerState, Standing, Storage};
    use tokio::sync::watch;

    use super::super::Candidates;
    use super::*;

    fn state(addresses: &[&str]) -> ServerState {
        ServerState {
            standing: Standing::Joining,
            addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
        }
    }

    fn new(server_key: &str) -> NewServer {
        NewServer {
            server_key: server_key.to_owned(),
            name: server_key.to_owned(),
            version: "1".to_owned(),
            protocol_min: 1,
            protocol_max: 1,
            state: state(&[]),
        }
    }

    fn server(id: u64, addresses: &[&str], silent_millis: i64) -> Server {
        let NewServer {
            server_key,
            name,
            version,
            ..
        } = new("one");
        Server {
            id,
            server_key,
            name,
            version,
            protocol_min: 1,
            protocol_max: 1,
            state: state(addresses),
            known_millis: silent_millis,
            silent_millis,
        }
    }

    #[test]
    fn those_that_listen_and_were_heard_of_are_knocked_at() {
        let servers = [
            server(1, &["10.0.0.1:5701"], 0),
            server(2, &["10.0.0.2:5701", "??", "chat2:5702"], 1_000),
            server(3, &[], 1_000),
            server(4, &["10.0.0.4:5701"], SILENT_LIMIT_MILLIS + 1),
        ];
        let places = places(&servers, NodeId(1));
        let hosts: Vec<_> = places.iter().map(|place| place.host.as_str()).collect();
        assert_eq!(hosts, ["10.0.0.2", "chat2"]);
    }

    #[tokio::test]
    async fn a_server_that_begins_to_listen_is_found_and_one_that_leaves_is_not() {
        let storage = Storage::open(&Options::new("sqlite::memory:")).await.unwrap();
        let registry = storage.cluster();
        let me = NodeId(registry.register(&new("me")).await.unwrap());
        let (told, mut candidates) = watch::channel(Candidates::new());
        let own = Candidates::new();
        let task = tokio::spawn(look(registry.clone(), me, Found { told, own }));

        let other = registry.register(&new("other")).await.unwrap();
        registry.heartbeat(other, &state(&["10.0.0.2:5701"])).await.unwrap();
        let expected: SocketAddr = "10.0.0.2:5701".parse().unwrap();
        candidates.wait_for(|found| *found == [expected].into()).await.unwrap();
        registry.leave(other).await.unwrap();
        candidates.wait_for(Candidates::is_empty).await.unwrap();

        registry.register(&new("third")).await.unwrap();
        storage.close().await.unwrap();
        task.await.unwrap();
    }
}
