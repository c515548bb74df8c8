//! ExtensionServices: what Envoy itself asks (reference 2.4).
//!
//! One cluster reaches all Services of an ExtensionService. A Service that is not there is told and left out: the
//! others go on, and when there is none, whoever asks finds nobody, as with a Service that has no endpoints.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::Choice;
use api::extension_service::{CircuitBreakers as Limits, ExtensionProtocol, ExtensionServiceSpec};
use api::http_proxy::policy::{Strategy, TimeoutPolicy};
use model::{
    Backend, Balancing, CircuitBreakers, Cluster, Discovery, EndpointsKey, ExtensionName, ObjectId, Protocol,
    Settings, SharedEndpoints, Timeout, UpstreamTls, UpstreamValidation,
};
use store::Reader;

use crate::backend::{self, PortRef};
use crate::fault::Fault;
use crate::field_path::FieldPath;
use crate::report::About;
use crate::text::{self, quoted};
use crate::tls::{self, Unproven};
use crate::{Contribution, Note};

/// Where everything stands.
static SPEC: FieldPath<'_> = FieldPath::root("spec");

/// What asks an ExtensionService needs to know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Extension {
    /// The way to it.
    pub cluster: Cluster,
    /// The host that requests to it name.
    pub authority: Arc<str>,
    /// How long its answer may take.
    pub response: Timeout,
}

/// What there is to say about an ExtensionService. Whoever asks it brings the cluster.
pub(crate) fn contribution(reader: &Reader<'_>, settings: &Settings, id: &ObjectId) -> Contribution {
    let mut out = Contribution::default();
    if let Some(found) = find(reader, settings, &id.namespace, &id.name) {
        out.reach(id);
        let (errors, warnings) = match found.extension {
            Ok(_) => (found.errors, found.warnings),
            Err(fault) => ([vec![fault], found.errors].concat(), found.warnings),
        };
        errors.into_iter().for_each(|fault| out.note(id, fault.error()));
        warnings.into_iter().for_each(|fault| out.note(id, fault.warning()));
    }
    out
}

/// What its report needs to know of an ExtensionService; `None` when it is gone.
pub(crate) fn about<'s>(reader: &Reader<'s>, id: &ObjectId) -> Option<About<'s>> {
    let generation = reader.extension_service(&id.namespace, &id.name)?.generation;
    Some(About { generation, needs_root: false, strays: &[] })
}

/// An ExtensionService that can be asked; `None` when it is gone, or something about it is wrong but for Services
/// that are not there.
pub(crate) fn extension(
    reader: &Reader<'_>,
    settings: &Settings,
    namespace: &str,
    name: &str,
) -> Option<Extension> {
    find(reader, settings, namespace, name)?.extension.ok()
}

/// An ExtensionService that is asked about all hosts, and what there is to say about that. One that is not there,
/// or cannot be asked, is asked in vain.
#[must_use]
pub fn asked_about_all(
    reader: &Reader<'_>,
    settings: &Settings,
    name: &ExtensionName,
) -> (Extension, BTreeMap<ObjectId, Note>) {
    let found = extension(reader, settings, &name.namespace, &name.name);
    let (usable, problem) = match found {
        Some(found) if found.cluster.protocol == Protocol::Http1 && settings.asks_by_grpc(name) => {
            (None, Some(no_grpc().error()))
        }
        Some(found) => (Some(found), None),
        None => (None, None),
    };
    let notes = problem.map(|problem| (name.object(), Note { problems: vec![problem], ..Note::default() }));
    (usable.unwrap_or_else(|| nobody(settings, name)), notes.into_iter().collect())
}

fn no_grpc() -> Fault {
    let message = "it is asked by gRPC about all hosts, which spec.protocol http/1.1 does not carry";
    let fault = Fault::new("SpecError", "InconsistentProtocol", &SPEC.field("protocol"), message);
    fault.with_help("let it speak h2 or h2c")
}

/// One without an endpoint.
fn nobody(settings: &Settings, name: &ExtensionName) -> Extension {
    let ExtensionName { namespace, name } = name;
    let backend = Backend::Extension { namespace: namespace.clone(), name: name.clone() };
    let cluster = Cluster {
        discovery: discovery(&backend, BTreeMap::new()),
        backend,
        protocol: Protocol::Http2,
        balancing: Balancing::default(),
        health_check: None,
        tls: None,
        connect_timeout: settings.timeouts.connect,
        idle_timeout: Timeout::Default,
        circuit_breakers: settings.upstream.circuit_breakers,
        requests_per_connection: settings.upstream.requests_per_connection,
        buffer_bytes: settings.upstream.buffer_bytes,
    };
    Extension { cluster, authority: authority(namespace, name).into(), response: Timeout::Default }
}

/// The host that questions to one without a name of its own are for.
fn authority(namespace: &str, name: &str) -> String {
    format!("extension.{namespace}.{name}")
}

/// What an object comes to, with all that is to be said about it.
struct Found {
    extension: Result<Extension, Fault>,
    errors: Vec<Fault>,
    warnings: Vec<Fault>,
}

