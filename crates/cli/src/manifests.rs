//! Manifests through the engine once, without a shell: what `lint` and `translate` look at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use engine::{Effect, Engine, Event, Publication};
use envoy::XdsMode;
use files::{Diagnostic, Folder, Loaded, Severity};
use model::{ObjectId, Report, Settings};
use serde_json::Value;
use store::Change;

use crate::gateway_statuses;

/// What the engine makes of manifests.
pub(crate) struct Translation {
    /// What is wrong, with places: in the files first, then in what they mean.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What each fleet gets; that of the ingress first.
    pub(crate) publications: Vec<Publication>,
    /// What the statuses of objects of the Gateway API are going to say.
    pub(crate) statuses: Vec<Value>,
}

/// Reads manifests and runs the engine on them once.
pub(crate) fn translate(paths: &[PathBuf], settings: Settings, mode: XdsMode) -> anyhow::Result<Translation> {
    for path in paths {
        if !path.exists() {
            bail!("{}: no such file or folder", path.display());
        }
    }
    let (folder, Loaded { objects, mut diagnostics }) = Folder::load(paths);
    let mut violated = Violated::default();
    for id in objects.keys() {
        diagnostics.extend(violated.check(&folder, id));
    }
    let settings = Arc::new(settings);
    let layout = envoy::layout(&settings, mode);
    let mut engine = Engine::new(settings, mode, layout);
    let changes = objects.into_values().map(|sourced| Change::Applied(sourced.object)).collect();
    engine.handle(Event::Changes(changes));
    let (mut publications, mut statuses) = (Vec::new(), Vec::new());
    for effect in engine.handle(Event::SourceSynced) {
        match effect {
            Effect::Publish(found) => publications.push(found),
            Effect::Report(report) => {
                diagnostics.extend(violated.others(&folder, &report));
                statuses.extend(gateway_statuses::status(&report));
            }
            Effect::Dissolve(_) | Effect::Forget(_) => {}
        }
    }
    Ok(Translation { diagnostics, publications, statuses })
}

/// The fields that the API server would refuse. Translation refuses most of them too: one word is enough.
#[derive(Debug, Default)]
pub(crate) struct Violated(BTreeMap<api::ObjectId, BTreeSet<String>>);

impl Violated {
    /// What the API server would refuse in an object, in place of what was found in it before.
    pub(crate) fn check(&mut self, folder: &Folder, id: &api::ObjectId) -> Vec<Diagnostic> {
        let found = folder.violations(id);
        let paths: BTreeSet<_> = found.iter().map(|violation| violation.path.clone()).collect();
        if paths.is_empty() {
            self.forget(id);
        } else {
            self.0.insert(id.clone(), paths);
        }
        found
    }

    /// The problems of a report with their places, without those of fields that were found already. A problem
    /// that stands for the absence of an object has no place, and is none.
    pub(crate) fn others(&self, folder: &Folder, report: &Report) -> Vec<Diagnostic> {
        let id = api_id(&report.object);
        let paths = self.0.get(&id);
        let is_said = |path: &String| paths.is_some_and(|paths| paths.contains(path));
        let unsaid = report.problems.iter().filter(|problem| !is_said(&problem.path));
        unsaid.filter_map(|problem| diagnostic(folder, &id, problem)).collect()
    }

    /// Whether something was found in an object.
    pub(crate) fn has(&self, id: &api::ObjectId) -> bool {
        self.0.contains_key(id)
    }

    /// An object is gone.
    pub(crate) fn forget(&mut self, id: &api::ObjectId) {
        self.0.remove(id);
    }
}

fn diagnostic(folder: &Folder, id: &api::ObjectId, problem: &model::Problem) -> Option<Diagnostic> {
    let severity = match problem.severity {
        model::Severity::Error => Severity::Error,
        model::Severity::Warning => Severity::Warning,
    };
    let message = format!("{} ({}/{})", problem.message, problem.kind, problem.reason);
    folder.diagnostic(severity, id, &problem.path, message, problem.help.clone())
}

/// An id in the words of `api`.
pub(crate) fn api_id(id: &ObjectId) -> api::ObjectId {
    api::ObjectId::new(store::api_kind(id.kind), &*id.namespace, &*id.name)
}

/// An id in the words of `model`.
pub(crate) fn model_id(id: &api::ObjectId) -> ObjectId {
    ObjectId::new(store::kind(id.kind), id.namespace.as_str(), id.name.as_str())
}

/// A change of files as a change of the world.
pub(crate) fn change(change: files::FolderChange) -> Change {
    match change {
        files::FolderChange::Applied(object) => Change::Applied(object),
        files::FolderChange::Removed(id) => Change::Removed(model_id(&id)),
    }
}
