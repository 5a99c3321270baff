//! Everything that listens, bound before anything is served.

use std::{net::SocketAddr, path::Path, sync::Arc};

use anyhow::Context;
use serde::Serialize;
use tokio::net::TcpListener;
use transport::{Gate, Listener, ListenerSettings};

use crate::config::Config;

/// Bound listeners.
pub(crate) struct Listeners {
    pub(crate) c2s: Vec<Listener>,
    pub(crate) c2s_tls: Vec<Listener>,
    pub(crate) admin: Vec<TcpListener>,
    pub(crate) admin_tls: Vec<TcpListener>,
    pub(crate) acme: Vec<TcpListener>,
    pub(crate) addresses: Addresses,
}

/// Where they listen; what the ready file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Addresses {
    pub(crate) c2s: Vec<SocketAddr>,
    pub(crate) c2s_tls: Vec<SocketAddr>,
    pub(crate) admin: Vec<SocketAddr>,
    pub(crate) admin_tls: Vec<SocketAddr>,
    pub(crate) acme: Vec<SocketAddr>,
    pid: u32,
}

impl Listeners {
    pub(crate) async fn bind(config: &Config, settings: &ListenerSettings, gate: &Arc<Gate>) -> anyhow::Result<Self> {
        let bind = |addresses: &[SocketAddr]| -> anyhow::Result<Vec<Listener>> {
            let bind = |address: &SocketAddr| Listener::bind(*address, settings.clone(), Arc::clone(gate));
            Ok(addresses.iter().map(bind).collect::<Result<_, _>>()?)
        };
        let (c2s, c2s_tls) = (bind(&config.c2s.listen)?, bind(&config.c2s.tls_listen)?);
        let admin = bind_all(&config.admin.listen, "admin.listen").await?;
        let admin_tls = bind_all(&config.admin.tls_listen, "admin.tls_listen").await?;
        let acme = bind_all(&config.acme.listen, "acme.listen").await?;
        let of = |listeners: &[Listener]| listeners.iter().map(Listener::local_addr).collect();
        let addresses = Addresses {
            c2s: of(&c2s),
            c2s_tls: of(&c2s_tls),
            admin: local(&admin)?,
            admin_tls: local(&admin_tls)?,
            acme: local(&acme)?,
            pid: std::process::id(),
        };
        Ok(Self {
            c2s,
            c2s_tls,
            admin,
            admin_tls,
            acme,
            addresses,
        })
    }
}

async fn bind_all(addresses: &[SocketAddr], key: &str) -> anyhow::Result<Vec<TcpListener>> {
    let mut bound = Vec::new();
    for address in addresses {
        let listener = TcpListener::bind(address).await;
        bound.push(listener.with_context(|| format!("cannot listen on {address} ({key})"))?);
    }
    Ok(bound)
}

fn local(listeners: &[TcpListener]) -> std::io::Result<Vec<SocketAddr>> {
    listeners.iter().map(TcpListener::local_addr).collect()
}

impl Addresses {
    pub(crate) fn all(&self) -> Vec<SocketAddr> {
        [&self.c2s, &self.c2s_tls, &self.admin, &self.admin_tls, &self.acme]
            .into_iter()
            .flatten()
            .copied()
            .collect()
    }

    /// Writes the ready file, in one step: who finds it finds all of it.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let beside = path.with_extension(format!("{}.tmp", self.pid));
        let text = serde_json::to_string(self)?;
        std::fs::write(&beside, text + "\n")
            .and_then(|()| std::fs::rename(&beside, path))
            .with_context(|| format!("the ready file {} cannot be written", path.display()))
    }
}
