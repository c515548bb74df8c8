//! What backends have in common.

use std::sync::Arc;

use api::contour_configuration::{CircuitBreakers as Limits, ClusterDnsFamily, EnvoyTls};
use model::{CircuitBreakers, DnsFamily, Handshake, Settings};

use super::tls::{offer, version};
use crate::fault::Faults;
use crate::key::{Form, Key, key};
use crate::written::Written;

const FAMILY: &str = "spec.envoy.cluster.dnsLookupFamily";
const REQUESTS: &str = "spec.envoy.cluster.maxRequestsPerConnection";
const BUFFER: &str = "spec.envoy.cluster.per-connection-buffer-limit-bytes";
const CONNECTIONS: &str = "spec.envoy.cluster.circuitBreakers.maxConnections";
const PENDING: &str = "spec.envoy.cluster.circuitBreakers.maxPendingRequests";
const ACTIVE: &str = "spec.envoy.cluster.circuitBreakers.maxRequests";
const RETRIES: &str = "spec.envoy.cluster.circuitBreakers.maxRetries";
const PER_HOST: &str = "spec.envoy.cluster.circuitBreakers.perHostMaxConnections";
const MINIMUM: &str = "spec.envoy.cluster.upstreamTLS.minimumProtocolVersion";
const MAXIMUM: &str = "spec.envoy.cluster.upstreamTLS.maximumProtocolVersion";
const CIPHERS: &str = "spec.envoy.cluster.upstreamTLS.cipherSuites";
const CURVES: &str = "spec.envoy.cluster.upstreamTLS.ecdhCurves";
const CERTIFICATE: &str = "spec.envoy.clientCertificate";

pub(super) const KEYS: &[Key] = &[
    key(FAMILY, Form::Text)
        .file("cluster.dns-lookup-family")
        .default("auto")
        .means("Which addresses of a name are used: `auto` for IPv6 and else IPv4, `v4`, `v6`, or `all`."),
    key(REQUESTS, Form::Number)
        .file("cluster.max-requests-per-connection")
        .default("any number")
        .means("How many requests one connection to a backend may bring."),
    key(BUFFER, Form::Number)
        .file("cluster.per-connection-buffer-limit-bytes")
        .default("1 MiB")
        .means("How many bytes Envoy holds back for a connection to a backend."),
    key(CONNECTIONS, Form::Number)
        .file("cluster.circuit-breakers.max-connections")
        .default("1024, Envoy's own")
        .means("How many connections a Service gets, unless its annotations say otherwise."),
    key(PENDING, Form::Number)
        .file("cluster.circuit-breakers.max-pending-requests")
        .default("1024, Envoy's own")
        .means("How many requests may wait for a connection to a Service."),
    key(ACTIVE, Form::Number)
        .file("cluster.circuit-breakers.max-requests")
        .default("1024, Envoy's own")
        .means("How many requests to a Service may be under way."),
    key(RETRIES, Form::Number)
        .file("cluster.circuit-breakers.max-retries")
        .default("3, Envoy's own")
        .means("How many retries to a Service may be under way."),
    key(PER_HOST, Form::Number)
        .file("cluster.circuit-breakers.per-host-max-connections")
        .default("any number")
        .means("How many connections one endpoint gets."),
    key(MINIMUM, Form::Text)
        .file("cluster.upstream-tls.minimum-protocol-version")
        .default("1.2")
        .means("The oldest version of TLS that is spoken with backends."),
    key(MAXIMUM, Form::Text)
        .file("cluster.upstream-tls.maximum-protocol-version")
        .default("1.3")
        .means("The newest version of TLS that is spoken with backends."),
    key(CIPHERS, Form::Texts)
        .file("cluster.upstream-tls.cipher-suites")
        .default("the defaults of `tls.cipher-suites`")
        .means("The cipher suites of TLS 1.2 with backends, the best first."),
    key(CURVES, Form::Texts)
        .file("cluster.upstream-tls.ecdh-curves")
        .default("Envoy's own")
        .means("The curves for the exchange of keys with backends, the best first."),
    key(CERTIFICATE, Form::Name)
        .file("tls.envoy-client-certificate")
        .default("none")
        .means("The Secret with the certificate that Envoy shows to backends."),
];

pub(super) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    let Some(envoy) = written.spec.envoy.as_ref() else { return };
    settings.upstream.client_certificate = faults.name(CERTIFICATE, envoy.client_certificate.as_ref());
    let Some(cluster) = envoy.cluster.as_ref() else { return };
    if let Some(family) = faults.word(FAMILY, cluster.dns_lookup_family.as_ref()) {
        settings.dns_family = match family {
            ClusterDnsFamily::Auto => DnsFamily::Auto,
            ClusterDnsFamily::V4 => DnsFamily::V4,
            ClusterDnsFamily::V6 => DnsFamily::V6,
            ClusterDnsFamily::All => DnsFamily::All,
        };
    }
    let upstream = &mut settings.upstream;
    let mut at_least_one = |path, number| faults.number(path, number, 1..=u32::MAX);
    upstream.requests_per_connection = at_least_one(REQUESTS, cluster.max_requests_per_connection);
    upstream.buffer_bytes = at_least_one(BUFFER, cluster.per_connection_buffer_limit_bytes);
    if let Some(limits) = &cluster.circuit_breakers {
        upstream.circuit_breakers = circuit_breakers(limits, faults);
    }
    if let Some(tls) = &cluster.upstream_tls {
        upstream.handshake = Arc::new(handshake(tls, faults));
    }
}

fn handshake(tls: &EnvoyTls, faults: &mut Faults) -> Handshake {
    let default = Handshake::default();
    let minimum = faults.word(MINIMUM, tls.minimum_protocol_version.as_ref()).map(version);
    let maximum = faults.word(MAXIMUM, tls.maximum_protocol_version.as_ref()).map(version);
    let offer = offer((CIPHERS, &tls.cipher_suites), (CURVES, &tls.ecdh_curves), faults);
    let (minimum, maximum) = (minimum.unwrap_or(default.minimum), maximum.unwrap_or(default.maximum));
    if minimum > maximum {
        faults.error(MINIMUM, "is newer than the newest version that is allowed");
    }
    Handshake { minimum, maximum, offer }
}

/// Limits, of which zero is none.
fn circuit_breakers(limits: &Limits, faults: &mut Faults) -> CircuitBreakers {
    let mut limit = |path, limit| faults.number(path, limit, 0..=u32::MAX).filter(|limit| *limit > 0);
    CircuitBreakers {
        max_connections: limit(CONNECTIONS, limits.max_connections),
        max_pending_requests: limit(PENDING, limits.max_pending_requests),
        max_requests: limit(ACTIVE, limits.max_requests),
        max_retries: limit(RETRIES, limits.max_retries),
        retry_budget: None,
        per_host_max_connections: limit(PER_HOST, limits.per_host_max_connections),
    }
}
