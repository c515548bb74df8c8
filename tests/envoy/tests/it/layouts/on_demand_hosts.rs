//! Hosts whose certificates are fetched when clients ask for them: who gets which, and what goes on meanwhile.

use harness::manifests::{HostCertificate, tls_proxy};
use harness::{Options, World, certificate_for};
use model::Layout;
use testkit::{ClientTls, Connection, Failure, Request, Trust, eventually};

/// An exact host, one below a wildcard, and the wildcard; each with a certificate of its own.
struct Hosts {
    world: World,
    exact: HostCertificate,
    below: HostCertificate,
    wild: HostCertificate,
}

async fn hosts() -> Hosts {
    let mut world = World::with(Options::with_layout(Layout::OnDemand)).await;
    world.add_backend("blue").await;
    let exact = write_host(&world, "exact", "exact.example");
    let below = write_host(&world, "below", "below.wild.example");
    let wild = write_host(&world, "wild", "'*.wild.example'");
    world.sync().await;
    Hosts { world, exact, below, wild }
}

/// Writes a host that goes to `blue`, with a new certificate.
fn write_host(world: &World, name: &str, host: &str) -> HostCertificate {
    let certificate = HostCertificate::new(host.trim_matches('\''));
    world.write(&format!("secret-{name}"), &certificate.secret(name));
    world.write(name, &tls_proxy(name, host, &format!("{{secretName: {name}}}"), "blue"));
    certificate
}

/// Waits until a client that sends this server name is shown the certificate, or is refused: an acknowledgement
/// is no sign that the workers know, too.
async fn is_shown(world: &World, server_name: &str, expected: Option<&HostCertificate>) {
    let expected = expected.map(HostCertificate::der);
    eventually(server_name, async || match certificate_for(world.https(), server_name.as_bytes()).await {
        shown if shown == expected => Ok(()),
        shown => Err(format!("{} bytes are shown", shown.unwrap_or_default().len())),
    })
    .await;
}

/// A connection for a host, and the request to send on it.
async fn connection(world: &World, host: &str) -> (Request, Connection) {
    let request = world.get_tls(host, "/");
    let connection = request.connect().await.unwrap();
    (request, connection)
}

async fn code((request, connection): &mut (Request, Connection)) -> u16 {
    connection.send(request).await.unwrap().code()
}

/// Of the listeners nothing was touched since Envoy began but that the one for TLS came.
async fn assert_nothing_drains(world: &World) {
    let stats = world.envoy.stats().await;
    let manager = |name: &str| stats.get(&format!("listener_manager.{name}"));
    assert_eq!(manager("total_listeners_draining"), 0);
    assert_eq!(manager("total_filter_chains_draining"), 0);
    assert_eq!(manager("listener_modified"), 0);
    assert_eq!(stats.sum("http.ingress_http", ".downstream_cx_drain_close"), 0);
}

