//! TLS hosts and names.

use harness::World;
use harness::manifests::{HostCertificate, http_proxy, service, simple_proxy};
use model::Layout;
use testkit::{Backend, ClientTls, Failure, Request, Trust, open};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const BLUE: &str = "routes: [{services: [{name: blue, port: 80}]}]";

/// Writes a host with a certificate of its own and these fields of `tls`, which goes to `blue`.
fn write_host(world: &World, name: &str, fqdn: &str, tls: &str) {
    world.write(&format!("secret-{name}"), &HostCertificate::new(fqdn).secret(name));
    let host = format!("virtualhost: {{fqdn: '{fqdn}', tls: {{secretName: {name}{tls}}}}}");
    world.write(name, &http_proxy(name, &format!("{host}\n{BLUE}\n")));
}

/// The status for a TLS name and a `Host` that may differ.
async fn ask(world: &World, sni: &str, host: &str) -> u16 {
    let request = Request { host: host.into(), ..world.get_tls(sni, "/") };
    request.send().await.unwrap_or_else(|failure| panic!("{sni}, {host}: {failure}")).code()
}

#[tokio::test]
async fn tls_is_passed_through_by_its_server_name() {
    let mut world = World::start().await;
    let mut backends = Vec::new();
    for name in ["one", "two"] {
        let fqdn = format!("{name}.example");
        let backend = Backend::start_tls(name, &fqdn).await;
        world.write(&format!("service-{name}"), &service("default", name, &[backend.port()]));
        let spec = format!(
            "virtualhost: {{fqdn: {fqdn}, tls: {{passthrough: true}}}}\n\
             tcpproxy: {{services: [{{name: {name}, port: 80}}]}}\n"
        );
        world.write(name, &http_proxy(name, &spec));
        backends.push(backend);
    }
    world.sync().await;
    for (name, backend) in ["one", "two"].into_iter().zip(&backends) {
        let fqdn = format!("{name}.example");
        let trust = Trust::Roots(backend.certificate().unwrap().to_owned());
        let answer = world.get_tls(&fqdn, "/").tls(ClientTls::new(&fqdn, &trust)).send().await.unwrap();
        assert_eq!(answer.service(), name);
        assert_eq!(answer.seen().unwrap().tls.unwrap().sni, Some(fqdn));
    }
    let unknown = world.get_tls("three.example", "/").send().await.unwrap_err();
    assert!(matches!(unknown, Failure::Tls(_)), "{unknown}");
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_tcp_proxy_ends_tls_and_carries_bytes() {
    let mut world = World::start().await;
    let backend = Backend::start_tcp("raw").await;
    let certificate = HostCertificate::new("raw.example");
    world.write("service", &service("default", "raw", &[backend.port()]));
    world.write("secret", &certificate.secret("raw"));
    let spec = "virtualhost: {fqdn: raw.example, tls: {secretName: raw}}\n\
        tcpproxy: {services: [{name: raw, port: 80}]}\n";
    world.apply("raw", &http_proxy("raw", spec)).await;
    let tls = ClientTls::new("raw.example", &Trust::Roots(certificate.certificate.clone()));
    let mut stream = open(world.https(), Some(&tls)).await.unwrap();
    stream.write_all(b"ping").await.unwrap();
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"raw\nping");
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_wildcard_takes_one_label_and_the_more_specific_host_wins() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.add_backend("green").await;
    world.write("wild", &simple_proxy("wild", "'*.wild.example'", "blue"));
    world.write("special", &simple_proxy("special", "special.wild.example", "green"));
    world.sync().await;
    for (host, expected) in [
        ("a.wild.example", (200, "blue")),
        ("a.wild.example:8080", (200, "blue")),
        ("A.Wild.Example", (200, "blue")),
        ("special.wild.example", (200, "green")),
        ("a.b.wild.example", (404, "")),
        ("wild.example", (404, "")),
        ("awild.example", (404, "")),
    ] {
        assert_eq!(world.ask(host, "/").await, (expected.0, expected.1.into()), "{host}");
    }
    world.assert_nothing_rejected().await;
}

