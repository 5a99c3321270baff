//! What `cargo metadata` says about the workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command;

/// The workspace's crates, what they depend on, and where things are built.
pub(crate) struct Metadata {
    pub(crate) target_directory: PathBuf,
    pub(crate) crates: Vec<Crate>,
}

/// A crate of the workspace.
pub(crate) struct Crate {
    pub(crate) name: String,
    /// Its library, programs and test binaries.
    pub(crate) targets: BTreeSet<String>,
    /// What it is built from directly.
    pub(crate) dependencies: BTreeSet<String>,
    /// What its tests need besides.
    pub(crate) dev_dependencies: BTreeSet<String>,
    /// What it is built from, directly or not.
    pub(crate) everything: BTreeSet<String>,
}

impl Metadata {
    /// Asks cargo, with further arguments.
    pub(crate) fn read(arguments: &[&str]) -> Result<Self> {
        let text = command::output(command::cargo(["metadata", "--format-version", "1"]).args(arguments))?;
        Self::parse(&serde_json::from_str(&text)?).context("cargo metadata has an unknown form")
    }

    fn parse(metadata: &Value) -> Option<Self> {
        let names = names(metadata)?;
        let graph = graph(metadata)?;
        let mut crates = Vec::new();
        for id in metadata["workspace_members"].as_array()? {
            let id = id.as_str()?;
            let package = metadata["packages"]
                .as_array()?
                .iter()
                .find(|package| package["id"] == id)?;
            crates.push(Crate {
                name: package["name"].as_str()?.to_owned(),
                targets: package["targets"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|target| target["name"].as_str().map(str::to_owned))
                    .collect(),
                dependencies: direct(package, |kind| kind != Some("dev")),
                dev_dependencies: direct(package, |kind| kind == Some("dev")),
                everything: reachable(id, &graph)
                    .into_iter()
                    .filter_map(|id| names.get(id).cloned())
                    .collect(),
            });
        }
        Some(Self {
            target_directory: metadata["target_directory"].as_str()?.into(),
            crates,
        })
    }
}

fn names(metadata: &Value) -> Option<BTreeMap<&str, String>> {
    let packages = metadata["packages"].as_array()?.iter();
    packages
        .map(|package| Some((package["id"].as_str()?, package["name"].as_str()?.to_owned())))
        .collect()
}

/// Who is built from whom, by id; what only tests need is left out.
fn graph(metadata: &Value) -> Option<BTreeMap<&str, Vec<&str>>> {
    let is_built_in = |dependency: &&Value| {
        let kinds = dependency["dep_kinds"].as_array();
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"] != "dev"))
    };
    let nodes = metadata["resolve"]["nodes"].as_array()?.iter();
    nodes
        .map(|node| {
            let dependencies = node["deps"].as_array()?.iter().filter(is_built_in);
            let ids = dependencies.filter_map(|dependency| dependency["pkg"].as_str());
            Some((node["id"].as_str()?, ids.collect()))
        })
        .collect()
}

fn direct(package: &Value, wanted: impl Fn(Option<&str>) -> bool) -> BTreeSet<String> {
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    let dependencies = dependencies.filter(|dependency| wanted(dependency["kind"].as_str()));
    dependencies
        .filter_map(|dependency| Some(dependency["name"].as_str()?.to_owned()))
        .collect()
}

fn reachable<'graph>(from: &'graph str, graph: &BTreeMap<&'graph str, Vec<&'graph str>>) -> BTreeSet<&'graph str> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(id) = open.pop() {
        for next in graph.get(id).into_iter().flatten() {
            if found.insert(*next) {
                open.push(next);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::Metadata;

    #[test]
    fn what_a_crate_is_built_from_is_told_apart_from_what_its_tests_need() {
        let node = |id: &str, deps: &[(&str, Option<&str>)]| {
            let deps: Vec<_> = deps
                .iter()
                .map(|(pkg, kind)| json!({ "pkg": pkg, "dep_kinds": [{ "kind": kind }] }))
                .collect();
            json!({ "id": id, "deps": deps })
        };
        let metadata = json!({
            "target_directory": "/target",
            "workspace_members": ["1"],
            "packages": [
                { "id": "1", "name": "router", "dependencies": [
                    { "name": "bytes", "kind": null },
                    { "name": "proptest", "kind": "dev" },
                    { "name": "cc", "kind": "build" },
                ] },
                { "id": "2", "name": "bytes", "dependencies": [] },
                { "id": "3", "name": "proptest", "dependencies": [] },
                { "id": "4", "name": "portable", "dependencies": [] },
            ],
            "resolve": { "nodes": [
                node("1", &[("2", None), ("3", Some("dev"))]),
                node("2", &[("4", None)]),
                node("3", &[]),
                node("4", &[("2", None)]),
            ] },
        });
        let metadata = Metadata::parse(&metadata).unwrap();
        let [router] = metadata.crates.as_slice() else {
            panic!("one crate was given");
        };
        assert_eq!(router.name, "router");
        assert!(router.dependencies.iter().eq(["bytes", "cc"]));
        assert!(router.dev_dependencies.iter().eq(["proptest"]));
        assert!(router.everything.iter().eq(["bytes", "portable"]));
    }
}
