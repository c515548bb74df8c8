//! Only what changed: 10,000 hosts, one change, counted.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use api::Object;
use model::{Kind, Layout, ObjectId, Settings};
use store::Change;

use crate::objects::{
    endpoint, pairs, root, route, service, service_port, slice, time, tls_secret, with_tls,
};
use crate::outside::{Run, scope};

const HOSTS: usize = 10_000;
/// The first hosts have TLS, all with one certificate for each ten.
const TLS_HOSTS: usize = 100;

fn namespace(number: usize) -> String {
    format!("team-{}", number / 100)
}

fn host(number: usize, path: &str, target: usize) -> Object {
    let fqdn = format!("host-{number}.example.com");
    let routes = vec![route(path, &format!("service-{target}"))];
    let proxy = root(&namespace(number), &format!("root-{number}"), &fqdn, routes);
    if number < TLS_HOSTS { with_tls(proxy, &format!("secret-{}", number / 10)).into() } else { proxy.into() }
}

fn backend(number: usize) -> [Object; 2] {
    let (namespace, name) = (namespace(number), format!("service-{number}"));
    let slice = slice((&namespace, &name), &name, ("", 8080), vec![endpoint("10.0.0.1", Some(true), None)]);
    [service(&namespace, &name, vec![service_port("", 80)]), slice]
}

fn made(layout: Layout) -> Mutex<Run> {
    let secrets = (0..TLS_HOSTS / 10)
        .map(|number| tls_secret(&namespace(0), &format!("secret-{number}"), &pairs()[number % 2]));
    let hosts = (0..HOSTS).map(|number| host(number, "/", number));
    let objects = hosts.chain((0..HOSTS).flat_map(backend)).chain(secrets);
    let settings = Settings { layout, ..Settings::default() };
    let mut run = Run::of(&settings, objects.map(Change::Applied).collect());
    run.accept();
    Mutex::new(run)
}

/// The large world, made once for each layout; every test changes hosts of its own.
fn large_by(layout: Layout) -> MutexGuard<'static, Run> {
    static TABLE: OnceLock<Mutex<Run>> = OnceLock::new();
    static SCOPED: OnceLock<Mutex<Run>> = OnceLock::new();
    static ON_DEMAND: OnceLock<Mutex<Run>> = OnceLock::new();
    let large = match layout {
        Layout::Table => &TABLE,
        Layout::Scoped => &SCOPED,
        Layout::OnDemand => &ON_DEMAND,
    };
    large.get_or_init(|| made(layout)).lock().unwrap_or_else(PoisonError::into_inner)
}

fn large() -> MutexGuard<'static, Run> {
    large_by(Layout::Table)
}

#[test]
fn a_changed_route_publishes_the_one_table() {
    let outcome = large().apply([host(5000, "/new", 5000)]);
    assert_eq!(outcome.names(), ["RouteConfiguration ingress_http"]);
    assert!(outcome.work.units() <= 3, "{:?}", outcome.work);
    assert_eq!(outcome.told, [], "it is valid, as before");
}

#[test]
fn a_changed_route_of_a_tls_host_publishes_its_tables() {
    let outcome = large().apply([host(5, "/new", 5)]);
    assert_eq!(
        outcome.names(),
        ["RouteConfiguration https/host-5.example.com", "RouteConfiguration ingress_http"]
    );
    assert!(outcome.work.units() <= 4, "{:?}", outcome.work);
}

#[test]
fn a_route_to_another_service_recomputes_ten_units_at_most() {
    let mut large = large();
    let outcome = large.apply([host(5101, "/", 5102)]);
    let cluster = |name: &str| name.starts_with("- Cluster team-51/service-5101/80/");
    let names = outcome.names();
    assert_eq!(names[0], "RouteConfiguration ingress_http");
    assert_eq!(names[1], "- ClusterLoadAssignment team-51/service-5101");
    assert!(names.len() == 3 && cluster(&names[2]), "{names:?}");
    assert!(outcome.work.units() <= 10, "{:?}", outcome.work);
}

#[test]
fn a_changed_endpoint_publishes_its_addresses_from_one_unit() {
    let namespace = namespace(5200);
    let endpoints = vec![endpoint("10.0.0.2", Some(true), None)];
    let outcome = large().apply([slice((&namespace, "service-5200"), "service-5200", ("", 8080), endpoints)]);
    assert_eq!(outcome.names(), ["ClusterLoadAssignment team-52/service-5200"]);
    assert_eq!((outcome.work.units(), outcome.work.endpoints), (1, 1));
    assert_eq!(outcome.told, []);
}

