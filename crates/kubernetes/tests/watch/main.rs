//! What the watches tell of a cluster, whatever its API server does.
#![allow(clippy::unwrap_used, reason = "a test")]

mod api_server;

use std::collections::BTreeSet;
use std::time::Duration;

use api_server::{ApiServer, Mood};
use isobath_kubernetes::watch::{Batch, Settings, State, Watches};
use serde_json::{Value, json};
use store::Change;
use tokio::sync::mpsc;

/// A failing run must not hang.
const HANG: Duration = Duration::from_secs(30);

const SERVICES: &str = "/api/v1/services";
const SECRETS: &str = "/api/v1/secrets";
const SLICES: &str = "/apis/discovery.k8s.io/v1/endpointslices";
const PROXIES: &str = "/apis/projectcontour.io/v1/httpproxies";
const ROUTES: &str = "/apis/contour.heptio.com/v1beta1/ingressroutes";

/// Watches of a cluster, and what they told.
struct Watching {
    batches: mpsc::Receiver<Batch>,
    tallies: isobath_kubernetes::watch::Tallies,
}

impl Watching {
    fn of(server: &ApiServer) -> Self {
        Self::with(server, Settings::default())
    }

    fn with(server: &ApiServer, settings: Settings) -> Self {
        let pause = Duration::from_millis(2);
        let settings =
            Settings { first_pause: pause, longest_pause: pause, longest_absence: pause, ..settings };
        let watches = Watches::new(server.client(), settings);
        let tallies = watches.tallies();
        let (batches, received) = mpsc::channel(1);
        tokio::spawn(watches.run(batches));
        Self { batches: received, tallies }
    }

    async fn batch(&mut self) -> Batch {
        tokio::time::timeout(HANG, self.batches.recv()).await.expect("no batch came").unwrap()
    }

    /// Everything that is told up to the batch after which the world is complete, in the order of names.
    async fn synced(&mut self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        loop {
            let batch = self.batch().await;
            all.extend(told(&batch));
            if batch.synced {
                return all;
            }
        }
    }

    /// The next changes, as many as are expected.
    async fn next<const N: usize>(&mut self, expected: [&str; N]) {
        let mut all = Vec::new();
        while all.len() < N {
            all.extend(told(&self.batch().await));
        }
        all.sort();
        assert_eq!(all, expected);
    }

    fn failures(&self) -> u64 {
        self.tallies.iter().map(|tally| tally.failures()).sum()
    }

    /// Waits until something holds of the tallies.
    async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !holds(self) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(HANG, waiting).await.expect("it never came to be");
    }
}

/// `+ object`, `- object`, `? object: what is wrong`.
fn told(batch: &Batch) -> Vec<String> {
    let reports = || batch.unreadable.iter().map(|unreadable| &unreadable.report);
    let unreadable: BTreeSet<_> = reports().map(|report| &report.object).collect();
    let problems = reports();
    let problems = problems.map(|report| format!("? {}: {}", report.object, report.problems[0].message));
    let changes = batch.changes.iter().filter(|change| !unreadable.contains(&change.object()));
    let changes = changes.map(|change| match change {
        Change::Applied(_) => format!("+ {}", change.object()),
        Change::Removed(object) => format!("- {object}"),
    });
    changes.chain(problems).collect()
}

fn object(name: &str) -> Value {
    json!({"metadata": {"namespace": "ns", "name": name, "uid": name}})
}

fn proxy(name: &str, fqdn: &Value) -> Value {
    let mut object = object(name);
    object["spec"] = json!({"virtualhost": {"fqdn": fqdn}});
    object
}

fn set<const N: usize>(expected: [&str; N]) -> BTreeSet<String> {
    expected.into_iter().map(Into::into).collect()
}

#[tokio::test]
async fn everything_is_told_and_then_every_change() {
    for server in [ApiServer::with(&[PROXIES]), ApiServer::with(&[PROXIES]).streaming_lists()] {
        server.put(SERVICES, object("a"));
        server.put(PROXIES, proxy("p", &"a.example".into()));
        let mut watching = Watching::of(&server);
        assert_eq!(watching.synced().await, set(["+ HTTPProxy ns/p", "+ Service ns/a"]));
        server.put(SERVICES, object("b"));
        watching.next(["+ Service ns/b"]).await;
        server.delete(SERVICES, "ns", "a");
        watching.next(["- Service ns/a"]).await;
        server.put(PROXIES, proxy("p", &"b.example".into()));
        watching.next(["+ HTTPProxy ns/p"]).await;
    }
}

