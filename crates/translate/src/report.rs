//! What one user is told about one object.

use std::collections::BTreeSet;

use model::{Kind, ObjectId, Problem, Report, Settings, Severity, Verdict};
use store::Reader;

use crate::{
    Note, annotation, delegation, extension_service, gateway_api, http_proxy, ingress, ingress_route,
};

/// What a report needs to know of an object that is ours.
pub(crate) struct About<'s> {
    /// Its generation.
    pub(crate) generation: i64,
    /// Whether it is served only where a root reaches it.
    pub(crate) needs_root: bool,
    /// Annotations that look as if they meant something.
    pub(crate) strays: &'s [Box<str>],
}

/// What one user is told about one object, from what all roots have to say about it. `None` when the
/// object is gone, or not ours.
#[must_use]
pub fn report(
    reader: &Reader<'_>,
    settings: &Settings,
    object: &ObjectId,
    notes: &[&Note],
) -> Option<Report> {
    let About { generation, needs_root, strays } = match object.kind {
        Kind::Ingress => ingress::about(reader, settings, object)?,
        Kind::HttpProxy => http_proxy::about(reader, settings, object)?,
        Kind::ExtensionService => extension_service::about(reader, object)?,
        Kind::IngressRoute => ingress_route::about(reader, settings, object)?,
        Kind::TlsCertificateDelegation | Kind::HeptioCertificateDelegation => {
            return delegation::report(reader, object);
        }
        Kind::GatewayClass
        | Kind::Gateway
        | Kind::ListenerSet
        | Kind::HttpRoute
        | Kind::GrpcRoute
        | Kind::TlsRoute
        | Kind::TcpRoute
        | Kind::UdpRoute
        | Kind::BackendTlsPolicy
        | Kind::XBackendTrafficPolicy => return gateway_api::report(reader, settings, object, notes),
        Kind::Namespace
        | Kind::Service
        | Kind::EndpointSlice
        | Kind::Secret
        | Kind::ConfigMap
        | Kind::ContourDeployment
        | Kind::ReferenceGrant => return None,
    };
    let mut problems = said(notes);
    problems.extend(annotation::strays(object.kind, strays));
    let orphaned = needs_root && notes.is_empty();
    if orphaned {
        problems.push(match object.kind {
            Kind::IngressRoute => ingress_route::orphaned(),
            _ => http_proxy::orphaned(),
        });
    }
    let invalid = problems.iter().any(|problem| problem.severity == Severity::Error);
    let verdict = match (orphaned, invalid) {
        (true, _) => Verdict::Orphaned,
        (false, true) => Verdict::Invalid,
        (false, false) => Verdict::Valid,
    };
    let report = Report::new(object.clone(), generation, verdict, problems);
    Some(Report { fleet: settings.roots.clone(), ..report })
}

/// What notes say, in their order, each once: several units may say the same.
pub(crate) fn said(notes: &[&Note]) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    let said = notes.iter().flat_map(|note| &note.problems).filter(|problem| seen.insert(*problem));
    said.cloned().collect()
}
