//! What Envoys tell of themselves in traces is in their environment.

use std::collections::BTreeSet;
use std::path::Path;

use config::Sources;
use files::Document;
use isobath_deploy_tests::{Objects, containers, helm, kustomize, pods, repository};
use model::Tag;

/// The variables that Envoys are told to read.
fn told() -> BTreeSet<String> {
    let text = "tracing: {extensionService: monitoring/collector}";
    let mut sources = Sources::default();
    sources.file(Document::parse(Path::new("config.yaml"), text).unwrap());
    let tracing = sources.check().configuration.unwrap().settings.tracing.unwrap();
    let variable = |tag: &Tag| match tag {
        Tag::Environment(name) => Some(name.to_string()),
        Tag::Literal(_) | Tag::RequestHeader(_) => None,
    };
    tracing.tags.values().filter_map(variable).collect()
}

/// The variables that every Envoy has; the kubelet gives one to every pod.
fn known(objects: &Objects) -> BTreeSet<String> {
    let all = pods(objects);
    let envoys = all.values().flat_map(|pod| containers(pod)).filter(|each| each["name"] == "envoy");
    let names = envoys.map(|envoy| {
        let variables = envoy["env"].as_array().unwrap().iter();
        let names = variables.map(|variable| variable["name"].as_str().unwrap().to_owned());
        names.chain(["HOSTNAME".to_owned()]).collect::<BTreeSet<_>>()
    });
    names.reduce(|all, each| all.intersection(&each).cloned().collect()).unwrap()
}

/// Those of Gateways are as those of the base: `gateways.rs`.
#[test]
fn every_envoy_has_the_variables_that_traces_tell() {
    let told = told();
    assert_eq!(told.len(), 2, "the pod and its namespace");
    let overlays = std::fs::read_dir(repository().join("deploy/overlays")).unwrap();
    let overlays =
        overlays.map(|folder| format!("deploy/overlays/{}", folder.unwrap().file_name().display()));
    for folder in ["deploy/base".to_owned()].into_iter().chain(overlays) {
        let Some(objects) = kustomize(&folder) else { return };
        assert_eq!(told.difference(&known(&objects)).collect::<Vec<_>>(), Vec::<&String>::new(), "{folder}");
    }
    let Some(chart) = helm(&[]) else { return };
    assert_eq!(told.difference(&known(&chart.unwrap())).collect::<Vec<_>>(), Vec::<&String>::new());
}
