//! Statuses get to the API server, no faster than it wants and by the leader alone.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use isobath_kubernetes::lease::Role;
use isobath_kubernetes::status::{Ended, Observe, Writer, input};
use model::{
    Condition, GatewayApiStatus, Holds, Kind, ObjectId, ParentRef, ParentStatus, Problem, Report, Severity,
    Verdict,
};
use serde_json::{Value, json};
use status::{CONTROLLER_NAME, Input, Observation, Statement, Target};
use store::Change;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::api_server::{ApiServer, Mood};

const PROXIES: &str = "/apis/projectcontour.io/v1/namespaces/shop/httpproxies";
const LONG: Duration = Duration::from_secs(1_000_000);

/// What a writer says of how it fares.
#[derive(Default)]
struct Counted {
    ended: Mutex<Vec<(status::Kind, Ended)>>,
    waiting: AtomicUsize,
}

impl Observe for Counted {
    fn ended(&self, kind: status::Kind, ended: Ended, _: Duration) {
        self.ended.lock().unwrap().push((kind, ended));
    }

    fn waiting(&self, count: usize) {
        self.waiting.store(count, Ordering::Relaxed);
    }
}

impl Counted {
    fn waits(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// A writer that runs.
struct Writing {
    server: ApiServer,
    tell: mpsc::UnboundedSender<Input>,
    role: watch::Sender<Role>,
    counted: Arc<Counted>,
}

impl Writing {
    fn start() -> Self {
        let server = ApiServer::default();
        let (role, roles) = watch::channel(Role::Follower);
        let (writer, tell) = Writer::new(server.client("isobath-0"), "isobath-0", roles);
        let counted = Arc::<Counted>::default();
        tokio::spawn(writer.observed_by(Arc::clone(&counted) as Arc<dyn Observe>).run());
        Self { server, tell, role, counted }
    }

    fn lead(&self, lease: Duration) {
        let until = (Instant::now() + lease).into_std();
        self.role.send_replace(Role::Leader { until });
    }

    /// An object that is there, and of which something is wrong.
    fn add(&self, name: &str) {
        let object = json!({
            "metadata": {"namespace": "shop", "name": name, "uid": name, "generation": 1},
            "spec": {},
        });
        self.server.put(&format!("{PROXIES}/{name}"), object);
        self.observe(name);
        self.blame(name, "wrong");
    }

    fn observe(&self, name: &str) {
        let object = self.server.get(&format!("{PROXIES}/{name}"));
        let decoded = api::decode(api::Kind::HttpProxy, object).unwrap();
        self.tell.send(input(&Change::Applied(decoded.object)).unwrap()).unwrap();
    }

    fn blame(&self, name: &str, message: &str) {
        let problem = Problem {
            severity: Severity::Error,
            kind: "RouteError",
            reason: "Odd",
            path: String::new(),
            message: message.to_owned(),
            help: None,
        };
        let object = ObjectId::new(Kind::HttpProxy, "shop", name);
        let problems = vec![problem];
        let report = Report::new(object, 1, Verdict::Invalid, problems);
        self.tell.send(Input::Said(Box::new(Statement::of(&report, 1).unwrap()))).unwrap();
    }

    fn writes(&self) -> Vec<(String, Instant)> {
        self.server.requests("PATCH")
    }

    fn current_status(&self, name: &str) -> String {
        let object = self.server.get(&format!("{PROXIES}/{name}"));
        object["status"]["currentStatus"].as_str().unwrap_or_default().to_owned()
    }
}

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

const ROUTE: &str = "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/cart";

/// Tells that a route has a parent of ours, and how it was seen.
fn attach(writing: &Writing, object: Value) {
    let parent = ParentRef {
        group: "gateway.networking.k8s.io".into(),
        kind: "Gateway".into(),
        namespace: None,
        name: "edge".into(),
        section_name: None,
        port: None,
    };
    let accepted =
        Condition { name: "Accepted", holds: Holds::Yes, reason: "Accepted", message: String::new() };
    let status = GatewayApiStatus::Route(vec![ParentStatus { parent, conditions: vec![accepted] }]);
    let route = ObjectId::new(Kind::HttpRoute, "shop", "cart");
    let report =
        Report { gateway_api: Some(Box::new(status)), ..Report::new(route, 1, Verdict::Valid, vec![]) };
    let target = Target::new(status::Kind::HttpRoute, "shop", "cart");
    let seen = Observation::decode(target.kind, object).unwrap();
    writing.tell.send(Input::Observed(target, Box::new(seen))).unwrap();
    writing.tell.send(Input::Said(Box::new(Statement::of(&report, 1).unwrap()))).unwrap();
}

/// Who has entries in the status of the route.
fn controllers(writing: &Writing) -> Vec<String> {
    let object = writing.server.get(ROUTE);
    let parents = object["status"]["parents"].as_array().cloned().unwrap_or_default();
    parents.iter().map(|each| each["controllerName"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn many_objects_are_written_once_each_and_not_all_at_once() {
    let writing = Writing::start();
    writing.lead(LONG);
    writing.server.is(Mood::Slow(Duration::from_millis(10)));
    for number in 0..500 {
        writing.add(&format!("p{number}"));
    }
    pass(Duration::from_secs(60)).await;
    assert_eq!((writing.writes().len(), writing.current_status("p499")), (500, "invalid".into()));
    let most = writing.server.most_under_way();
    assert!((32..=36).contains(&most), "{most}");
    // The watch says what was written.
    for number in 0..500 {
        writing.observe(&format!("p{number}"));
    }
    pass(Duration::from_secs(60)).await;
    assert_eq!(writing.writes().len(), 500);
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_is_busy_is_left_alone_for_as_long_as_it_asks() {
    let writing = Writing::start();
    writing.server.is(Mood::Busy(StatusCode::TOO_MANY_REQUESTS, 7));
    writing.add("a");
    writing.lead(LONG);
    pass(Duration::from_secs(1)).await;
    writing.server.is(Mood::Good);
    writing.add("b");
    pass(Duration::from_secs(1)).await;
    assert_eq!(writing.counted.waits(), 2);
    pass(Duration::from_secs(60)).await;
    let writes = writing.writes();
    let pauses: Vec<_> = writes.iter().map(|(_, at)| (*at - writes[0].1).as_secs()).collect();
    assert_eq!(pauses, [0, 7, 7]);
    let kind = status::Kind::HttpProxy;
    let ended = [(kind, Ended::Busy), (kind, Ended::Written), (kind, Ended::Written)];
    assert_eq!((&**writing.counted.ended.lock().unwrap(), writing.counted.waits()), (&ended[..], 0));
    assert_eq!(
        (writing.current_status("a"), writing.current_status("b")),
        ("invalid".into(), "invalid".into())
    );
}

#[tokio::test(start_paused = true)]
async fn who_does_not_lead_writes_nothing() {
    let writing = Writing::start();
    writing.add("a");
    pass(LONG).await;
    assert_eq!(writing.writes(), []);
    writing.lead(Duration::from_secs(10));
    pass(Duration::from_secs(5)).await;
    assert_eq!(writing.writes().len(), 1);
    // The lease is not renewed, and nobody says so.
    pass(Duration::from_secs(5)).await;
    writing.add("b");
    pass(LONG).await;
    assert_eq!(writing.writes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_write_is_under_way_when_the_lease_ends() {
    let writing = Writing::start();
    writing.server.is(Mood::Slow(Duration::from_secs(4)));
    writing.lead(Duration::from_secs(3));
    writing.add("a");
    pass(LONG).await;
    assert_eq!((writing.writes().len(), writing.current_status("a")), (1, String::new()));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_not_waited_for_forever() {
    let writing = Writing::start();
    writing.lead(LONG);
    writing.server.cut_off(&["isobath-0"]);
    writing.add("a");
    pass(Duration::from_secs(5)).await;
    writing.server.cut_off(&[]);
    pass(Duration::from_secs(7)).await;
    assert_eq!((writing.writes().len(), writing.current_status("a")), (2, "invalid".into()));
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_told_by_an_event_too() {
    let writing = Writing::start();
    writing.lead(LONG);
    writing.add("a");
    pass(Duration::from_secs(1)).await;
    writing.blame("a", "wrong");
    writing.observe("a");
    pass(Duration::from_secs(1)).await;
    let told = writing.server.requests("POST");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, "POST /apis/events.k8s.io/v1/namespaces/shop/events");
}

#[tokio::test(start_paused = true)]
async fn a_route_that_has_changed_meanwhile_is_read_again_before_it_is_written() {
    let writing = Writing::start();
    let metadata = json!({"namespace": "shop", "name": "cart", "uid": "u", "generation": 1});
    writing.server.put(ROUTE, json!({"metadata": metadata}));
    let seen = writing.server.get(ROUTE);
    let theirs = json!({"parentRef": {"name": "x"}, "controllerName": "example.com/other", "conditions": []});
    writing.server.put(ROUTE, json!({"metadata": metadata, "status": {"parents": [theirs]}}));
    attach(&writing, seen);
    writing.lead(LONG);
    pass(Duration::from_secs(1)).await;
    assert_eq!(controllers(&writing), ["example.com/other", CONTROLLER_NAME]);
    let ended = [Ended::Outdated, Ended::Written].map(|ended| (status::Kind::HttpRoute, ended));
    assert_eq!(writing.counted.ended.lock().unwrap()[..], ended);
    assert_eq!(writing.server.requests("GET").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_status_that_is_refused_although_nothing_has_changed_is_not_sent_at_once_again() {
    let writing = Writing::start();
    let metadata = json!({"namespace": "shop", "name": "cart", "uid": "u", "generation": 1});
    writing.server.put(ROUTE, json!({"metadata": metadata}));
    attach(&writing, writing.server.get(ROUTE));
    writing.server.is(Mood::Strict);
    writing.lead(LONG);
    pass(Duration::from_millis(500)).await;
    assert_eq!((writing.writes().len(), writing.server.requests("GET").len()), (1, 1));
    assert_eq!(writing.counted.ended.lock().unwrap()[..], [(status::Kind::HttpRoute, Ended::Failed)]);
    writing.server.is(Mood::Good);
    pass(Duration::from_secs(1)).await;
    assert_eq!(controllers(&writing), [CONTROLLER_NAME]);
}

#[tokio::test(start_paused = true)]
async fn the_configuration_that_is_in_force_is_valid() {
    let path = "/apis/projectcontour.io/v1alpha1/namespaces/isobath/contourconfigurations/isobath";
    let writing = Writing::start();
    let metadata = json!({"namespace": "isobath", "name": "isobath", "uid": "u", "generation": 3});
    writing.server.put(path, json!({"metadata": metadata, "spec": {"ingress": {"classNames": ["a"]}}}));
    let client = writing.server.client("isobath-0");
    let configured = isobath_kubernetes::contour_configuration(&client, "isobath", "isobath").await.unwrap();
    assert!(configured.manifest.contains("classNames"));
    configured.in_force().into_iter().for_each(|input| writing.tell.send(input).unwrap());
    writing.lead(LONG);
    pass(Duration::from_secs(1)).await;
    let condition = &writing.server.get(path)["status"]["conditions"][0];
    assert_eq!((&condition["type"], &condition["status"]), (&json!("Valid"), &json!("True")));
    assert_eq!((&condition["observedGeneration"], &condition["reason"]), (&json!(3), &json!("Valid")));
    assert_eq!(writing.writes().len(), 1);
}
