//! Who may depend on whom: dependencies that a crate must not have, itself or through others.

use std::collections::BTreeSet;

use super::purity::CORE;
use crate::repository::{Crate, Repository};

const ASYNC: &[&str] = &["tokio", "async-std", "smol"];
const KUBE_CLIENT: &[&str] = &["kube", "kube-client", "kube-runtime"];
/// The crates that may have a Kubernetes client of their own.
const CLUSTER_CRATES: &[&str] =
    &["isobath-kubernetes", "isobath-certgen", "isobath-testbed", "isobath-bench", "isobath-cluster-tests"];

pub(super) fn model_is_pure(repository: &Repository) -> Vec<String> {
    let forbidden = ["serde", "tokio", "kube", "kube-core", "kube-client", "kube-runtime", "prost"];
    forbidden_edges(repository, &["model"], &forbidden)
}

pub(super) fn core_has_no_runtime(repository: &Repository) -> Vec<String> {
    let with_objects: Vec<&str> =
        CORE.iter().copied().filter(|name| *name != "model").chain(["api"]).collect();
    forbidden_edges(repository, &with_objects, &[ASYNC, KUBE_CLIENT].concat())
}

pub(super) fn xds_is_generic(repository: &Repository) -> Vec<String> {
    forbidden_edges(repository, &["xds"], &["isobath-model", "isobath-api"])
}

pub(super) fn envoy_knows_no_objects(repository: &Repository) -> Vec<String> {
    forbidden_edges(repository, &["envoy"], &["isobath-api", "isobath-store"])
}

/// Only direct dependencies count: whoever uses one of the few reaches the client through it.
pub(super) fn few_speak_to_the_cluster(repository: &Repository) -> Vec<String> {
    let others = repository.crates.iter().filter(|(name, _)| !CLUSTER_CRATES.contains(&name.as_str()));
    // The core has a rule of its own, with a stricter measure.
    let others = others.filter(|(name, _)| !is_core(name));
    others.flat_map(|(_, member)| findings(member, &member.direct, KUBE_CLIENT)).collect()
}

fn is_core(package: &str) -> bool {
    package.strip_prefix("isobath-").is_some_and(|name| CORE.contains(&name) || name == "api")
}

fn forbidden_edges(repository: &Repository, crates: &[&str], forbidden: &[&str]) -> Vec<String> {
    let members = crates.iter().filter_map(|name| repository.crates.get(&format!("isobath-{name}")));
    members.flat_map(|member| findings(member, &member.closure, forbidden)).collect()
}

fn findings(member: &Crate, dependencies: &BTreeSet<String>, forbidden: &[&str]) -> Vec<String> {
    let found = dependencies.iter().filter(|name| forbidden.contains(&name.as_str()));
    found.map(|name| format!("{}/Cargo.toml: {}", member.folder, describe(member, name))).collect()
}

fn describe(member: &Crate, name: &str) -> String {
    if member.direct.contains(name) {
        format!("depends on {name}")
    } else {
        format!("depends on {name} through another crate (cargo tree -e normal -i {name})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_through_another_crate_is_found_and_said_to_be_one() {
        let member = Crate {
            folder: "crates/xds".to_owned(),
            closure: ["isobath-api".to_owned()].into(),
            ..Crate::default()
        };
        let repository =
            Repository { crates: [("isobath-xds".to_owned(), member)].into(), ..Repository::default() };
        let found = xds_is_generic(&repository).join("\n");
        assert!(found.starts_with("crates/xds/Cargo.toml: depends on isobath-api through"), "{found}");
    }

    #[test]
    fn the_crates_of_the_cluster_may_have_a_client() {
        let member = Crate { direct: ["kube".to_owned()].into(), ..Crate::default() };
        let crates = CLUSTER_CRATES.iter().map(|name| ((*name).to_owned(), member.clone())).collect();
        assert_eq!(few_speak_to_the_cluster(&Repository { crates, ..Repository::default() }), [""; 0]);
    }
}
