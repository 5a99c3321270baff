//! `hearth check`: what is in order, what is not, and what to do about it.

mod certificates;
mod cluster;
mod database;
mod dns;
mod limits;
mod ports;
mod reach;

use ops::ClusterStatus;
use serde::Serialize;

use crate::{
    cli::{Failure, Output},
    config::{Configuration, Problems, warnings},
    control::{Answer, Client, Request, Status},
    data_dir::DataDir,
};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) level: Level,
    pub(crate) subject: &'static str,
    pub(crate) message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Ok,
    Warning,
    Error,
}

/// Looks at everything; fails where there is an error among the findings.
pub(crate) async fn run(configuration: &Configuration, output: Output) -> Result<(), Failure> {
    let mut findings = configured(configuration);
    let (running, of_cluster) = running(configuration).await.unzip();
    findings.push(data_dir(configuration, running.as_ref()));
    let found = database::look(configuration, running.is_some()).await;
    findings.extend(found.findings);
    findings.extend(certificates::look(configuration, &found.domains));
    findings.extend(ports::look(&configuration.config, running.as_ref()));
    findings.extend(cluster::look(
        &configuration.config,
        found.is_clustered,
        of_cluster.as_deref(),
    ));
    findings.extend(dns::look(&configuration.config, &found.domains).await);
    if running.is_some() {
        findings.extend(reach::look(&configuration.config, &found.domains).await);
    }
    findings.push(limits::look());
    print(&findings, output);
    match findings.iter().filter(|finding| finding.level == Level::Error).count() {
        0 => Ok(()),
        1 => Err(Failure::Act("one thing must be mended".to_owned())),
        errors => Err(Failure::Act(format!("{errors} things must be mended"))),
    }
}

/// How a domain would do for the server that runs here with these listeners: names, ports, certificate.
pub(crate) async fn domain(configuration: &Configuration, running: &Status, domain: &str) -> Vec<Finding> {
    let domains = [domain.to_owned()];
    let config = &configuration.config;
    let (names, reached) = tokio::join!(dns::look(config, &domains), reach::look(config, &domains));
    let mut findings = names;
    findings.extend(reached);
    findings.extend(ports::look(config, Some(running)));
    findings.extend(certificates::look(configuration, &domains));
    findings
}

/// Names and certificates of a server that runs.
pub(crate) async fn outlook(configuration: &Configuration, domains: &[String]) -> Vec<Finding> {
    let mut findings = certificates::look(configuration, domains);
    findings.extend(dns::look(&configuration.config, domains).await);
    findings
}

/// An order of a certificate that does not go well.
pub(crate) fn ordered(message: String, is_bad: bool) -> Finding {
    let advice = "see the certificates page, or hearth certificate acme status";
    match is_bad {
        true => Finding::error("certificate", message, advice),
        false => Finding::warning("certificate", message, advice),
    }
}

/// How a database would do.
pub(crate) async fn database(configuration: &Configuration) -> Vec<Finding> {
    database::look(configuration, false).await.findings
}

/// What there is to say when there is not even a configuration.
pub(crate) fn refuse(problems: &Problems, output: Output) -> Failure {
    let finding = |problem| {
        Finding::error(
            "configuration",
            format!("{problem}"),
            "mend it; nothing else was looked at",
        )
    };
    print(&problems.0.iter().map(finding).collect::<Vec<_>>(), output);
    Failure::Usage("the configuration cannot be used".to_owned())
}

fn print(findings: &[Finding], output: Output) {
    output.list(findings, |finding| {
        let level = match finding.level {
            Level::Ok => "ok     ",
            Level::Warning => "warning",
            Level::Error => "ERROR  ",
        };
        let advice = finding
            .advice
            .iter()
            .map(|advice| format!("\n        {:15}{advice}", ""))
            .collect::<String>();
        format!("{level} {:15}{}{advice}", finding.subject, finding.message)
    });
}

fn configured(configuration: &Configuration) -> Vec<Finding> {
    let from = match &configuration.file {
        Some(file) => format!("read from {}", file.display()),
        None => "no file: defaults, environment and flags".to_owned(),
    };
    let warning = |text: String| Finding {
        level: Level::Warning,
        subject: "configuration",
        message: text,
        advice: None,
    };
    let mut findings = vec![Finding::ok("configuration", from)];
    findings.extend(warnings(configuration).into_iter().map(warning));
    findings
}

/// The server that runs here, and how it stands.
async fn running(configuration: &Configuration) -> Option<(Status, Box<ClusterStatus>)> {
    let data_dir = DataDir::new(&configuration.config.data_dir);
    data_dir.holder()?;
    let mut client = Client::connect(&data_dir.control_socket()).await?;
    let Ok(Answer::Status(status)) = client.ask(&Request::Status).await else {
        return None;
    };
    match client.ask(&Request::ClusterStatus).await {
        Ok(Answer::ClusterStatus(cluster)) => Some((status, cluster)),
        _ => None,
    }
}

fn data_dir(configuration: &Configuration, running: Option<&Status>) -> Finding {
    const SUBJECT: &str = "data directory";
    let path = &configuration.config.data_dir;
    let shown = path.display();
    if let Some(status) = running {
        return Finding::ok(
            SUBJECT,
            format!("{shown}, in use by this server, process {}", status.pid),
        );
    }
    if let Some(holder) = DataDir::new(path).holder() {
        let advice = "wait until it has started or stopped; if it hangs, end it";
        return Finding::error(
            SUBJECT,
            format!("{shown} is in use by {holder}, which does not answer"),
            advice,
        );
    }
    if !path.exists() {
        return Finding::ok(SUBJECT, format!("{shown} will be made at the first start"));
    }
    match tempfile_in(path) {
        Ok(()) => Finding::ok(SUBJECT, shown.to_string()),
        Err(error) => {
            let advice = "give it to the user that the server runs as";
            Finding::error(SUBJECT, format!("{shown} cannot be written to: {error}"), advice)
        }
    }
}

fn tempfile_in(path: &std::path::Path) -> std::io::Result<()> {
    let probe = path.join(format!(".check-{}", std::process::id()));
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(probe)
}

impl Finding {
    fn ok(subject: &'static str, message: impl Into<String>) -> Self {
        Self {
            level: Level::Ok,
            subject,
            message: message.into(),
            advice: None,
        }
    }

    fn warning(subject: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            level: Level::Warning,
            subject,
            message: message.into(),
            advice: Some(advice.into()),
        }
    }

    fn error(subject: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            subject,
            message: message.into(),
            advice: Some(advice.into()),
        }
    }
}
