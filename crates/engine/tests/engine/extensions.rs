//! ExtensionServices that are asked about all hosts.

use api::extension_service::{CircuitBreakers, ExtensionServiceTarget};
use api::http_proxy::policy::TimeoutPolicy;
use api::{Choice, ExtensionService, Object};
use model::{Asked, ExtensionName, Layout, RateLimitService, Settings};
use store::Change;

use crate::objects::{
    endpoint, metadata, pairs, root, route, service, service_port, slice, tls_secret, with_tls,
};
use crate::outside::Run;

fn settings(layout: Layout) -> Settings {
    let service = RateLimitService {
        asked: Asked::new(ExtensionName::new("a", "limits")),
        domain: "ours".into(),
        fail_open: false,
        limit_headers: false,
        resource_exhausted: false,
        default: None,
    };
    Settings { layout, rate_limit_service: Some(service), ..Settings::default() }
}

fn hosts() -> Vec<Object> {
    let host = |name: &str| root("a", name, &format!("{name}.example"), vec![route("/", "web")]);
    vec![
        service("a", "web", vec![service_port("", 80)]),
        tls_secret("a", "cert", &pairs()[0]),
        host("plain").into(),
        with_tls(host("secure"), "cert").into(),
    ]
}

fn limits() -> ExtensionService {
    let mut object = ExtensionService { metadata: metadata("a", "limits"), ..Default::default() };
    object.spec.protocol = Some(Choice::parse("h2c"));
    object.spec.services = vec![ExtensionServiceTarget { name: "limits".into(), port: 80, weight: 1 }];
    object
}

/// Proves instead/extension-that-comes.
#[test]
fn one_that_comes_changes_and_goes_is_a_cluster_that_keeps_its_name() {
    for layout in [Layout::Table, Layout::Scoped, Layout::OnDemand] {
        let settings = settings(layout);
        let mut run = Run::of(&settings, hosts().into_iter().map(Change::Applied).collect());
        run.check_closed().unwrap();
        let addresses =
            slice(("a", "limits"), "limits", ("", 8080), vec![endpoint("10.0.0.1", Some(true), None)]);
        let there = [service("a", "limits", vec![service_port("", 80)]), addresses, limits().into()];
        let came = run.apply(there.clone());
        let names = came.names();
        let [addresses, cluster, nobody] = &names[..] else { panic!("{layout:?} {names:?}") };
        assert_eq!([addresses, cluster], ["ClusterLoadAssignment a/limits", "Cluster extension/a/limits"]);
        assert!(nobody.starts_with("- ClusterLoadAssignment extension/a/limits/"), "{layout:?} {nobody}");
        assert_eq!((came.work.roots, came.work.virtual_hosts), (1, 0), "{layout:?} its own report alone");

        let mut limited = limits();
        limited.spec.circuit_breaker_policy =
            Some(Box::new(CircuitBreakers { max_requests: 9, ..CircuitBreakers::default() }));
        let changed = run.apply([limited.clone().into()]);
        assert_eq!(changed.names(), ["Cluster extension/a/limits"], "{layout:?}");
        assert_eq!(changed.work.virtual_hosts, 0, "{layout:?}");

        let patience = TimeoutPolicy { response: Some("1s".into()), ..TimeoutPolicy::default() };
        limited.spec.timeout_policy = Some(Box::new(patience));
        let asked_otherwise = run.apply([limited.clone().into()]);
        let listeners = ["Listener ingress_http", "Listener ingress_https"];
        assert_eq!(asked_otherwise.names(), listeners, "{layout:?}");

        let [service, addresses, _] = there;
        let world = hosts().into_iter().chain([service, addresses, limited.into()]);
        run.equals(&Run::of(&settings, world.map(Change::Applied).collect())).unwrap();
        let went = run.changes(vec![Change::Removed(ExtensionName::new("a", "limits").object())]);
        assert_eq!(went.names().len(), 5, "{layout:?} {:?}", went.names());
        run.check_closed().unwrap();
    }
}
