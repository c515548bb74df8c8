//! What clients see when there is nothing good to give (reference, Appendix E).

use harness::World;
use harness::manifests::{HostCertificate, http_proxy, service, simple_proxy};
use testkit::{Failure, eventually};

/// Plain HTTP is open from the start, unlike in Contour, so that the first host closes no window of
/// refused connections; TLS has nothing to offer without a host.
/// Proves client/no-route, client/no-listener.
/// Proves instead/last-host.
#[tokio::test]
async fn without_any_host_plain_requests_are_not_found_and_the_tls_port_is_closed() {
    let world = World::start().await;
    assert_eq!(world.ask("a.example", "/").await, (404, String::new()));
    let refused = world.get_tls("a.example", "/").send().await.unwrap_err();
    assert!(matches!(refused, Failure::Connect(_)), "{refused}");
}

/// Proves client/no-endpoint.
#[tokio::test]
async fn a_service_without_endpoints_answers_503() {
    let mut world = World::start().await;
    world.apply("service", &service("default", "empty", &[])).await;
    world.apply("site", &simple_proxy("site", "site.example", "empty")).await;
    assert_eq!(world.ask("site.example", "/").await, (503, String::new()));
    world.assert_nothing_rejected().await;
}

/// Proves client/include-missing.
#[tokio::test]
async fn an_include_that_is_missing_answers_502_where_it_was_meant() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    let spec = "virtualhost: {fqdn: site.example}\n\
        includes: [{name: missing, conditions: [{prefix: /part}]}]\n\
        routes: [{services: [{name: blue, port: 80}]}]\n";
    world.apply("site", &http_proxy("site", spec)).await;
    assert_eq!(world.ask("site.example", "/part/x").await, (502, String::new()));
    assert_eq!(world.ask("site.example", "/").await, (200, "blue".into()));
    world.assert_nothing_rejected().await;
}

/// Proves client/invalid-update.
#[tokio::test]
async fn a_host_whose_proxy_becomes_invalid_is_gone_and_others_stay() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.apply("other", &simple_proxy("other", "other.example", "blue")).await;
    world.apply("site", &simple_proxy("site", "site.example", "blue")).await;
    assert_eq!(world.ask("site.example", "/").await.0, 200);
    let broken =
        "virtualhost: {fqdn: site.example, tls: {}}\nroutes: [{services: [{name: blue, port: 80}]}]\n";
    world.apply("site", &http_proxy("site", broken)).await;
    assert_eq!(world.ask("site.example", "/").await, (404, String::new()));
    assert_eq!(world.ask("other.example", "/").await, (200, "blue".into()));
    assert!(!world.journal.problems("site").is_empty());
    world.assert_nothing_rejected().await;
}

/// Proves client/secret-deleted.
#[tokio::test]
async fn a_host_whose_secret_is_deleted_gets_no_tls_and_others_stay() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    for name in ["one", "two"] {
        let fqdn = format!("{name}.example");
        world.write(&format!("secret-{name}"), &HostCertificate::new(&fqdn).secret(name));
        let spec = format!(
            "virtualhost: {{fqdn: {fqdn}, tls: {{secretName: {name}}}}}\nroutes: [{{services: [{{name: blue, port: 80}}]}}]\n"
        );
        world.write(name, &http_proxy(name, &spec));
    }
    world.sync().await;
    for host in ["one.example", "two.example"] {
        assert_eq!(world.get_tls(host, "/").send().await.unwrap().service(), "blue");
    }
    world.remove("secret-one").await;
    // On demand, Envoy drops a certificate a while after it was told to.
    eventually("its certificate is gone", async || match world.get_tls("one.example", "/").send().await {
        Err(Failure::Tls(_)) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    assert_eq!(world.get_tls("two.example", "/").send().await.unwrap().service(), "blue");
    world.assert_nothing_rejected().await;
}

/// Proves client/controller-down.
#[tokio::test]
async fn while_the_controller_is_down_envoy_serves_on() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.apply("site", &simple_proxy("site", "site.example", "blue")).await;
    world.stop_controller().await;
    assert_eq!(world.ask("site.example", "/").await, (200, "blue".into()));
}
