//! Which changes make which units dirty, and in which order things are read.

extern crate isobath_store as store;

use std::collections::BTreeSet;

use model::{EndpointsKey, FleetId, Host, Kind, ObjectId};
use serde_json::{Value, json};
use store::{Change, Read, Store, Unit};

fn object(version: &str, kind: &str, value: Value) -> api::Object {
    let kind = api::Kind::find(version, kind).expect("a kind that is read");
    api::decode(kind, value).expect("an object").object
}

fn slice(service: &str, addresses: &[&str]) -> api::Object {
    let endpoints: Vec<_> = addresses.iter().map(|address| json!({"addresses": [address]})).collect();
    let metadata =
        json!({"namespace": "ns", "name": "slice", "labels": {"kubernetes.io/service-name": service}});
    let ports = json!([{"port": 80}]);
    let value = json!({"metadata": metadata, "addressType": "IPv4", "endpoints": endpoints, "ports": ports});
    object("discovery.k8s.io/v1", "EndpointSlice", value)
}

fn service(annotations: &Value) -> api::Object {
    let metadata = json!({"namespace": "ns", "name": "web", "annotations": annotations});
    object("v1", "Service", json!({"metadata": metadata, "spec": {"ports": [{"port": 80}]}}))
}

fn delegation(name: &str, secret: &str, targets: &[&str]) -> api::Object {
    let spec = json!({"delegations": [{"secretName": secret, "targetNamespaces": targets}]});
    let value = json!({"metadata": {"namespace": "ns", "name": name}, "spec": spec});
    object("projectcontour.io/v1", "TLSCertificateDelegation", value)
}

fn proxy((namespace, name): (&str, &str), fqdn: &str, created: Option<&str>) -> api::Object {
    let metadata = json!({"namespace": namespace, "name": name, "creationTimestamp": created});
    let value = json!({"metadata": metadata, "spec": {"virtualhost": {"fqdn": fqdn}}});
    object("projectcontour.io/v1", "HTTPProxy", value)
}

fn apply(store: &mut Store, object: api::Object) -> BTreeSet<Unit> {
    store.apply(&Change::Applied(object)).into_iter().collect()
}

fn endpoints_of(service: &str) -> Unit {
    Unit::Endpoints(FleetId::ingress(), EndpointsKey::of_service("ns", service).into())
}

/// A unit that reads the slices of a Service.
fn watch_slices(store: &mut Store, service: &str) -> Unit {
    let unit = endpoints_of(service);
    let reader = store.reader();
    assert_eq!(reader.slices("ns", service).count(), 0);
    let reads = reader.into_reads();
    store.record(&unit, reads);
    unit
}

fn addresses(store: &Store, service: &str) -> Vec<String> {
    let reader = store.reader();
    let endpoints = reader.slices("ns", service).flat_map(|slice| &slice.endpoints);
    endpoints.map(|endpoint| endpoint.ip.to_string()).collect()
}

/// Proves instead/slice-that-moves.
#[test]
fn a_slice_that_moves_is_seen_by_the_service_that_it_leaves_and_by_the_one_that_it_joins() {
    let mut store = Store::default();
    let (one, other) = (watch_slices(&mut store, "one"), watch_slices(&mut store, "other"));
    assert_eq!(apply(&mut store, slice("one", &["10.0.0.1"])), [one.clone()].into());
    assert_eq!(apply(&mut store, slice("one", &["10.0.0.1"])), [].into(), "nothing changed");
    assert_eq!(apply(&mut store, slice("other", &["10.0.0.1"])), [one, other.clone()].into());
    assert_eq!((addresses(&store, "one"), addresses(&store, "other")), (vec![], vec!["10.0.0.1".into()]));
    let id = ObjectId::new(Kind::EndpointSlice, "ns", "slice");
    assert_eq!(store.apply(&Change::Removed(id.clone())), [other]);
    assert_eq!(store.apply(&Change::Removed(id)), [], "it was gone");
    assert_eq!(addresses(&store, "other"), Vec::<String>::new());
}

