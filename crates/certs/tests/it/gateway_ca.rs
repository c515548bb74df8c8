use std::collections::BTreeMap;
use std::sync::Arc;

use isobath_certs::{GatewayCa, Identity, Material, ReloadingServerConfig, TlsFiles, fleet_uri, generate};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use x509::CaBundle;

use crate::handshake::connect;
use crate::{days, now, options};

/// When a certificate of the Gateway `ns/gw` is to be renewed.
fn renewal(ca: &GatewayCa, leaf: &Identity) -> Option<i64> {
    ca.renewal(leaf.certificate.as_bytes(), leaf.key.expose().as_bytes(), "gateway/ns/gw")
}

fn issued(ca: &GatewayCa, now: i64) -> Identity {
    ca.issue("gateway/ns/gw", now).unwrap()
}

/// Proves instead/version-mark.
#[test]
fn a_certificate_is_of_one_gateway_and_renewed_a_month_before_it_ends() {
    let ca = GatewayCa::new(now()).unwrap();
    let leaf = issued(&ca, now());
    let since = renewal(&ca, &leaf).unwrap() - now();
    assert!((days(60) - 5..=days(60)).contains(&since), "{since}");
    for other in ["gateway/ns/other", "gatewayclass/gw"] {
        assert_eq!(ca.renewal(leaf.certificate.as_bytes(), leaf.key.expose().as_bytes(), other), None);
    }
    let (other, stranger) = (issued(&ca, now()), issued(&GatewayCa::new(now()).unwrap(), now()));
    assert_eq!(renewal(&ca, &stranger), None);
    assert_eq!(renewal(&ca, &Identity { key: other.key, ..leaf }), None);
    assert_eq!(fleet_uri("gateway/ns/gw"), "spiffe://isobath/gateway/ns/gw");
}

#[test]
fn a_secret_keeps_it_whole() {
    let ca = GatewayCa::new(now()).unwrap();
    assert_eq!(GatewayCa::parse(&ca.data()).unwrap(), ca);
    let refusal = |data: &BTreeMap<String, Vec<u8>>| GatewayCa::parse(data).unwrap_err().to_string();
    let way_out = "delete the Secret to have a new CA made";
    let mut data = ca.data();
    let key = data.insert("tls.key".to_owned(), data["next.key"].clone()).unwrap();
    assert!(
        refusal(&data).starts_with("tls.crt: ") && refusal(&data).ends_with(way_out),
        "{}",
        refusal(&data)
    );
    data.insert("tls.key".to_owned(), key);
    data.remove("ca.crt");
    assert_eq!(refusal(&data), format!("ca.crt: is missing or is not text; {way_out}"));
}

#[test]
fn a_successor_was_trusted_before_it_signs_and_what_went_before_it_still_is() {
    let began = now();
    let first = GatewayCa::new(began).unwrap();
    assert_eq!(first.successor(began + days(486)).unwrap(), None);
    let (mut ca, mut at) = (first, began);
    for _ in 0..4 {
        let next = loop {
            at += days(30);
            if let Some(next) = ca.successor(at).unwrap() {
                break next;
            }
        };
        let leaf = issued(&ca, at - days(30));
        assert!(
            renewal(&ca, &issued(&next, at)).is_some(),
            "who knows the old bundle takes new certificates"
        );
        assert!(renewal(&next, &leaf).is_some(), "who knows the new bundle takes old certificates");
        assert_eq!(next.successor(at + days(240)).unwrap(), None);
        ca = next;
    }
    let bundle = CaBundle::parse(ca.trusted().as_bytes()).unwrap();
    assert!(bundle.not_after().all(|end| end >= at), "what has ended is forgotten");
    let much_later = ca.successor(at + days(5000)).unwrap().unwrap();
    assert_eq!(renewal(&much_later, &issued(&ca, at)), None);
}

fn takes(verifier: &Arc<dyn ClientCertVerifier>, leaf: &Identity) -> bool {
    let leaf = CertificateDer::from_pem_slice(leaf.certificate.as_bytes()).unwrap();
    verifier.verify_client_cert(&leaf, &[], UnixTime::now()).is_ok()
}

#[test]
fn a_controller_tells_envoys_of_gateways_from_its_own_by_who_signed() {
    let (set, ca) = (generate(&options()).unwrap(), GatewayCa::new(now()).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let files = TlsFiles {
        ca: file("ca.crt", &set.ca),
        certificate: file("tls.crt", &set.server.certificate),
        key: file("tls.key", set.server.key.expose()),
    };
    let config = ReloadingServerConfig::load(files).unwrap();
    let leaf = issued(&ca, now());
    let parts = [set.ca.as_bytes(), leaf.certificate.as_bytes(), leaf.key.expose().as_bytes()];
    let client = Arc::new(Material::parse(parts[0], parts[1], parts[2]).unwrap().client_config().unwrap());
    let come = || connect(config.current(), Arc::clone(&client), "isobath");

    assert!(come().unwrap_err().starts_with("server: invalid peer certificate"));
    assert!(config.side().gateway_clients.is_none());
    config.trust_gateways(Some(CaBundle::parse(ca.trusted().as_bytes()).unwrap())).unwrap();
    assert_eq!(come(), Ok(()));
    let side = config.side();
    let gateways = side.gateway_clients.unwrap();
    assert_eq!((takes(&gateways, &leaf), takes(&gateways, &set.client)), (true, false));
    assert_eq!((takes(&side.own_clients, &leaf), takes(&side.own_clients, &set.client)), (false, true));

    // New files take nothing of it away.
    file("ca.crt", &format!("{}{}", set.ca, generate(&options()).unwrap().ca));
    config.reload();
    assert_eq!(come(), Ok(()));
    config.trust_gateways(None).unwrap();
    assert!(come().is_err());
}
