//! What resources name.

use std::sync::Arc;

use envoy::{Needs, Reference, Resource, ResourceType, Warming, XdsMode};
use model::{
    Authorities, Discovery, DnsFamily, Fraction, Mirror, SecretKey, SubjectName, UpstreamTls,
    UpstreamValidation, WeightedCluster,
};

use crate::values::{
    cluster, find, forward, http, https, key, passthrough, plain, prefix, route, serving, started, with_tls,
};

fn lines(resource: &Resource) -> Vec<String> {
    let line = |Reference { resource_type, name, needs }: &Reference| match needs {
        Needs::Sent => format!("{resource_type:?} {name}"),
        Needs::Acked => format!("{resource_type:?} {name} acknowledged"),
        Needs::InForce => format!("{resource_type:?} {name} in force"),
    };
    resource.refs.iter().map(line).collect()
}

fn acknowledged(service: &str) -> String {
    format!("Cluster {} acknowledged", key(service))
}

#[test]
fn a_table_names_each_cluster_once_while_any_host_needs_it() {
    let mut layout = started();
    layout.set(&http("a.com"), Some(&serving("a.com", "x")));
    layout.set(&http("b.com"), Some(&serving("b.com", "x")));
    layout.set(&http("c.com"), Some(&serving("c.com", "y")));
    let table =
        |outputs: &[envoy::Output]| lines(&find(outputs, ResourceType::RouteConfiguration, "ingress_http"));
    assert_eq!(table(&layout.flush()), [acknowledged("x"), acknowledged("y")]);
    layout.set(&http("a.com"), Some(&serving("a.com", "z")));
    layout.set(&http("c.com"), None);
    assert_eq!(table(&layout.flush()), [acknowledged("x"), acknowledged("z")]);
}

#[test]
fn mirrors_and_idle_shares_are_named_too() {
    let mut layout = started();
    let mut action = forward(&["x"]);
    action.clusters.push(WeightedCluster::plain(key("y"), 0));
    action.mirrors.push(Mirror { cluster: key("z"), share: Fraction::ALL });
    let action = model::Action::Forward(Box::new(action));
    layout.set(&http("a.com"), Some(&plain("a.com", vec![route(prefix("/"), action)])));
    let table = find(&layout.flush(), ResourceType::RouteConfiguration, "ingress_http");
    assert_eq!(lines(&table), [acknowledged("x"), acknowledged("y"), acknowledged("z")]);
}

#[test]
fn the_tls_listener_names_secrets_tables_and_the_clusters_of_connections() {
    let mut layout = started();
    layout.set(&https("a.com"), Some(&with_tls("s", serving("a.com", "x"))));
    let backends = vec![WeightedCluster::plain(key("y"), 1), WeightedCluster::plain(key("z"), 0)];
    layout.set(&https("b.com"), Some(&passthrough("b.com", backends)));
    let listener = find(&layout.flush(), ResourceType::Listener, "ingress_https");
    assert_eq!(
        lines(&listener),
        ["Secret ns/s".to_owned(), acknowledged("y"), "RouteConfiguration https/a.com".to_owned()]
    );
}

#[test]
fn a_cluster_names_its_endpoints_and_its_ca() {
    let mut value = cluster("x");
    let ca = SecretKey::ca("ns", "trust", None);
    let subject_names = vec![SubjectName::Dns("x.ns".into())];
    value.tls = Some(UpstreamTls {
        sni: "x".into(),
        validation: Some(UpstreamValidation { authorities: Authorities::Bundle(ca), subject_names }),
        client_certificate: None,
        handshake: Arc::default(),
    });
    let resource = envoy::cluster(&value.key(), &value, XdsMode::AdsDelta);
    assert_eq!(lines(&resource), ["Secret ns/trust/ca", "ClusterLoadAssignment ns/x"]);
    assert_eq!(resource.warming, Warming::Quick);
}

#[test]
fn a_cluster_that_is_resolved_names_nothing_and_may_be_slow() {
    let mut value = cluster("x");
    value.discovery =
        Discovery::Dns { name: "x.example".into(), port: 443, health_port: None, family: DnsFamily::V4 };
    let resource = envoy::cluster(&value.key(), &value, XdsMode::AdsDelta);
    assert!(resource.refs.is_empty());
    assert_eq!(resource.warming, Warming::Open);
}
