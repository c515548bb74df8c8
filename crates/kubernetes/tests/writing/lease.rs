//! One leads at a time, another soon when it does not any more.

use std::time::Duration;

use isobath_kubernetes::lease::{Candidate, InvalidPeriods, OwnerReference, Role, Settings};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance};

use crate::api_server::{ApiServer, Mood};

const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/isobath/leases/leader-elect";

/// A candidate that runs.
struct Running {
    role: watch::Receiver<Role>,
    shutdown: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Running {
    fn start(server: &ApiServer, name: &str) -> Self {
        Self::with(server, Settings::new("isobath", name))
    }

    fn with(server: &ApiServer, settings: Settings) -> Self {
        let (candidate, role) = Candidate::new(server.client(&settings.identity), settings).unwrap();
        let (shutdown, ended) = oneshot::channel();
        let task = tokio::spawn(candidate.run(async move { drop(ended.await) }));
        Self { role, shutdown: Some(shutdown), task }
    }

    /// Whether it may write, by its own knowledge.
    fn leads(&self) -> bool {
        match *self.role.borrow() {
            Role::Follower => false,
            Role::Leader { until } => Instant::now().into_std() < until,
        }
    }

    /// Waits until it leads, and says how long that took.
    async fn elected(&mut self) -> Duration {
        let began = Instant::now();
        self.role.wait_for(|role| *role != Role::Follower).await.unwrap();
        began.elapsed()
    }

    /// Waits until it is told that it follows, and says how long that took.
    async fn deposed(&mut self) -> Duration {
        let began = Instant::now();
        self.role.wait_for(|role| *role == Role::Follower).await.unwrap();
        began.elapsed()
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn the_first_leads_at_once_and_writes_what_others_need_to_know() {
    let server = ApiServer::default();
    assert_eq!(Running::start(&server, "a").elected().await, Duration::ZERO);
    let spec = &server.get(LEASE)["spec"];
    assert_eq!((&spec["holderIdentity"], &spec["leaseDurationSeconds"]), (&"a".into(), &15.into()));
    assert_eq!((&spec["leaseTransitions"], &spec["acquireTime"]), (&0.into(), &spec["renewTime"]));
}

#[tokio::test(start_paused = true)]
async fn a_lease_goes_with_its_owner() {
    let server = ApiServer::default();
    let owner = OwnerReference {
        api_version: "gateway.networking.k8s.io/v1".to_owned(),
        kind: "Gateway".to_owned(),
        name: "web".to_owned(),
        uid: "1".to_owned(),
        ..OwnerReference::default()
    };
    let mut a = Running::with(&server, Settings { owner: Some(owner), ..Settings::new("isobath", "a") });
    a.elected().await;
    let expected = serde_json::json!([
        {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "name": "web", "uid": "1"},
    ]);
    assert_eq!(server.get(LEASE)["metadata"]["ownerReferences"], expected);
    tokio::time::sleep(seconds(3)).await;
    assert_eq!(server.get(LEASE)["metadata"]["ownerReferences"], expected);
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_by_one_request_in_each_period() {
    let server = ApiServer::default();
    let mut a = Running::start(&server, "a");
    a.elected().await;
    tokio::time::sleep(seconds(21)).await;
    assert!(a.leads());
    let count = |method| server.requests(method).len();
    assert_eq!((count("GET"), count("POST"), count("PUT")), (1, 1, 10));
    let spec = &server.get(LEASE)["spec"];
    assert!(spec["acquireTime"].as_str() <= spec["renewTime"].as_str());
    assert_eq!(spec["leaseTransitions"], 0);
}

#[tokio::test(start_paused = true)]
async fn when_the_leader_is_killed_another_leads_after_the_lease() {
    let server = ApiServer::default();
    let mut a = Running::start(&server, "a");
    a.elected().await;
    let mut b = Running::start(&server, "b");
    tokio::time::sleep(seconds(5)).await;
    assert!(!b.leads());
    a.task.abort();
    let took = b.elected().await;
    assert!(took >= seconds(13) && took <= seconds(17), "{took:?}");
    assert_eq!(server.get(LEASE)["spec"]["leaseTransitions"], 1);
}

#[tokio::test(start_paused = true)]
async fn who_shuts_down_gives_the_lease_back() {
    let server = ApiServer::default();
    let mut a = Running::start(&server, "a");
    a.elected().await;
    let mut b = Running::start(&server, "b");
    tokio::time::sleep(seconds(5)).await;
    drop(a.shutdown.take());
    a.deposed().await;
    let took = b.elected().await;
    assert!(took <= seconds(2), "{took:?}");
    a.task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_cannot_renew_the_lease_leads_no_more_before_another_can() {
    let server = ApiServer::default();
    let mut a = Running::start(&server, "a");
    a.elected().await;
    let mut b = Running::start(&server, "b");
    tokio::time::sleep(seconds(5)).await;
    server.cut_off(&["a"]);
    let took = a.deposed().await;
    assert!(took <= seconds(15), "{took:?}");
    assert!(!a.leads() && !b.leads());
    b.elected().await;
    // When it is back, it follows.
    server.cut_off(&[]);
    tokio::time::sleep(seconds(60)).await;
    assert!(!a.leads() && b.leads());
}

#[tokio::test(start_paused = true)]
async fn slow_answers_do_not_cost_the_leadership() {
    let server = ApiServer::default();
    let mut a = Running::start(&server, "a");
    a.elected().await;
    server.is(Mood::Slow(seconds(4)));
    let mut roles = a.role.clone();
    let lost = roles.wait_for(|role| *role == Role::Follower);
    assert!(tokio::time::timeout(seconds(120), lost).await.is_err());
    assert!(a.leads());
}

#[tokio::test(start_paused = true)]
async fn never_do_two_lead_at_once() {
    const NAMES: [&str; 3] = ["a", "b", "c"];
    let server = ApiServer::default();
    let candidates = NAMES.map(|name| Running::start(&server, name));
    let mut random = 7_u64;
    let mut leaders = [0_u32; 3];
    for _ in 0..400 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bits = random >> 33;
        let off: Vec<_> = NAMES.into_iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).collect();
        server.cut_off(&off.iter().map(|(_, name)| *name).collect::<Vec<_>>());
        server.is(if bits & 8 == 8 {
            Mood::Slow(Duration::from_millis(bits >> 4 & 0xfff))
        } else {
            Mood::Good
        });
        for _ in 0..(bits >> 4 & 0xff) {
            advance(Duration::from_millis(100)).await;
            let lead = candidates.iter().map(Running::leads);
            let lead: Vec<_> =
                lead.enumerate().filter(|(_, leads)| *leads).map(|(number, _)| number).collect();
            assert!(lead.len() <= 1, "{lead:?}");
            lead.iter().for_each(|number| leaders[*number] += 1);
        }
    }
    assert!(leaders.iter().all(|ticks| *ticks > 500), "everyone led once in a while: {leaders:?}");
}

#[test]
fn periods_that_make_no_sense_together_are_refused() {
    let of = |duration: u64, deadline: u64, period: u64| {
        let settings = Settings::new("isobath", "a");
        let (lease_duration, renew_deadline) = (seconds(duration), seconds(deadline));
        Settings { lease_duration, renew_deadline, retry_period: seconds(period), ..settings }.check()
    };
    assert_eq!(of(15, 10, 2), Ok(()));
    assert!(matches!(of(10, 10, 2), Err(InvalidPeriods::Deadline { .. })));
    assert!(matches!(of(15, 10, 10), Err(InvalidPeriods::Period { .. })));
    assert!(matches!(of(15, 10, 0), Err(InvalidPeriods::Period { .. })));
}
