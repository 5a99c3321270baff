//! What `hearth cluster status` and `hearth cluster nodes` say.

use anyhow::{Context as _, Result};
use serde_json::Value;

/// The cluster, as one server sees it.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) is_enabled: bool,
    pub(crate) nodes: Vec<Seen>,
}

/// A server that shares the database, as one of them sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seen {
    pub(crate) name: String,
    /// The number of its present life.
    pub(crate) id: String,
    pub(crate) is_member: bool,
    pub(crate) is_senior: bool,
}

impl View {
    /// From what the two commands printed.
    pub(crate) fn read(status: &str, nodes: &str) -> Result<Self> {
        let status: Value = serde_json::from_str(status).with_context(|| format!("cluster status: {status}"))?;
        let rows: Value = serde_json::from_str(nodes).with_context(|| format!("cluster nodes: {nodes}"))?;
        let rows = rows.as_array().context("nodes are a list")?;
        Ok(Self {
            is_enabled: status["enabled"]
                .as_bool()
                .context("clustering is enabled or it is not")?,
            nodes: rows.iter().map(Seen::read).collect::<Result<_>>()?,
        })
    }

    pub(crate) fn members(&self) -> Vec<&Seen> {
        let mut members: Vec<_> = self.nodes.iter().filter(|node| node.is_member).collect();
        members.sort();
        members
    }

    /// The name of the one member that is senior.
    pub(crate) fn senior(&self) -> Option<String> {
        let members = self.members();
        let mut seniors = members.iter().filter(|node| node.is_senior);
        let senior = seniors.next()?;
        seniors.next().is_none().then(|| senior.name.clone())
    }

    /// The number of a member's present life.
    pub(crate) fn id(&self, name: &str) -> Option<String> {
        let members = self.members();
        let node = members.iter().find(|node| node.name == name)?;
        Some(node.id.clone())
    }

    pub(crate) fn is_alone(&self) -> bool {
        !self.is_enabled && self.members().is_empty()
    }

    /// All see the same members, so many of them, and one senior.
    pub(crate) fn agree(views: &[Self], count: usize) -> bool {
        let lives = |view: &Self| -> Vec<(String, String, bool)> {
            let members = view.members();
            let lives = members.iter().map(|it| (it.name.clone(), it.id.clone(), it.is_senior));
            lives.collect()
        };
        let Some(first) = views.first() else { return false };
        let known = lives(first);
        let is_whole = |view: &Self| view.is_enabled && view.senior().is_some() && lives(view) == known;
        known.len() == count && views.iter().all(is_whole)
    }
}

/// What a server says of itself, from what `hearth cluster status` printed.
pub(crate) fn state(status: &str) -> Result<String> {
    let status: Value = serde_json::from_str(status).with_context(|| format!("cluster status: {status}"))?;
    let state = status["state"].as_str();
    Ok(state.with_context(|| format!("no state in {status}"))?.to_owned())
}

impl Seen {
    fn read(row: &Value) -> Result<Self> {
        let text = |name: &str| {
            let text = row[name].as_str();
            text.map(str::to_owned).with_context(|| format!("no {name} in {row}"))
        };
        Ok(Self {
            name: text("name")?,
            // A number or a text: it is only compared.
            id: row["id"].to_string(),
            // The state is what it last said itself; its sessions are known as long as the cluster counts it in.
            is_member: text("state")? == "member" && !row["sessions"].is_null(),
            is_senior: row["senior"].as_bool().unwrap_or(false),
        })
    }
}

#[test]
fn members_are_told_from_servers_that_are_alone_or_dead() -> Result<()> {
    let row = |name: &str, id: u64, state: &str, senior: bool, sessions: &str| {
        format!(r#"{{"id":{id},"name":"{name}","state":"{state}","senior":{senior},"sessions":{sessions}}}"#)
    };
    let first = row("n1", 3, "member", true, "12");
    let with = |second: &str| View::read(r#"{"enabled":true}"#, &format!("[{second},{first}]"));
    let whole = || with(&row("n2", 7, "member", false, "0"));
    assert!(View::agree(&[whole()?, whole()?], 2));
    assert_eq!(whole()?.senior().as_deref(), Some("n1"));
    assert_eq!(whole()?.id("n2").as_deref(), Some("7"));
    for other in [
        row("n2", 7, "joining", false, "null"),
        row("n2", 7, "member", false, "null"),
        row("n2", 8, "member", false, "0"),
        row("n2", 7, "member", true, "0"),
    ] {
        assert!(!View::agree(&[whole()?, with(&other)?], 2), "{other}");
    }
    assert!(!View::agree(&[], 0));
    let alone = format!("[{}]", row("n1", 3, "alone", false, "null"));
    assert!(View::read(r#"{"enabled":false}"#, &alone)?.is_alone());
    Ok(())
}
