//! Whether this server can be one of a cluster, when it should be.

use cluster::link::free_port;
use ops::{ClusterStatus, NodeState};

use super::Finding;
use crate::{config::Config, wiring};

const SUBJECT: &str = "cluster";

/// Nothing where clustering is off; else what the server that runs here says, or whether one could listen.
pub(super) fn look(config: &Config, is_enabled: bool, running: Option<&ClusterStatus>) -> Option<Finding> {
    match running {
        _ if !is_enabled => None,
        Some(status) => Some(stands(status)),
        None => Some(port(config)),
    }
}

fn stands(status: &ClusterStatus) -> Finding {
    match (status.state, &status.problem) {
        (Some(NodeState::Member), None) => Finding::ok(SUBJECT, format!("this server is one of {}", status.members)),
        (state, problem) => {
            let state = state.map_or_else(|| "does not run".to_owned(), |state| format!("is {state}"));
            let why = problem.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            let advice = "see `hearth cluster nodes`, and the log of the running server";
            Finding::error(
                SUBJECT,
                format!("clustering is on, but this server {state}{why}"),
                advice,
            )
        }
    }
}

fn port(config: &Config) -> Finding {
    let ports = &config.cluster.ports;
    match free_port(&wiring::link_settings(config)) {
        Ok(port) => Finding::ok(SUBJECT, format!("port {port} of {ports} (cluster.ports) is free")),
        Err(error) => Finding::error(
            SUBJECT,
            format!("no port free in {ports} (cluster.ports): {error}"),
            "free one of them, or change cluster.ports or cluster.interfaces",
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::TcpListener;

    use super::*;
    use crate::{check::Level, config::Cluster};

    fn status(state: NodeState, problem: Option<&str>) -> ClusterStatus {
        ClusterStatus {
            enabled: true,
            state: Some(state),
            node: Some(1),
            group: None,
            senior: None,
            members: 2,
            servers: Some(2),
            database: "postgres".to_owned(),
            can_enable: true,
            reason: None,
            problem: problem.map(str::to_owned),
        }
    }

    fn on_port(port: u16) -> Config {
        Config {
            cluster: Cluster {
                ports: port.to_string().parse().unwrap(),
                interfaces: vec!["127.0.0.1".to_owned()],
                ..Cluster::default()
            },
            ..Config::default()
        }
    }

    #[test]
    fn a_taken_port_is_an_error_only_where_it_is_needed() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let config = on_port(taken.local_addr().unwrap().port());
        assert_eq!(look(&config, false, None), None);
        let finding = look(&config, true, None).unwrap();
        assert_eq!(finding.level, Level::Error);
        assert!(finding.message.starts_with("no port free in "), "{}", finding.message);
        assert_eq!(look(&on_port(0), true, None).unwrap().level, Level::Ok);
    }

    #[test]
    fn a_running_server_is_asked_and_its_own_port_is_no_obstacle() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let config = on_port(taken.local_addr().unwrap().port());
        for (status, level) in [
            (status(NodeState::Member, None), Level::Ok),
            (status(NodeState::Joining, None), Level::Error),
            (status(NodeState::Alone, Some("no port free")), Level::Error),
            (status(NodeState::Member, Some("the database is away")), Level::Error),
        ] {
            let finding = look(&config, true, Some(&status)).unwrap();
            assert_eq!(finding.level, level, "{}", finding.message);
        }
    }
}
