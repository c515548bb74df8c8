//! Which resources the classic layout gives, and when.

use envoy::{Layout, ResourceType};
use envoy_protos::envoy::config::listener::v3::Listener;
use envoy_protos::envoy::config::route::v3::RouteConfiguration;
use prost::Message;

use crate::values::{classic, find, flushed, http, https, key, on, passthrough, serving, started, with_tls};

fn domains(layout: &mut Box<dyn Layout>) -> Vec<String> {
    let table = find(&layout.flush(), ResourceType::RouteConfiguration, "ingress_http");
    let table = RouteConfiguration::decode(table.body.to_bytes()).expect("a table");
    table.virtual_hosts.into_iter().flat_map(|host| host.domains).collect()
}

#[test]
fn without_hosts_there_is_an_open_listener_with_an_empty_table() {
    let mut layout = classic();
    assert_eq!(flushed(&mut layout), ["RouteConfiguration ingress_http", "Listener ingress_http"]);
    assert_eq!(flushed(&mut layout), [""; 0]);
}

#[test]
fn a_changed_host_publishes_the_table_alone() {
    let mut layout = started();
    layout.set(&http("a.com"), Some(&serving("a.com", "x")));
    layout.set(&http("b.com"), Some(&serving("b.com", "x")));
    layout.flush();
    layout.set(&http("a.com"), Some(&serving("a.com", "y")));
    assert_eq!(flushed(&mut layout), ["RouteConfiguration ingress_http"]);
}

#[test]
fn an_equal_update_publishes_nothing() {
    let mut layout = started();
    for key in [http("a.com"), https("a.com")] {
        layout.set(&key, Some(&with_tls("s", serving("a.com", "x"))));
    }
    layout.flush();
    for key in [http("a.com"), https("a.com")] {
        layout.set(&key, Some(&with_tls("s", serving("a.com", "x"))));
    }
    assert_eq!(flushed(&mut layout), [""; 0]);
}

#[test]
fn a_change_that_is_undone_before_the_flush_publishes_nothing() {
    let mut layout = started();
    layout.set(&http("a.com"), Some(&serving("a.com", "x")));
    layout.flush();
    layout.set(&http("a.com"), None);
    layout.set(&http("b.com"), Some(&serving("b.com", "x")));
    layout.set(&http("b.com"), None);
    layout.set(&http("a.com"), Some(&serving("a.com", "x")));
    assert_eq!(flushed(&mut layout), [""; 0]);
}

#[test]
fn removing_what_was_never_there_publishes_nothing() {
    let mut layout = started();
    layout.set(&http("a.com"), None);
    layout.set(&https("a.com"), None);
    assert_eq!(flushed(&mut layout), [""; 0]);
}

#[test]
fn the_table_stays_when_its_last_host_goes() {
    let mut layout = started();
    layout.set(&http("a.com"), Some(&serving("a.com", "x")));
    layout.flush();
    layout.set(&http("a.com"), None);
    assert_eq!(domains(&mut layout), [""; 0]);
}

#[test]
fn hosts_of_the_table_are_sorted() {
    let mut layout = started();
    for host in ["b.com", "*", "a.com", "*.a.com"] {
        layout.set(&http(host), Some(&serving(host, "x")));
    }
    assert_eq!(domains(&mut layout), ["*", "*.a.com", "*.a.com.", "a.com", "a.com.", "b.com", "b.com."]);
}

#[test]
fn the_tls_listener_is_there_while_it_has_a_host() {
    let mut layout = started();
    layout.set(&https("a.com"), Some(&with_tls("s", serving("a.com", "x"))));
    assert_eq!(flushed(&mut layout), ["RouteConfiguration https/a.com", "Listener ingress_https"]);
    layout.set(&https("a.com"), None);
    assert_eq!(flushed(&mut layout), ["- RouteConfiguration https/a.com", "- Listener ingress_https"]);
    layout.set(&https("a.com"), Some(&with_tls("s", serving("a.com", "x"))));
    assert_eq!(flushed(&mut layout), ["RouteConfiguration https/a.com", "Listener ingress_https"]);
}

#[test]
fn a_route_of_a_tls_host_leaves_the_listener_alone() {
    let mut layout = started();
    layout.set(&https("a.com"), Some(&with_tls("s", serving("a.com", "x"))));
    layout.flush();
    layout.set(&https("a.com"), Some(&with_tls("s", serving("a.com", "y"))));
    assert_eq!(flushed(&mut layout), ["RouteConfiguration https/a.com"]);
    layout.set(&https("a.com"), Some(&with_tls("other", serving("a.com", "y"))));
    assert_eq!(flushed(&mut layout), ["Listener ingress_https"]);
}

#[test]
fn a_host_that_is_passed_through_has_no_table() {
    let mut layout = started();
    layout.set(&https("a.com"), Some(&with_tls("s", serving("a.com", "x"))));
    layout.flush();
    let backends = vec![model::WeightedCluster::plain(key("x"), 1)];
    layout.set(&https("a.com"), Some(&passthrough("a.com", backends)));
    assert_eq!(flushed(&mut layout), ["- RouteConfiguration https/a.com", "Listener ingress_https"]);
}

#[test]
fn requests_are_never_routed_where_tls_does_not_end() {
    let mut layout = started();
    layout.set(&https("a.com"), Some(&serving("a.com", "x")));
    assert_eq!(flushed(&mut layout), [""; 0]);
}

#[test]
fn a_host_of_an_unknown_listener_is_ignored() {
    let mut layout = started();
    layout.set(&on("other", "a.com"), Some(&serving("a.com", "x")));
    assert_eq!(flushed(&mut layout), [""; 0]);
}

#[test]
fn filter_chains_are_sorted_by_host() {
    let mut layout = started();
    for host in ["b.com", "*", "a.com"] {
        layout.set(&https(host), Some(&with_tls("s", serving(host, "x"))));
    }
    let listener = find(&layout.flush(), ResourceType::Listener, "ingress_https");
    let chains = Listener::decode(listener.body.to_bytes()).unwrap().filter_chains;
    assert_eq!(chains.iter().map(|chain| &*chain.name).collect::<Vec<_>>(), ["*", "a.com", "b.com"]);
}

#[test]
fn a_resource_knows_the_hosts_it_is_made_from() {
    let mut layout = started();
    layout.set(&http("b.com"), Some(&serving("b.com", "x")));
    for key in [http("a.com"), https("a.com"), https("c.com")] {
        layout.set(&key, Some(&with_tls("s", serving(key.host.as_str(), "x"))));
    }
    layout.set(&https("c.com"), None);
    layout.flush();
    let members = |resource_type, name| layout.members(resource_type, name);
    assert_eq!(members(ResourceType::RouteConfiguration, "ingress_http"), [http("a.com"), http("b.com")]);
    assert_eq!(members(ResourceType::RouteConfiguration, "https/a.com"), [https("a.com")]);
    assert_eq!(members(ResourceType::RouteConfiguration, "https/c.com"), []);
    assert_eq!(members(ResourceType::Listener, "ingress_https"), [https("a.com")]);
    assert_eq!(members(ResourceType::Listener, "ingress_http"), []);
    assert_eq!(members(ResourceType::Cluster, "ingress_http"), []);
}
