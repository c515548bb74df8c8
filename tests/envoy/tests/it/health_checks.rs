//! Endpoints that are probed, and the routes that wait for them.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use envoy::XdsMode;
use harness::manifests::{http_proxy, secret, service, simple_proxy};
use harness::{Options, World, suite_layout_for};
use testkit::{Backend, Canned, ClientTls, Load, Mode, Port, Trust, eventually};
use tokio::net::TcpListener;

/// The policy of a probe that judges by one answer, every second.
const QUICK: &str = "intervalSeconds: 1, unhealthyThresholdCount: 1, healthyThresholdCount: 1";

/// The route of `site.example` to a service, with these fields of its own.
fn site(service: &str, fields: &str) -> String {
    probed("site", "site.example", service, fields)
}

fn probed(name: &str, host: &str, service: &str, fields: &str) -> String {
    let route = format!("{{services: [{{{service}, port: 80}}], {fields}}}");
    http_proxy(name, &format!("virtualhost: {{fqdn: {host}}}\nroutes: [{route}]\n"))
}

/// Every backend that answers some requests, each on a connection of its own.
async fn answering(world: &World) -> BTreeSet<(u16, String)> {
    let mut answering = BTreeSet::new();
    for _ in 0..12 {
        answering.insert(world.ask("site.example", "/").await);
    }
    answering
}