#[tokio::test]
async fn long_lists_are_read_to_the_end() {
    let server = ApiServer::with(&[]);
    let names: Vec<_> = (0..120).map(|number| format!("s{number:03}")).collect();
    for name in &names {
        let mut secret = object(name);
        secret["type"] = "Opaque".into();
        server.put(SECRETS, secret);
    }
    let mut watching = Watching::of(&server);
    let expected: BTreeSet<_> = names.iter().map(|name| format!("+ Secret ns/{name}")).collect();
    assert_eq!(watching.synced().await, expected);
    let asked = server.requests();
    let pages = asked.iter().filter(|uri| uri.starts_with(SECRETS) && uri.contains("limit=50"));
    assert_eq!(pages.count(), 3);
    let selector = "type%21%3Dhelm.sh%2Frelease.v1%2Ctype%21%3Dkubernetes.io%2Fservice-account-token";
    assert!(
        asked.iter().filter(|uri| uri.starts_with(SECRETS)).all(|uri| uri.contains(selector)),
        "{asked:#?}"
    );
}

#[tokio::test]
async fn a_watch_that_ends_goes_on_where_it_was() {
    let server = ApiServer::with(&[]);
    server.put(SERVICES, object("a"));
    let mut watching = Watching::of(&server);
    watching.synced().await;
    server.cut();
    server.put(SERVICES, object("b"));
    watching.next(["+ Service ns/b"]).await;
    let lists = watching.tallies.iter().map(|tally| tally.lists());
    assert!(lists.max() == Some(1), "nothing was listed anew");
}

#[tokio::test]
async fn after_a_watch_expired_only_what_changed_is_told() {
    for server in [ApiServer::with(&[]), ApiServer::with(&[]).streaming_lists()] {
        for name in ["a", "b", "c"] {
            server.put(SERVICES, object(name));
        }
        let mut watching = Watching::of(&server);
        watching.synced().await;
        server.is(Mood::Failing(500));
        server.cut();
        server.delete(SERVICES, "ns", "a");
        server.put(SERVICES, object("b"));
        server.put(SERVICES, object("d"));
        server.forget();
        server.is(Mood::Good);
        watching.next(["+ Service ns/b", "+ Service ns/d", "- Service ns/a"]).await;
    }
}

#[tokio::test]
async fn a_list_that_lacks_most_of_what_was_known_is_not_believed_at_once() {
    for (disbelief, believed) in [(Duration::from_secs(3600), false), (Duration::ZERO, true)] {
        let server = ApiServer::with(&[]);
        let names: Vec<_> = (0..20).map(|number| format!("s{number:02}")).collect();
        for name in &names {
            server.put(SERVICES, object(name));
        }
        let mut watching = Watching::with(&server, Settings { disbelief, ..Settings::default() });
        watching.synced().await;
        server.is(Mood::Failing(500));
        server.cut();
        for name in &names[..15] {
            server.delete(SERVICES, "ns", name);
        }
        server.put(SERVICES, object("new"));
        server.forget();
        server.is(Mood::Good);
        if believed {
            let mut expected =
                names[..15].iter().map(|name| format!("- Service ns/{name}")).collect::<Vec<_>>();
            expected.insert(0, "+ Service ns/new".to_owned());
            let mut told = Vec::new();
            while told.len() < expected.len() {
                told.extend(self::told(&watching.batch().await));
            }
            assert_eq!(told, expected);
        } else {
            watching.next(["+ Service ns/new"]).await;
            let before = watching.failures();
            watching.until(|watching| watching.failures() > before + 3).await;
            server.put(SERVICES, object("newer"));
            watching.next(["+ Service ns/newer"]).await;
        }
    }
}

#[tokio::test]
async fn while_the_api_server_is_away_nothing_is_told() {
    let server = ApiServer::with(&[]);
    server.put(SERVICES, object("a"));
    let mut watching = Watching::of(&server);
    watching.synced().await;
    server.is(Mood::Failing(503));
    server.cut();
    let before = watching.failures();
    watching.until(|watching| watching.failures() > before + 20).await;
    server.is(Mood::Good);
    server.put(SERVICES, object("b"));
    watching.next(["+ Service ns/b"]).await;
}

#[tokio::test]
async fn a_kind_without_definition_is_picked_up_when_it_has_one() {
    let server = ApiServer::with(&[]);
    let mut watching = Watching::of(&server);
    assert_eq!(watching.synced().await, set([]));
    server.define(PROXIES);
    server.put(PROXIES, proxy("p", &"a.example".into()));
    watching.next(["+ HTTPProxy ns/p"]).await;
}

#[tokio::test]
async fn a_kind_that_is_lost_keeps_what_was_known() {
    let server = ApiServer::with(&[PROXIES]);
    server.put(PROXIES, proxy("p", &"a.example".into()));
    let mut watching = Watching::of(&server);
    watching.synced().await;
    server.is(Mood::Refusing(PROXIES.to_owned(), 404));
    server.cut();
    let before = watching.failures();
    watching.until(|watching| watching.failures() > before + 5).await;
    server.is(Mood::Good);
    server.put(SERVICES, object("s"));
    watching.next(["+ Service ns/s"]).await;
}

