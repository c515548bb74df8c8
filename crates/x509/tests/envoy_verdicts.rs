//! What Envoy 1.40 said to certificates and keys, and what we say.
//!
//! Each row names a folder of `testdata/envoy` (`tls.crt` and `tls.key`, or `ca.crt` and `crl.pem`). The verdict
//! was observed: the same text was offered to a running Envoy over SDS or LDS. We may be stricter, with
//! the reason beside it, and never laxer: what we accept, Envoy must accept.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use isobath_x509::{CaBundle, Crl, Note, TlsPair};

/// 2026-11-25, a day on which the fixtures that are meant to be valid are.
const NOW: i64 = 1_795_600_000;

enum Verdict {
    /// Envoy accepts and so do we.
    Accept,
    /// Envoy rejects and so do we, with this text.
    Reject(&'static str),
    /// Envoy accepts; we do not.
    Stricter { text: &'static str, because: &'static str },
}
use Verdict::{Accept, Reject, Stricter};

const MISMATCH: &str = "invalid TLS private key: private key does not match the first certificate";
const NO_KEY: &str = "invalid TLS private key: failed to locate private key, want one PEM block of type PRIVATE KEY, \
                      RSA PRIVATE KEY or EC PRIVATE KEY";

const PAIRS: &[(&str, Verdict)] = &[
    ("ok", Accept),
    ("badkey", Reject(NO_KEY)),
    ("emptycert", Reject("missing TLS certificate")),
    ("emptykey", Reject("missing TLS private key")),
    ("mismatch", Reject(MISMATCH)),
    (
        "mismatchtype",
        Reject("invalid TLS private key: private key is RSA, but the first certificate has EC on P-256"),
    ),
    (
        "swapped",
        Reject(
            "invalid TLS certificate: unexpected block type \"PRIVATE KEY\" on line 1, want only CERTIFICATE",
        ),
    ),
    ("expired", Accept),
    ("future", Accept),
    ("rsa512", Reject("RSA of 512 bits")),
    ("rsa1536", Reject("RSA of 1536 bits")),
    ("rsa2048", Accept),
    ("rsa3072", Accept),
    ("rsa8192", Accept),
    ("p521", Accept),
    ("ed25519", Accept),
    ("ed448", Reject("unsupported public key: Ed448")),
    ("dsa2048", Reject("unsupported public key: DSA")),
    ("rsapss", Reject("unsupported public key: RSA-PSS")),
    ("ecexplicit", Reject("unsupported public key: EC with explicit parameters")),
    ("secp224r1", Reject("unsupported public key: EC on P-224")),
    ("secp256k1", Reject("unsupported public key: EC on secp256k1")),
    ("brainpoolP256r1", Reject("unsupported public key: EC on curve 1.3.36.3.3.2.8.1.1.7")),
    ("encrypted", Reject("private key on line 1 is protected by a password, want an unencrypted one")),
    ("sec1", Accept),
    ("sha1", Accept),
    ("md5", Accept),
    (
        "kunosig",
        Reject(
            "invalid TLS certificate: certificate has an EC key and a key usage without digitalSignature, which Envoy \
             refuses",
        ),
    ),
    ("rsaku", Accept),
    (
        "chainreversed",
        Reject(
            "invalid TLS private key: private key matches certificate 2, not the first: put that certificate first",
        ),
    ),
    ("chainok", Accept),
    ("chainexpfirst", Accept),
    ("trailing", Accept),
    ("leading", Accept),
    (
        "csr",
        Reject(
            "invalid TLS certificate: unexpected block type \"CERTIFICATE REQUEST\" on line 1, want only CERTIFICATE",
        ),
    ),
    (
        "keyincert",
        Stricter {
            text: "invalid TLS certificate: unexpected block type \"PRIVATE KEY\" on line 1, want only CERTIFICATE",
            because: "a key in the public file is a leak, and Contour refuses it",
        },
    ),
    (
        "keytrailing",
        Stricter {
            text: "invalid TLS private key: multiple private keys",
            because: "which key is meant depends on the reader, and Contour refuses it",
        },
    ),
    (
        "pubkey",
        Reject(
            "invalid TLS private key: unexpected block type \"CERTIFICATE\" on line 1, want PRIVATE KEY, RSA PRIVATE \
             KEY or EC PRIVATE KEY",
        ),
    ),
];

const BUNDLES: &[(&str, Verdict)] = &[
    ("ca-ok", Accept),
    (
        "ca-bad",
        Reject(
            "invalid CA certificate bundle: no certificate found, want at least one PEM block of type CERTIFICATE",
        ),
    ),
    ("ca-empty", Reject("empty \"ca.crt\" key")),
    ("ca-expired", Accept),
    ("ca-leaf", Accept),
    (
        "ca-garbage",
        Reject("invalid CA certificate bundle: certificate 2 (line 10) is not a valid X.509 certificate"),
    ),
];

const LISTS: &[(&str, Verdict)] = &[
    ("crl-ok", Accept),
    ("crl-expired", Accept),
    ("crl-otherca", Accept),
    (
        "crl-bad",
        Stricter {
            text: "failed to locate CRL, want at least one PEM block of type X509 CRL",
            because: "Envoy takes any bytes and then refuses every client",
        },
    ),
];

fn folder(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/envoy").join(case)
}

fn read(case: &str, file: &str) -> Vec<u8> {
    std::fs::read(folder(case).join(file)).unwrap_or_else(|error| panic!("{case}/{file}: {error}"))
}

fn check<T, E: std::fmt::Display>(case: &str, verdict: &Verdict, found: Result<T, E>) {
    match (verdict, found) {
        (Accept, Ok(_)) => {}
        (Accept, Err(error)) => panic!("{case}: Envoy accepts, we say: {error}"),
        (Reject(_) | Stricter { .. }, Ok(_)) => panic!("{case}: accepted"),
        (Reject(text), Err(error)) => assert!(error.to_string().contains(text), "{case}: {error}"),
        (Stricter { text, because }, Err(error)) => {
            assert_eq!(error.to_string(), *text, "{case} ({because})");
        }
    }
}

fn pair(case: &str) -> TlsPair {
    TlsPair::parse(&read(case, "tls.crt"), &read(case, "tls.key")).unwrap()
}

#[test]
fn pairs_are_judged_as_envoy_judges_them() {
    for (case, verdict) in PAIRS {
        check(case, verdict, TlsPair::parse(&read(case, "tls.crt"), &read(case, "tls.key")));
    }
}

#[test]
fn ca_bundles_are_judged_as_envoy_judges_them() {
    for (case, verdict) in BUNDLES {
        check(case, verdict, CaBundle::parse(&read(case, "ca.crt")));
    }
}

#[test]
fn revocation_lists_are_judged_as_envoy_judges_them() {
    for (case, verdict) in LISTS {
        check(case, verdict, Crl::parse(&read(case, "crl.pem")));
    }
}

/// `rejected-mutants.txt` lists one-byte changes of the certificate `ok`, as offset and hexadecimal value, each
/// of which Envoy was seen to reject.
#[test]
fn no_mutant_that_envoy_rejects_is_accepted() {
    let (crt, key) = (read("ok", "tls.crt"), read("ok", "tls.key"));
    let text = String::from_utf8(crt).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).unwrap();
    let mutants = include_str!("../testdata/rejected-mutants.txt").split_whitespace();
    let mut count = 0;
    for (offset, value) in mutants.map(|mutant| mutant.split_once(':').unwrap()) {
        let mut der = der.clone();
        der[offset.parse::<usize>().unwrap()] = u8::from_str_radix(value, 16).unwrap();
        let body = STANDARD.encode(der);
        let crt = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        assert!(TlsPair::parse(crt.as_bytes(), &key).is_err(), "{offset}:{value} accepted");
        count += 1;
    }
    assert_eq!(count, 1016);
}

