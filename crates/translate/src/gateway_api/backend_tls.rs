//! TLS towards backends (BackendTLSPolicy).

use std::collections::BTreeSet;

use api::gateway_api::backend_tls_policy::{
    BackendTlsPolicySpec, BackendTlsPolicyValidation, PolicyTargetReference, SubjectAltNameType,
    WellKnownCaCertificates,
};
use model::{Authorities, Condition, Kind, ObjectId, SubjectName, UpstreamValidation};
use store::{BackendTlsPolicyFact, Name, Reader};

use super::authorities;
use super::statement::{ACCEPTED, Failure, RESOLVED_REFS, fails, holds};
use super::translation::Translation;
use crate::backend::{Policy, Target, Upstream};
use crate::text::{self, quoted};

impl Translation<'_, '_> {
    /// Takes what a policy says about TLS towards a backend: `upstream` is what is spoken there then. Of several the one
    /// for the port comes before those for the whole Service, then the oldest.
    ///
    /// # Errors
    /// Why the backend must not be used: what the policy asks for cannot be checked.
    pub(super) fn tls_to(
        &mut self,
        target: &Target<'_>,
        upstream: Upstream,
        policy: &mut Policy,
    ) -> Result<(), Failure> {
        let (service, port) = (target.name(), target.port_name());
        let mut candidates = tls_policies(self.reader, service, port);
        candidates
            .sort_by(|a, b| (!a.is_for_port, a.fact.age, a.id).cmp(&(!b.is_for_port, b.fact.age, b.id)));
        let mut candidates = candidates.into_iter();
        let Some(first) = candidates.next() else { return Ok(()) };
        let validation = self.validation(first.id, &first.fact.spec);
        let conditions = match &validation {
            Ok((_, None)) => vec![holds(ACCEPTED, ACCEPTED), holds(RESOLVED_REFS, RESOLVED_REFS)],
            Ok((_, Some(unresolved))) => vec![holds(ACCEPTED, ACCEPTED), fails(RESOLVED_REFS, unresolved)],
            Err(unresolved) => {
                let none = Failure::new("NoValidCACertificate", unresolved.message.clone());
                vec![fails(ACCEPTED, &none), fails(RESOLVED_REFS, unresolved)]
            }
        };
        let winner = first.id.clone();
        self.policies.insert(winner.clone(), conditions);
        for loser in candidates.filter(|loser| loser.is_for_port == first.is_for_port) {
            let message = format!("{winner} is older, or comes before it by its name");
            self.policies.entry(loser.id.clone()).or_insert_with(|| conflicted(message));
        }
        let (validation, _) = validation?;
        policy.sni = Some(first.fact.spec.validation.hostname.as_str().into());
        policy.validation = Some(validation);
        policy.upstream = Some(upstream);
        Ok(())
    }

    /// How the backend proves who it is, and the first authority that cannot be used beside others that can.
    fn validation(
        &self,
        id: &ObjectId,
        spec: &BackendTlsPolicySpec,
    ) -> Result<(UpstreamValidation, Option<Failure>), Failure> {
        let spec = &spec.validation;
        let (authorities, unresolved) = match &spec.well_known_ca_certificates {
            Some(known) if known.known() == Some(WellKnownCaCertificates::System) => {
                (Authorities::System, None)
            }
            Some(other) => {
                let message = format!("nobody knows the authorities {}", quoted(other.as_str()));
                return Err(Failure::new("InvalidCACertificateRef", message));
            }
            None => {
                let references = spec.ca_certificate_refs.iter();
                let references =
                    references.map(|each| (&*each.group, &*each.kind, &*id.namespace, &*each.name));
                let (bundle, unresolved) = authorities::bundle(self.reader, id, references, "InvalidKind");
                let none = || Failure::new("InvalidCACertificateRef", "no authority is named");
                match bundle {
                    Some(bundle) => (Authorities::Bundle(bundle), unresolved),
                    None => return Err(unresolved.unwrap_or_else(none)),
                }
            }
        };
        Ok((UpstreamValidation { authorities, subject_names: subject_names(spec)? }, unresolved))
    }
}

/// The names of which the certificate must have one.
fn subject_names(spec: &BackendTlsPolicyValidation) -> Result<Vec<SubjectName>, Failure> {
    let invalid = |why: String| Failure::new("InvalidCACertificateRef", why);
    let dns = |name: &str| text::host_name(name).map(|name| SubjectName::Dns(name.as_str().into()));
    let mut names = BTreeSet::new();
    for name in &spec.subject_alt_names {
        match (name.r#type.known(), &name.hostname, &name.uri) {
            (Some(SubjectAltNameType::Hostname), Some(host), _) => names.insert(dns(host).map_err(invalid)?),
            (Some(SubjectAltNameType::Uri), _, Some(uri)) => {
                names.insert(SubjectName::Uri(uri.as_str().into()))
            }
            _ => {
                return Err(invalid(format!("{} is no name of a certificate", quoted(name.r#type.as_str()))));
            }
        };
    }
    if names.is_empty() {
        names.insert(dns(&spec.hostname).map_err(invalid)?);
    }
    Ok(names.into_iter().collect())
}

/// The policies for a port of a Service.
fn tls_policies<'s>(reader: &Reader<'s>, service: &Name, port: &str) -> Vec<Candidate<'s>> {
    let policies = reader.policies(service).filter(|id| id.kind == Kind::BackendTlsPolicy);
    let candidate = |id: &'s ObjectId| {
        let fact = reader.tls_policy(&id.namespace, &id.name)?;
        let is_for_port = is_for_port(&fact.spec, service, port)?;
        Some(Candidate { id, fact, is_for_port })
    };
    policies.filter_map(candidate).collect()
}

/// A policy for a port of a Service.
struct Candidate<'s> {
    id: &'s ObjectId,
    fact: &'s BackendTlsPolicyFact,
    is_for_port: bool,
}

/// Whether a policy is for this port alone, or for all of the Service; `None` when it is for neither.
fn is_for_port(spec: &BackendTlsPolicySpec, service: &Name, port: &str) -> Option<bool> {
    let is_service = |target: &&PolicyTargetReference| {
        target.group.is_empty() && target.kind == "Service" && *target.name == *service.name
    };
    let targets = spec.target_refs.iter().filter(is_service);
    let sections: Vec<_> = targets.map(|target| target.section_name.as_deref()).collect();
    if sections.contains(&Some(port)) {
        return Some(true);
    }
    sections.contains(&None).then_some(false)
}

fn conflicted(message: String) -> Vec<Condition> {
    vec![fails(ACCEPTED, &Failure::new("Conflicted", message)), holds(RESOLVED_REFS, RESOLVED_REFS)]
}
