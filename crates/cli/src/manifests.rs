//! Manifests through the engine once, without a shell: what `lint` and `translate` look at.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use api::Object;
use engine::{Effect, Engine, Event, Publication};
use envoy::{Classic, XdsMode};
use files::{Diagnostic, Folder, Loaded, Severity};
use model::{Kind, ObjectId, Report, Settings};
use store::Change;

/// What the engine makes of manifests.
pub(crate) struct Translation {
    /// What is wrong, with places: in the files first, then in what they mean.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The configuration.
    pub(crate) publication: Publication,
}

/// Reads manifests and runs the engine on them once.
pub(crate) fn translate(paths: &[PathBuf], settings: Settings, mode: XdsMode) -> anyhow::Result<Translation> {
    for path in paths {
        if !path.exists() {
            bail!("{}: no such file or folder", path.display());
        }
    }
    let (folder, Loaded { objects, mut diagnostics }) = Folder::load(paths);
    for sourced in objects.values() {
        diagnostics.extend(folder.violations(&sourced.object));
    }
    let settings = Arc::new(settings);
    let layout = Box::new(Classic::new(&settings, mode));
    let mut engine = Engine::new(settings, mode, layout);
    let changes = objects.into_values().map(|sourced| Change::Applied(sourced.object)).collect();
    engine.handle(Event::Changes(changes));
    let mut publication = None;
    for effect in engine.handle(Event::SourceSynced) {
        match effect {
            Effect::Publish(found) => publication = Some(found),
            Effect::Report(report) => diagnostics.extend(diagnostics_of(&folder, &report)),
            Effect::Forget(_) => {}
        }
    }
    let Some(publication) = publication else { bail!("the engine published nothing") };
    Ok(Translation { diagnostics: once(diagnostics), publication })
}

/// The problems of a report with their places. A problem that stands for the absence of an object has none.
pub(crate) fn diagnostics_of(folder: &Folder, report: &Report) -> Vec<Diagnostic> {
    let id = api_id(&report.object);
    let diagnostic = |problem: &model::Problem| {
        let severity = match problem.severity {
            model::Severity::Error => Severity::Error,
            model::Severity::Warning => Severity::Warning,
        };
        let message = format!("{} ({}/{})", problem.message, problem.kind, problem.reason);
        folder.diagnostic(severity, &id, &problem.path, message, problem.help.clone())
    };
    report.problems.iter().filter_map(diagnostic).collect()
}

/// What the API server would refuse and what translation refuses is often the same: one word is enough.
fn once(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut kept: Vec<Diagnostic> = Vec::with_capacity(diagnostics.len());
    for diagnostic in diagnostics {
        if !kept.contains(&diagnostic) {
            kept.push(diagnostic);
        }
    }
    kept
}

/// An id in the words of `api`.
pub(crate) fn api_id(id: &ObjectId) -> api::ObjectId {
    let kind = match id.kind {
        Kind::Namespace => api::Kind::Namespace,
        Kind::Service => api::Kind::Service,
        Kind::EndpointSlice => api::Kind::EndpointSlice,
        Kind::Secret => api::Kind::Secret,
        Kind::Ingress => api::Kind::Ingress,
        Kind::HttpProxy => api::Kind::HttpProxy,
        Kind::TlsCertificateDelegation => api::Kind::TlsCertificateDelegation,
    };
    api::ObjectId::new(kind, &*id.namespace, &*id.name)
}

/// An id in the words of `model`.
pub(crate) fn model_id(id: &api::ObjectId) -> ObjectId {
    let kind = match id.kind {
        api::Kind::Namespace => Kind::Namespace,
        api::Kind::Service => Kind::Service,
        api::Kind::EndpointSlice => Kind::EndpointSlice,
        api::Kind::Secret => Kind::Secret,
        api::Kind::Ingress => Kind::Ingress,
        api::Kind::HttpProxy => Kind::HttpProxy,
        api::Kind::TlsCertificateDelegation => Kind::TlsCertificateDelegation,
    };
    ObjectId::new(kind, id.namespace.as_str(), id.name.as_str())
}

/// A change of files as a change of the world.
pub(crate) fn change(change: files::FolderChange) -> Change {
    match change {
        files::FolderChange::Applied(object) => Change::Applied(object),
        files::FolderChange::Removed(id) => Change::Removed(model_id(&id)),
    }
}

/// Whether objects of a kind are reported about at all.
pub(crate) fn is_reported(object: &Object) -> bool {
    matches!(object, Object::Ingress(_) | Object::HttpProxy(_))
}
