//! Keys that Envoy asks a server for.

use std::sync::Arc;
use std::time::Duration;

use api::duration;
use api::http_proxy::service::UpstreamValidation as ValidationSpec;
use api::http_proxy::virtual_host::{DnsLookupFamily, RemoteJwks};
use model::{
    Backend, Balancing, CircuitBreakers, Cluster, Discovery, DnsFamily, Jwks, ObjectId, Protocol, Timeout,
    UpstreamTls, UpstreamValidation,
};
use rules::{InvalidUri, ServerUri};

use super::{Fault, fault, invalid};
use crate::field_path::FieldPath;
use crate::http_proxy::root::Context;
use crate::text::quoted;
use crate::tls::{self, Unproven};

/// Defaults of Contour.
const TIMEOUT: Duration = Duration::from_secs(1);
const CACHE: Duration = Duration::from_secs(5 * 60);
/// Envoy refuses more than 136 years for a request, and 285 for keys.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

/// The keys, and the way to their server.
pub(super) fn keys(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    at: &FieldPath<'_>,
    spec: &RemoteJwks,
) -> Result<Jwks, Fault> {
    let at = at.field("remoteJWKS");
    let server = server(&at, &spec.uri)?;
    let validation = validation(context, id, &at, &server, spec.validation.as_deref())?;
    let family = family(context, &at, spec)?;
    let times = [
        ("timeout", "RemoteJWKSTimeoutInvalid", &spec.timeout, TIMEOUT),
        ("cacheDuration", "RemoteJWKSCacheDurationInvalid", &spec.cache_duration, CACHE),
    ];
    let [timeout, cache] = times.map(|(field, reason, text, default)| {
        time(text.as_deref(), default)
            .map_err(|why| fault(reason, &at.field(field), invalid(format!("remote JWKS {field} {why}"))))
    });
    let cluster = cluster(context, server, validation, family);
    let cluster = context.out.add_cluster(cluster);
    Ok(Jwks::Remote { uri: spec.uri.as_str().into(), cluster, timeout: timeout?, cache: cache? })
}

fn server(at: &FieldPath<'_>, uri: &str) -> Result<ServerUri, Fault> {
    rules::server_uri(uri).map_err(|why| {
        let (reason, why) = match why {
            InvalidUri::Form(why) => ("RemoteJWKSURIInvalid", why),
            InvalidUri::Scheme(why) => ("RemoteJWKSSchemeInvalid", why),
            InvalidUri::Port(why) => ("RemoteJWKSPortInvalid", why),
        };
        fault(reason, &at.field("uri"), invalid(format!("remote JWKS {why}")))
    })
}

/// How the server proves who it is.
fn validation(
    context: &Context<'_, '_>,
    id: &ObjectId,
    at: &FieldPath<'_>,
    server: &ServerUri,
    spec: Option<&ValidationSpec>,
) -> Result<Option<UpstreamValidation>, Fault> {
    let Some(spec) = spec else { return Ok(None) };
    let at = at.field("validation");
    let unfit = |at: &FieldPath<'_>, why: String| {
        let message = invalid(format!("remote JWKS upstream validation: {why}"));
        fault("RemoteJWKSUpstreamValidationInvalid", at, message)
    };
    if !server.is_tls {
        return Err(unfit(&at, "it needs an https URI".into()));
    }
    tls::validation(context.reader, &id.namespace, spec).map(Some).map_err(|why| match why {
        Unproven::NotDelegated => {
            let name = quoted(&spec.ca_secret);
            let message = invalid(format!("CA Secret {name} is not configured for certificate delegation"));
            fault("RemoteJWKSCACertificateNotDelegated", &at.field("caSecret"), message)
        }
        Unproven::Authority(why) => {
            unfit(&at.field("caSecret"), format!("invalid CA Secret {}: {why}", quoted(&spec.ca_secret)))
        }
        Unproven::Name(field, why) => unfit(&at.field(field), why),
    })
}

fn family(context: &Context<'_, '_>, at: &FieldPath<'_>, spec: &RemoteJwks) -> Result<DnsFamily, Fault> {
    let Some(word) = &spec.dns_lookup_family else { return Ok(context.settings.dns_family) };
    match (word.known(), word.as_str()) {
        (Some(DnsLookupFamily::Auto), _) => Ok(DnsFamily::Auto),
        (Some(DnsLookupFamily::V4), _) => Ok(DnsFamily::V4),
        (Some(DnsLookupFamily::V6), _) => Ok(DnsFamily::V6),
        (None, "all") => Ok(DnsFamily::All),
        (None, other) => {
            let message =
                invalid(format!("DNS lookup family {} is none of auto, v4, v6 and all", quoted(other)));
            Err(fault("RemoteJWKSDNSLookupFamilyInvalid", &at.field("dnsLookupFamily"), message))
        }
    }
}

/// A time that has to pass.
fn time(text: Option<&str>, default: Duration) -> Result<Duration, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(default) };
    let time = duration::parse(text).map_err(|why| format!("{}: {why}", quoted(text)))?;
    if time > LONGEST {
        return Err(format!("{} is longer than 100 years", quoted(text)));
    }
    rules::positive_timeout(time).map_err(|why| why.to_string())
}

/// The way to the server. Two addresses on one host share it only if nothing about it differs (unlike Contour,
/// reference 11, entry 7).
fn cluster(
    context: &Context<'_, '_>,
    server: ServerUri,
    validation: Option<UpstreamValidation>,
    family: DnsFamily,
) -> Cluster {
    let ServerUri { is_tls, host, port } = server;
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    let host: Arc<str> = host.into();
    let sni = if is_address { "".into() } else { host.clone() };
    Cluster {
        backend: Backend::Server { scheme: if is_tls { "https" } else { "http" }, host: host.clone(), port },
        discovery: Discovery::Dns { name: host, port, health_port: None, family },
        protocol: Protocol::Http1,
        balancing: Balancing::default(),
        health_check: None,
        tls: is_tls.then_some(UpstreamTls {
            sni,
            handshake: context.settings.upstream.handshake.clone(),
            validation,
            // The operator's certificate is for backends, not for servers that anybody may name.
            client_certificate: None,
        }),
        connect_timeout: context.settings.timeouts.connect,
        idle_timeout: Timeout::Default,
        requests_per_connection: context.settings.upstream.requests_per_connection,
        buffer_bytes: context.settings.upstream.buffer_bytes,
        circuit_breakers: CircuitBreakers::default(),
    }
}
