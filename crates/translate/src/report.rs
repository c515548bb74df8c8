//! What one user is told about one object.

use std::collections::BTreeSet;

use model::{Kind, ObjectId, Problem, Report, Settings, Severity, Verdict};
use store::Reader;

use crate::{Note, http_proxy, ingress};

/// What one user is told about one object, from what all roots have to say about it. `None` when the
/// object is gone, or not ours.
#[must_use]
pub fn report(
    reader: &Reader<'_>,
    settings: &Settings,
    object: &ObjectId,
    notes: &[&Note],
) -> Option<Report> {
    let (generation, needs_root) = match object.kind {
        Kind::Ingress => (ingress::generation(reader, settings, object)?, false),
        Kind::HttpProxy => http_proxy::generation(reader, settings, object)?,
        Kind::Namespace
        | Kind::Service
        | Kind::EndpointSlice
        | Kind::Secret
        | Kind::TlsCertificateDelegation => return None,
    };
    let mut seen = BTreeSet::new();
    let said = notes.iter().flat_map(|note| &note.problems).filter(|problem| seen.insert(*problem));
    let mut problems: Vec<Problem> = said.cloned().collect();
    let orphaned = needs_root && notes.is_empty();
    if orphaned {
        problems.push(http_proxy::orphaned());
    }
    let invalid = problems.iter().any(|problem| problem.severity == Severity::Error);
    let verdict = match (orphaned, invalid) {
        (true, _) => Verdict::Orphaned,
        (false, true) => Verdict::Invalid,
        (false, false) => Verdict::Valid,
    };
    Some(Report { object: object.clone(), generation, verdict, problems })
}