#[tokio::test]
async fn each_server_name_gets_the_certificate_of_its_host_in_any_spelling() {
    let Hosts { mut world, exact, below, wild } = hosts().await;
    for (server_name, expected) in [
        ("exact.example", Some(&exact)),
        ("EXACT.Example", Some(&exact)),
        ("below.wild.example", Some(&below)),
        ("Below.Wild.example", Some(&below)),
        ("one.wild.example", Some(&wild)),
        ("two.wild.example", Some(&wild)),
        ("TWO.WILD.EXAMPLE", Some(&wild)),
        ("two.labels.wild.example", None),
        ("wild.example", None),
        ("unknown.example", None),
        ("ingress_https", None),
    ] {
        assert_eq!(
            certificate_for(world.https(), server_name.as_bytes()).await,
            expected.map(HostCertificate::der),
            "{server_name}"
        );
    }
    for host in ["exact.example", "below.wild.example", "one.wild.example", "two.wild.example"] {
        let trust = match host {
            "exact.example" => &exact,
            "below.wild.example" => &below,
            _ => &wild,
        };
        let tls = ClientTls::new(host, &Trust::Roots(trust.certificate.clone()));
        let answer = world.get_tls(host, "/").tls(tls).send().await.unwrap();
        assert_eq!(answer.service(), "blue", "{host}");
    }
    assert_nothing_drains(&world).await;
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_under_every_name_and_open_connections_go_on() {
    let Hosts { mut world, .. } = hosts().await;
    let names = ["exact.example", "EXACT.example", "one.wild.example", "Two.wild.example"];
    // One Secret for both hosts from now on.
    for (name, host) in [("exact", "exact.example"), ("wild", "'*.wild.example'")] {
        world.write(name, &tls_proxy(name, host, "{secretName: both}", "blue"));
    }
    let mut certificate = HostCertificate::new("exact.example");
    world.write("secret-both", &certificate.secret("both"));
    world.sync().await;
    let mut open = vec![
        connection(&world, "exact.example").await,
        connection(&world, "one.wild.example").await,
        connection(&world, "below.wild.example").await,
    ];
    for _ in 0..3 {
        for name in names {
            is_shown(&world, name, Some(&certificate)).await;
        }
        certificate = HostCertificate::new("exact.example");
        let mark = world.mark();
        world.apply("secret-both", &certificate.secret("both")).await;
        assert_eq!(world.pushed_since(mark), ["Secret *.wild.example", "Secret exact.example"]);
        for name in names {
            is_shown(&world, name, Some(&certificate)).await;
        }
        for open in &mut open {
            assert_eq!(code(open).await, 200);
        }
    }
    assert_nothing_drains(&world).await;
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_host_comes_and_goes_without_touching_the_others() {
    let Hosts { mut world, wild, .. } = hosts().await;
    let mut other = connection(&world, "exact.example").await;
    for round in 0..3 {
        let [alone, covered] = [format!("new-{round}.example"), format!("new-{round}.wild.example")];
        is_shown(&world, &alone, None).await;
        is_shown(&world, &covered, Some(&wild)).await;
        let own = [&alone, &covered].map(|host| write_host(&world, host, host));
        world.sync().await;
        for (host, certificate) in [&alone, &covered].into_iter().zip(&own) {
            is_shown(&world, host, Some(certificate)).await;
            assert_eq!(world.get_tls(host, "/").send().await.unwrap().service(), "blue");
        }
        let mut open = [connection(&world, &alone).await, connection(&world, &covered).await];
        for host in [&alone, &covered] {
            world.delete(host);
            world.delete(&format!("secret-{host}"));
        }
        world.sync().await;
        is_shown(&world, &alone, None).await;
        is_shown(&world, &covered, Some(&wild)).await;
        // Connections live on; what they ask for is nobody's now, or the wildcard's.
        assert_eq!([code(&mut open[0]).await, code(&mut open[1]).await], [404, 200]);
        assert_eq!(code(&mut other).await, 200);
    }
    assert_nothing_drains(&world).await;
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_host_gets_a_chain_of_its_own_and_connections_of_the_shared_one_live_on() {
    let Hosts { mut world, exact, .. } = hosts().await;
    let mut other = connection(&world, "one.wild.example").await;
    let mut barred = connection(&world, "exact.example").await;
    assert_eq!(code(&mut barred).await, 200);
    let strict = "{secretName: exact, minimumProtocolVersion: '1.3'}";
    world.apply("exact", &tls_proxy("exact", "exact.example", strict, "blue")).await;
    let old = ClientTls::with_version("exact.example", &Trust::Anything, &rustls::version::TLS12);
    let new = ClientTls::new("exact.example", &Trust::Roots(exact.certificate.clone()));
    eventually("its clients come by its own chain", async || {
        match world.get_tls("exact.example", "/").tls(old.clone()).send().await {
            Err(Failure::Tls(_)) => Ok(()),
            answer => Err(format!("{answer:?}")),
        }
    })
    .await;
    let request = world.get_tls("exact.example", "/").tls(new);
    assert_eq!(request.send().await.unwrap().service(), "blue");
    let own = request.connect().await.unwrap();
    let mut own = (request, own);
    assert_eq!((code(&mut other).await, code(&mut barred).await, code(&mut own).await), (200, 421, 200));
    assert_eq!(world.envoy.stat("listener_manager.total_filter_chains_draining").await, 0);
    world.apply("exact", &tls_proxy("exact", "exact.example", "{secretName: exact}", "blue")).await;
    is_shown(&world, "exact.example", Some(&exact)).await;
    assert_eq!((code(&mut other).await, code(&mut barred).await), (200, 200));
    eventually("clients of its own chain are sent to the shared one", async || match code(&mut own).await {
        421 => Ok(()),
        code => Err(code.to_string()),
    })
    .await;
    world.assert_nothing_rejected().await;
}

/// Names that a stranger may send, and that are no hosts: Envoy 1.40 ends at the first.
const CRAFTED: &[&[u8]] = &[
    b"xdstp:",
    b"xdstp://foo",
    b"xdstp:x.example",
    b"xdstp:x.wild.example",
    b"*",
    b"*.wild.example",
    b"*.example",
    b"a\xff\xfe.wild.example",
    b"\xff",
    b"default/exact",
    b"~fallback",
    b"a b",
    b"a b.wild.example",
    b"",
    b".",
    b"..",
    b".wild.example",
    b"exact.example.",
    b"exact.example\r\nx: y",
    b"exact.example\0",
    b"\r\n.wild.example",
];

/// Proves client/unknown-server-name.
#[tokio::test]
async fn server_names_that_are_no_hosts_get_nowhere_and_the_configuration_flows_on() {
    let Hosts { mut world, exact, .. } = hosts().await;
    let labels = [b"a.".repeat(150), b"wild.example".to_vec()].concat();
    let label = [b"a".repeat(300), b".wild.example".to_vec()].concat();
    let crafted: Vec<_> = CRAFTED.iter().copied().chain([&*labels, &*label]).collect();
    for (number, name) in crafted.iter().enumerate() {
        assert_eq!(certificate_for(world.https(), name).await, None, "{}", name.escape_ascii());
        let host = format!("after-{number}.example");
        let certificate = write_host(&world, &host, &host);
        world.sync().await;
        is_shown(&world, &host, Some(&certificate)).await;
    }
    is_shown(&world, "exact.example", Some(&exact)).await;
    assert!(world.envoy.is_running());
    assert_eq!(world.journal.disconnected, 0, "the stream of Envoy never broke");
    assert_nothing_drains(&world).await;
    world.assert_nothing_rejected().await;
}