#[test]
fn every_fixture_has_a_verdict() {
    let known: Vec<&str> = PAIRS.iter().chain(BUNDLES).chain(LISTS).map(|(case, _)| *case).collect();
    for entry in std::fs::read_dir(folder("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn what_envoy_accepts_and_clients_refuse_has_a_note() {
    assert_eq!(pair("ok").notes(NOW), vec![]);
    assert!(matches!(pair("expired").notes(NOW)[..], [Note::Expired { index: 1, .. }]));
    assert!(matches!(pair("future").notes(NOW)[..], [Note::NotYetValid { index: 1, .. }]));
    assert_eq!(pair("sha1").notes(NOW), vec![Note::WeakSignature { hash: "SHA-1" }]);
    assert_eq!(pair("md5").notes(NOW), vec![Note::WeakSignature { hash: "MD5" }]);
    assert_eq!(pair("rsaku").notes(NOW), vec![Note::NoDigitalSignature]);
}

#[test]
fn client_validation_that_would_refuse_everybody_is_noticed() {
    let bundle = |case| CaBundle::parse(&read(case, "ca.crt")).unwrap();
    let list = |case| Crl::parse(&read(case, "crl.pem")).unwrap();
    assert_eq!(bundle("ca-ok").notes(NOW), vec![]);
    assert!(matches!(bundle("ca-expired").notes(NOW)[..], [Note::Expired { index: 1, .. }]));
    assert_eq!(bundle("ca-leaf").notes(NOW), vec![Note::NotACa { index: 1 }]);
    assert!(matches!(list("crl-expired").notes(NOW)[..], [Note::CrlExpired { index: 1, .. }]));
    assert!(list("crl-ok").is_for(&bundle("crl-ok")));
    assert!(!list("crl-otherca").is_for(&bundle("crl-otherca")));
}

#[test]
fn only_the_parsed_blocks_are_kept() {
    let ok = pair("ok");
    for case in ["trailing", "leading", "sec1"] {
        assert_eq!(pair(case), ok, "{case}");
    }
    assert_eq!(ok.chain(), &read("ok", "tls.crt"));
    assert_eq!(ok.key(), &read("ok", "tls.key"));
    assert_eq!(ok.dns_names(), ["a.example.com"]);
}
