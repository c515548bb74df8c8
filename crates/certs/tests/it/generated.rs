use isobath_certs::{Generated, KeyType, Options, generate};
use rustls::RootCertStore;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;

use crate::handshake::handshake;
use crate::{days, options};

fn with_certificate<T>(pem: &str, look: impl FnOnce(&X509Certificate<'_>) -> T) -> T {
    let (_, pem) = parse_x509_pem(pem.as_bytes()).unwrap();
    look(&pem.parse_x509().unwrap())
}

fn connects(set: &Generated, name: &str) -> Result<(), String> {
    handshake(&set.server_material().unwrap(), &set.client_material().unwrap(), name)
}

#[test]
fn both_sides_accept_each_other_under_every_name_of_the_service() {
    let set = generate(&options()).unwrap();
    for name in ["isobath", "isobath.isobath", "isobath.isobath.svc", "isobath.isobath.svc.cluster.local"] {
        assert_eq!(connects(&set, name), Ok(()), "{name}");
    }
    assert!(connects(&set, "envoy").unwrap_err().starts_with("client: "));
}

#[test]
fn rsa_keys_are_made_on_request() {
    let set = generate(&Options { key_type: KeyType::Rsa2048, ..options() }).unwrap();
    let bits = with_certificate(&set.server.certificate, |c| c.public_key().parsed().unwrap().key_size());
    assert_eq!(bits, 2048);
    assert_eq!(connects(&set, "isobath"), Ok(()));
}

#[test]
fn on_loopback_the_server_is_reached_by_address_too() {
    let set = generate(&Options::loopback(crate::now())).unwrap();
    for name in ["localhost", "127.0.0.1", "::1", "isobath"] {
        assert_eq!(connects(&set, name), Ok(()), "{name}");
    }
}

#[test]
fn the_server_refuses_a_client_without_a_certificate_and_one_of_another_ca() {
    let (ours, theirs) = (generate(&options()).unwrap(), generate(&options()).unwrap());
    let server = ours.server_material().unwrap();

    // A stranger that trusts our CA but has its own certificate.
    let stranger = isobath_certs::Material::parse(
        ours.ca.as_bytes(),
        theirs.client.certificate.as_bytes(),
        theirs.client.key.expose().as_bytes(),
    );
    let refused = handshake(&server, &stranger.unwrap(), "isobath").unwrap_err();
    assert!(refused.starts_with("server: invalid peer certificate"), "{refused}");

    let mut roots = RootCertStore::empty();
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    roots.add(CertificateDer::from_pem_slice(ours.ca.as_bytes()).unwrap()).unwrap();
    let mut anonymous = ours.client_material().unwrap().client_config().unwrap();
    anonymous.client_auth_cert_resolver = std::sync::Arc::new(NoCertificate);
    let server = std::sync::Arc::new(server.server_config().unwrap());
    let refused = crate::handshake::connect(server, std::sync::Arc::new(anonymous), "isobath").unwrap_err();
    assert!(refused.contains("sent no certificates"), "{refused}");
}

#[derive(Debug)]
struct NoCertificate;

impl rustls::client::ResolvesClientCert for NoCertificate {
    fn resolve(
        &self,
        _issuers: &[&[u8]],
        _schemes: &[rustls::SignatureScheme],
    ) -> Option<std::sync::Arc<rustls::sign::CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

#[test]
fn an_expired_client_is_refused() {
    let past = generate(&Options { now: options().now - days(60), ..options() }).unwrap();
    let refused = connects(&past, "isobath").unwrap_err();
    assert!(refused.contains("certificate expired"), "{refused}");
}

#[test]
fn an_envoy_cannot_pose_as_the_controller() {
    let set = generate(&options()).unwrap();
    let impostor = isobath_certs::Material::parse(
        set.ca.as_bytes(),
        set.client.certificate.as_bytes(),
        set.client.key.expose().as_bytes(),
    );
    let refused = handshake(&impostor.unwrap(), &set.client_material().unwrap(), "envoy").unwrap_err();
    assert!(refused.starts_with("client: invalid peer certificate"), "{refused}");
}

#[test]
fn certificates_say_what_they_are_for() {
    let options = options();
    let set = generate(&options).unwrap();
    with_certificate(&set.ca, |ca| {
        let constraints = ca.basic_constraints().unwrap().unwrap().value;
        assert_eq!((constraints.ca, constraints.path_len_constraint), (true, Some(0)));
        assert!(ca.subject().to_string().starts_with("CN=Isobath CA "));
        assert!(ca.key_usage().unwrap().unwrap().value.key_cert_sign());
    });
    with_certificate(&set.server.certificate, |server| {
        let usage = server.extended_key_usage().unwrap().unwrap().value;
        assert_eq!((usage.server_auth, usage.client_auth, usage.any), (true, true, false));
        assert_eq!(server.subject().to_string(), "CN=isobath");
        assert_eq!(server.validity().not_before.timestamp(), options.now - days(1));
        assert_eq!(server.validity().not_after.timestamp(), options.now + days(30));
    });
    with_certificate(&set.client.certificate, |client| {
        let usage = client.extended_key_usage().unwrap().unwrap().value;
        assert_eq!((usage.server_auth, usage.client_auth, usage.any), (false, true, false));
        let names = &client.subject_alternative_name().unwrap().unwrap().value.general_names;
        assert_eq!(names[0], GeneralName::DNSName("envoy"));
        assert_eq!(names[3], GeneralName::DNSName("envoy.isobath.svc.cluster.local"));
    });
}

#[test]
fn every_serial_number_and_ca_name_is_new() {
    let (one, two) = (generate(&options()).unwrap(), generate(&options()).unwrap());
    let serial = |pem: &str| with_certificate(pem, |c| (c.raw_serial().to_vec(), c.subject().to_string()));
    assert_ne!(serial(&one.ca), serial(&two.ca));
    assert_ne!(serial(&one.ca).1, serial(&two.ca).1);
    assert_ne!(serial(&one.server.certificate).0, serial(&one.client.certificate).0);
    assert_eq!(serial(&one.ca).0.len(), 16);
}

#[test]
fn a_lifetime_out_of_range_is_refused() {
    for lifetime_days in [0, 36_501] {
        let error = generate(&Options { lifetime_days, ..options() }).unwrap_err().to_string();
        assert_eq!(error, format!("certificate lifetime is {lifetime_days} days, want 1 to 36500"));
    }
}
