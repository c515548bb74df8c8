//! Changes under load: no request fails, and only what changed is pushed.

use harness::World;
use harness::manifests::{HostCertificate, http_proxy, service, simple_proxy};
use model::Layout;
use testkit::{Backend, Load, Mode, RunningLoad};

/// Both kinds of clients on a host.
fn load(world: &World, host: &str) -> [RunningLoad; 2] {
    [Mode::KeepAlive, Mode::NewConnections]
        .map(|mode| Load::new(world.get(host, "/")).clients(2).mode(mode).start())
}

async fn more(loads: &[RunningLoad; 2]) {
    for load in loads {
        load.more(20).await;
    }
}

async fn stop_clean(loads: [RunningLoad; 2]) {
    for load in loads {
        load.stop().await.assert_clean();
    }
}

/// Proves instead/order-of-changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_switched_between_services_fails_no_request() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.add_backend("green").await;
    world.apply("site", &simple_proxy("site", "site.example", "blue")).await;
    let loads = load(&world, "site.example");
    for service in ["green", "blue", "green", "blue", "green"] {
        more(&loads).await;
        world.apply("site", &simple_proxy("site", "site.example", service)).await;
        assert_eq!(world.ask("site.example", "/").await, (200, service.into()));
    }
    more(&loads).await;
    stop_clean(loads).await;
    world.assert_nothing_rejected().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endpoints_that_come_and_go_fail_no_request_and_push_nothing_else() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.apply("site", &simple_proxy("site", "site.example", "blue")).await;
    let loads = load(&world, "site.example");
    let first = world.backend("blue").port();
    let mut mark = world.mark();
    for _ in 0..3 {
        let other = Backend::start("blue").await;
        for ports in [vec![first, other.port()], vec![first]] {
            more(&loads).await;
            world.apply("backend-blue", &service("default", "blue", &ports)).await;
            let pushed = world.pushed_since(mark);
            assert_eq!(pushed, ["ClusterLoadAssignment default/blue/http"]);
            mark = world.mark();
        }
        assert!(other.requests() > 0);
        other.retire().await;
    }
    stop_clean(loads).await;
    world.assert_nothing_rejected().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_that_restarts_fails_no_request_and_sends_nothing_again() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.apply("site", &simple_proxy("site", "site.example", "blue")).await;
    let loads = load(&world, "site.example");
    more(&loads).await;
    let before = world.envoy.stats().await;
    world.crash_controller().await;
    more(&loads).await;
    world.start_controller().await;
    world.settle().await;
    more(&loads).await;
    let after = world.envoy.stats().await;
    let updates =
        |stats: &testkit::Stats| (stats.sum("", ".update_success"), stats.sum("", "lds.update_attempt"));
    assert_eq!(updates(&before).0, updates(&after).0, "{:#?}", after.since(&before));
    stop_clean(loads).await;
    world.assert_nothing_rejected().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_that_come_and_go_fail_no_request_of_another() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.apply("site", &simple_proxy("site", "site.example", "blue")).await;
    let loads = load(&world, "site.example");
    for number in 0..5 {
        let host = format!("other-{number}.example");
        world.apply("other", &simple_proxy("other", &host, "blue")).await;
        assert_eq!(world.ask(&host, "/").await, (200, "blue".into()));
        more(&loads).await;
        world.remove("other").await;
        assert_eq!(world.ask(&host, "/").await, (404, String::new()));
        more(&loads).await;
    }
    stop_clean(loads).await;
    world.assert_nothing_rejected().await;
}

/// Proves instead/certificate-renewed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_replaced_fails_no_request_and_pushes_the_secret_alone() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.apply("secret", &HostCertificate::new("safe.example").secret("safe")).await;
    let routes = "routes: [{services: [{name: blue, port: 80}]}]";
    let spec = format!("virtualhost: {{fqdn: safe.example, tls: {{secretName: safe}}}}\n{routes}\n");
    world.apply("safe", &http_proxy("safe", &spec)).await;
    let loads = [Mode::KeepAlive, Mode::NewConnections]
        .map(|mode| Load::new(world.get_tls("safe.example", "/")).clients(2).mode(mode).start());
    let secret = match world.layout() {
        Layout::Table | Layout::Scoped => "Secret default/safe",
        Layout::OnDemand => "Secret safe.example",
    };
    for _ in 0..3 {
        more(&loads).await;
        let (next, mark) = (HostCertificate::new("safe.example"), world.mark());
        world.apply("secret", &next.secret("safe")).await;
        assert_eq!(world.pushed_since(mark), [secret]);
        let trust = testkit::Trust::Roots(next.certificate.clone());
        let trusting = testkit::ClientTls::new("safe.example", &trust);
        let answer = world.get_tls("safe.example", "/").tls(trusting).send().await.unwrap();
        assert_eq!(answer.service(), "blue");
    }
    more(&loads).await;
    stop_clean(loads).await;
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn an_envoy_that_restarts_gets_everything_again() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.apply("site", &simple_proxy("site", "site.example", "blue")).await;
    world.envoy.kill();
    world.envoy.start_again();
    world.envoy.ready().await;
    assert_eq!(world.ask("site.example", "/").await, (200, "blue".into()));
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn writing_the_same_again_pushes_nothing() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.apply("site", &simple_proxy("site", "site.example", "blue")).await;
    let mark = world.mark();
    world.apply("site", &simple_proxy("site", "site.example", "blue")).await;
    assert_eq!(world.pushed_since(mark), [""; 0]);
}
