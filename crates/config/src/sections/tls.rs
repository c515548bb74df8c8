//! TLS towards clients.

use api::contour_configuration::TlsProtocolVersion;
use model::{Settings, TlsVersion};

use crate::fault::Faults;
use crate::key::{Form, Key, Standing, key};
use crate::written::Written;

const MINIMUM: &str = "spec.envoy.listener.tls.minimumProtocolVersion";
const MAXIMUM: &str = "spec.envoy.listener.tls.maximumProtocolVersion";
const FALLBACK: &str = "spec.httpproxy.fallbackCertificate";

pub(super) const KEYS: &[Key] = &[
    key(MINIMUM, Form::Text)
        .file("tls.minimum-protocol-version")
        .default("1.2")
        .means("The oldest version of TLS that a host may offer: `1.2` or `1.3`."),
    key(MAXIMUM, Form::Text)
        .file("tls.maximum-protocol-version")
        .default("1.3")
        .means("The newest version of TLS that a host may offer: `1.2` or `1.3`."),
    key("spec.envoy.listener.tls.cipherSuites", Form::Texts)
        .file("tls.cipher-suites")
        .standing(Standing::Closes)
        .means("The cipher suites of TLS 1.2, the best first."),
    key("spec.envoy.listener.tls.ecdhCurves", Form::Texts)
        .file("tls.ecdh-curves")
        .default("Envoy's own")
        .standing(Standing::Closes)
        .means("The curves for the exchange of keys, the best first."),
    key(FALLBACK, Form::Name)
        .file("tls.fallback-certificate")
        .flag("fallback-certificate")
        .default("none")
        .means("The Secret with the certificate for clients that name no server, or one that nobody serves. HTTPProxies that enable it need a TLSCertificateDelegation of its namespace."),
    key("spec.envoy.listener.tls.fingerprint.ja3", Form::Switch)
        .file("tls.fingerprint.ja3")
        .default("false")
        .standing(Standing::Missing)
        .means("Has Envoy make the JA3 fingerprint of how clients greet."),
    key("spec.envoy.listener.tls.fingerprint.ja4", Form::Switch)
        .file("tls.fingerprint.ja4")
        .default("false")
        .standing(Standing::Missing)
        .means("Has Envoy make the JA4 fingerprint of how clients greet."),
];

pub(super) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    let fallback = written.spec.httpproxy.as_ref().and_then(|proxies| proxies.fallback_certificate.as_ref());
    settings.fallback_certificate = faults.name(FALLBACK, fallback);
    let listener = written.spec.envoy.as_ref().and_then(|envoy| envoy.listener.as_ref());
    let Some(tls) = listener.and_then(|listener| listener.tls.as_ref()) else { return };
    if let Some(minimum) = faults.word(MINIMUM, tls.minimum_protocol_version.as_ref()) {
        settings.tls_minimum = version(minimum);
    }
    if let Some(maximum) = faults.word(MAXIMUM, tls.maximum_protocol_version.as_ref()) {
        settings.tls_maximum = version(maximum);
    }
    if settings.tls_minimum > settings.tls_maximum {
        faults.error(MINIMUM, "is newer than the newest version that is allowed");
    }
}

pub(super) fn version(version: TlsProtocolVersion) -> TlsVersion {
    match version {
        TlsProtocolVersion::V1_2 => TlsVersion::V1_2,
        TlsProtocolVersion::V1_3 => TlsVersion::V1_3,
    }
}