async fn answers_come_from(world: &World, expected: &[(u16, &str)]) {
    let expected: BTreeSet<_> = expected.iter().map(|(code, name)| (*code, (*name).to_owned())).collect();
    eventually("the endpoints are known", async || match answering(world).await {
        found if found == expected => Ok(()),
        found => Err(format!("{found:?}")),
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_that_fails_its_probes_gets_nothing_until_it_passes_them() {
    let mut world = World::start().await;
    let (one, two) = (Backend::start("one").await, Backend::start("two").await);
    two.answer_next(u32::MAX, 503);
    world.write("service", &service("default", "web", &[one.port(), two.port()]));
    let policy = format!("healthCheckPolicy: {{path: /healthz, {QUICK}}}");
    world.apply("site", &site("name: web", &policy)).await;
    assert_eq!(world.journal.problems("site"), [""; 0]);
    // The route waited for the first probes.
    assert_eq!(answering(&world).await, [(200, "one".to_owned())].into());
    assert_eq!(two.last_seen().unwrap().host, "contour-envoy-healthcheck");
    two.answer_next(0, 200);
    answers_come_from(&world, &[(200, "one"), (200, "two")]).await;
    one.answer_next(u32::MAX, 500);
    answers_come_from(&world, &[(200, "two")]).await;
    two.answer_next(u32::MAX, 500);
    answers_come_from(&world, &[(503, "")]).await;
    world.assert_nothing_rejected().await;
}

/// A Service with a second port, `health`, of these addresses.
fn with_health_port(port: u16, health: u16) -> String {
    let yaml = service("default", "web", &[port]);
    yaml.replace("[{name: http, port: 80}]", "[{name: http, port: 80}, {name: health, port: 9000}]").replace(
        &format!("[{{name: http, port: {port}}}]"),
        &format!("[{{name: http, port: {port}}}, {{name: health, port: {health}}}]"),
    )
}

#[tokio::test]
async fn another_port_is_probed_for_statuses_that_the_user_expects() {
    let mut world = World::start().await;
    let (backend, health) = (Backend::start("web").await, Canned::start().await);
    world.write("service", &with_health_port(backend.port(), health.port()));
    health.answer("/ok", 418, &[], "");
    let expected = "expectedStatuses: [{start: 200, end: 300}, {start: 418, end: 419}]";
    let policy = format!("healthCheckPolicy: {{path: '/ok?deep', host: inner.example, {expected}, {QUICK}}}");
    world.apply("site", &site("name: web, protocol: h2c, healthPort: 9000", &policy)).await;
    assert_eq!(world.ask("site.example", "/").await, (200, "web".into()));
    assert_eq!(backend.requests(), 1, "probes go to the other port");
    let probe = health.received().remove(0);
    assert_eq!(probe.path, "/ok?deep");
    health.answer("/ok", 404, &[], "");
    answers_come_from(&world, &[(503, "")]).await;
    health.answer("/ok", 299, &[], "");
    answers_come_from(&world, &[(200, "web")]).await;
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn connections_go_where_one_can_connect() {
    let mut world = World::start().await;
    let (backend, nobody) = (Backend::start_tls("web", "tcp.example").await, Port::reserve());
    world.write("service", &service("default", "web", &[backend.port(), nobody.number()]));
    let spec = "virtualhost: {fqdn: tcp.example, tls: {passthrough: true}}\n\
        tcpproxy: {services: [{name: web, port: 80}], healthCheckPolicy: {intervalSeconds: 1}}\n";
    world.apply("site", &http_proxy("site", spec)).await;
    let tls = ClientTls::new("tcp.example", &Trust::Anything);
    for _ in 0..10 {
        let answer = world.get_tls("tcp.example", "/").tls(tls.clone()).send().await.unwrap();
        assert_eq!(answer.service(), "web");
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_switched_onto_probed_endpoints_fails_no_request() {
    for mode in [XdsMode::AdsDelta, XdsMode::AdsSotw] {
        switch_onto_probed_endpoints(mode).await;
    }
}

async fn switch_onto_probed_endpoints(mode: XdsMode) {
    let options = Options { mode, ..Options::with_layout(suite_layout_for(mode)) };
    let mut world = World::with(options).await;
    world.add_backend("blue").await;
    world.add_backend("green").await;
    world.apply("site", &site("name: blue", "")).await;
    let loads = [Mode::KeepAlive, Mode::NewConnections]
        .map(|mode| Load::new(world.get("site.example", "/")).clients(2).mode(mode).start());
    for (number, name) in ["green", "blue", "green", "blue"].into_iter().enumerate() {
        for load in &loads {
            load.more(20).await;
        }
        // Another path is another cluster, which has to be probed first.
        let policy = format!("healthCheckPolicy: {{path: /healthz/{number}, {QUICK}}}");
        world.apply("site", &site(&format!("name: {name}"), &policy)).await;
        assert_eq!(world.ask("site.example", "/").await, (200, name.into()));
    }
    for load in loads {
        load.more(20).await;
        load.stop().await.assert_clean();
    }
    world.assert_nothing_rejected().await;
}

/// An endpoint that takes connections and says nothing.
async fn black_hole() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
}

#[tokio::test]
async fn a_backend_that_never_answers_its_probes_holds_up_nobody_else() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.add_backend("green").await;
    world.apply("other", &simple_proxy("other", "other.example", "blue")).await;
    let hole = black_hole().await;
    world.write("service", &service("default", "hole", &[hole.local_addr().unwrap().port()]));
    let policy = "healthCheckPolicy: {path: /, timeoutSeconds: 300}";
    world.write("hole", &probed("hole", "hole.example", "name: hole", policy));
    world.send_changes().await;
    eventually("the cluster warms", async || {
        match world.envoy.stat("cluster_manager.warming_clusters").await {
            1 => Ok(()),
            other => Err(other.to_string()),
        }
    })
    .await;
    // Envoy waits five minutes for the probe. Others change their routes to clusters that are new to it meanwhile.
    for service in ["green", "blue", "green"] {
        let timeout = format!("timeoutPolicy: {{idleConnection: {}s}}", service.len());
        world.write("other", &probed("other", "other.example", &format!("name: {service}"), &timeout));
        world.send_changes().await;
        eventually("the change is in force", async || match world.ask("other.example", "/").await {
            (200, found) if found == service => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    }
    assert_eq!(world.envoy.stat("cluster_manager.warming_clusters").await, 1);

    // One that is probed, too: it is known to be probed in time, although Envoy acknowledges nothing.
    let policy = format!("healthCheckPolicy: {{path: /, {QUICK}}}");
    world.write("other", &probed("other", "other.example", "name: blue", &policy));
    world.send_changes().await;
    eventually("the change is in force", async || match world.ask("other.example", "/").await {
        (200, found) if found == "blue" => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    assert_eq!(world.envoy.stat("cluster_manager.warming_clusters").await, 1);

    // An Envoy that starts is ready before the probe has come to something.
    world.envoy.kill();
    world.envoy.start_again();
    world.envoy.ready().await;
    eventually("the others are served", async || match world.ask("other.example", "/").await {
        (200, found) if found == "blue" => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    world.assert_nothing_rejected().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_switched_onto_endpoints_that_prove_who_they_are_and_are_probed_fails_no_request() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.apply("site", &site("name: blue", "")).await;
    let green = Backend::start_tls("green", "green.inner").await;
    world.write("service", &service("default", "green", &[green.port()]));
    let load = Load::new(world.get("site.example", "/")).clients(2).start();
    // Each CA is new to Envoy, and so is the default of ten seconds from one probe to the next.
    for number in 0..3 {
        load.more(20).await;
        let ca = format!("ca-{number}");
        world.write(&ca, &secret(&ca, "Opaque", &[("ca.crt", green.certificate().unwrap())]));
        let proof = format!("validation: {{caSecret: {ca}, subjectName: green.inner}}");
        let policy = "healthCheckPolicy: {path: /healthz}";
        world.apply("site", &site(&format!("name: green, protocol: tls, {proof}"), policy)).await;
        assert_eq!(world.ask("site.example", "/").await, (200, "green".into()), "{number}");
        load.more(20).await;
        world.apply("site", &site("name: blue", "")).await;
    }
    load.stop().await.assert_clean();
    world.assert_nothing_rejected().await;
}
