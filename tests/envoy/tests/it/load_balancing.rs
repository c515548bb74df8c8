//! Which of a service's endpoints a request goes to.

use std::collections::{BTreeMap, BTreeSet};

use harness::World;
use harness::manifests::{http_proxy, service};
use testkit::{Backend, Load, Port, Request};

const NAMES: [&str; 3] = ["one", "two", "three"];

/// A world with a service of three endpoints, and the host `site.example` that has it with this policy.
struct Shared {
    world: World,
    _backends: Vec<Backend>,
}

impl Shared {
    async fn start(policy: &str) -> Self {
        Self::with("weight: 1", policy).await
    }

    /// With a field of the service, too.
    async fn with(field: &str, policy: &str) -> Self {
        let mut world = World::start().await;
        let mut backends = Vec::new();
        for name in NAMES {
            backends.push(Backend::start(name).await);
        }
        let ports: Vec<_> = backends.iter().map(Backend::port).collect();
        world.write("service", &service("default", "web", &ports));
        let route =
            format!("{{services: [{{name: web, port: 80, {field}}}], loadBalancerPolicy: {{{policy}}}}}");
        let spec = format!("virtualhost: {{fqdn: site.example}}\nroutes: [{route}]\n");
        world.apply("site", &http_proxy("site", &spec)).await;
        assert_eq!(world.journal.problems("site"), [""; 0]);
        Self { world, _backends: backends }
    }

    fn get(&self, path: &str) -> Request {
        self.world.get("site.example", path)
    }

    async fn end(mut self) {
        self.world.assert_nothing_rejected().await;
    }
}

async fn service_of(request: &Request) -> String {
    request.send().await.unwrap().service()
}

/// The endpoints that answer these requests.
async fn answering(requests: impl IntoIterator<Item = Request>) -> BTreeSet<String> {
    let mut answering = BTreeSet::new();
    for request in requests {
        answering.insert(service_of(&request).await);
    }
    answering
}

#[tokio::test]
async fn every_strategy_reaches_all_endpoints() {
    for strategy in ["RoundRobin", "WeightedLeastRequest", "Random"] {
        let shared = Shared::start(&format!("strategy: {strategy}")).await;
        // By chance, one of three stays away from 60 requests once in 10^10 times.
        let requests = std::iter::repeat_with(|| shared.get("/")).take(60);
        assert_eq!(answering(requests).await, NAMES.map(str::to_owned).into(), "{strategy}");
        shared.end().await;
    }
}

#[tokio::test]
async fn a_client_that_shows_its_cookie_stays_with_its_endpoint() {
    let shared = Shared::start("strategy: Cookie").await;
    let mut endpoints = BTreeSet::new();
    for _ in 0..12 {
        let first = shared.get("/deep/path").send().await.unwrap();
        let cookie = first.header("set-cookie").unwrap();
        assert!(cookie.starts_with("X-Contour-Session-Affinity=") && cookie.contains("Path=/"), "{cookie}");
        assert!(!cookie.contains("Max-Age"), "{cookie}");
        let pair = cookie.split(';').next().unwrap();
        let again = std::iter::repeat_with(|| shared.get("/").header("cookie", pair)).take(5);
        assert_eq!(answering(again).await, [first.service()].into());
        endpoints.insert(first.service());
    }
    assert!(endpoints.len() > 1, "{endpoints:?}");
    shared.end().await;
}

