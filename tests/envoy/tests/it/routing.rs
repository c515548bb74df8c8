//! Where requests go.

use harness::World;
use harness::manifests::{HostCertificate, http_proxy, ingress, simple_proxy};

/// Proves client/no-route.
#[tokio::test]
async fn a_host_is_served_and_others_are_not_found() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.apply("site", &simple_proxy("site", "site.example", "blue")).await;
    assert_eq!(world.ask("site.example", "/a?b").await, (200, "blue".into()));
    assert_eq!(world.ask("site.example:8080", "/").await, (200, "blue".into()));
    assert_eq!(world.ask("SITE.example", "/").await, (200, "blue".into()));
    assert_eq!(world.ask("other.example", "/").await, (404, String::new()));
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn an_ingress_is_served() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.add_backend("green").await;
    let path = |path: &str, kind: &str, service: &str| {
        let backend = format!("backend: {{service: {{name: {service}, port: {{number: 80}}}}}}");
        format!("{{path: {path}, pathType: {kind}, {backend}}}")
    };
    let paths = [path("/", "Prefix", "blue"), path("/exact", "Exact", "green")].join(", ");
    world
        .apply("ing", &ingress("ing", &format!("rules: [{{host: in.example, http: {{paths: [{paths}]}}}}]")))
        .await;
    assert_eq!(world.ask("in.example", "/exact").await, (200, "green".into()));
    assert_eq!(world.ask("in.example", "/exact/below").await, (200, "blue".into()));
    world.assert_nothing_rejected().await;
}

/// Proves client/redirect-to-https.
#[tokio::test]
async fn a_tls_host_has_its_certificate_and_redirects_plain_requests() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    let certificate = HostCertificate::new("safe.example");
    world.apply("secret", &certificate.secret("safe")).await;
    let host = "virtualhost: {fqdn: safe.example, tls: {secretName: safe}}";
    world
        .apply(
            "safe",
            &http_proxy("safe", &format!("{host}\nroutes: [{{services: [{{name: blue, port: 80}}]}}]")),
        )
        .await;

    let trust = testkit::Trust::Roots(certificate.certificate.clone());
    let tls = testkit::ClientTls::new("safe.example", &trust).alpn(&["h2"]);
    let request = world.get_tls("safe.example", "/").tls(tls).http2();
    assert_eq!(request.send().await.unwrap().service(), "blue");
    let plain = world.get("safe.example", "/path?q").send().await.unwrap();
    assert_eq!((plain.code(), plain.header("location")), (301, Some("https://safe.example/path?q")));
    let other_host = testkit::Request { host: "other.example".into(), ..world.get_tls("safe.example", "/") };
    assert_eq!(other_host.send().await.unwrap().code(), 421);
    let unknown = world.get_tls("unknown.example", "/").send().await.unwrap_err();
    assert!(matches!(unknown, testkit::Failure::Tls(_)), "{unknown}");
    world.assert_nothing_rejected().await;
}

/// Proves client/unresolved-service.
#[tokio::test]
async fn a_missing_service_answers_503_and_is_reported() {
    let mut world = World::start().await;
    world.apply("site", &simple_proxy("site", "site.example", "missing")).await;
    assert_eq!(world.ask("site.example", "/").await, (503, String::new()));
    let problems = world.journal.problems("site");
    assert!(problems.iter().any(|message| message.contains("missing")), "{problems:?}");
    world.assert_nothing_rejected().await;
}
