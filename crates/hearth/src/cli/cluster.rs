//! `hearth cluster`

use clap::Subcommand;
use ops::{CacheInfo, ClusterStatus, NodeInfo};

use super::{Failure, Output, Reach, output::time_or_dash};
use crate::control::{Answer, Request};

#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Show whether clustering is on, and how this server stands.
    Status,
    /// Switch clustering on for every server that shares the database, and wait until this one has joined.
    Enable,
    /// Switch clustering off for every server that shares the database, and wait until this one is alone.
    Disable,
    /// List the servers that share the database.
    Nodes,
    /// List the clustered caches as this server has them.
    Caches,
    /// Have a server hand over what it has and end.
    Drain {
        /// Its number or name, as in `cluster nodes`.
        node: String,
    },
}

pub(crate) async fn run(command: ClusterCommand, reach: &mut Reach, output: Output) -> Result<(), Failure> {
    let request = match command {
        ClusterCommand::Status => Request::ClusterStatus,
        ClusterCommand::Enable => Request::ClusterEnable,
        ClusterCommand::Disable => Request::ClusterDisable,
        ClusterCommand::Nodes => Request::ClusterNodes,
        ClusterCommand::Caches => Request::ClusterCaches,
        ClusterCommand::Drain { node } => Request::ClusterDrain { node },
    };
    match reach.ask(request).await? {
        Answer::ClusterStatus(status) => output.one(&status, |status| text(status)),
        Answer::ClusterNodes(nodes) => {
            let headings = [
                "NODE", "NAME", "ADDRESS", "VERSION", "STATE", "SENIOR", "SESSIONS", "JOINED",
            ];
            output.table(&nodes, headings, node_row);
        }
        Answer::ClusterCaches(caches) => {
            let headings = ["CACHE", "ENTRIES", "BYTES", "MAX BYTES", "HITS", "MISSES", "EVICTIONS"];
            output.table(&caches, headings, cache_row);
        }
        Answer::ClusterNode(node) => output.one(&node, |node| format!("{} (node {}) is draining", node.name, node.id)),
        other => return Err(other.into()),
    }
    Ok(())
}

fn text(status: &ClusterStatus) -> String {
    let mut lines = vec![format!("clustering   {}", if status.enabled { "on" } else { "off" })];
    lines.push(format!("this server  {}", standing(status)));
    lines.extend(status.senior.map(|senior| format!("senior       node {senior}")));
    lines.push(format!("members      {} of {}", status.members, servers(status)));
    lines.push(format!("database     {}", status.database));
    let reason = status.reason.as_ref();
    lines.extend(reason.map(|why| format!("cannot be enabled: {why}")));
    lines.extend(status.problem.as_ref().map(|why| format!("problem: {why}")));
    lines.join("\n")
}

fn standing(status: &ClusterStatus) -> String {
    let Some(state) = status.state else {
        return "does not run".to_owned();
    };
    let node = status.node.map(|node| format!(", node {node}")).unwrap_or_default();
    let group = status.group.as_ref().map(|group| format!(", group {group}"));
    format!("{state}{node}{}", group.unwrap_or_default())
}

fn servers(status: &ClusterStatus) -> String {
    match status.servers {
        Some(1) => "1 server that shares the database".to_owned(),
        Some(servers) => format!("{servers} servers that share the database"),
        None => "an unknown number of servers: the database does not answer".to_owned(),
    }
}

fn node_row(node: &NodeInfo) -> [String; 8] {
    [
        node.id.to_string(),
        node.name.clone(),
        node.address.clone().unwrap_or_else(dash),
        node.version.clone(),
        node.state.to_string(),
        if node.senior { "yes" } else { "no" }.to_owned(),
        node.sessions.map_or_else(dash, |sessions| sessions.to_string()),
        time_or_dash(node.joined_at),
    ]
}

fn cache_row(cache: &CacheInfo) -> [String; 7] {
    [
        cache.name.clone(),
        cache.entries.to_string(),
        cache.bytes.to_string(),
        cache.max_bytes.map_or_else(dash, |bytes| bytes.to_string()),
        cache.hits.to_string(),
        cache.misses.to_string(),
        cache.evictions.to_string(),
    ]
}

fn dash() -> String {
    "-".to_owned()
}