/// Proves client/misdirected.
#[tokio::test]
async fn a_request_for_another_host_than_that_of_the_handshake_is_misdirected() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    write_host(&world, "exact", "exact.example", "");
    write_host(&world, "other", "other.example", "");
    write_host(&world, "wild", "*.wild.example", "");
    world.sync().await;
    for (sni, host, code) in [
        ("exact.example", "exact.example", 200),
        ("exact.example", "exact.example:8443", 200),
        ("exact.example", "EXACT.example", 200),
        ("exact.example", "other.example", 421),
        ("exact.example", "unknown.example", 421),
        ("a.wild.example", "a.wild.example", 200),
        ("a.wild.example", "A.wild.example:8443", 200),
        ("a.wild.example", "b.wild.example", 421),
        ("a.wild.example", "exact.example", 421),
    ] {
        assert_eq!(ask(&world, sni, host).await, code, "{sni}, {host}");
    }
    // No certificate is for two labels below a wildcard. Envoy's choice of chains does not mind.
    let below = world.get_tls("a.b.wild.example", "/").send().await.map(|answer| answer.code());
    let is_as_expected = match world.layout() {
        Layout::Table | Layout::Scoped => below == Ok(404),
        Layout::OnDemand => matches!(below, Err(Failure::Tls(_))),
    };
    assert!(is_as_expected, "{below:?}");
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn each_host_has_its_own_tls_versions() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    write_host(&world, "any", "any.example", "");
    write_host(&world, "new", "new.example", ", minimumProtocolVersion: '1.3'");
    write_host(&world, "old", "old.example", ", maximumProtocolVersion: '1.2'");
    world.sync().await;
    let versions = [&rustls::version::TLS12, &rustls::version::TLS13];
    for (host, expected) in
        [("any.example", [true, true]), ("new.example", [false, true]), ("old.example", [true, false])]
    {
        for (version, works) in versions.into_iter().zip(expected) {
            let tls = ClientTls::with_version(host, &Trust::Anything, version);
            let answer = world.get_tls(host, "/").tls(tls).send().await;
            let is_as_expected = if works {
                answer.as_ref().is_ok_and(|answer| answer.code() == 200)
            } else {
                matches!(answer, Err(Failure::Tls(_)))
            };
            assert!(is_as_expected, "{host}, {version:?}: {answer:?}");
        }
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn only_a_route_that_permits_it_is_served_without_tls() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.write("secret", &HostCertificate::new("safe.example").secret("safe"));
    let spec = "virtualhost: {fqdn: safe.example, tls: {secretName: safe}}\n\
        routes:\n\
        - {conditions: [{prefix: /open}], permitInsecure: true, services: [{name: blue, port: 80}]}\n\
        - {services: [{name: blue, port: 80}]}\n";
    world.apply("safe", &http_proxy("safe", spec)).await;
    assert_eq!(world.ask("safe.example", "/open/x").await, (200, "blue".into()));
    let closed = world.get("safe.example", "/closed?q").send().await.unwrap();
    assert_eq!((closed.code(), closed.header("location")), (301, Some("https://safe.example/closed?q")));
    assert_eq!(ask(&world, "safe.example", "safe.example").await, 200);
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_certificate_of_another_namespace_needs_a_delegation() {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    let secret = HostCertificate::new("shared.example").secret("shared");
    world.write("secret", &secret.replace("namespace: default", "namespace: vault"));
    let spec = format!("virtualhost: {{fqdn: shared.example, tls: {{secretName: vault/shared}}}}\n{BLUE}\n");
    world.apply("site", &http_proxy("site", &spec)).await;
    world.get_tls("shared.example", "/").send().await.unwrap_err();
    let problems = world.journal.problems("site").concat();
    assert!(problems.contains("certificate delegation not permitted"), "{problems}");

    let delegation = "apiVersion: projectcontour.io/v1\nkind: TLSCertificateDelegation\n\
        metadata: {name: share, namespace: vault}\n\
        spec: {delegations: [{secretName: shared, targetNamespaces: [default]}]}\n";
    world.apply("delegation", delegation).await;
    assert_eq!(ask(&world, "shared.example", "shared.example").await, 200);
    assert_eq!(world.journal.problems("site"), [""; 0]);
    world.remove("delegation").await;
    world.get_tls("shared.example", "/").send().await.unwrap_err();
    world.assert_nothing_rejected().await;
}
