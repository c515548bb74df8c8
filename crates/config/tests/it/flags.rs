//! Flags and variables, and who goes before whom.

use std::num::NonZeroU16;

use config::{Origin, Sources};
use model::{Bind, DuplicateFqdn, SecretName, Settings};

use crate::{document, rendered, say};

#[test]
fn the_environment_goes_before_the_file_and_flags_before_both() {
    let mut sources = Sources::default();
    sources.file(document("disablePermitInsecure: true\nenableExternalNameService: true\ntls: {fallback-certificate: {namespace: a, name: file}}\n"));
    say(&mut sources, "enable-external-name-service", &["false"], Origin::Variable);
    say(&mut sources, "fallback-certificate", &["a/variable"], Origin::Variable);
    say(&mut sources, "fallback-certificate", &["a/flag"], Origin::Flag);
    let settings = sources.check().configuration.unwrap().settings;
    assert!(settings.disable_permit_insecure && !settings.external_names);
    assert_eq!(settings.fallback_certificate, Some(SecretName::new("a", "flag")));
}

#[test]
fn flags_without_a_place_in_the_file_are_settings_too() {
    let mut sources = Sources::default();
    for (flag, text) in [
        ("envoy-service-http-address", "::"),
        ("envoy-service-http-port", "80"),
        ("stats-port", "9002"),
        ("envoy-https-access-log", "/dev/null"),
        ("use-proxy-protocol", "true"),
        ("ingress-class-name", "a,b"),
        ("root-namespaces", "c"),
        ("duplicate-fqdn", "invalid-all"),
    ] {
        say(&mut sources, flag, &[text], Origin::Flag);
    }
    let expected = Settings {
        http: Bind { address: [0_u16; 8].into(), port: 80 },
        stats: Bind { port: 9002, ..Settings::default().stats },
        health: None,
        admin_port: NonZeroU16::new(9001),
        https_access_log: "/dev/null".into(),
        proxy_protocol: true,
        ingress_classes: vec!["a".into(), "b".into()],
        root_namespaces: vec!["c".into()],
        duplicate_fqdn: DuplicateFqdn::InvalidAll,
        ..Settings::default()
    };
    assert_eq!(sources.check().configuration.unwrap().settings, expected);
}

#[test]
fn a_wrong_flag_is_named() {
    for (flag, text, expected) in [
        ("envoy-service-http-port", "http", "found \"http\", expected a whole number"),
        ("envoy-service-http-port", "0", "found 0, allowed are 1 to 65535"),
        (
            "envoy-service-http-address",
            "localhost",
            "found \"localhost\", expected an IP address such as 0.0.0.0 or ::",
        ),
        ("use-proxy-protocol", "on", "found \"on\", allowed are true and false"),
        ("duplicate-fqdn", "newest", "found \"newest\", allowed are oldest-wins, invalid-all"),
        (
            "fallback-certificate",
            "fallback",
            "found \"fallback\", expected a namespace and a name, such as projectcontour/fallback",
        ),
        ("envoy-http-access-log", "", "is empty, expected the path of a file"),
    ] {
        let mut sources = Sources::default();
        say(&mut sources, flag, &[text], Origin::Flag);
        let checked = sources.check();
        assert_eq!(rendered(&checked), format!("error: --{flag}: {expected}\n"));
        assert_eq!(checked.configuration, None);
    }
}
