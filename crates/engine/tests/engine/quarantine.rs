//! What happens when Envoy rejects a resource.

mod closing;

use std::collections::BTreeMap;

use api::{HttpProxy, Object};
use engine::{Event, Rejection};
use envoy::{Resource, ResourceType};
use model::{FleetId, Kind, Layout, ObjectId, Settings, Verdict};
use store::Change;

use crate::objects::{
    ca_secret, endpoint, pairs, root, route, service, service_port, slice, tls_secret, with_clients_of,
    with_tls,
};
use crate::outside::{Outcome, Run};

/// What makes a resource bad in the eyes of the Envoy of these tests.
const POISON: &str = "poison";
const WORDS: &str = "Proto constraint validation failed: it tastes odd";

/// An Envoy that rejects every resource that has [`POISON`] in it, beside an engine.
struct Envoy {
    run: Run,
    /// How often each marked word was offered.
    offers: BTreeMap<String, usize>,
    rejections: usize,
}

impl Envoy {
    /// With a Service `web` in namespace `ns`, and two certificates.
    fn new() -> Self {
        Self::with(Layout::Table)
    }

    fn with(layout: Layout) -> Self {
        let run = Run::new(&Settings { layout, ..Settings::default() });
        let mut envoy = Self { run, offers: BTreeMap::new(), rejections: 0 };
        let slice = slice(("ns", "web"), "web", ("", 8080), vec![endpoint("10.0.0.1", Some(true), None)]);
        let secrets = ["one", "two"].map(|name| tls_secret("ns", name, &pairs()[0]));
        envoy.apply([service("ns", "web", vec![service_port("", 80)]), slice].into_iter().chain(secrets));
        envoy
    }

    fn apply(&mut self, objects: impl IntoIterator<Item = Object>) {
        let outcome = self.run.apply(objects);
        self.settle(outcome);
    }

    fn remove(&mut self, kind: Kind, name: &str) {
        let outcome = self.run.changes(vec![Change::Removed(ObjectId::new(kind, "ns", name))]);
        self.settle(outcome);
    }

    /// Answers publications until there are no more.
    fn settle(&mut self, outcome: Outcome) {
        let mut publications = vec![outcome];
        while let Some(outcome) = publications.pop() {
            self.run.check_closed().expect("what is named is there");
            self.count(&outcome.set);
            let bad: Vec<_> = outcome.set.iter().filter(|resource| has(resource, POISON)).collect();
            for resource in &bad {
                // By the next one the engine may have taken it back.
                let id = (resource.resource_type, resource.name.clone());
                if self.run.ingress().get(&id).is_some_and(|now| now.body == resource.body) {
                    publications.push(self.reject(resource.resource_type, &resource.name, WORDS));
                }
            }
            if bad.is_empty() && !outcome.names().is_empty() {
                publications.push(self.run.accept());
            }
            assert!(self.rejections < 1000, "it never ends");
        }
    }

    fn reject(&mut self, resource_type: ResourceType, name: &str, message: &str) -> Outcome {
        self.rejections += 1;
        let rejection = Rejection { resource_type, name: name.into(), message: message.into() };
        self.run.handle(Event::Rejected { fleet: FleetId::ingress(), rejection })
    }

    /// Counts the words `mark-N` in what is offered.
    fn count(&mut self, set: &[Resource]) {
        for resource in set {
            let text = String::from_utf8_lossy(&resource.body.to_bytes()).into_owned();
            let marks = text.split("mark-").skip(1);
            for mark in marks.map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default())
            {
                *self.offers.entry(mark.to_owned()).or_default() += 1;
            }
        }
    }

    /// Whether a text is anywhere in what is published.
    fn serves(&self, text: &str) -> bool {
        self.run.ingress().values().any(|resource| has(resource, text))
    }

    fn verdict(&self, name: &str) -> Verdict {
        self.run.reports[&ObjectId::new(Kind::HttpProxy, "ns", name)].verdict
    }

    fn told(&self, name: &str) -> String {
        let report = &self.run.reports[&ObjectId::new(Kind::HttpProxy, "ns", name)];
        report.problems.iter().map(|problem| problem.message.clone()).collect()
    }
}

fn has(resource: &Resource, text: &str) -> bool {
    resource.body.to_bytes().windows(text.len()).any(|window| window == text.as_bytes())
}

/// A root whose name is that of its host.
fn host(name: &str, path: &str) -> Object {
    proxy(name, path).into()
}

