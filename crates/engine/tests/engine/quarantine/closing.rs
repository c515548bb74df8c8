//! A rejected change that asks more of requests never leaves the host open.

use api::http_proxy::policy::{IpFilterPolicy, IpFilterSource};

use super::*;

const LAYOUTS: [Layout; 3] = [Layout::Table, Layout::Scoped, Layout::OnDemand];

/// The same, for clients with some addresses only.
fn guarded(mut proxy: HttpProxy, range: &str) -> HttpProxy {
    let filter = IpFilterPolicy { cidr: range.into(), source: IpFilterSource::Peer.into() };
    let host = proxy.spec.virtualhost.as_mut().expect("a root");
    host.ip_allow_policy = vec![filter];
    proxy
}

fn refuses(envoy: &Envoy) -> bool {
    let told = &envoy.run.reports[&ObjectId::new(Kind::HttpProxy, "ns", "a")].problems;
    told.iter()
        .any(|problem| problem.help.as_ref().is_some_and(|help| help.starts_with("the host is closed")))
}

#[test]
fn a_rejected_change_that_asks_more_of_requests_closes_its_host() {
    for layout in LAYOUTS {
        let mut envoy = Envoy::with(layout);
        envoy.apply([host("a", "/first"), host("b", "/other")]);
        envoy.apply([guarded(proxy("a", "/poison"), "10.0.0.0/8").into()]);
        assert!(envoy.serves("a.com") && envoy.serves("/other"), "{layout:?}");
        assert!(!envoy.serves("/first") && !envoy.serves(POISON), "{layout:?}");
        assert_eq!((envoy.verdict("a"), envoy.rejections), (Verdict::Invalid, 1), "{layout:?}");
        assert!(refuses(&envoy) && envoy.told("a").contains(WORDS), "{layout:?}");
        envoy.apply([guarded(proxy("a", "/good"), "10.0.0.0/8").into()]);
        assert!(envoy.serves("/good") && envoy.verdict("a") == Verdict::Valid, "{layout:?}");
    }
}

#[test]
fn a_rejected_change_with_the_guards_that_were_leaves_the_accepted_form() {
    for layout in LAYOUTS {
        let mut envoy = Envoy::with(layout);
        envoy.apply([guarded(proxy("a", "/first"), "10.0.0.0/8").into()]);
        envoy.apply([guarded(proxy("a", "/poison"), "10.0.0.0/8").into()]);
        assert!(envoy.serves("/first") && !envoy.serves(POISON) && !refuses(&envoy), "{layout:?}");
    }
}

#[test]
fn a_closed_host_stays_closed_until_a_change_is_accepted() {
    let mut envoy = Envoy::new();
    envoy.apply([host("a", "/first")]);
    envoy.apply([guarded(proxy("a", "/poison"), "10.0.0.0/8").into()]);
    for change in [guarded(proxy("a", "/poison"), "10.1.0.0/16"), proxy("a", "/poison-again")] {
        envoy.apply([change.into()]);
        assert!(envoy.serves("a.com") && !envoy.serves("/first") && !envoy.serves(POISON));
    }
    envoy.apply([host("a", "/good")]);
    assert!(envoy.serves("/good"));
}

#[test]
fn a_host_that_is_rejected_closed_too_is_not_served() {
    for layout in LAYOUTS {
        let mut envoy = Envoy::with(layout);
        envoy.apply([host("b", "/other")]);
        envoy.apply([guarded(root("ns", "a", "poison.com", vec![route("/", "web")]), "10.0.0.0/8").into()]);
        assert_eq!(envoy.rejections, 2, "{layout:?}");
        assert!(envoy.serves("/other") && !envoy.serves(POISON) && refuses(&envoy), "{layout:?}");
        envoy.apply([host("b", "/more")]);
        assert!(envoy.serves("/more") && envoy.rejections == 2, "{layout:?}");
    }
}

#[test]
fn a_host_that_came_to_ask_for_certificates_of_a_rejected_ca_is_not_served() {
    for layout in LAYOUTS {
        let mut envoy = Envoy::with(layout);
        let open = with_tls(proxy("a", "/first"), "one");
        envoy.apply([open.clone().into(), ca_secret("ns", "ca", &pairs()[0])]);
        envoy.run.apply([with_clients_of(open, "ca").into()]);
        let outcome = envoy.reject(ResourceType::Secret, "ns/ca/ca", WORDS);
        envoy.settle(outcome);
        assert!(!envoy.serves("ns/web/80/") && refuses(&envoy), "{layout:?}");
        envoy.apply([ca_secret("ns", "ca", &pairs()[2])]);
        assert!(envoy.serves("ns/web/80/") && envoy.verdict("a") == Verdict::Valid, "{layout:?}");
    }
}

#[test]
fn of_several_suspects_only_the_culprit_is_closed() {
    for layout in LAYOUTS {
        let mut envoy = Envoy::with(layout);
        envoy.apply(["a", "b", "c"].map(|name| host(name, &format!("/first-{name}"))));
        let changed = |name, path| -> Object { guarded(proxy(name, path), "10.0.0.0/8").into() };
        envoy.apply([changed("a", "/poison"), changed("b", "/new-b"), changed("c", "/new-c")]);
        assert!(envoy.serves("/new-b") && envoy.serves("/new-c"), "{layout:?}");
        assert!(envoy.serves("a.com") && !envoy.serves("/first-a") && refuses(&envoy), "{layout:?}");
    }
}

#[test]
fn a_rejected_change_that_sends_requests_to_https_does_not_leave_them_in_the_clear() {
    for layout in LAYOUTS {
        let mut envoy = Envoy::with(layout);
        envoy.apply([host("a", "/first"), tls_secret("ns", "one", &pairs()[0])]);
        assert!(envoy.serves("/first"), "{layout:?}");
        envoy.apply([with_tls(proxy("a", "/poison"), "one").into()]);
        assert!(!envoy.serves("/first") && !envoy.serves(POISON) && refuses(&envoy), "{layout:?}");
    }
}
