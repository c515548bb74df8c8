//! What clients see of IngressRoutes.

use std::path::Path;

use harness::World;
use harness::manifests::{HostCertificate, endpoints, ingress_route, service, simple_proxy};
use testkit::{Backend, ClientTls, Failure, Trust, eventually, websocket_echo};

/// The examples, with a backend behind each of their Services.
async fn shop() -> (World, Vec<Backend>) {
    let mut world = World::start().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/ingressroute");
    for name in ["shop", "blog", "services"] {
        let yaml = std::fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
        world.write(name, &yaml);
    }
    let mut backends = Vec::new();
    for (namespace, name) in
        [("shop", "front"), ("shop", "front-next"), ("shop", "api"), ("blog", "blog"), ("blog", "pictures")]
    {
        let backend = Backend::start(name).await;
        world.write(&format!("{name}-endpoints"), &endpoints(namespace, name, &[backend.port()]));
        backends.push(backend);
    }
    world.sync().await;
    (world, backends)
}

const SHOP: &str = "shop.localtest.example";

#[tokio::test]
async fn the_examples_serve_traffic() {
    let (mut world, _backends) = shop().await;
    for (path, expected) in [
        ("/api", "api"),
        ("/api/items", "api"),
        ("/blog", "blog"),
        ("/blog/post", "blog"),
        ("/blog/pictures/1", "pictures"),
    ] {
        assert_eq!(world.ask(SHOP, path).await, (200, expected.into()), "{path}");
    }
    let rewritten = world.get(SHOP, "/api/items").send().await.unwrap().seen().unwrap();
    assert_eq!(rewritten.path, "/items");
    let mut fronts = [0; 2];
    for _ in 0..200 {
        let service = world.ask(SHOP, "/").await.1;
        fronts[usize::from(service == "front-next")] += 1;
    }
    assert!(fronts[0] > fronts[1] && fronts[1] > 0, "{fronts:?} of 9 to 1");
    let sticky = world.get(SHOP, "/blog/pictures").send().await.unwrap();
    assert!(sticky.header("set-cookie").is_some_and(|cookie| cookie.contains("Session-Affinity")));
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn websockets_and_retries_are_as_the_examples_say() {
    let (mut world, backends) = shop().await;
    assert_eq!(websocket_echo(world.http(), None, SHOP, "/socket", "hello").await, Ok("hello".into()));
    let refused = websocket_echo(world.http(), None, SHOP, "/blog", "hello").await;
    assert!(matches!(refused, Err(Failure::Lost(_))), "{refused:?}");
    let api = &backends[2];
    eventually("the API gives its answer after failures", async || {
        api.answer_next(2, 503);
        match world.ask(SHOP, "/api").await {
            (200, _) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    world.assert_nothing_rejected().await;
}

/// The three things that a host with TLS can do with requests and connections.
#[tokio::test]
async fn tls_ends_here_and_plain_requests_are_redirected_but_for_those_that_may_come() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    let backend = Backend::start_tls("passed", "passed.example").await;
    world.write("passed", &service("default", "passed", &[backend.port()]));
    world.write("secret", &HostCertificate::new("safe.example").secret("cert"));
    let to = |name: &str| format!("services: [{{name: {name}, port: 80}}]");
    let blue = to("blue");
    let safe = format!(
        "virtualhost: {{fqdn: safe.example, tls: {{secretName: cert, minimumProtocolVersion: '1.1'}}}}\n\
         routes:\n- {{match: /, {blue}}}\n- {{match: /open, permitInsecure: true, {blue}}}\n"
    );
    let carried = "virtualhost: {fqdn: passed.example, tls: {passthrough: true}}\n\
         tcpproxy: {delegate: {name: carried}}\n";
    world.write("safe", &ingress_route("safe", &safe));
    world.write("passing", &ingress_route("passing", carried));
    world.write("carried", &ingress_route("carried", &format!("tcpproxy: {{{}}}\n", to("passed"))));
    world.sync().await;
    let plain = world.get("safe.example", "/path?q").send().await.unwrap();
    assert_eq!((plain.code(), plain.header("location")), (301, Some("https://safe.example/path?q")));
    assert_eq!(world.ask("safe.example", "/open").await, (200, "blue".into()));
    let tls = |host: &str| ClientTls::new(host, &Trust::Anything);
    let secure = world.get_tls("safe.example", "/").tls(tls("safe.example"));
    assert_eq!(secure.send().await.unwrap().service(), "blue");
    let passed = world.get_tls("passed.example", "/").tls(tls("passed.example"));
    assert_eq!(passed.send().await.unwrap().service(), "passed");
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_host_goes_over_from_an_ingress_route_to_an_http_proxy_without_a_gap() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.add_backend("green").await;
    let route =
        "virtualhost: {fqdn: site.example}\nroutes: [{match: /, services: [{name: blue, port: 80}]}]\n";
    let aged =
        |yaml: String| yaml.replace("{name: old,", "{creationTimestamp: '2019-01-01T00:00:00Z', name: old,");
    world.apply("old", &aged(ingress_route("old", route))).await;
    world.apply("new", &simple_proxy("new", "site.example", "green")).await;
    assert_eq!(world.ask("site.example", "/").await, (200, "blue".into()));
    assert!(world.journal.problems("new").concat().contains("site.example"));
    let load = testkit::Load::new(world.get("site.example", "/")).start();
    load.more(20).await;
    world.remove("old").await;
    load.more(20).await;
    load.stop().await.assert_clean();
    assert_eq!(world.ask("site.example", "/").await, (200, "green".into()));
    assert_eq!(world.journal.problems("new"), [""; 0]);
    world.assert_nothing_rejected().await;
}