#[test]
fn a_slice_that_loses_its_label_belongs_to_nobody() {
    let mut store = Store::default();
    let unit = watch_slices(&mut store, "one");
    apply(&mut store, slice("one", &["10.0.0.1"]));
    let mut orphan = slice("one", &["10.0.0.1"]);
    orphan.metadata_mut().labels = None;
    assert_eq!(apply(&mut store, orphan), [unit].into());
    assert_eq!(addresses(&store, "one"), Vec::<String>::new());
}

#[test]
fn only_parts_that_are_used_make_readers_dirty() {
    let mut store = Store::default();
    let unit = Unit::Root(ObjectId::new(Kind::Ingress, "ns", "it"));
    let reader = store.reader();
    assert!(reader.service("ns", "web").is_none());
    let reads = reader.into_reads();
    assert_eq!(reads, [Read::object(&ObjectId::new(Kind::Service, "ns", "web")).into()], "misses are reads");
    store.record(&unit, reads);
    assert_eq!(apply(&mut store, service(&json!({}))), [unit.clone()].into());
    assert_eq!(apply(&mut store, service(&json!({"note": "nothing"}))), [].into());
    let limited = service(&json!({"projectcontour.io/max-connections": "3"}));
    assert_eq!(apply(&mut store, limited), [unit.clone()].into());
    store.forget(&unit);
    assert_eq!(apply(&mut store, service(&json!({}))), [].into(), "nobody reads it any more");
}

#[test]
fn delegations_are_by_secret_and_namespace_and_a_star_stands_alone() {
    let mut store = Store::default();
    let delegates = |store: &Store, secret, user| store.reader().delegates("ns", secret, user);
    assert!(delegates(&store, "any", "ns"), "its own namespace always may");
    apply(&mut store, delegation("one", "a", &["team"]));
    apply(&mut store, delegation("two", "b", &["*"]));
    apply(&mut store, delegation("three", "c", &["*", "team"]));
    assert!(
        delegates(&store, "a", "team") && delegates(&store, "b", "else") && delegates(&store, "c", "team")
    );
    assert!(
        !delegates(&store, "a", "else") && !delegates(&store, "c", "else") && !delegates(&store, "d", "team")
    );
    store.apply(&Change::Removed(ObjectId::new(Kind::TlsCertificateDelegation, "ns", "one")));
    assert!(!delegates(&store, "a", "team"));
}

#[test]
fn roots_of_a_host_are_read_oldest_first_then_by_name() {
    let mut store = Store::default();
    let (early, late) = (Some("2024-01-01T00:00:00Z"), Some("2024-01-01T00:00:09Z"));
    for (name, fqdn, created) in [
        (("b", "z"), "Host.com", late),
        (("c", "a"), "host.com", None),
        (("b", "a"), "host.com", late),
        (("a", "a"), "else.com", early),
        (("z", "z"), "HOST.com", early),
    ] {
        apply(&mut store, proxy(name, fqdn, created));
    }
    let roots = |store: &Store| -> Vec<String> {
        store.reader().roots_of_host(&Host::new("host.com")).map(|root| root.name.to_string()).collect()
    };
    assert_eq!(roots(&store), ["z/z", "b/a", "b/z", "c/a"]);
    apply(&mut store, proxy(("b", "z"), "host.com", Some("2023-01-01T00:00:00Z")));
    apply(&mut store, proxy(("b", "a"), "else.com", late));
    assert_eq!(roots(&store), ["b/z", "z/z", "c/a"]);
}

#[test]
fn a_root_that_comes_makes_those_dirty_that_claim_its_host() {
    let mut store = Store::default();
    let first = ObjectId::new(Kind::HttpProxy, "a", "first");
    apply(&mut store, proxy(("a", "first"), "host.com", None));
    let reader = store.reader();
    reader.roots_of_host(&Host::new("host.com")).for_each(drop);
    let reads = reader.into_reads();
    store.record(&Unit::Root(first.clone()), reads);
    let second = ObjectId::new(Kind::HttpProxy, "a", "second");
    let dirty = apply(&mut store, proxy(("a", "second"), "HOST.com", None));
    assert_eq!(dirty, [Unit::Root(first), Unit::Root(second.clone()), Unit::Report(second)].into());
}