fn proxy(name: &str, path: &str) -> HttpProxy {
    root("ns", name, &format!("{name}.com"), vec![route(path, "web")])
}

#[test]
fn a_single_suspect_is_the_culprit_and_its_last_form_stays_in_force() {
    let mut envoy = Envoy::new();
    envoy.apply([host("a", "/first"), host("b", "/other")]);
    envoy.apply([host("a", "/poison")]);
    assert!(envoy.serves("/first") && envoy.serves("/other") && !envoy.serves(POISON));
    assert_eq!((envoy.verdict("a"), envoy.verdict("b")), (Verdict::Invalid, Verdict::Valid));
    assert!(envoy.told("a").contains(WORDS), "{}", envoy.told("a"));
    assert_eq!(envoy.rejections, 1, "it is never offered again");
    // Everybody else goes on.
    envoy.apply([host("b", "/more")]);
    assert!(envoy.serves("/more") && envoy.serves("/first"));
    assert_eq!(envoy.rejections, 1);
}

#[test]
fn of_several_suspects_each_is_offered_a_bounded_number_of_times() {
    for (suspects, bad) in [(2_usize, 1_usize), (3, 1), (5, 2), (8, 1), (13, 3), (64, 1), (40, 40)] {
        let mut envoy = Envoy::new();
        envoy.apply([host("before", "/before")]);
        // Spread over the suspects.
        let is_bad = |number: usize| number % suspects.div_ceil(bad) == suspects / 3 % suspects.div_ceil(bad);
        let path = |number| {
            if is_bad(number) { format!("/poison-mark-{number}") } else { format!("/mark-{number}/") }
        };
        envoy.apply((0..suspects).map(|number| host(&format!("h{number}"), &path(number))));
        assert!(!envoy.serves(POISON) && envoy.serves("/before"));
        let bound = suspects.next_power_of_two().ilog2() as usize + 1;
        for number in 0..suspects {
            let name = format!("h{number}");
            assert_eq!(envoy.serves(&format!("/mark-{number}/")), !is_bad(number), "{name} of {suspects}");
            let expected = if is_bad(number) { Verdict::Invalid } else { Verdict::Valid };
            assert_eq!(envoy.verdict(&name), expected, "{name} of {suspects}");
            if is_bad(number) {
                let offers = envoy.offers[&number.to_string()];
                assert!(offers <= bound, "{name} of {suspects} was offered {offers} times");
            }
        }
    }
}

#[test]
fn a_fixed_culprit_is_free_and_says_nothing_more() {
    let mut envoy = Envoy::new();
    envoy.apply([host("a", "/poison")]);
    assert!(!envoy.serves("a.com"));
    envoy.apply([host("a", "/good")]);
    assert!(envoy.serves("/good"));
    assert_eq!((envoy.verdict("a"), envoy.told("a").as_str()), (Verdict::Valid, ""));
}

#[test]
fn a_culprit_that_goes_back_to_what_it_was_is_free() {
    let mut envoy = Envoy::new();
    envoy.apply([host("a", "/first")]);
    envoy.apply([host("a", "/poison")]);
    let outcome = envoy.run.apply([host("a", "/first")]);
    assert_eq!(outcome.names(), [""; 0], "that is what is in force");
    assert_eq!(envoy.verdict("a"), Verdict::Valid);
}

#[test]
fn a_removed_culprit_leaves_nothing() {
    let mut envoy = Envoy::new();
    envoy.apply([host("b", "/other")]);
    envoy.apply([host("a", "/first")]);
    envoy.apply([host("a", "/poison")]);
    envoy.remove(Kind::HttpProxy, "a");
    assert!(!envoy.serves("a.com") && envoy.serves("/other"));
    envoy.apply([host("a", "/good")]);
    assert!(envoy.serves("/good"));
}

#[test]
fn the_form_that_comes_back_has_its_cluster_and_its_certificate() {
    let mut envoy = Envoy::new();
    envoy.apply([service("ns", "old", vec![service_port("", 80)])]);
    let before = root("ns", "a", "a.com", vec![route("/", "old")]);
    envoy.apply([with_tls(before, "one").into(), host("b", "/")]);
    // Takes the last use of the Service and of the certificate away, and is rejected.
    let outcome = envoy.run.apply([with_tls(proxy("a", "/poison"), "two").into()]);
    assert!(outcome.names().iter().any(|name| name == "- Secret ns/one"), "{:?}", outcome.names());
    envoy.settle(outcome);
    assert!(envoy.serves("ns/old/80/") && envoy.serves("ns/one") && !envoy.serves(POISON));
    // Even when they are gone from the world, they stay while that form is in force.
    envoy.remove(Kind::Secret, "one");
    envoy.remove(Kind::Service, "old");
    assert!(envoy.serves("ns/old/80/") && envoy.serves("ns/one"));
    envoy.apply([host("a", "/good")]);
    assert!(!envoy.serves("ns/old/80/") && !envoy.serves("ns/one") && envoy.serves("/good"));
}

