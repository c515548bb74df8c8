//! A file with every key.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;
use std::time::Duration;

use config::Standing;
use model::{
    AccessLogs, Asked, AuthorizationProtocol, Bind, CertificateFiles, CipherSuite, CircuitBreakers,
    Compression, Curve, DefaultHeaders, DescriptorEntry, DnsFamily, Downstream, ExtensionName, Fingerprints,
    FleetId, GlobalAuthorization, GlobalRateLimit, GlobalTimeouts, Handshake, HeaderTexts, HttpVersions,
    LogFormat, LogLevel, QuestionBody, RateLimitService, Sampling, SecretName, ServerHeader, Settings, Share,
    Tag, Timeout, TlsOffer, TlsVersion, Tracing, Upstream,
};
use serde_json::Value;

use crate::{document, file, good, rendered};

const EVERYTHING: &str = include_str!("everything.yaml");

/// The places of a value that have keys of their own.
fn places(value: &Value, above: &str, found: &mut BTreeSet<String>) {
    let is_key = config::keys().any(|key| key.file == Some(above));
    match value {
        Value::Object(fields) if !is_key => {
            for (name, value) in fields {
                places(value, format!("{above}.{name}").trim_start_matches('.'), found);
            }
        }
        _ => {
            found.insert(above.to_owned());
        }
    }
}

#[test]
fn the_file_with_every_key_has_every_key() {
    let mut found = BTreeSet::new();
    places(document(EVERYTHING).value(), "", &mut found);
    let keys: BTreeSet<_> = config::keys().filter_map(|key| key.file).map(str::to_owned).collect();
    assert_eq!(found, keys);
}

#[test]
fn whatever_is_said_about_it_is_that_a_key_does_nothing() {
    for finding in file(EVERYTHING).findings {
        let text = finding.render(files::Style::Plain);
        assert!(text.contains("does nothing"), "{text}");
    }
}

/// The file with every key, without those that do nothing.
fn honoured() -> String {
    let mut value = document(EVERYTHING).value().clone();
    let standing = |standing| matches!(standing, Standing::Honoured | Standing::Cluster);
    for path in config::keys().filter(|key| !standing(key.standing)).filter_map(|key| key.file) {
        let (above, name) = path.rsplit_once('.').unwrap_or(("", path));
        let place =
            above.split('.').filter(|step| !step.is_empty()).fold(&mut value, |value, step| &mut value[step]);
        place.as_object_mut().expect("a map").shift_remove(name);
    }
    value.to_string()
}

/// What the file with every key says of clients' connections.
fn downstream() -> Downstream {
    Downstream {
        versions: HttpVersions::Http2,
        compression: Some(Compression::Zstd),
        server_header: ServerHeader::PassThrough,
        strip_trailing_dot: true,
        allow_chunked_length: false,
        max_requests: NonZeroU32::new(1000),
        max_streams: NonZeroU32::new(50),
        requests_at_once: NonZeroU32::new(10),
        max_connections: NonZeroU32::new(5000),
        buffer_limit: NonZeroU32::new(65536),
        balanced: true,
        accepted_at_once: NonZeroU32::new(7),
        type_of_service: 64,
        traffic_class: 65,
        fingerprints: Fingerprints { ja3: true, ja4: true },
    }
}

/// What the file with every key says of time limits.
fn timeouts() -> GlobalTimeouts {
    GlobalTimeouts {
        request: Timeout::After(Duration::from_secs(10)),
        connection_idle: Timeout::After(Duration::from_secs(300)),
        stream_idle: Timeout::Disabled,
        max_connection_duration: Timeout::After(Duration::from_secs(3600)),
        delayed_close: Timeout::After(Duration::from_secs(2)),
        connection_shutdown_grace: Timeout::After(Duration::from_secs(3)),
        connect: Duration::from_secs(4),
    }
}

/// What the file with every key says of limits.
fn limits() -> RateLimitService {
    RateLimitService {
        asked: Asked::new(ExtensionName::new("projectcontour", "ratelimit")),
        domain: "ours".into(),
        fail_open: true,
        limit_headers: true,
        resource_exhausted: true,
        default: Some(Arc::new(GlobalRateLimit { descriptors: vec![vec![DescriptorEntry::RemoteAddress]] })),
    }
}

/// What the file with every key says of authorization.
fn authorization() -> GlobalAuthorization {
    let asked = Asked::new(ExtensionName::new("projectcontour", "authorization"));
    let (request_headers, upstream_headers) = (vec![], vec![]);
    GlobalAuthorization {
        asked: Asked { timeout: Timeout::After(Duration::from_secs(1)), ..asked },
        protocol: AuthorizationProtocol::Http {
            path_prefix: "/check".into(),
            request_headers,
            upstream_headers,
        },
        fail_open: true,
        body: Some(QuestionBody { most: 1024, partial: true, as_bytes: true }),
        is_skipped: true,
        context: vec![],
    }
}