fn find(reader: &Reader<'_>, settings: &Settings, namespace: &str, name: &str) -> Option<Found> {
    let spec = &*reader.extension_service(namespace, name)?.spec;
    let (shares, mut errors) = shares(reader, settings, namespace, spec);
    let warnings = ignored(spec);
    let extension = shares.and_then(|shares| {
        let (protocol, is_tls) = protocol(spec)?;
        let validation = validation(reader, namespace, spec, is_tls)?;
        let client_certificate =
            if is_tls { backend::shown_certificate(reader, settings, &SPEC)? } else { None };
        let (response, idle_timeout) = timeouts(spec.timeout_policy.as_deref())?;
        let circuit_breakers = limits(settings, spec.circuit_breaker_policy.as_deref())?;
        let sni = spec.validation.as_ref().map(|validation| validation.subject_name.to_ascii_lowercase());
        let authority = sni.clone().unwrap_or_else(|| self::authority(namespace, name)).into();
        let owner = Backend::Extension { namespace: namespace.into(), name: name.into() };
        let sni = sni.unwrap_or_default().into();
        let cluster = Cluster {
            discovery: discovery(&owner, shares),
            backend: owner,
            protocol,
            balancing: balancing(spec),
            health_check: None,
            tls: is_tls.then_some(UpstreamTls {
                sni,
                validation,
                client_certificate,
                handshake: settings.upstream.handshake.clone(),
            }),
            connect_timeout: settings.timeouts.connect,
            idle_timeout,
            circuit_breakers,
            requests_per_connection: settings.upstream.requests_per_connection,
            buffer_bytes: settings.upstream.buffer_bytes,
        };
        Ok(Extension { cluster, authority, response })
    });
    if spec.services.is_empty() {
        let message = "spec.services is empty, nobody can be asked";
        errors.push(Fault::new(
            "ServiceError",
            "ServiceUnresolvedReference",
            &SPEC.field("services"),
            message,
        ));
    }
    Some(Found { extension, errors, warnings })
}

/// The Services that are there, with their weights, and what is wrong with the others. Wrong numbers are wrong for all.
fn shares(
    reader: &Reader<'_>,
    settings: &Settings,
    namespace: &str,
    spec: &ExtensionServiceSpec,
) -> (Result<BTreeMap<EndpointsKey, u32>, Fault>, Vec<Fault>) {
    let weights: Vec<_> = spec.services.iter().map(|target| target.weight).collect();
    let weights = match rules::weights(&weights) {
        Ok((weights, _)) => weights,
        Err(why) => {
            let fault =
                Fault::new("ServiceError", "WeightsNotValid", &SPEC.field("services"), why.to_string());
            return (Err(fault), vec![]);
        }
    };
    let (mut shares, mut errors) = (BTreeMap::new(), Vec::new());
    for (index, (target, weight)) in spec.services.iter().zip(weights).enumerate() {
        let at = SPEC.item("services", index);
        match self::target(reader, settings, namespace, &at, &target.name, target.port) {
            Ok(port) if weight > 0 => *shares.entry(port).or_default() += weight,
            Ok(_) => {}
            Err(fault) => errors.push(fault),
        }
    }
    (Ok(shares), errors)
}

fn target(
    reader: &Reader<'_>,
    settings: &Settings,
    namespace: &str,
    at: &FieldPath<'_>,
    name: &str,
    port: i64,
) -> Result<EndpointsKey, Fault> {
    let number = rules::port(port).map_err(|_| {
        let message = format!("service {}: port must be in the range 1-65535", quoted(name));
        Fault::new("ServiceError", "ServicePortInvalid", &at.field("port"), message)
    })?;
    if reader.service(namespace, name).is_some_and(|(_, service)| service.external_name.is_some()) {
        let message =
            format!("service \"{namespace}/{name}\" is of type ExternalName, which cannot be asked");
        return Err(Fault::new("ServiceError", "UnsupportedServiceType", at, message));
    }
    let found = backend::target(reader, settings, namespace, name, PortRef::Number(number));
    found.map(|target| target.endpoints(None)).map_err(|why| {
        let message = format!("unresolved service reference: {why}");
        Fault::new("ServiceError", "ServiceUnresolvedReference", at, message)
    })
}

/// One Service is reached as any other.
fn discovery(owner: &Backend, shares: BTreeMap<EndpointsKey, u32>) -> Discovery {
    let shares: Vec<_> = shares.into_iter().collect();
    match &shares[..] {
        [(only, _)] => Discovery::Endpoints(only.clone()),
        _ => Discovery::Shared(Arc::new(SharedEndpoints { owner: owner.to_string().into(), shares })),
    }
}

/// The protocol, and whether it is spoken over TLS.
fn protocol(spec: &ExtensionServiceSpec) -> Result<(Protocol, bool), Fault> {
    let Some(word) = &spec.protocol else { return Ok((Protocol::Http2, true)) };
    match word.known() {
        Some(ExtensionProtocol::Http1) => Ok((Protocol::Http1, false)),
        Some(ExtensionProtocol::H2) => Ok((Protocol::Http2, true)),
        Some(ExtensionProtocol::H2c) => Ok((Protocol::Http2, false)),
        None => {
            let message = format!("protocol {} is none of http/1.1, h2 and h2c", quoted(word.as_str()));
            Err(Fault::new("SpecError", "UnsupportedProtocol", &SPEC.field("protocol"), message))
        }
    }
}