#[test]
fn what_means_nothing_costs_nothing() {
    let Object::HttpProxy(proxy) = host(5300, "/", 5300) else { unreachable!() };
    let mut with_status = proxy.clone();
    with_status.status = Some(Box::default());
    let mut with_annotation = proxy.clone();
    with_annotation.metadata.annotations = Some([("note".into(), "nothing".into())].into());
    let mut with_label = proxy;
    with_label.metadata.labels = Some([("team".into(), "blue".into())].into());
    with_label.metadata.resource_version = Some("7".into());
    let mut aged = backend(5300);
    aged[0].metadata_mut().creation_timestamp = Some(time(3));
    let [service, slice] = aged;
    let unrelated = [
        crate::objects::service("elsewhere", "nobody-uses-it", vec![service_port("", 80)]),
        tls_secret("elsewhere", "nobody-uses-it", &pairs()[0]),
        crate::objects::slice(("elsewhere", "it"), "nobody-uses-it", ("", 80), vec![]),
        api::core::Namespace { metadata: crate::objects::metadata("", "new"), ..Default::default() }.into(),
    ];
    let mut large = large();
    let proxies = [with_status, with_annotation, with_label].map(Object::HttpProxy);
    for object in proxies.into_iter().chain([service, slice]).chain(unrelated) {
        let what = object.id();
        let outcome = large.apply([object]);
        assert_eq!((outcome.names(), outcome.told, outcome.work.units()), (vec![], vec![], 0), "{what}");
    }
    let gone = large.changes(vec![Change::Removed(ObjectId::new(Kind::HttpProxy, "elsewhere", "never-was"))]);
    assert_eq!((gone.names(), gone.work.units()), (vec![], 0));
}

#[test]
fn a_rotated_secret_is_one_resource() {
    let outcome = large().apply([tls_secret(&namespace(0), "secret-3", &pairs()[3])]);
    assert_eq!(outcome.names(), ["Secret team-0/secret-3"]);
    // The ten roots that name it look whether it is still fit; no host is made again.
    assert_eq!((outcome.work.virtual_hosts, outcome.work.clusters), (0, 0));
    assert!(outcome.work.units() <= 21, "{:?}", outcome.work);
}

#[test]
fn one_more_host_recomputes_what_is_its_own() {
    let number = HOSTS + 1;
    let [service, slice] = backend(number);
    let mut large = large();
    let outcome = large.apply([host(number, "/", number), service, slice]);
    let names = outcome.names();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(outcome.work.units() <= 10, "{:?}", outcome.work);
    let id = ObjectId::new(Kind::HttpProxy, namespace(number), format!("root-{number}"));
    let outcome = large.changes(vec![Change::Removed(id)]);
    assert_eq!(outcome.names().len(), 3, "{:?}", outcome.names());
    assert!(outcome.work.units() <= 10, "{:?}", outcome.work);
}

#[test]
fn with_scopes_a_changed_route_publishes_one_small_scope() {
    for layout in [Layout::Scoped, Layout::OnDemand] {
        let outcome = large_by(layout).apply([host(5000, "/new", 5000)]);
        assert_eq!(outcome.names(), [scope("http", "host-5000.example.com")], "{layout:?}");
        assert!(outcome.work.bytes < 1024, "{layout:?}: {} bytes", outcome.work.bytes);
        assert!(outcome.work.units() <= 3, "{:?}", outcome.work);
    }
}

#[test]
fn with_scopes_a_changed_route_of_a_tls_host_publishes_its_tables_alone() {
    for (layout, class) in [(Layout::Scoped, "chain"), (Layout::OnDemand, "https")] {
        let outcome = large_by(layout).apply([host(5, "/new", 5)]);
        let mut expected = ["http", class].map(|class| scope(class, "host-5.example.com"));
        expected.sort();
        assert_eq!(outcome.names(), expected, "{layout:?}");
        assert!(outcome.work.bytes < 2048, "{layout:?}: {} bytes", outcome.work.bytes);
    }
}

#[test]
fn on_demand_one_more_tls_host_is_its_scopes_and_its_certificate() {
    let fqdn = "new.example.com";
    let proxy = root(&namespace(0), "new", fqdn, vec![route("/", "service-0")]);
    let mut large = large_by(Layout::OnDemand);
    let outcome = large.apply([with_tls(proxy, "secret-0").into()]);
    let published = ["Secret new.example.com".to_owned()]
        .into_iter()
        .chain(["http", "https"].map(|class| scope(class, fqdn)));
    let published: Vec<_> = published.collect();
    assert_eq!(outcome.names(), published);
    assert!(outcome.work.units() <= 10, "{:?}", outcome.work);
    let gone = large.changes(vec![Change::Removed(ObjectId::new(Kind::HttpProxy, namespace(0), "new"))]);
    assert_eq!(gone.names(), published.iter().map(|name| format!("- {name}")).collect::<Vec<_>>());
}

#[test]
fn on_demand_a_renewed_secret_is_published_under_the_names_of_its_hosts() {
    let outcome = large_by(Layout::OnDemand).apply([tls_secret(&namespace(0), "secret-3", &pairs()[3])]);
    let hosts = (30..40).map(|number| format!("Secret host-{number}.example.com"));
    assert_eq!(outcome.names(), hosts.collect::<Vec<_>>());
    assert_eq!((outcome.work.virtual_hosts, outcome.work.clusters), (0, 0));
}