#[tokio::test]
async fn what_may_not_be_read_is_waited_for() {
    let server = ApiServer::with(&[]);
    server.put(SECRETS, object("s"));
    server.is(Mood::Refusing(SECRETS.to_owned(), 403));
    let mut watching = Watching::of(&server);
    watching.until(|watching| watching.failures() > 3).await;
    assert!(watching.batches.is_empty(), "the world is not complete");
    server.is(Mood::Good);
    assert_eq!(watching.synced().await, set(["+ Secret ns/s"]));
}

#[tokio::test]
async fn what_may_not_be_read_and_is_not_there_is_not_waited_for() {
    let server = ApiServer::with(&[PROXIES]);
    server.is(Mood::Refusing(ROUTES.to_owned(), 403));
    let mut watching = Watching::of(&server);
    watching.synced().await;
    let absent = watching.tallies.iter().filter(|tally| tally.state() == State::Absent);
    assert!(absent.map(|tally| tally.kind()).any(|kind| kind == api::Kind::IngressRoute));
    // There, and still refused: in the same group as one that may be read.
    let server = ApiServer::with(&[PROXIES, ROUTES]);
    server.is(Mood::Refusing(ROUTES.to_owned(), 403));
    let watching = Watching::of(&server);
    watching.until(|watching| watching.failures() > 3).await;
    assert!(watching.batches.is_empty(), "the world is not complete");
}

#[tokio::test]
async fn an_object_that_cannot_be_read_stops_nobody() {
    for server in [ApiServer::with(&[PROXIES]), ApiServer::with(&[PROXIES]).streaming_lists()] {
        server.put(PROXIES, proxy("bad", &7.into()));
        server.put(PROXIES, proxy("good", &"a.example".into()));
        let mut watching = Watching::of(&server);
        let told = watching.synced().await;
        assert!(told.contains("+ HTTPProxy ns/good"), "{told:?}");
        assert!(
            told.iter().any(|line| line.starts_with("? HTTPProxy ns/bad: spec.virtualhost.fqdn:")),
            "{told:?}"
        );
        server.put(PROXIES, proxy("bad", &"b.example".into()));
        watching.next(["+ HTTPProxy ns/bad"]).await;
        server.put(PROXIES, json!({"metadata": {"name": 7}}));
        server.put(PROXIES, proxy("last", &"c.example".into()));
        watching.next(["+ HTTPProxy ns/last"]).await;
    }
}

#[tokio::test]
async fn only_the_namespaces_that_are_to_be_read_are_asked_for() {
    let server = ApiServer::with(&[]);
    for namespace in ["a", "b"] {
        for path in [SERVICES, SECRETS, SLICES, "/apis/networking.k8s.io/v1/ingresses"] {
            let (root, plural) = path.rsplit_once('/').unwrap();
            server.define(&format!("{root}/namespaces/{namespace}/{plural}"));
        }
    }
    server.put(SERVICES, object("elsewhere"));
    server.put("/api/v1/namespaces/b/services", json!({"metadata": {"namespace": "b", "name": "s"}}));
    let settings = Settings { namespaces: vec!["a".into(), "b".into()], ..Settings::default() };
    let mut watching = Watching::with(&server, settings);
    assert_eq!(watching.synced().await, set(["+ Service b/s"]));
    // Classes of Gateways are in no namespace.
    let is_outside = |uri: &String| !uri.contains("/namespaces/") && !uri.contains("/gatewayclasses?");
    let outside: Vec<_> = server.requests().into_iter().filter(is_outside).collect();
    assert_eq!(outside, [""; 0]);
}

#[tokio::test]
async fn objects_are_told_with_their_status_be_they_readable_or_not() {
    let server = ApiServer::with(&[PROXIES]);
    for (name, fqdn) in [("good", json!("a.example")), ("bad", json!(7))] {
        let mut object = proxy(name, &fqdn);
        object["metadata"]["generation"] = 3.into();
        object["status"] = json!({"currentStatus": "valid"});
        server.put(PROXIES, object);
    }
    let mut watching = Watching::of(&server);
    let mut seen = Vec::new();
    loop {
        let Batch { changes, unreadable, synced } = watching.batch().await;
        let applied = changes.into_iter().filter_map(|change| match change {
            Change::Applied(object) => Some(object),
            Change::Removed(_) => None,
        });
        for object in applied.chain(unreadable.into_iter().filter_map(|unreadable| unreadable.object)) {
            let api::Object::HttpProxy(proxy) = object else { panic!("{object:?}") };
            let status = proxy.status.map(|status| status.current_status);
            seen.push((proxy.metadata.name.unwrap(), proxy.metadata.generation, status.unwrap()));
        }
        if synced {
            break;
        }
    }
    seen.sort();
    let expected = ["bad", "good"].map(|name| (name.to_owned(), Some(3), "valid".to_owned()));
    assert_eq!(seen, expected);
}
