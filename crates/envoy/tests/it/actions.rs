//! What routes of Gateways do with requests, as JSON.

use std::sync::Arc;
use std::time::Duration;

use envoy::{ResourceType, XdsMode, to_json};
use insta::assert_yaml_snapshot;
use model::{
    Action, Authorities, Fraction, Mirror, PathRewrite, Redirect, RedirectPath, RedirectPort, Retry,
    RetryBudget, Segments, SessionCarrier, SessionPersistence, SubjectName, Timeout, Transport, UpstreamTls,
    UpstreamValidation, VirtualHost,
};
use serde_json::Value;

use crate::values::{
    at, cluster, find, forward, gateway_layout, gateway_listener, key, plain, prefix, route,
};

/// A host of a plaintext listener of a Gateway.
fn json_of(host: &VirtualHost) -> Value {
    let listeners = [gateway_listener("http-80", Transport::Plaintext)];
    let mut layout = gateway_layout(model::Layout::Table, &listeners);
    layout.set(&at("http-80", host.host.as_str()), Some(host));
    let table = find(&layout.flush(), ResourceType::RouteConfiguration, "http-80");
    to_json(&table)["virtual_hosts"][0].take()
}

#[test]
fn redirects_to_the_usual_port_name_none_where_the_host_is_known() {
    let to = |host: Option<&str>, port| {
        let host = host.map(Into::into);
        Action::Redirect(Redirect { scheme: Some("https".into()), host, port, path: None, status: 302 })
    };
    let place = |host: &str, action| {
        let value = plain(host, vec![route(prefix("/"), action)]);
        let json = json_of(&value);
        let redirect = &json["routes"][0]["redirect"];
        (redirect["host_redirect"].as_str().map(str::to_owned), redirect["port_redirect"].as_u64())
    };
    let usual = RedirectPort::Usual(443);
    assert_eq!(place("a.com", to(None, usual)), (Some("a.com".to_owned()), None));
    assert_eq!(place("*.a.com", to(Some("b.com"), usual)), (Some("b.com".to_owned()), None));
    assert_eq!(place("*.a.com", to(None, usual)), (None, Some(443)));
    assert_eq!(place("a.com", to(None, RedirectPort::Same)), (None, None));
    assert_eq!(place("a.com", to(None, RedirectPort::Number(8443))), (None, Some(8443)));
}

#[test]
fn paths_are_replaced_by_texts_that_are_data() {
    let segments = |matched: &str, replacement: &str| Segments {
        matched: matched.into(),
        replacement: replacement.into(),
    };
    let forwards = [
        PathRewrite::Full(r"/a\1%b?c".into()),
        PathRewrite::Segments(segments("/a.b", "/c")),
        PathRewrite::Segments(segments("/a.b", "")),
        PathRewrite::Segments(segments("", "/c")),
    ];
    let forwards = forwards.map(|path| {
        let action = model::Forward { path: Some(path), ..forward(&["x"]) };
        Action::Forward(Box::new(action))
    });
    let redirects = [segments("/a.b", "/c"), segments("/a.b", "")].map(|segments| {
        let path = Some(RedirectPath::Segments(segments));
        Action::Redirect(Redirect { scheme: None, host: None, port: RedirectPort::Same, path, status: 302 })
    });
    let all = forwards.into_iter().chain(redirects).map(|action| route(prefix("/"), action)).collect();
    assert_yaml_snapshot!(json_of(&plain("a.com", all))["routes"]);
}

#[test]
fn what_routes_of_a_gateway_ask_of_backends() {
    let mut action = forward(&["x", "y"]);
    action.invalid = 3;
    action.mirrors = vec![Mirror { cluster: key("z"), share: Fraction::of(1, 3).expect("a share") }];
    action.retry = Some(Retry {
        on: "".into(),
        count: 0,
        per_try: Timeout::After(Duration::from_millis(500)),
        status_codes: vec![],
        back_off: Some(Duration::from_millis(100)),
    });
    action.session = Some(SessionPersistence {
        name: "keeps".into(),
        carrier: SessionCarrier::Cookie { path: "/a".into(), lifetime: Some(Duration::from_secs(60)) },
    });
    let by_header = SessionPersistence { name: "x-keeps".into(), carrier: SessionCarrier::Header };
    let again = Retry {
        on: "connect-failure".into(),
        count: 2,
        per_try: Timeout::Default,
        status_codes: vec![],
        back_off: None,
    };
    let by_header = model::Forward { session: Some(by_header), retry: Some(again), ..forward(&["x"]) };
    let mut first = route(prefix("/a"), Action::Forward(Box::new(action)));
    first.request_headers.add = vec![("x-more".into(), "1".into())];
    let second = route(prefix("/"), Action::Forward(Box::new(by_header)));
    assert_yaml_snapshot!(json_of(&plain("a.com", vec![first, second]))["routes"]);
}

#[test]
fn a_backend_that_the_system_trusts_and_a_budget_of_retries() {
    let mut value = cluster("x");
    value.circuit_breakers.retry_budget =
        Some(RetryBudget { percent: 20, interval: Some(Duration::from_secs(10)), minimum: 3 });
    let names = vec![SubjectName::Dns("x.ns".into()), SubjectName::Uri("spiffe://x".into())];
    value.tls = Some(UpstreamTls {
        sni: "x.ns".into(),
        validation: Some(UpstreamValidation { authorities: Authorities::System, subject_names: names }),
        client_certificate: None,
        handshake: Arc::default(),
    });
    assert_yaml_snapshot!(to_json(&envoy::cluster(&value.key(), &value, XdsMode::AdsDelta)));
}