#[test]
fn a_removal_that_shares_a_rejected_table_happens_after_all() {
    let mut envoy = Envoy::new();
    envoy.apply([host("a", "/first"), host("b", "/other")]);
    let removal = Change::Removed(ObjectId::new(Kind::HttpProxy, "ns", "a"));
    let outcome = envoy.run.changes(vec![removal, Change::Applied(host("b", "/poison"))]);
    envoy.settle(outcome);
    assert!(!envoy.serves("a.com") && envoy.serves("/other"));
    assert_eq!(envoy.verdict("b"), Verdict::Invalid);
}

#[test]
fn a_newer_change_of_a_suspect_that_waits_is_offered_at_once() {
    let mut envoy = Envoy::new();
    let names: Vec<_> = (0..4).map(|number| format!("h{number}")).collect();
    let outcome = envoy.run.apply(names.iter().map(|name| host(name, "/poison")));
    assert_eq!(outcome.names().last().unwrap(), "RouteConfiguration ingress_http");
    let outcome = envoy.reject(ResourceType::RouteConfiguration, "ingress_http", WORDS);
    assert!(!outcome.names().is_empty() && !envoy.serves("h0.com"));
    // All four are set aside; the trial has not begun.
    let newer = envoy.run.apply([host("h2", "/good")]);
    assert!(envoy.serves("/good"));
    envoy.settle(newer);
    assert!(envoy.serves("/good") && !envoy.serves(POISON));
    assert_eq!(envoy.verdict("h2"), Verdict::Valid);
    assert_eq!([0, 1, 3].map(|number| envoy.verdict(&names[number])), [Verdict::Invalid; 3]);
}

#[test]
fn a_suspect_that_went_back_by_itself_keeps_nobody_waiting() {
    let mut envoy = Envoy::new();
    envoy.apply([host("a", "/first"), host("b", "/other")]);
    envoy.run.apply([host("a", "/second"), host("b", "/poison")]);
    envoy.run.apply([host("a", "/first")]);
    let outcome = envoy.reject(ResourceType::RouteConfiguration, "ingress_http", WORDS);
    envoy.settle(outcome);
    assert!(envoy.serves("/first") && envoy.serves("/other") && !envoy.serves(POISON));
    assert_eq!((envoy.verdict("a"), envoy.verdict("b")), (Verdict::Valid, Verdict::Invalid));
}

#[test]
fn a_rejected_cluster_sets_the_hosts_aside_that_brought_it() {
    let mut envoy = Envoy::new();
    envoy.apply([host("a", "/first"), host("b", "/other")]);
    envoy.apply([
        service("ns", POISON, vec![service_port("", 80)]),
        root("ns", "a", "a.com", vec![route("/new", POISON)]).into(),
        host("b", "/more"),
        host("c", "/third"),
    ]);
    assert!(envoy.serves("/first") && envoy.serves("/more") && envoy.serves("/third"));
    assert!(!envoy.serves(POISON), "nobody needs the cluster any more");
    assert_eq!(
        ["a", "b", "c"].map(|name| envoy.verdict(name)),
        [Verdict::Invalid, Verdict::Valid, Verdict::Valid]
    );
    assert!(envoy.told("a").contains("Cluster \"ns/poison/80/"), "{}", envoy.told("a"));
}

#[test]
fn a_rejected_certificate_sets_its_hosts_aside_until_it_changes() {
    let mut envoy = Envoy::new();
    envoy.apply([with_tls(proxy("b", "/other"), "one").into()]);
    let outcome = envoy.run.apply([with_tls(proxy("a", "/first"), "two").into()]);
    assert!(outcome.names().contains(&"Secret ns/two".to_owned()));
    let outcome = envoy.reject(ResourceType::Secret, "ns/two", "Failed to load certificate chain");
    envoy.settle(outcome);
    assert!(!envoy.serves("https/a.com") && !envoy.serves("ns/two") && envoy.serves("https/b.com"));
    assert_eq!((envoy.verdict("a"), envoy.verdict("b")), (Verdict::Invalid, Verdict::Valid));
    envoy.apply([tls_secret("ns", "two", &pairs()[2])]);
    assert!(envoy.serves("https/a.com") && envoy.serves("ns/two"));
    assert_eq!(envoy.verdict("a"), Verdict::Valid);
}

