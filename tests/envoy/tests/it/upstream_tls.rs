//! TLS towards backends, and what both sides prove by it.

use harness::manifests::{HostCertificate, http_proxy, secret, service};
use harness::{Authority, Options, World};
use model::SecretName;
use testkit::{Backend, ClientTls, ServerTls, Trust, eventually};

const SITE: &str = "site.example";

/// A Secret `name` in the namespace `default` with the certificate that a backend made itself, as CA.
fn trusting(name: &str, backend: &Backend) -> String {
    secret(name, "Opaque", &[("ca.crt", backend.certificate().unwrap())])
}

/// A route of `site.example` to the service `web` with these fields.
fn route(prefix: &str, service: &str, fields: &str) -> String {
    format!(
        "- {{conditions: [{{prefix: /{prefix}}}], services: [{{name: web, port: 80, {service}}}], {fields}}}\n"
    )
}

fn site(routes: &[String]) -> String {
    http_proxy("site", &format!("virtualhost: {{fqdn: {SITE}}}\nroutes:\n{}", routes.concat()))
}

#[tokio::test]
async fn a_backend_is_reached_only_if_it_proves_who_it_is() {
    let mut world = World::start().await;
    let (web, other) =
        (Backend::start_tls("web", "web.inner").await, Backend::start_tls("other", "web.inner").await);
    world.write("service", &service("default", "web", &[web.port()]));
    world.write("ca", &trusting("ca", &web));
    world.write("wrong", &trusting("wrong", &other));
    let proof = |ca: &str, names: &str| {
        let first = names.split(',').next().unwrap();
        format!("validation: {{caSecret: {ca}, subjectName: {first}, subjectNames: [{names}]}}")
    };
    let https = |proof: String| format!("protocol: tls, {proof}");
    let routes = [
        route("right", &https(proof("ca", "web.inner")), ""),
        route("several", &https(proof("ca", "other.inner, web.inner")), ""),
        route("h2", &format!("protocol: h2, {}", proof("ca", "web.inner")), ""),
        route("name", &https(proof("ca", "other.inner")), ""),
        route("ca", &https(proof("wrong", "web.inner")), ""),
        route("gone", &https(proof("gone", "web.inner")), ""),
        route("cleartext", &proof("ca", "web.inner"), ""),
        route("unproven", "protocol: tls", ""),
    ];
    world.apply("site", &site(&routes)).await;
    for path in ["/right", "/several", "/h2", "/unproven"] {
        assert_eq!(world.ask(SITE, path).await, (200, "web".into()), "{path}");
    }
    let seen = world.get(SITE, "/h2").send().await.unwrap().seen().unwrap();
    assert_eq!(seen.tls.unwrap().alpn.as_deref(), Some("h2"));
    let before = web.requests();
    for path in ["/name", "/ca", "/gone", "/cleartext"] {
        assert_eq!(world.ask(SITE, path).await, (503, String::new()), "{path}");
    }
    assert_eq!(web.requests(), before);
    assert_eq!(world.journal.problems("site").len(), 2, "{:?}", world.journal.problems("site"));

    // Another CA is one update of the Secret.
    let mark = world.mark();
    world.apply("wrong", &trusting("wrong", &web)).await;
    assert_eq!(world.pushed_since(mark), ["Secret default/wrong/ca"]);
    eventually("the new CA counts", async || match world.ask(SITE, "/ca").await {
        (200, _) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    world.remove("wrong").await;
    assert_eq!(world.ask(SITE, "/ca").await, (503, String::new()));
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_handshake_asks_for_the_host_that_requests_are_sent_to() {
    let mut world = World::start().await;
    let backend = Backend::start_tls("web", "web.inner").await;
    world.write("service", &service("default", "web", &[backend.port()]));
    let host = |name: &str| format!("requestHeadersPolicy: {{set: [{{name: Host, value: '{name}'}}]}}");
    let routes = [
        route("service", &format!("protocol: tls, {}", host("service.example:8443")), &host("route.example")),
        route("route", "protocol: h2", &host("route.example")),
        route("address", "protocol: tls", &host("127.0.0.1")),
        route("none", "protocol: tls", ""),
    ];
    world.apply("site", &site(&routes)).await;
    assert_eq!(world.journal.problems("site"), [""; 0]);
    for (path, expected) in [
        ("/service", Some("service.example")),
        ("/route", Some("route.example")),
        ("/address", None),
        ("/none", None),
    ] {
        let seen = world.get(SITE, path).send().await.unwrap().seen().unwrap();
        assert_eq!(seen.tls.unwrap().sni.as_deref(), expected, "{path}");
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn connections_are_carried_to_backends_that_prove_who_they_are() {
    let mut world = World::start().await;
    let backend = Backend::start_tls("web", "web.inner").await;
    world.write("service", &service("default", "web", &[backend.port()]));
    world.write("ca", &trusting("ca", &backend));
    world.write("secret", &HostCertificate::new("*.tcp.example").secret("cert"));
    for (name, subject) in [("right", "web.inner"), ("wrong", "other.inner")] {
        let proof = format!("validation: {{caSecret: ca, subjectName: {subject}}}");
        let service = format!("{{name: web, port: 80, protocol: tls, {proof}}}");
        let host = format!("virtualhost: {{fqdn: {name}.tcp.example, tls: {{secretName: cert}}}}");
        world.write(name, &http_proxy(name, &format!("{host}\ntcpproxy: {{services: [{service}]}}\n")));
    }
    world.sync().await;
    let get = |host: &'static str| world.get_tls(host, "/").tls(ClientTls::new(host, &Trust::Anything));
    assert_eq!(get("right.tcp.example").send().await.unwrap().service(), "web");
    let refused = get("wrong.tcp.example").send().await;
    assert!(refused.is_err(), "{refused:?}");
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn backends_that_ask_for_it_are_shown_the_operators_certificate() {
    let mut options = Options::default();
    options.settings.upstream.client_certificate = Some(SecretName::new("default", "envoy"));
    let mut world = World::with(options).await;
    let (ca, own) = (Authority::root("clients"), HostCertificate::new("web.inner"));
    let tls = ServerTls::for_clients_of(&own.certificate, &own.key, &ca.certificate());
    let backend = Backend::start_tls_as("web", &tls).await;
    world.write("service", &service("default", "web", &[backend.port()]));
    world.apply("site", &site(&[route("", "protocol: tls", "")])).await;
    assert_eq!(world.ask(SITE, "/").await, (503, String::new()));
    let problems = world.journal.problems("site").concat();
    assert!(problems.contains("tls.envoy-client-certificate"), "{problems}");

    let shown = |authority: &Authority| {
        let client = authority.issue("envoy");
        secret("envoy", "kubernetes.io/tls", &[("tls.crt", &client.chain), ("tls.key", &client.key)])
    };
    world.apply("envoy", &shown(&ca)).await;
    assert_eq!(world.journal.problems("site"), [""; 0]);
    assert_eq!(world.ask(SITE, "/").await, (200, "web".into()));

    // Another certificate is one update of the Secret.
    let mark = world.mark();
    world.apply("envoy", &shown(&ca)).await;
    assert_eq!(world.pushed_since(mark), ["Secret default/envoy/client"]);

    // A fresh Envoy gets all that its clusters need.
    world.envoy.kill();
    world.envoy.start_again();
    world.envoy.ready().await;
    assert_eq!(world.ask(SITE, "/").await, (200, "web".into()));
    world.assert_nothing_rejected().await;
}
