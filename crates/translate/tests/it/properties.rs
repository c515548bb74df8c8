//! What holds for any objects.

#[path = "../../../../tests/cases.rs"]
mod cases;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use model::{RouteMatch, Severity, Traffic, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};

use self::cases::cases;
use crate::anything::objects;
use crate::objects::{ca, proxy, proxy_id, secret, service, world};
use crate::world::consistent;

/// A root with a part and certificate of its own, which nobody else names.
fn healthy() -> [Value; 2] {
    let root = json!({
        "virtualhost": {"fqdn": "healthy.test", "tls": {"secretName": "cert"}},
        "includes": [{"name": "healthy-part", "conditions": [{"prefix": "/part"}]}],
        "routes": [{"services": [{"name": "web", "port": 80}], "permitInsecure": true}],
    });
    let part = json!({"routes": [{"services": [{"name": "web", "port": 80}]}]});
    [proxy("healthy", root), proxy("healthy-part", part)]
}

fn surroundings() -> [Value; 3] {
    [service("web"), secret(), ca()]
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn anything_becomes_hosts_and_reports(objects in objects()) {
        let world = world(objects.into_iter().chain(surroundings()));
        for contribution in world.contributions().into_values() {
            prop_assert_eq!(consistent(&contribution), Ok(()));
        }
        for (key, merged) in world.hosts() {
            // What is asked of requests makes no host where nobody serves any.
            let Some(host) = merged.virtual_host else { continue };
            prop_assert_eq!(&host.host, &key.host);
            if let Traffic::Http(routes) = host.traffic {
                // For Gateways, age goes before what the conditions are.
                let order: fn(&RouteMatch, &RouteMatch) -> Ordering = match key.listener.fleet().is_ingress() {
                    true => RouteMatch::cmp,
                    false => RouteMatch::specificity,
                };
                let sorted = routes.is_sorted_by(|one, next| order(&one.matches, &next.matches) != Ordering::Greater);
                prop_assert!(sorted, "routes are in order");
                let each_once: BTreeSet<_> = routes.iter().map(|route| &route.matches).collect();
                prop_assert_eq!(each_once.len(), routes.len());
            }
        }
        for report in world.reports().into_values() {
            let has_error = report.problems.iter().any(|problem| problem.severity == Severity::Error);
            prop_assert_eq!(has_error, report.verdict != Verdict::Valid);
            let each_once: BTreeSet<_> = report.problems.iter().collect();
            prop_assert_eq!(each_once.len(), report.problems.len());
        }
    }

    #[test]
    fn objects_of_any_content_change_nothing_of_a_healthy_one(objects in objects()) {
        let alone = world(healthy().into_iter().chain(surroundings()));
        let among = world(objects.into_iter().chain(healthy()).chain(surroundings()));
        prop_assert_eq!(among.root(&proxy_id("healthy")), alone.root(&proxy_id("healthy")));
        for name in ["healthy", "healthy-part"] {
            prop_assert_eq!(&among.reports()[&proxy_id(name)], &alone.reports()[&proxy_id(name)]);
        }
    }
}

/// The words of the generator are no excuse: most of what it makes must be served by somebody.
#[test]
fn the_generator_makes_worlds_that_are_served() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let served = (0..100).filter(|_| {
        let objects = objects().new_tree(&mut runner).unwrap().current();
        let world = world(objects.into_iter().chain(surroundings()));
        !world.hosts().is_empty()
    });
    assert!(served.count() > 50);
}
