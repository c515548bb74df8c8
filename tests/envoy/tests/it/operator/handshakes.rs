//! TLS handshakes.

use harness::manifests::http_proxy;
use harness::{Options, World};
use model::{CipherSuite, Curve};
use rustls::version::{TLS12, TLS13};
use testkit::{ClientTls, Failure, Trust};

use super::{both, world};

#[tokio::test]
async fn only_the_cipher_suites_and_curves_that_are_said_are_offered() {
    // The certificate has an ECDSA key.
    for (configuration, tls12, tls13) in [
        ("tls: {cipher-suites: [ECDHE-ECDSA-AES256-GCM-SHA384]}\n", true, true),
        ("tls: {cipher-suites: [ECDHE-RSA-AES256-GCM-SHA384]}\n", false, true),
        ("tls: {ecdh-curves: [P-384]}\n", true, true),
        ("tls: {ecdh-curves: [P-521]}\n", false, false),
        ("tls: {minimum-protocol-version: 1.3}\n", false, true),
        ("tls: {maximum-protocol-version: 1.2}\n", true, false),
    ] {
        let (mut world, backend) = world(configuration).await;
        backend.answer("/", 200, &[], "");
        for (version, expected) in [(&TLS12, tls12), (&TLS13, tls13)] {
            let tls = ClientTls::with_version("site.example", &Trust::Anything, version);
            match world.get_tls("site.example", "/").tls(tls).send().await {
                Ok(answer) => {
                    assert_eq!((answer.code(), expected), (200, true), "{configuration} {version:?}");
                }
                Err(failure) => {
                    assert!(
                        !expected && matches!(failure, Failure::Tls(_)),
                        "{configuration} {version:?} {failure}"
                    );
                }
            }
        }
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn envoy_has_all_cipher_suites_and_curves_that_may_be_said() {
    let ciphers = CipherSuite::ALL.map(|suite| format!("'{}'", suite.as_str())).join(", ");
    let curves = Curve::ALL.map(|curve| format!("'{}'", curve.as_str())).join(", ");
    let configuration = format!("tls: {{cipher-suites: [{ciphers}], ecdh-curves: [{curves}]}}\n");
    let (mut world, backend) = world(&configuration).await;
    backend.answer("/", 200, &[], "");
    for request in both(&world, "/") {
        assert_eq!(request.send().await.unwrap().code(), 200);
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn fingerprints_are_made_where_it_is_said() {
    for (wanted, is_made) in [("{ja3: true, ja4: true}", true), ("{ja3: false}", false)] {
        let options = Options::configured(&format!("tls: {{fingerprint: {wanted}}}\n"));
        let mut world = World::with(options).await;
        world.write("secret", &harness::manifests::HostCertificate::new("site.example").secret("site"));
        let spec = "virtualhost: {fqdn: site.example, tls: {secretName: site}}\n\
            routes: [{directResponsePolicy: {statusCode: 200}, responseHeadersPolicy: {set: [\
            {name: ja3, value: '%TLS_JA3_FINGERPRINT%'}, {name: ja4, value: '%TLS_JA4_FINGERPRINT%'}]}}]\n";
        world.apply("site", &http_proxy("site", spec)).await;
        let answer = world.get_tls("site.example", "/").send().await.unwrap();
        for name in ["ja3", "ja4"] {
            let fingerprint = answer.header(name).is_some_and(|value| value.len() > 1);
            assert_eq!(fingerprint, is_made, "{wanted} {name}: {:?}", answer.header(name));
        }
        world.assert_nothing_rejected().await;
    }
}
