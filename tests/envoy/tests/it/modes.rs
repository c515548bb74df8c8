//! Changes under load in each of the ways in which Envoy can ask: no request fails, and Envoy is sent only
//! what changed, by its own count.

use envoy::XdsMode;
use harness::manifests::{HostCertificate, http_proxy, service, simple_proxy};
use harness::{Options, World, suite_layout_for};
use model::Layout;
use testkit::{Backend, Load, Mode, RunningLoad, Stats, eventually};

async fn world(mode: XdsMode) -> (World, Vec<RunningLoad>) {
    let options = Options { mode, ..Options::with_layout(suite_layout_for(mode)) };
    let mut world = World::with(options).await;
    world.add_backend("blue").await;
    world.add_backend("green").await;
    world.apply("site", &simple_proxy("site", "site.example", "blue")).await;
    world.apply("other", &simple_proxy("other", "other.example", "green")).await;
    world.apply("secret", &HostCertificate::new("safe.example").secret("safe")).await;
    let routes = "routes: [{services: [{name: blue, port: 80}]}]";
    let spec = format!("virtualhost: {{fqdn: safe.example, tls: {{secretName: safe}}}}\n{routes}\n");
    world.apply("safe", &http_proxy("safe", &spec)).await;
    // Without ADS Envoy acknowledges a listener before it asks for the route table that the listener waits for.
    eventually("the new listener listens", async || {
        let answer = world.get_tls("safe.example", "/").send().await;
        answer.map_err(|failure| failure.to_string())
    })
    .await;
    let requests = [world.get("site.example", "/"), world.get_tls("safe.example", "/")];
    let loads = requests.into_iter().flat_map(|request| {
        [Mode::KeepAlive, Mode::NewConnections].map(|mode| Load::new(request.clone()).clients(1).mode(mode))
    });
    let loads: Vec<_> = loads.map(Load::start).collect();
    more(&loads).await;
    (world, loads)
}

async fn more(loads: &[RunningLoad]) {
    for load in loads {
        load.more(10).await;
    }
}

/// The updates that Envoy took between two moments, by the names of its counters.
fn updates(before: &Stats, after: &Stats) -> Vec<String> {
    let changed = after.since(before).into_iter();
    changed.map(|(name, ..)| name).filter(|name| name.ends_with(".update_success")).collect()
}

async fn stop_clean(mut world: World, loads: Vec<RunningLoad>) {
    more(&loads).await;
    for load in loads {
        load.stop().await.assert_clean();
    }
    world.assert_nothing_rejected().await;
}

/// A route goes to another Service, and back.
async fn switch_a_route(world: &mut World, loads: &[RunningLoad], updated: &str) {
    for name in ["green", "blue"] {
        let before = world.envoy.stats().await;
        world.apply("site", &simple_proxy("site", "site.example", name)).await;
        assert_eq!(world.ask("site.example", "/").await, (200, name.into()));
        more(loads).await;
        let updates = updates(&before, &world.envoy.stats().await);
        assert_eq!(updates, [updated]);
    }
}

async fn move_endpoints(world: &mut World, loads: &[RunningLoad]) {
    let first = world.backend("blue").port();
    let other = Backend::start("blue").await;
    for ports in [vec![first, other.port()], vec![first]] {
        let before = world.envoy.stats().await;
        world.apply("backend-blue", &service("default", "blue", &ports)).await;
        more(loads).await;
        let updates = updates(&before, &world.envoy.stats().await);
        assert!(updates.len() == 1 && updates[0].starts_with("cluster.default_blue_80"), "{updates:?}");
    }
    assert!(other.requests() > 0);
    other.retire().await;
}

async fn replace_a_certificate(world: &mut World, loads: &[RunningLoad]) {
    let before = world.envoy.stats().await;
    let next = HostCertificate::new("safe.example");
    world.apply("secret", &next.secret("safe")).await;
    let trust = testkit::Trust::Roots(next.certificate.clone());
    let trusting = testkit::ClientTls::new("safe.example", &trust);
    let answer = world.get_tls("safe.example", "/").tls(trusting).send().await.unwrap();
    assert_eq!(answer.service(), "blue");
    more(loads).await;
    let updates = updates(&before, &world.envoy.stats().await);
    assert!(updates.len() <= 1 && updates.iter().all(|name| name.contains("sds")), "{updates:?}");
}

/// State-of-the-world has one version for all resources that a stream names, and Envoy says them anew one by
/// one: only what it asks for as a whole needs no answer.
async fn restart_the_controller(world: &mut World, loads: &[RunningLoad], mode: XdsMode) {
    let before = world.envoy.stats().await;
    world.crash_controller().await;
    more(loads).await;
    world.start_controller().await;
    world.settle().await;
    more(loads).await;
    let mut updates = updates(&before, &world.envoy.stats().await);
    if matches!(mode, XdsMode::AdsSotw | XdsMode::Sotw) {
        updates.retain(|name| ["lds.", ".cds.", "scoped_rds"].iter().any(|kind| name.contains(kind)));
    }
    assert_eq!(updates, [""; 0]);
}

async fn all_changes(mode: XdsMode) {
    let (mut world, loads) = world(mode).await;
    let updated = match world.layout() {
        Layout::Table => "http.ingress_http.rds.ingress_http.update_success",
        Layout::Scoped | Layout::OnDemand => "http.ingress_http.scoped_rds.scopes.update_success",
    };
    switch_a_route(&mut world, &loads, updated).await;
    move_endpoints(&mut world, &loads).await;
    replace_a_certificate(&mut world, &loads).await;
    restart_the_controller(&mut world, &loads, mode).await;
    stop_clean(world, loads).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_with_ads_delta_fail_no_request_and_push_nothing_needless() {
    all_changes(XdsMode::AdsDelta).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_with_ads_sotw_fail_no_request_and_push_nothing_needless() {
    all_changes(XdsMode::AdsSotw).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_with_delta_fail_no_request_and_push_nothing_needless() {
    all_changes(XdsMode::Delta).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_with_sotw_fail_no_request_and_push_nothing_needless() {
    all_changes(XdsMode::Sotw).await;
}
