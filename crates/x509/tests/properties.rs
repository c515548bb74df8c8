//! Any bytes yield a verdict, and a verdict never shows a key.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../tests/cases.rs"]
mod cases;

use isobath_x509::{CaBundle, Crl, InvalidPair, TlsPair, check_any_bytes};
use proptest::prelude::*;
use rcgen::{CertificateParams, DnType, KeyPair, SanType};

use self::cases::cases;

struct Supplied {
    crt: String,
    key: String,
}

fn supplied(adjust: impl FnOnce(&mut CertificateParams)) -> Supplied {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    adjust(&mut params);
    let crt = params.self_signed(&key).unwrap().pem();
    Supplied { crt, key: key.serialize_pem() }
}

fn parse(supplied: &Supplied) -> Result<TlsPair, InvalidPair> {
    TlsPair::parse(supplied.crt.as_bytes(), supplied.key.as_bytes())
}

/// Proves instead/names-in-certificates.
#[test]
fn a_name_of_any_kind_is_enough() {
    let names = [
        SanType::URI("spiffe://a/b".try_into().unwrap()),
        SanType::Rfc822Name("a@example.com".try_into().unwrap()),
        SanType::IpAddress([127, 0, 0, 1].into()),
    ];
    for name in names {
        let pair = parse(&supplied(|params| params.subject_alt_names = vec![name])).unwrap();
        assert!(pair.dns_names().is_empty());
    }
    let common_name_only = supplied(|params| {
        params.subject_alt_names = vec![];
        params.distinguished_name.push(DnType::CommonName, "a");
    });
    assert!(parse(&common_name_only).is_ok());
}

#[test]
fn a_certificate_without_any_name_is_refused() {
    let error = parse(&supplied(|params| params.subject_alt_names = vec![])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid TLS certificate: certificate has no common name or subject alt name"
    );
}

#[test]
fn two_thousand_names_are_kept_in_order() {
    let names: Vec<String> = (0..2000).map(|i| format!("h{i}.example")).collect();
    let sans = names.iter().map(|name| SanType::DnsName(name.as_str().try_into().unwrap())).collect();
    assert_eq!(parse(&supplied(|params| params.subject_alt_names = sans)).unwrap().dns_names(), names);
}

#[test]
fn an_ed25519_key_is_written_in_the_version_that_boringssl_reads() {
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let crt = CertificateParams::new(vec!["a".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
    let pair = TlsPair::parse(crt.as_bytes(), key.serialize_pem().as_bytes()).unwrap();
    // PKCS#8 version 1 of 32 bytes of seed is 48 bytes of DER: 64 of base64, one line.
    assert_eq!(pair.key().split(|byte| *byte == b'\n').count(), 4);
}

#[test]
fn curve_parameters_before_the_key_are_ignored() {
    let mut pair = supplied(|_| {});
    let alone = parse(&pair).unwrap();
    pair.key =
        format!("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{}", pair.key);
    assert_eq!(parse(&pair), Ok(alone));
}

#[test]
fn bytes_after_the_certificate_inside_its_block_are_refused() {
    let pair = supplied(|_| {});
    let der = rcgen::CertificateParams::new(vec!["a".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut der = der.self_signed(&key).unwrap().der().to_vec();
    der.push(0);
    let text = format!("{}{}", pair.crt, pem_of(&der));
    let error = TlsPair::parse(text.as_bytes(), pair.key.as_bytes()).unwrap_err().to_string();
    assert!(
        error.contains("certificate 2") && error.ends_with("is not a valid X.509 certificate"),
        "{error}"
    );
}

fn pem_of(der: &[u8]) -> String {
    use base64::Engine;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
}

#[test]
fn a_key_that_is_no_key_is_named_by_its_line() {
    let mut pair = supplied(|_| {});
    pair.key = pem_of(b"no key").replace("CERTIFICATE", "PRIVATE KEY");
    let error = parse(&pair).unwrap_err().to_string();
    assert!(
        error.starts_with("invalid TLS private key: private key on line 1 cannot be read, want RSA"),
        "{error}"
    );
}

#[test]
fn a_crl_in_a_ca_bundle_is_refused_and_not_dropped() {
    let text = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n";
    let bundle = format!("{}{text}", supplied(|_| {}).crt);
    let error = CaBundle::parse(bundle.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("unexpected block type \"X509 CRL\""), "{error}");
}

#[test]
fn the_key_shows_in_no_debug_output() {
    let supplied = supplied(|_| {});
    let shown = format!("{:?} {:#?}", parse(&supplied), parse(&supplied));
    let body = supplied.key.lines().nth(1).unwrap();
    assert!(!shown.contains(body) && !shown.contains("PRIVATE"), "{shown}");
    assert!(shown.contains("a.example"));
}

/// The text with some bytes changed, removed or doubled.
fn mutated(text: String) -> impl Strategy<Value = Vec<u8>> {
    let edit = (0..text.len(), 0..3_u8, any::<u8>());
    proptest::collection::vec(edit, 1..6).prop_map(move |edits| {
        let mut bytes = text.clone().into_bytes();
        for (at, kind, byte) in edits {
            let at = at % bytes.len();
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bytes[at]),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn any_bytes_yield_a_verdict(data in proptest::collection::vec(any::<u8>(), 0..400)) {
        check_any_bytes(&data);
    }

    #[test]
    fn any_der_in_a_well_formed_block_yields_a_verdict(data in proptest::collection::vec(any::<u8>(), 0..400)) {
        check_any_bytes(pem_of(&data).as_bytes());
        let key = pem_of(&data).replace("CERTIFICATE", "PRIVATE KEY");
        let _ = TlsPair::parse(FIXTURE.as_bytes(), key.as_bytes());
        let _ = Crl::parse(pem_of(&data).replace("CERTIFICATE", "X509 CRL").as_bytes());
    }

    #[test]
    fn a_mutated_certificate_yields_a_verdict(data in mutated(FIXTURE.to_owned())) {
        check_any_bytes(&data);
    }

    #[test]
    fn a_mutated_key_yields_a_verdict_that_does_not_quote_it(data in mutated(FIXTURE_KEY.to_owned())) {
        if let Err(error) = TlsPair::parse(FIXTURE.as_bytes(), &data) {
            let shown = format!("{error} {error:?}");
            for line in FIXTURE_KEY.lines().filter(|line| !line.starts_with('-')) {
                prop_assert!(!shown.contains(&line[..12]), "{}", shown);
            }
        }
    }

    #[test]
    fn what_is_accepted_is_canonical(data in mutated(FIXTURE.to_owned())) {
        if let Ok(bundle) = CaBundle::parse(&data) {
            let again = CaBundle::parse(bundle.pem());
            prop_assert_eq!(again, Ok(bundle));
        }
    }
}

const FIXTURE: &str = include_str!("../testdata/envoy/ok/tls.crt");
const FIXTURE_KEY: &str = include_str!("../testdata/envoy/ok/tls.key");