#[test]
fn a_rejected_chain_leaves_the_other_chains() {
    let mut envoy = Envoy::new();
    envoy.apply([with_tls(proxy("a", "/first"), "one").into()]);
    envoy.apply([with_tls(proxy("poison", "/"), "one").into(), with_tls(proxy("b", "/other"), "one").into()]);
    let listener = &envoy.run.ingress()[&(ResourceType::Listener, "ingress_https".into())];
    assert!(has(listener, "a.com") && has(listener, "b.com") && !has(listener, POISON));
    assert_eq!(
        ["poison", "a", "b"].map(|name| envoy.verdict(name)),
        [Verdict::Invalid, Verdict::Valid, Verdict::Valid]
    );
}

#[test]
fn a_rejection_without_suspects_does_nothing() {
    let mut envoy = Envoy::new();
    envoy.apply([with_tls(proxy("a", "/first"), "one").into()]);
    for (kind, name) in [
        (ResourceType::RouteConfiguration, "ingress_http"),
        (ResourceType::RouteConfiguration, "no such table"),
        (ResourceType::Listener, "ingress_https"),
        (ResourceType::Secret, "ns/no-such-secret"),
        (ResourceType::ClusterLoadAssignment, "ns/web"),
        (ResourceType::Cluster, "no such cluster"),
        (ResourceType::Runtime, "isobath"),
    ] {
        let outcome = envoy.reject(kind, name, WORDS);
        assert_eq!((outcome.names(), outcome.told), (vec![], vec![]), "{kind:?} {name}");
    }
}

#[test]
fn a_port_that_cannot_be_opened_is_nobodys_fault() {
    for words in ["cannot bind '0.0.0.0:443': Permission denied", "failed to bind: Address already in use"] {
        let mut envoy = Envoy::new();
        envoy.run.apply([with_tls(proxy("a", "/first"), "one").into()]);
        let outcome = envoy.reject(ResourceType::Listener, "ingress_https", words);
        assert_eq!((outcome.names(), outcome.told), (vec![], vec![]));
        assert!(envoy.serves("https/a.com"));
    }
}

#[test]
fn an_equal_world_and_an_equal_quarantine_give_equal_bytes() {
    let good: Vec<_> =
        (0..6).map(|number| host(&format!("h{number}"), &format!("/first-{number}"))).collect();
    let bad = [host("h1", "/poison"), host("h4", "/poison-too"), host("h5", "/second")];
    let mut one = Envoy::new();
    one.apply(good.clone());
    one.apply(bad.clone());
    let mut other = Envoy::new();
    other.apply(good.into_iter().rev());
    for object in bad.into_iter().rev() {
        other.apply([object]);
    }
    one.run.equals(&other.run).unwrap();
}

#[test]
fn a_rejected_scope_names_its_culprit_and_nobody_is_on_trial() {
    for layout in [Layout::Scoped, Layout::OnDemand] {
        let mut envoy = Envoy::with(layout);
        envoy.apply((0..9).map(|number| host(&format!("h{number}"), "/first")));
        let path = |number| if number == 4 { "/poison-mark-4".into() } else { format!("/mark-{number}/") };
        envoy.apply((0..9).map(|number| host(&format!("h{number}"), &path(number))));
        assert_eq!(envoy.rejections, 1);
        assert!(envoy.offers.values().all(|count| *count == 1), "{:?}", envoy.offers);
        assert_eq!((envoy.verdict("h4"), envoy.verdict("h5")), (Verdict::Invalid, Verdict::Valid));
        assert!(envoy.serves("/first") && envoy.serves("mark-5") && !envoy.serves(POISON));
    }
}

