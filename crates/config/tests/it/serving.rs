//! What decides how a cluster is served.

use std::time::Duration;

use config::{Cluster, Election, Feature, Origin, Serving, Sources, StatusAddress, XdsSecurity};
use model::{Bind, CertificateFiles, SecretName};

use crate::{document, rendered, say};

#[test]
fn file_and_flags_say_how_a_cluster_is_served() {
    let mut sources = Sources::default();
    sources.file(document(
        "debug: true\nkubeconfig: /etc/kubeconfig\nkubernetesClientQPS: 12.5\nkubernetesClientBurst: 100\n\
         ingress-status-address: '192.0.2.1, edge.example'\n\
         envoy-service-name: proxy\n\
         metrics: {contour: {port: 8010, server-certificate-path: /c, server-key-path: /k, ca-certificate-path: /a}}\n",
    ));
    for (flag, text) in [
        ("xds-address", "0.0.0.0"),
        ("contour-cafile", "/ca"),
        ("contour-cert-file", "/crt"),
        ("contour-key-file", "/key"),
        ("health-port", "8011"),
        ("debug-http-port", "6061"),
        ("watch-namespaces", "a,b"),
        ("disable-feature", "tcproutes"),
        ("leader-election-resource-name", "ours"),
        ("leader-election-lease-duration", "30s"),
    ] {
        say(&mut sources, flag, &[text], Origin::Flag);
    }
    say(&mut sources, "leader-election-resource-namespace", &["ops"], Origin::Variable);
    let checked = sources.check();
    assert_eq!(rendered(&checked), "");
    let bind = |address: [u8; 4], port| Bind { address: address.into(), port };
    let expected = Serving {
        cluster: Cluster {
            inside: false,
            kubeconfig: Some("/etc/kubeconfig".into()),
            requests_per_second: Some(12.5),
            requests_at_once: Some(100),
        },
        watched: vec!["a".into(), "b".into()],
        disabled: vec![Feature::TcpRoutes],
        election: Election {
            lease: SecretName::new("ops", "ours"),
            duration: Duration::from_secs(30),
            ..Election::default()
        },
        status_addresses: vec![
            StatusAddress::Ip([192, 0, 2, 1].into()),
            StatusAddress::Name("edge.example".into()),
        ],
        envoy_service: SecretName::new("isobath", "proxy"),
        xds: bind([0, 0, 0, 0], 8001),
        xds_security: XdsSecurity::Mutual {
            ca: "/ca".into(),
            certificate: "/crt".into(),
            key: "/key".into(),
        },
        health: bind([0, 0, 0, 0], 8011),
        metrics: bind([0, 0, 0, 0], 8010),
        metrics_tls: Some(CertificateFiles {
            certificate: "/c".into(),
            key: "/k".into(),
            ca: Some("/a".into()),
        }),
        debug: bind([127, 0, 0, 1], 6061),
        verbose: true,
    };
    assert_eq!(checked.configuration.expect("nothing is wrong").serving, expected);
}

#[test]
fn what_cannot_be_served_is_told() {
    for (flags, expected) in [
        (
            &[("contour-cafile", "/ca")][..],
            "error: --contour-cafile: needs all of the CA, the certificate and its key, or none\n",
        ),
        (
            &[("watch-namespaces", "a"), ("root-namespaces", "b")],
            "error: --root-namespaces: not all root namespaces are being watched\n",
        ),
        (
            &[("watch-namespaces", "a"), ("fallback-certificate", "b/c")],
            "error: --fallback-certificate: the fallbackCertificate namespace (b) must be watched\n",
        ),
        (
            &[("disable-feature", "ingresses")],
            "error: --disable-feature: found \"ingresses\", allowed are extensionservices, tlsroutes, grpcroutes, tcproutes, backendtlspolicies\n",
        ),
        (
            &[("leader-election-lease-duration", "5s")],
            "error: own.leaderElection.renewDeadline: is not shorter than the lease\n",
        ),
        (
            &[("kubernetes-client-burst", "-1")],
            "error: --kubernetes-client-burst: found -1, allowed is 0 and above, in 32 bits\n",
        ),
        (
            &[("ingress-status-address", "a b")],
            "error: --ingress-status-address: host \"a b\" has a character other than letters, digits, hyphens and dots; write names beyond ASCII in their xn-- form\n",
        ),
    ] {
        let mut sources = Sources::default();
        for (flag, text) in flags {
            say(&mut sources, flag, &[text], Origin::Flag);
        }
        assert_eq!(rendered(&sources.check()), expected);
    }
    let one_port = crate::file("metrics: {contour: {server-certificate-path: /c, server-key-path: /k}}\n");
    assert!(
        rendered(&one_port).contains("cannot use single port for health over HTTP and metrics over HTTPS")
    );
    let no_key = crate::file("metrics: {contour: {port: 1, server-certificate-path: /c}}\n");
    assert!(
        rendered(&no_key).contains("metrics.contour: needs the certificate and its key"),
        "{}",
        rendered(&no_key)
    );
}
