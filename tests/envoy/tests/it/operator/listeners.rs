//! Listeners that are there whatever is served, and Envoy's runtime.

use harness::{Options, World};
use http::Method;
use serde_json::Value;
use std::net::SocketAddr;
use testkit::{Failure, Request, open};
use tokio::io::AsyncReadExt;

use super::world;

async fn status(target: SocketAddr, path: &str) -> Result<u16, Failure> {
    Request::get(target, "envoy", path).send().await.map(|answer| answer.code())
}

#[tokio::test]
async fn readiness_and_statistics_have_listeners_of_their_own_where_it_is_said() {
    let mut world = World::with(Options::configured("metrics: {envoy: {port: 9000}}\n")).await;
    for (target, path, expected) in [
        (world.stats(), "/stats", 200),
        (world.stats(), "/stats/prometheus", 200),
        (world.stats(), "/ready", 404),
        (world.health(), "/ready", 200),
        (world.health(), "/stats", 404),
    ] {
        assert_eq!(status(target, path).await.unwrap(), expected, "{path}");
    }
    assert!(matches!(status(world.overload_health(), "/ready").await, Err(Failure::Connect(_))));
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn overload_has_a_listener_for_readiness_where_it_is_said() {
    let mut world = World::with(Options::configured("omEnforcedHealthListener: {port: 8009}\n")).await;
    for target in [world.stats(), world.overload_health()] {
        assert_eq!(status(target, "/ready").await.unwrap(), 200);
    }
    assert_eq!(status(world.overload_health(), "/stats").await.unwrap(), 404);
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn envoys_state_can_be_read_and_not_changed() {
    for (configuration, is_there) in [("", true), ("network: {admin-port: 0}\n", false)] {
        let mut world = World::with(Options::configured(configuration)).await;
        if !is_there {
            assert!(matches!(status(world.state(), "/ready").await, Err(Failure::Connect(_))));
            continue;
        }
        for path in ["/ready", "/clusters", "/config_dump", "/server_info", "/runtime", "/certs", "/memory"] {
            assert_eq!(status(world.state(), path).await.unwrap(), 200, "{path}");
        }
        for path in ["/", "/quitquitquit", "/logging", "/ready/../quitquitquit", "//quitquitquit"] {
            for method in [Method::GET, Method::POST] {
                let request = Request::get(world.state(), "envoy", path).method(method);
                assert_eq!(request.send().await.unwrap().code(), 404, "{path}");
            }
        }
        let changed =
            Request::get(world.state(), "envoy", "/ready").method(Method::POST).send().await.unwrap();
        assert_eq!(changed.code(), 404);
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn the_runtime_has_what_the_operator_names_and_the_limits() {
    let (mut world, backend) = world(
        "runtime-settings: {envoy.test.number: 5, envoy.test.flag: 'true'}\n\
         listener: {max-requests-per-io-cycle: 7, max-connections-per-listener: 1000}\n",
    )
    .await;
    backend.answer("/", 200, &[], "");
    let runtime: Value = serde_json::from_str(&world.envoy.get("/runtime").await).unwrap();
    for (name, expected) in [
        ("envoy.test.number", "5"),
        ("envoy.test.flag", "true"),
        ("http.max_requests_per_io_cycle", "7"),
        ("envoy.resource_limits.listener.ingress_http.connection_limit", "1000"),
    ] {
        assert_eq!(runtime["entries"][name]["final_value"], expected, "{name}");
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_listener_that_is_full_takes_no_more_connections() {
    let (mut world, backend) = world("listener: {max-connections-per-listener: 1}\n").await;
    backend.answer("/", 200, &[], "");
    for request in super::both(&world, "/") {
        let mut first = request.connect().await.unwrap();
        assert_eq!(first.send(&request).await.unwrap().code(), 200);
        let mut second = open(request.target, None).await.unwrap();
        let mut nothing = Vec::new();
        // Envoy may close it in either way.
        let closed = second.read_to_end(&mut nothing).await;
        assert!(closed.is_err() || nothing.is_empty(), "{nothing:?}");
        assert_eq!(first.send(&request).await.unwrap().code(), 200);
    }
    world.assert_nothing_rejected().await;
}