/// What the file with every key says of traces.
fn tracing() -> Tracing {
    let share = |hundredths| Share::hundredths(hundredths).expect("a share");
    Tracing {
        asked: Asked::new(ExtensionName::new("projectcontour", "collector")),
        service: "edge".into(),
        sampling: Sampling { overall: share(5000), client: share(4000), random: share(3050) },
        path_bytes: 64,
        tags: BTreeMap::from([
            ("cluster".into(), Tag::Literal("north".into())),
            ("tenant".into(), Tag::RequestHeader("x-tenant".into())),
        ]),
    }
}

#[test]
fn every_key_that_is_honoured_shapes_the_settings() {
    let settings = good(&honoured()).settings;
    let local = |port| Bind { address: [127, 0, 0, 1].into(), port };
    let expected = Settings {
        stats: local(9002),
        stats_tls: Some(CertificateFiles {
            certificate: "/certs/metrics.crt".into(),
            key: "/certs/metrics.key".into(),
            ca: Some("/certs/ca.crt".into()),
        }),
        health: Some(Settings::default().stats),
        overload_health: Some(local(8009)),
        admin_port: None,
        runtime: BTreeMap::from([("envoy.reloadable_features.x".into(), "true".into())]),
        timeouts: timeouts(),
        roots: FleetId::gateway("projectcontour", "contour"),
        disable_permit_insecure: true,
        external_names: true,
        dns_family: DnsFamily::V4,
        upstream: Upstream {
            circuit_breakers: CircuitBreakers {
                max_connections: Some(1),
                max_pending_requests: Some(2),
                max_requests: Some(3),
                max_retries: Some(4),
                retry_budget: None,
                per_host_max_connections: Some(5),
            },
            requests_per_connection: Some(100),
            buffer_bytes: Some(32_768),
            handshake: Arc::new(Handshake {
                minimum: TlsVersion::V1_3,
                maximum: TlsVersion::V1_3,
                offer: TlsOffer {
                    ciphers: vec![CipherSuite::find("ECDHE-RSA-AES256-GCM-SHA384").expect("a suite")],
                    curves: vec![Curve::find("P-521").expect("a curve")],
                },
            }),
            client_certificate: Some(SecretName::new("projectcontour", "client")),
        },
        tls_minimum: TlsVersion::V1_3,
        fallback_certificate: Some(SecretName::new("projectcontour", "fallback")),
        trusted_hops: 2,
        default_headers: DefaultHeaders {
            request: HeaderTexts {
                set: vec![("x-tenant".into(), "007".into())],
                remove: vec!["x-debug".into()],
            },
            host: Some("up.example:8080".into()),
            response: HeaderTexts {
                set: vec![("x-served".into(), "yes".into())],
                remove: vec!["server-timing".into()],
            },
            for_ingresses: true,
        },
        access_logs: AccessLogs {
            level: LogLevel::Error,
            format: LogFormat::Json(vec![
                ("@timestamp".into(), "%START_TIME%".into()),
                ("method".into(), "%REQ(:METHOD)%".into()),
                ("agent".into(), "%REQ(USER-AGENT)%".into()),
            ]),
        },
        tls_offer: TlsOffer {
            ciphers: vec![CipherSuite::find("ECDHE-ECDSA-AES256-GCM-SHA384").expect("a suite")],
            curves: ["X25519", "P-256"].map(|name| Curve::find(name).expect("a curve")).to_vec(),
        },
        downstream: downstream(),
        merge_slashes: false,
        tracing: Some(tracing()),
        rate_limit_service: Some(limits()),
        global_authorization: Some(authorization()),
        ..Settings::default()
    };
    assert_eq!(settings, expected);
}

/// Those of the model, and the port for Envoy's state: that is for clusters.
fn defaults() -> Settings {
    Settings { admin_port: NonZeroU16::new(9001), ..Settings::default() }
}

#[test]
fn nothing_said_is_the_defaults() {
    for text in [
        "",
        "tls:\nnetwork: {}\n",
        "timeouts: {connect-timeout: ''}\n",
        "tls: {fallback-certificate: null}\n",
        "tls: {cipher-suites: ['']}\ndefault-http-versions: []\n",
    ] {
        assert_eq!(good(text).settings, defaults(), "{text}");
    }
    assert_eq!(rendered(&config::Sources::default().check()), "");
}

#[test]
fn plain_words_are_text_as_they_were_written() {
    let headers =
        good("policy: {response-headers: {set: {a: 007, b: yes, c: 1.30}}}\n").settings.default_headers;
    let values: Vec<_> = headers.response.set.iter().map(|(_, value)| &**value).collect();
    assert_eq!(values, ["007", "yes", "1.30"]);
}
