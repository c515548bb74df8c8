//! Several Envoys of one fleet. They share the listeners' addresses, so what each has is read from its
//! administration interface.

use harness::manifests::{service, simple_proxy};
use harness::{World, suite_layout};
use model::Layout;
use testkit::{Envoy, eventually};

/// Waits until an Envoy routes a host to a Service.
async fn routes_to(envoy: &Envoy, host: &str, service: &str) {
    let cluster = format!("default/{service}/80/");
    let kind = match suite_layout() {
        Layout::Table => "dynamic_route_configs",
        Layout::Scoped | Layout::OnDemand => "dynamic_scoped_route_configs",
    };
    eventually("Envoy has the route", async || {
        let dump = envoy.get(&format!("/config_dump?resource={kind}")).await;
        let (_, after) = dump.split_once(&format!("\"{host}\"")).unwrap_or_default();
        let (_, route) = after.split_once("\"cluster\":").unwrap_or_default();
        if route.trim_start().trim_start_matches('"').starts_with(&cluster) { Ok(()) } else { Err(dump) }
    })
    .await;
}

async fn world() -> World {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.add_backend("green").await;
    world.apply("site", &simple_proxy("site", "site.example", "blue")).await;
    world
}

#[tokio::test]
async fn two_envoys_of_a_fleet_come_to_the_same() {
    let mut world = world().await;
    let other = world.launch_another("other");
    other.ready().await;
    routes_to(&other, "site.example", "blue").await;
    world.apply("site", &simple_proxy("site", "site.example", "green")).await;
    for envoy in [&world.envoy, &other] {
        routes_to(envoy, "site.example", "green").await;
        assert_eq!(envoy.stats().await.rejected_updates(), 0);
    }
    assert_eq!(world.look().await.connected, 2);
}

#[tokio::test]
async fn a_frozen_envoy_delays_no_other_and_gets_only_the_latest_when_it_is_thawed() {
    let mut world = world().await;
    let frozen = world.launch_another("frozen");
    frozen.ready().await;
    world.settle().await;
    routes_to(&frozen, "site.example", "blue").await;
    let before = frozen.stats().await;
    frozen.freeze();
    for round in 0..11 {
        let name = if round % 2 == 0 { "green" } else { "blue" };
        world.write("site", &simple_proxy("site", "site.example", name));
        world.send_changes().await;
        routes_to(&world.envoy, "site.example", name).await;
    }
    let published = world.mark();
    frozen.thaw();
    world.settle().await;
    routes_to(&frozen, "site.example", "green").await;
    // One was on its way when it froze, whatever came after that is one.
    let after = frozen.stats().await;
    let counter = match world.layout() {
        Layout::Table => "http.ingress_http.rds.ingress_http.update_success",
        Layout::Scoped | Layout::OnDemand => "http.ingress_http.scoped_rds.scopes.update_success",
    };
    let updates = |stats: &testkit::Stats| stats.get(counter);
    let more = updates(&after) - updates(&before);
    assert!((1..=2).contains(&more), "{more} updates: {:#?}", after.since(&before));
    assert_eq!(world.mark(), published);
}

#[tokio::test]
async fn an_envoy_that_dies_frozen_holds_nothing_up() {
    let mut world = world().await;
    let frozen = world.launch_another("frozen");
    frozen.ready().await;
    world.settle().await;
    frozen.freeze();
    let port = world.backend("green").port();
    world.write("backend-blue", &service("default", "blue", &[port]));
    world.send_changes().await;
    frozen.kill();
    world.settle().await;
    assert_eq!(world.look().await.disconnected, 1);
    assert_eq!(world.ask("site.example", "/").await, (200, "green".into()));
}
