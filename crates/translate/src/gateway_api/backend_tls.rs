//! TLS towards backends (BackendTLSPolicy).

use std::collections::BTreeSet;
use std::sync::Arc;

use api::gateway_api::backend_tls_policy::{
    BackendTlsPolicySpec, BackendTlsPolicyValidation, PolicyTargetReference, SubjectAltName,
    SubjectAltNameType, WellKnownCaCertificates,
};
use model::{Authorities, Condition, Kind, ObjectId, SubjectName, UpstreamValidation};
use store::BackendTlsPolicyFact;

use super::authorities;
use super::statement::{ACCEPTED, Failure, RESOLVED_REFS, fails, holds};
use super::translation::Translation;
use crate::backend::{Policy, Target, Upstream};
use crate::text::{self, quoted};

/// Why a policy for datagrams cannot be used.
const NO_DATAGRAMS: &str =
    "TLS carries no datagrams; say with sectionName of targetRefs for which ports of the Service it is";

/// Why a policy cannot be used.
enum Unusable {
    /// No authority that it names can be.
    NoAuthority(Failure),
    /// It asks for what cannot be had.
    Invalid(String),
}

/// How a backend proves who it is, and the first authority that cannot be used beside others that can.
type Proof = (UpstreamValidation, Option<Failure>);

impl<'s> Translation<'_, 's> {
    /// Takes what a policy says about TLS towards a backend: `upstream` is what is spoken there then, `None` where TLS
    /// cannot be. Of several the one for the port comes before those for the whole Service, then the oldest.
    ///
    /// # Errors
    /// Why the backend must not be used: what the policy asks for cannot be had, or not be checked.
    pub(super) fn tls_to(
        &mut self,
        target: &Target<'_>,
        upstream: Option<Upstream>,
        policy: &mut Policy,
    ) -> Result<(), Failure> {
        let mut candidates = self.tls_policies(target);
        candidates
            .sort_by(|a, b| (!a.is_for_port, a.fact.age, a.id).cmp(&(!b.is_for_port, b.fact.age, b.id)));
        let mut candidates = candidates.into_iter();
        let Some(first) = candidates.next() else { return Ok(()) };
        let proof = self.proof(first.id, &first.fact.spec.validation, upstream);
        let winner = first.id.clone();
        self.policies.insert(winner.clone(), conditions(&proof));
        for loser in candidates.filter(|loser| loser.is_for_port == first.is_for_port) {
            let message = format!("{winner} is older, or comes before it by its name");
            let conflicted = || vec![fails(ACCEPTED, &Failure::new("Conflicted", message)), resolved()];
            self.policies.entry(loser.id.clone()).or_insert_with(conflicted);
        }
        let ((validation, _), upstream) = proof.map_err(|unusable| {
            let (reason, message) = match unusable {
                Unusable::NoAuthority(Failure { reason, message }) => (reason, message),
                Unusable::Invalid(message) => ("InvalidBackendTLSPolicy", message),
            };
            Failure::new(reason, format!("{winner}: {message}"))
        })?;
        policy.sni = Some(first.fact.spec.validation.hostname.as_str().into());
        policy.validation = Some(validation);
        policy.upstream = Some(upstream);
        Ok(())
    }

    /// What a policy asks a backend to prove, and what is spoken there.
    fn proof(
        &self,
        id: &ObjectId,
        spec: &BackendTlsPolicyValidation,
        upstream: Option<Upstream>,
    ) -> Result<(Proof, Upstream), Unusable> {
        let upstream = upstream.ok_or_else(|| Unusable::Invalid(NO_DATAGRAMS.into()))?;
        let subject_names = subject_names(spec).map_err(Unusable::Invalid)?;
        let (authorities, unresolved) = self.authorities(id, spec)?;
        Ok(((UpstreamValidation { authorities, subject_names }, unresolved), upstream))
    }

    fn authorities(
        &self,
        id: &ObjectId,
        spec: &BackendTlsPolicyValidation,
    ) -> Result<(Authorities, Option<Failure>), Unusable> {
        if let Some(known) = &spec.well_known_ca_certificates {
            return match known.known() {
                Some(WellKnownCaCertificates::System) => Ok((Authorities::System, None)),
                None => {
                    let found = quoted(known.as_str());
                    Err(Unusable::Invalid(format!("wellKnownCACertificates: found {found}, known is System")))
                }
            };
        }
        let references = spec.ca_certificate_refs.iter();
        let references = references.map(|each| (&*each.group, &*each.kind, &*id.namespace, &*each.name));
        let (bundle, unresolved) = authorities::bundle(self.reader, id, references, "InvalidKind");
        let none = || Failure::new("InvalidCACertificateRef", "no authority is named");
        match bundle {
            Some(bundle) => Ok((Authorities::Bundle(bundle), unresolved)),
            None => Err(Unusable::NoAuthority(unresolved.unwrap_or_else(none))),
        }
    }

    /// The policies for a port of a Service. Those for ports that it does not have are told.
    fn tls_policies(&mut self, target: &Target<'_>) -> Vec<Candidate<'s>> {
        let mut candidates = Vec::new();
        let reader = self.reader;
        for id in reader.policies(target.name()).filter(|id| id.kind == Kind::BackendTlsPolicy) {
            let Some(fact) = reader.tls_policy(&id.namespace, &id.name) else { continue };
            match part(&fact.spec, target) {
                Part::Port => candidates.push(Candidate { id, fact, is_for_port: true }),
                Part::Whole => candidates.push(Candidate { id, fact, is_for_port: false }),
                Part::Another => {}
                Part::Missing(port) => {
                    let message = format!("Service {} has no port {}", target.name(), quoted(port));
                    let missing =
                        || vec![fails(ACCEPTED, &Failure::new("TargetNotFound", message)), resolved()];
                    self.policies.entry(id.clone()).or_insert_with(missing);
                }
            }
        }
        candidates
    }
}

