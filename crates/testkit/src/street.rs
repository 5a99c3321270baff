//! Servers side by side: over one database, with real clients, and joined by the wires of a [`Town`] whose frames go by
//! themselves.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;

use crate::{
    databases,
    server::{Server, Setup, chosen},
    town::Town,
};

/// How often it is looked whether there are frames to deliver.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Servers that are nodes of one cluster, numbered from 1.
pub struct Street {
    servers: Vec<Server>,
    town: Arc<Town>,
    postman: JoinHandle<()>,
}

impl Street {
    /// So many servers with everything at its default.
    ///
    /// # Panics
    /// Where one does not start; the test can not go on.
    pub async fn open(count: u16) -> Self {
        Self::with(count, Setup::default).await
    }

    /// So many servers with other settings.
    ///
    /// # Panics
    /// Where one does not start; the test can not go on.
    pub async fn with(count: u16, setup: impl Fn() -> Setup) -> Self {
        let database = databases::fresh(chosen()).await.expect("a fresh database");
        let (database, town) = (Arc::new(database), Arc::new(Town::apart(0).await));
        let mut servers = Vec::new();
        for node in 1..=count {
            let server = Server::over(&database, node, setup()).await;
            town.admit(u64::from(node), &server.router).await;
            servers.push(server);
        }
        let wires = town.clone();
        let postman = tokio::spawn(async move {
            loop {
                wires.settle().await;
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        });
        Self { servers, town, postman }
    }

    /// The server of a node.
    ///
    /// # Panics
    /// Where there is none of this number.
    #[must_use]
    pub fn server(&self, node: usize) -> &Server {
        &self.servers[node - 1]
    }

    /// The wires between them.
    #[must_use]
    pub fn town(&self) -> &Town {
        &self.town
    }
}

impl Drop for Street {
    fn drop(&mut self) {
        self.postman.abort();
    }
}
