//! TLS towards clients.

use api::contour_configuration::TlsProtocolVersion;
use model::{CipherSuite, Curve, Fingerprints, Settings, TlsOffer, TlsVersion};

use crate::fault::Faults;
use crate::key::{Form, Key, key};
use crate::written::Written;

const MINIMUM: &str = "spec.envoy.listener.tls.minimumProtocolVersion";
const MAXIMUM: &str = "spec.envoy.listener.tls.maximumProtocolVersion";
const CIPHERS: &str = "spec.envoy.listener.tls.cipherSuites";
const CURVES: &str = "spec.envoy.listener.tls.ecdhCurves";
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
    key(CIPHERS, Form::Texts)
        .file("tls.cipher-suites")
        .default("[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305], [ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305], ECDHE-ECDSA-AES256-GCM-SHA384, ECDHE-RSA-AES256-GCM-SHA384")
        .means("The cipher suites of TLS 1.2, the best first."),
    key(CURVES, Form::Texts)
        .file("tls.ecdh-curves")
        .default("Envoy's own")
        .means("The curves for the exchange of keys, the best first."),
    key(FALLBACK, Form::Name)
        .file("tls.fallback-certificate")
        .flag("fallback-certificate")
        .default("none")
        .means("The Secret with the certificate for clients that name no server, or one that nobody serves. HTTPProxies that enable it need a TLSCertificateDelegation of its namespace."),
    key("spec.envoy.listener.tls.fingerprint.ja3", Form::Switch)
        .file("tls.fingerprint.ja3")
        .default("false")
        .means("Has Envoy make the JA3 fingerprint of how clients greet."),
    key("spec.envoy.listener.tls.fingerprint.ja4", Form::Switch)
        .file("tls.fingerprint.ja4")
        .default("false")
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
    settings.tls_offer = offer((CIPHERS, &tls.cipher_suites), (CURVES, &tls.ecdh_curves), faults);
    if let Some(wanted) = tls.fingerprint.as_ref() {
        settings.downstream.fingerprints =
            Fingerprints { ja3: wanted.ja3.unwrap_or_default(), ja4: wanted.ja4.unwrap_or_default() };
    }
    if settings.tls_minimum > settings.tls_maximum {
        faults.error(MINIMUM, "is newer than the newest version that is allowed");
    }
}

/// Cipher suites and curves by their names, each with its place; what is not said is what it is by default.
pub(super) fn offer(
    (cipher_path, ciphers): (&str, &[String]),
    (curve_path, curves): (&str, &[String]),
    faults: &mut Faults,
) -> TlsOffer {
    let allowed = CipherSuite::ALL.map(CipherSuite::as_str);
    let ciphers = faults.names(cipher_path, ciphers, CipherSuite::find, &allowed);
    let allowed = Curve::ALL.map(Curve::as_str);
    let curves = faults.names(curve_path, curves, Curve::find, &allowed);
    let default = TlsOffer::default();
    TlsOffer { ciphers: if ciphers.is_empty() { default.ciphers } else { ciphers }, curves }
}

pub(super) fn version(version: TlsProtocolVersion) -> TlsVersion {
    match version {
        TlsProtocolVersion::V1_2 => TlsVersion::V1_2,
        TlsProtocolVersion::V1_3 => TlsVersion::V1_3,
    }
}
