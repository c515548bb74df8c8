//! How much a backend is given at once.

use harness::manifests::{service, simple_proxy};
use harness::{Options, World};
use model::CircuitBreakers;
use testkit::{Backend, eventually};

/// Services of the tests speak HTTP/2 if they are asked one request after another.
const H2C: &str = "projectcontour.io/upstream-protocol.h2c: '80'";

/// A world with the host `site.example`, whose service has these annotations.
async fn world(options: Options, annotations: &str) -> (World, Backend) {
    let mut world = World::with(options).await;
    let backend = Backend::start("web").await;
    let with = format!("metadata: {{name: web, namespace: default, annotations: {{{annotations}}}}}");
    let yaml = service("default", "web", &[backend.port()]);
    world.write("service", &yaml.replacen("metadata: {name: web, namespace: default}", &with, 1));
    world.apply("site", &simple_proxy("site", "site.example", "web")).await;
    assert_eq!(world.journal.problems("site"), [""; 0]);
    (world, backend)
}

/// While one request is under way, the next one is refused.
async fn only_one_at_a_time((mut world, backend): (World, Backend)) {
    let slow = world.get("site.example", "/?delay=60000");
    let slow = tokio::spawn(async move { slow.send().await });
    eventually("the backend has it", async || match backend.requests() {
        1 => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
    let refused = world.get("site.example", "/").send().await.unwrap();
    assert_eq!((refused.code(), refused.header("x-envoy-overloaded")), (503, Some("true")));
    let remaining = "cluster.default_web_80.circuit_breakers.default.remaining_rq";
    assert_eq!(world.envoy.stat(remaining).await, 0);
    slow.abort();
    eventually("there is room again", async || match world.ask("site.example", "/").await {
        (200, _) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    assert_eq!(world.envoy.stat(remaining).await, 1);
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_service_limits_its_requests() {
    let limit = format!("{H2C}, projectcontour.io/max-requests: '1'");
    only_one_at_a_time(world(Options::default(), &limit).await).await;
}

#[tokio::test]
async fn an_endpoint_gets_no_more_connections_than_its_service_says() {
    let limit = "projectcontour.io/per-host-max-connections: '1'";
    let (mut world, backend) = world(Options::default(), limit).await;
    let [slow, next] = ["/?delay=60000", "/"]
        .map(|path| world.get("site.example", path))
        .map(|request| async move { request.send().await.map(|answer| answer.service()) });
    let slow = tokio::spawn(slow);
    eventually("the backend has it", async || match backend.requests() {
        1 => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
    let next = tokio::spawn(next);
    eventually("the next one waits for a connection", async || {
        match world.envoy.stat("cluster.default_web_80.upstream_cx_overflow").await {
            1.. => Ok(()),
            none => Err(format!("{none} have to wait")),
        }
    })
    .await;
    assert_eq!((backend.connections(), backend.requests()), (1, 1));
    slow.abort();
    assert_eq!(next.await.unwrap(), Ok("web".into()));
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn the_operator_limits_requests_where_a_service_does_not() {
    let mut options = Options::default();
    options.settings.upstream.circuit_breakers =
        CircuitBreakers { max_requests: Some(1), ..CircuitBreakers::default() };
    only_one_at_a_time(world(options, H2C).await).await;
}

#[tokio::test]
async fn a_connection_brings_as_many_requests_as_the_operator_lets_it() {
    let mut options = Options::default();
    options.settings.upstream.requests_per_connection = Some(2);
    let (mut world, backend) = world(options, H2C).await;
    // On one connection of a client, so that it is one worker of Envoy that counts.
    let request = world.get("site.example", "/");
    let mut connection = request.connect().await.unwrap();
    for _ in 0..6 {
        assert_eq!(connection.send(&request).await.unwrap().code(), 200);
    }
    assert_eq!((backend.requests(), backend.connections()), (6, 3));
    world.assert_nothing_rejected().await;
}
