//! What the operator does to headers, and to the addresses that clients are known by.

use harness::manifests::{http_proxy, ingress};
use testkit::Answer;

use super::{both, world};

const POLICY: &str = "policy:\n  request-headers: {set: {X-From: '%CONTOUR_SERVICE_NAME%', X-Tenant: operator}, remove: [X-Debug]}\n  \
    response-headers: {set: {X-Served: edge}, remove: [X-Internal]}\n  applyToIngress: true\n";

#[tokio::test]
async fn headers_of_all_services_are_changed_unless_users_say_otherwise() {
    let (mut world, backend) = world(POLICY).await;
    backend.answer("/", 200, &[("x-internal", "1")], "");
    backend.answer("/user", 200, &[], "");
    let spec = "virtualhost: {fqdn: user.example}\n\
        routes: [{services: [{name: site, port: 80, requestHeadersPolicy: {set: [{name: x-tenant, value: user}]}}], \
        responseHeadersPolicy: {set: [{name: x-served, value: route}]}}]\n";
    world.write("user", &http_proxy("user", spec));
    let rules = "rules: [{host: ingress.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: site, port: {number: 80}}}}]}}]\n";
    world.apply("ingress", &ingress("ingress", rules)).await;
    let [plain, tls] = both(&world, "/");
    for (request, tenant, served) in [
        (plain, "operator", "edge"),
        (tls, "operator", "edge"),
        (world.get("user.example", "/user"), "user", "route"),
        (world.get("ingress.example", "/"), "operator", "edge"),
    ] {
        let answer: Answer = request.header("x-debug", "1").send().await.unwrap();
        assert_eq!((answer.code(), answer.header("x-served")), (200, Some(served)));
        assert_eq!(answer.header("x-internal"), None);
        let seen = backend.received().pop().expect("a request").headers;
        assert_eq!((seen["x-from"].to_str().unwrap(), seen["x-tenant"].to_str().unwrap()), ("site", tenant));
        assert!(!seen.contains_key("x-debug"));
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn services_are_asked_for_the_host_that_is_said_unless_users_say_another() {
    let policy = "policy: {request-headers: {set: {Host: 'up.example:8080'}}, applyToIngress: true}\n";
    let (mut world, backend) = world(policy).await;
    for path in ["/", "/user"] {
        backend.answer(path, 200, &[], "");
    }
    let spec = "virtualhost: {fqdn: user.example}\n\
        routes: [{services: [{name: site, port: 80}], requestHeadersPolicy: {set: [{name: Host, value: mine.example}]}}]\n";
    world.write("user", &http_proxy("user", spec));
    let rules = "rules: [{host: ingress.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: site, port: {number: 80}}}}]}}]\n";
    world.apply("ingress", &ingress("ingress", rules)).await;
    let [plain, tls] = both(&world, "/");
    for (request, host) in [
        (plain, "up.example:8080"),
        (tls, "up.example:8080"),
        (world.get("user.example", "/user"), "mine.example"),
        (world.get("ingress.example", "/"), "up.example:8080"),
    ] {
        assert_eq!(request.send().await.unwrap().code(), 200);
        let seen = backend.received().pop().expect("a request").headers;
        assert_eq!(seen["host"].to_str().unwrap(), host);
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn as_many_proxies_as_are_said_are_believed() {
    for (hops, expected) in [(0, "127.0.0.1"), (1, "192.0.2.9"), (2, "192.0.2.8")] {
        let (mut world, backend) = world(&format!("network: {{num-trusted-hops: {hops}}}\n")).await;
        backend.answer("/", 200, &[], "");
        let spec = "virtualhost: {fqdn: who.example}\nroutes: [{services: [{name: site, port: 80}], \
            requestHeadersPolicy: {set: [{name: x-who, value: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%'}]}}]\n";
        world.apply("who", &http_proxy("who", spec)).await;
        let request =
            world.get("who.example", "/").header("x-forwarded-for", "192.0.2.7, 192.0.2.8, 192.0.2.9");
        assert_eq!(request.send().await.unwrap().code(), 200);
        assert_eq!(backend.received().pop().expect("a request").headers["x-who"], expected, "{hops}");
        world.assert_nothing_rejected().await;
    }
}

/// What `docs/configuration.md` says of addresses: Envoy judges a redirect that it follows anew, with one entry more.
#[tokio::test]
async fn a_redirect_that_envoy_follows_is_known_by_the_proxy_in_front() {
    let (mut world, backend) = world("network: {num-trusted-hops: 1}\n").await;
    backend.answer("/from", 302, &[("location", "http://who.example/to")], "");
    backend.answer("/to", 200, &[], "");
    let who =
        "requestHeadersPolicy: {set: [{name: x-who, value: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%'}]}";
    let service = "services: [{name: site, port: 80}]";
    let spec = format!(
        "virtualhost: {{fqdn: who.example}}\nroutes:\n\
         - {{conditions: [{{prefix: /from}}], {service}, {who}, internalRedirectPolicy: {{}}}}\n\
         - {{conditions: [{{prefix: /to}}], {service}, {who}}}\n"
    );
    world.apply("who", &http_proxy("who", &spec)).await;
    let request = world.get("who.example", "/from").header("x-forwarded-for", "192.0.2.9");
    assert_eq!(request.send().await.unwrap().code(), 200);
    let seen: Vec<_> = backend.received().iter().map(|seen| seen.headers["x-who"].clone()).collect();
    assert_eq!(seen, ["192.0.2.9", "127.0.0.1"]);
    world.assert_nothing_rejected().await;
}
