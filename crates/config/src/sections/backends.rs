//! What backends have in common.

use api::contour_configuration::ClusterDnsFamily;
use model::{DnsFamily, Settings};

use crate::fault::Faults;
use crate::key::{Form, Key, Standing, key};
use crate::written::Written;

const FAMILY: &str = "spec.envoy.cluster.dnsLookupFamily";

pub(super) const KEYS: &[Key] = &[
    key(FAMILY, Form::Text)
        .file("cluster.dns-lookup-family")
        .default("auto")
        .means("Which addresses of a name are used: `auto` for IPv6 and else IPv4, `v4`, `v6`, or `all`."),
    key("spec.envoy.cluster.maxRequestsPerConnection", Form::Number)
        .file("cluster.max-requests-per-connection")
        .default("any number")
        .standing(Standing::Missing)
        .means("How many requests one connection to a backend may bring."),
    key("spec.envoy.cluster.per-connection-buffer-limit-bytes", Form::Number)
        .file("cluster.per-connection-buffer-limit-bytes")
        .default("1 MiB")
        .standing(Standing::Missing)
        .means("How many bytes Envoy holds back for a connection to a backend."),
    key("spec.envoy.cluster.circuitBreakers.maxConnections", Form::Number)
        .file("cluster.circuit-breakers.max-connections")
        .default("1024, Envoy's own")
        .standing(Standing::Missing)
        .means("How many connections a Service gets, unless its annotations say otherwise."),
    key("spec.envoy.cluster.circuitBreakers.maxPendingRequests", Form::Number)
        .file("cluster.circuit-breakers.max-pending-requests")
        .default("1024, Envoy's own")
        .standing(Standing::Missing)
        .means("How many requests may wait for a connection to a Service."),
    key("spec.envoy.cluster.circuitBreakers.maxRequests", Form::Number)
        .file("cluster.circuit-breakers.max-requests")
        .default("1024, Envoy's own")
        .standing(Standing::Missing)
        .means("How many requests to a Service may be under way."),
    key("spec.envoy.cluster.circuitBreakers.maxRetries", Form::Number)
        .file("cluster.circuit-breakers.max-retries")
        .default("3, Envoy's own")
        .standing(Standing::Missing)
        .means("How many retries to a Service may be under way."),
    key("spec.envoy.cluster.circuitBreakers.perHostMaxConnections", Form::Number)
        .file("cluster.circuit-breakers.per-host-max-connections")
        .default("any number")
        .standing(Standing::Missing)
        .means("How many connections one endpoint gets."),
    key("spec.envoy.cluster.upstreamTLS.minimumProtocolVersion", Form::Text)
        .file("cluster.upstream-tls.minimum-protocol-version")
        .default("1.2")
        .standing(Standing::Closes)
        .means("The oldest version of TLS that is spoken with backends."),
    key("spec.envoy.cluster.upstreamTLS.maximumProtocolVersion", Form::Text)
        .file("cluster.upstream-tls.maximum-protocol-version")
        .default("1.3")
        .standing(Standing::Closes)
        .means("The newest version of TLS that is spoken with backends."),
    key("spec.envoy.cluster.upstreamTLS.cipherSuites", Form::Texts)
        .file("cluster.upstream-tls.cipher-suites")
        .standing(Standing::Closes)
        .means("The cipher suites of TLS 1.2 with backends, the best first."),
    key("spec.envoy.cluster.upstreamTLS.ecdhCurves", Form::Texts)
        .file("cluster.upstream-tls.ecdh-curves")
        .default("Envoy's own")
        .standing(Standing::Closes)
        .means("The curves for the exchange of keys with backends, the best first."),
    key("spec.envoy.clientCertificate", Form::Name)
        .file("tls.envoy-client-certificate")
        .default("none")
        .standing(Standing::Missing)
        .means("The Secret with the certificate that Envoy shows to backends."),
];

pub(super) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    let Some(cluster) = written.spec.envoy.as_ref().and_then(|envoy| envoy.cluster.as_ref()) else { return };
    if let Some(family) = faults.word(FAMILY, cluster.dns_lookup_family.as_ref()) {
        settings.dns_family = match family {
            ClusterDnsFamily::Auto => DnsFamily::Auto,
            ClusterDnsFamily::V4 => DnsFamily::V4,
            ClusterDnsFamily::V6 => DnsFamily::V6,
            ClusterDnsFamily::All => DnsFamily::All,
        };
    }
}