#[test]
fn a_rejected_member_of_the_shared_table_is_found_among_its_hosts() {
    let wildcard = |name: &str, path: &str| -> Object {
        root("ns", name, &format!("*.{name}.com"), vec![route(path, "web")]).into()
    };
    let mut envoy = Envoy::with(Layout::Scoped);
    envoy.apply([wildcard("a", "/first"), wildcard("b", "/other"), host("c", "/exact")]);
    envoy.apply([wildcard("a", "/poison"), wildcard("b", "/more"), host("c", "/new")]);
    assert_eq!(
        ["a", "b", "c"].map(|name| envoy.verdict(name)),
        [Verdict::Invalid, Verdict::Valid, Verdict::Valid]
    );
    assert!(envoy.serves("/first") && envoy.serves("/more") && envoy.serves("/new") && !envoy.serves(POISON));
}

#[test]
fn a_certificate_that_goes_by_the_name_of_a_host_is_rejected_for_that_host_alone() {
    let mut envoy = Envoy::with(Layout::OnDemand);
    envoy.apply(["a", "b"].map(|name| with_tls(proxy(name, "/"), "one").into()));
    envoy.apply(["a", "b"].map(|name| with_tls(proxy(name, "/"), "two").into()));
    let names = |envoy: &Envoy| -> Vec<String> {
        let secrets = envoy.run.ingress().keys().filter(|(kind, _)| *kind == ResourceType::Secret);
        secrets.map(|(_, name)| name.to_string()).collect()
    };
    assert_eq!(names(&envoy), ["a.com", "b.com"]);
    let outcome =
        envoy.run.apply([with_tls(proxy("a", "/"), "one").into(), with_tls(proxy("b", "/"), "one").into()]);
    assert_eq!(outcome.names(), [""; 0], "the certificates are equal");
    let secret = tls_secret("ns", "three", &pairs()[1]);
    envoy.run.apply([
        secret,
        with_tls(proxy("a", "/"), "three").into(),
        with_tls(proxy("b", "/"), "three").into(),
    ]);
    envoy.reject(ResourceType::Secret, "a.com", WORDS);
    assert_eq!((envoy.verdict("a"), envoy.verdict("b")), (Verdict::Invalid, Verdict::Valid));
    assert_eq!(names(&envoy), ["a.com", "b.com"]);
}

#[test]
fn a_certificate_that_is_rejected_long_after_its_host_was_accepted_is_told_until_it_is_renewed() {
    for (layout, name) in
        [(Layout::OnDemand, "a.com"), (Layout::Table, "ns/secret"), (Layout::Scoped, "ns/secret")]
    {
        let mut envoy = Envoy::with(layout);
        envoy.apply([tls_secret("ns", "secret", &pairs()[0]), with_tls(proxy("a", "/"), "secret").into()]);
        assert_eq!(envoy.verdict("a"), Verdict::Valid);
        let before = envoy.run.ingress().clone();
        envoy.reject(ResourceType::Secret, name, WORDS);
        assert_eq!(envoy.verdict("a"), Verdict::Invalid, "{layout:?}");
        assert!(envoy.told("a").contains(WORDS), "{}", envoy.told("a"));
        assert_eq!(*envoy.run.ingress(), before, "{layout:?}");
        envoy.apply([tls_secret("ns", "secret", &pairs()[1])]);
        assert_eq!(envoy.verdict("a"), Verdict::Valid, "{layout:?}");
    }
}

#[test]
fn a_ca_that_is_rejected_is_told_to_its_hosts_until_it_is_another() {
    for layout in [Layout::Table, Layout::Scoped, Layout::OnDemand] {
        let mut envoy = Envoy::with(layout);
        let asks = with_clients_of(with_tls(proxy("a", "/"), "one"), "ca");
        let plain = with_tls(proxy("b", "/"), "one");
        envoy.apply([ca_secret("ns", "ca", &pairs()[0]), asks.into(), plain.into()]);
        let before = envoy.run.ingress().clone();
        envoy.reject(ResourceType::Secret, "ns/ca/ca", WORDS);
        assert_eq!((envoy.verdict("a"), envoy.verdict("b")), (Verdict::Invalid, Verdict::Valid));
        assert!(envoy.told("a").contains(WORDS), "{layout:?}: {}", envoy.told("a"));
        assert_eq!(*envoy.run.ingress(), before, "{layout:?}");
        // Another certificate of the host is not what was rejected.
        envoy.apply([tls_secret("ns", "one", &pairs()[1])]);
        assert_eq!(envoy.verdict("a"), Verdict::Invalid, "{layout:?}");
        envoy.apply([ca_secret("ns", "ca", &pairs()[2])]);
        assert_eq!(envoy.verdict("a"), Verdict::Valid, "{layout:?}");
    }
}
