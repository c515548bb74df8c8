//! What the operator configures for all, as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU16, NonZeroU32};

use envoy::{ResourceType, XdsMode, to_json};
use insta::assert_yaml_snapshot;
use model::{
    Asked, Bind, CertificateFiles, ExtensionName, LogFormat, LogLevel, Sampling, Settings, Share, Tag,
    Tracing,
};
use serde_json::Value;

use crate::values::find;

/// A field of the connection manager of the plaintext listener.
fn of_manager(settings: &Settings, field: &str) -> Value {
    let outputs = envoy::layout(settings, XdsMode::AdsDelta).flush();
    let mut listener = to_json(&find(&outputs, ResourceType::Listener, "ingress_http"));
    listener["filter_chains"][0]["filters"][0]["typed_config"][field].take()
}

#[test]
fn access_logs_of_every_form_and_level() {
    let line = LogFormat::Line("%REQ_WITHOUT_QUERY(:PATH)%\n".into());
    let fields = LogFormat::Json(vec![("b".into(), "%PROTOCOL%".into()), ("a".into(), "%DURATION%".into())]);
    let logs =
        [(LogLevel::Error, line), (LogLevel::Critical, fields), (LogLevel::Disabled, LogFormat::Default)];
    let logs = logs.map(|(level, format)| {
        let mut settings = Settings::default();
        settings.access_logs.level = level;
        settings.access_logs.format = format;
        of_manager(&settings, "access_log")
    });
    assert_yaml_snapshot!(logs);
}

#[test]
fn the_runtime_layer_with_limits_and_what_the_operator_names() {
    let mut settings = Settings::default();
    settings.downstream.requests_at_once = NonZeroU32::new(10);
    settings.downstream.max_connections = NonZeroU32::new(20);
    let named = [("re2.max_program_size.warn_level", "5"), ("envoy.reloadable_features.x", "true")];
    settings.runtime = named.into_iter().map(|(name, text)| (name.into(), text.into())).collect();
    assert_yaml_snapshot!(to_json(&envoy::runtime(&settings, &settings.listeners())));
}

/// The name, port and paths of each static listener.
fn static_listeners(settings: &Settings) -> Vec<(String, Value, Vec<Value>)> {
    let paths = |manager: &Value| {
        let routes = manager["route_config"]["virtual_hosts"][0]["routes"].as_array().expect("routes").iter();
        routes.map(|route| route["match"]["path"].clone()).collect()
    };
    let listener = |resource: &envoy::Resource| {
        let mut json = to_json(resource);
        let paths = paths(&json["filter_chains"][0]["filters"][0]["typed_config"]);
        (resource.name.to_string(), json["address"]["socket_address"].take(), paths)
    };
    envoy::static_listeners(settings, XdsMode::AdsDelta).iter().map(listener).collect()
}

#[test]
fn static_listeners_apart() {
    let local = |port| Bind { address: [127, 0, 0, 1].into(), port };
    let settings = Settings {
        health: Some(local(1)),
        overload_health: Some(local(2)),
        admin_port: NonZeroU16::new(3),
        ..Settings::default()
    };
    assert_yaml_snapshot!(static_listeners(&settings));
}

#[test]
fn statistics_over_tls_name_files_that_stay_where_they_are() {
    let files = |ca: Option<&str>| Settings {
        stats_tls: Some(CertificateFiles {
            certificate: "/certs/tls.crt".into(),
            key: "/certs/tls.key".into(),
            ca: ca.map(Into::into),
        }),
        health: Some(Settings::default().stats),
        ..Settings::default()
    };
    let (without, with) = (files(None), files(Some("/certs/ca.crt")));
    for settings in [&without, &with] {
        let secrets = envoy::static_secrets(settings);
        let names: Vec<_> = secrets.iter().map(|secret| &secret.name).collect();
        let listeners = envoy::static_listeners(settings, XdsMode::AdsDelta);
        let named: Vec<_> = listeners[0].refs.iter().map(|reference| &reference.name).collect();
        assert_eq!(named.iter().collect::<BTreeSet<_>>(), names.iter().collect());
        assert!(listeners[1..].iter().all(|listener| listener.refs.is_empty()));
    }
    assert_yaml_snapshot!(envoy::static_secrets(&with).iter().map(to_json).collect::<Vec<_>>());
    assert_eq!(envoy::static_secrets(&Settings::default()), []);
}

#[test]
fn traces_of_requests() {
    let share = |hundredths| Share::hundredths(hundredths).expect("a share");
    let settings = Settings {
        tracing: Some(Tracing {
            asked: Asked::new(ExtensionName::new("monitoring", "collector")),
            service: "edge".into(),
            sampling: Sampling { overall: Share::ALL, client: share(4000), random: share(25) },
            path_bytes: 64,
            tags: BTreeMap::from([
                ("literal".into(), Tag::Literal("north".into())),
                ("header".into(), Tag::RequestHeader("x-tenant".into())),
                ("variable".into(), Tag::Environment("HOSTNAME".into())),
            ]),
        }),
        ..Settings::default()
    };
    assert_yaml_snapshot!(of_manager(&settings, "tracing"));
    assert_eq!(of_manager(&Settings::default(), "tracing"), Value::Null);
}