/// What is said of a policy that goes before others.
fn conditions(proof: &Result<(Proof, Upstream), Unusable>) -> Vec<Condition> {
    match proof {
        Ok(((_, None), _)) => vec![holds(ACCEPTED, ACCEPTED), resolved()],
        Ok(((_, Some(unresolved)), _)) => vec![holds(ACCEPTED, ACCEPTED), fails(RESOLVED_REFS, unresolved)],
        Err(Unusable::NoAuthority(unresolved)) => {
            let none = Failure::new("NoValidCACertificate", unresolved.message.clone());
            vec![fails(ACCEPTED, &none), fails(RESOLVED_REFS, unresolved)]
        }
        Err(Unusable::Invalid(why)) => {
            vec![fails(ACCEPTED, &Failure::new("Invalid", why.clone())), resolved()]
        }
    }
}

const fn resolved() -> Condition {
    holds(RESOLVED_REFS, RESOLVED_REFS)
}

/// The names of which the certificate must have one.
fn subject_names(spec: &BackendTlsPolicyValidation) -> Result<Vec<SubjectName>, String> {
    let hostname = server_name(&spec.hostname).map_err(|why| format!("hostname: {why}"))?;
    let mut names = BTreeSet::new();
    for name in &spec.subject_alt_names {
        let name = subject_name(name).map_err(|why| format!("subjectAltNames: {why}"))?;
        names.insert(name);
    }
    if names.is_empty() {
        names.insert(SubjectName::Dns(hostname));
    }
    Ok(names.into_iter().collect())
}

/// The name that a backend is asked for: neither a wildcard nor an address.
fn server_name(text: &str) -> Result<Arc<str>, String> {
    rules::server_name(text).map_err(|why| why.to_string())?;
    text::host_name(text).map(|name| name.as_str().into())
}

fn subject_name(name: &SubjectAltName) -> Result<SubjectName, String> {
    match (name.r#type.known(), &name.hostname, &name.uri) {
        (Some(SubjectAltNameType::Hostname), Some(host), _) => {
            Ok(SubjectName::Dns(text::host_name(host)?.as_str().into()))
        }
        (Some(SubjectAltNameType::Uri), _, Some(uri)) => Ok(SubjectName::Uri(uri.as_str().into())),
        _ => Err(format!("{} is no name of a certificate", quoted(name.r#type.as_str()))),
    }
}

/// A policy for a port of a Service.
struct Candidate<'s> {
    id: &'s ObjectId,
    fact: &'s BackendTlsPolicyFact,
    is_for_port: bool,
}

/// What part of a Service a policy is for, seen from one of its ports.
enum Part<'a> {
    /// This port, by its name.
    Port,
    /// All of the Service.
    Whole,
    /// Other ports of it.
    Another,
    /// Ports that it does not have; the name of one.
    Missing(&'a str),
}

fn part<'a>(spec: &'a BackendTlsPolicySpec, target: &Target<'_>) -> Part<'a> {
    let is_service = |each: &&PolicyTargetReference| {
        each.group.is_empty() && each.kind == "Service" && *each.name == *target.name().name
    };
    let targets = spec.target_refs.iter().filter(is_service);
    let sections: Vec<_> =
        targets.map(|each| each.section_name.as_deref().filter(|name| !name.is_empty())).collect();
    if sections.contains(&Some(target.port_name())) {
        return Part::Port;
    }
    let is_known = |section: &Option<&str>| section.is_none_or(|name| target.has_port(name));
    match sections.first() {
        _ if sections.contains(&None) => Part::Whole,
        Some(Some(missing)) if !sections.iter().any(is_known) => Part::Missing(missing),
        _ => Part::Another,
    }
}