#[tokio::test]
async fn requests_that_are_hashed_alike_go_to_one_endpoint() {
    let parts = "{headerHashOptions: {headerName: X-Tenant}, terminal: true}, \
        {queryParameterHashOptions: {parameterName: user}}";
    let shared = Shared::start(&format!("strategy: RequestHash, requestHashPolicies: [{parts}]")).await;
    let users = |tenant: &'static str| {
        let get = |user| shared.get(&format!("/?user={user}"));
        (0..40).map(get).map(move |request| match tenant {
            "" => request,
            tenant => request.header("x-tenant", tenant),
        })
    };
    // What is behind a terminal part does not count for a request that has it.
    assert_eq!(answering(users("acme")).await.len(), 1);
    assert_eq!(answering(users("")).await.len(), 3);
    let tenants = (0..40).map(|tenant| shared.get("/").header("x-tenant", &tenant.to_string()));
    assert_eq!(answering(tenants).await.len(), 3);
    let same = std::iter::repeat_with(|| shared.get("/other?user=7&more")).take(10);
    assert_eq!(answering(same).await.len(), 1);
    shared.end().await;
}

#[tokio::test]
async fn a_client_can_be_known_by_its_address() {
    let policy = "strategy: RequestHash, requestHashPolicies: [{hashSourceIP: true}]";
    let shared = Shared::start(policy).await;
    let from = |last: u8| shared.get("/").from([127, 0, 0, last]);
    assert_eq!(answering((0..10).map(|_| from(9))).await.len(), 1);
    assert_eq!(answering((1..=40).map(from)).await.len(), 3);
    shared.end().await;
}

#[tokio::test]
async fn endpoints_that_are_new_are_reached_too() {
    for strategy in ["RoundRobin", "WeightedLeastRequest"] {
        let policy = "slowStartPolicy: {window: 1h, aggression: '2.0', minWeightPercent: 50}";
        let shared = Shared::with(policy, &format!("strategy: {strategy}")).await;
        let requests = std::iter::repeat_with(|| shared.get("/")).take(60);
        assert_eq!(answering(requests).await, NAMES.map(str::to_owned).into(), "{strategy}");
        shared.end().await;
    }
}

/// A world with a service of two endpoints, `living` and one that refuses connections, and the host `site.example` that has
/// it with this policy and up to three retries.
async fn half_dead(policy: &str) -> (World, Backend, Port) {
    let mut world = World::start().await;
    let (living, dead) = (Backend::start("living").await, Port::reserve());
    world.write("service", &service("default", "web", &[living.port(), dead.number()]));
    let route = format!(
        "{{services: [{{name: web, port: 80}}], loadBalancerPolicy: {{{policy}}}, \
         retryPolicy: {{count: 1, retryOn: [connect-failure]}}}}"
    );
    let spec = format!("virtualhost: {{fqdn: site.example}}\nroutes: [{route}]\n");
    world.apply("site", &http_proxy("site", &spec)).await;
    (world, living, dead)
}

#[tokio::test]
async fn a_retry_does_not_meet_the_endpoint_that_failed() {
    for strategy in ["RoundRobin", "WeightedLeastRequest", "Random"] {
        let (mut world, _living, _dead) = half_dead(&format!("strategy: {strategy}")).await;
        let load = Load::new(world.get("site.example", "/")).clients(3).start();
        load.more(400).await;
        load.stop().await.assert_clean();
        let retries = world.envoy.stats().await.sum("cluster.", ".upstream_rq_retry");
        assert!(retries > 0, "{strategy}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_retry_of_a_request_with_a_hash_stays_with_its_endpoint() {
    let parts = "{headerHashOptions: {headerName: X-Tenant}}";
    let policy = format!("strategy: RequestHash, requestHashPolicies: [{parts}]");
    let (mut world, _living, _dead) = half_dead(&policy).await;
    let mut answers = BTreeMap::new();
    for tenant in (0..40).flat_map(|tenant| [tenant, tenant]) {
        let request = world.get("site.example", "/").header("x-tenant", &tenant.to_string());
        answers.entry(tenant).or_insert_with(BTreeSet::new).insert(request.send().await.unwrap().code());
    }
    let kinds: BTreeSet<_> = answers.into_values().collect();
    assert_eq!(kinds, [[200].into(), [503].into()].into(), "each tenant has one endpoint");
    world.assert_nothing_rejected().await;
}