/// How it proves who it is.
fn validation(
    reader: &Reader<'_>,
    namespace: &str,
    spec: &ExtensionServiceSpec,
    is_tls: bool,
) -> Result<Option<UpstreamValidation>, Fault> {
    let Some(validation) = spec.validation.as_deref() else { return Ok(None) };
    let at = SPEC.field("validation");
    if !is_tls {
        let message = "spec.validation needs TLS, which spec.protocol does without";
        return Err(Fault::new("SpecError", "InconsistentProtocol", &at, message));
    }
    let secret = quoted(&validation.ca_secret);
    tls::validation(reader, namespace, validation).map(Some).map_err(|why| match why {
        Unproven::NotDelegated => {
            let message =
                format!("spec.validation CA Secret {secret} is not configured for certificate delegation");
            Fault::new("TLSError", "CACertificateNotDelegated", &at.field("caSecret"), message)
        }
        Unproven::Authority(why) => {
            let message = format!("spec.validation is invalid: invalid CA Secret {secret}: {why}");
            Fault::new("SpecError", "TLSUpstreamValidation", &at.field("caSecret"), message)
        }
        Unproven::Name(field, why) => {
            let message = format!("spec.validation is invalid: {why}");
            Fault::new("SpecError", "TLSUpstreamValidation", &at.field(field), message)
        }
    })
}

/// For an answer, and for a connection without requests.
fn timeouts(policy: Option<&TimeoutPolicy>) -> Result<(Timeout, Timeout), Fault> {
    let Some(policy) = policy else { return Ok((Timeout::Default, Timeout::Default)) };
    let at = SPEC.field("timeoutPolicy");
    let limit = |field, text: &Option<String>| {
        text::timeout(text.as_deref().unwrap_or_default()).map_err(|why| {
            let message = format!("spec.timeoutPolicy failed to parse: {field} {why}");
            Fault::new("SpecError", "TimeoutPolicyNotValid", &at.field(field), message)
        })
    };
    Ok((limit("response", &policy.response)?, limit("idleConnection", &policy.idle_connection)?))
}

/// Its own stand in place of all that the operator decides for backends.
fn limits(settings: &Settings, policy: Option<&Limits>) -> Result<CircuitBreakers, Fault> {
    let Some(policy) = policy else { return Ok(settings.upstream.circuit_breakers) };
    let at = SPEC.field("circuitBreakerPolicy");
    let limit = |field, limit: i64| match u32::try_from(limit) {
        Ok(limit) => Ok(Some(limit).filter(|limit| *limit > 0)),
        Err(_) => {
            let message = format!("{field} {limit} must be in the range 0-{}", u32::MAX);
            Err(Fault::new("SpecError", "CircuitBreakerPolicyNotValid", &at.field(field), message))
        }
    };
    Ok(CircuitBreakers {
        max_connections: limit("maxConnections", policy.max_connections)?,
        max_pending_requests: limit("maxPendingRequests", policy.max_pending_requests)?,
        max_requests: limit("maxRequests", policy.max_requests)?,
        max_retries: limit("maxRetries", policy.max_retries)?,
        retry_budget: None,
        per_host_max_connections: limit("perHostMaxConnections", policy.per_host_max_connections)?,
    })
}

/// What is chosen by; a hash needs requests of clients.
fn balancing(spec: &ExtensionServiceSpec) -> Balancing {
    let strategy = spec.load_balancer_policy.as_ref().and_then(|policy| policy.strategy.as_ref());
    match strategy.and_then(Choice::known) {
        Some(Strategy::WeightedLeastRequest) => Balancing::LeastRequest(None),
        Some(Strategy::Random) => Balancing::Random,
        Some(Strategy::RoundRobin | Strategy::Cookie | Strategy::RequestHash) | None => {
            Balancing::RoundRobin(None)
        }
    }
}

/// Fields without an effect.
fn ignored(spec: &ExtensionServiceSpec) -> Vec<Fault> {
    let strategy = spec.load_balancer_policy.as_ref().and_then(|policy| policy.strategy.as_ref());
    let strategy =
        strategy.filter(|word| matches!(word.known(), Some(Strategy::Cookie | Strategy::RequestHash) | None));
    let at = SPEC.field("loadBalancerPolicy");
    let strategy = strategy.map(|strategy| {
        let word = quoted(strategy.as_str());
        let message = format!("strategy {word} has no effect here, endpoints are chosen in turn");
        Fault::new("SpecError", "IgnoredField", &at.field("strategy"), message)
    });
    let at = SPEC.field("timeoutPolicy");
    let idle = spec.timeout_policy.as_ref().is_some_and(|policy| policy.idle.is_some());
    let idle = idle.then(|| {
        let message = "spec.timeoutPolicy.idle has no effect on what Envoy asks itself and is ignored";
        Fault::new("SpecError", "IgnoredField", &at.field("idle"), message)
    });
    strategy.into_iter().chain(idle).collect()
}
