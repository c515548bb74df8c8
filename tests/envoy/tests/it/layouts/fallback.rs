//! Clients that name no server, or one that nobody serves.

use harness::manifests::{HostCertificate, tls_proxy};
use harness::{Authority, LAYOUTS, Options, World, certificate_for};
use model::{Layout, SecretName};
use testkit::{Answer, ClientTls, Connection, Failure, Request, Trust, eventually};

struct Site {
    world: World,
    fallback: HostCertificate,
    named: HostCertificate,
}

/// The hosts `both.example` and `*.wild.example`, which allow it; `named.example`, which does not, and
/// `asks.example`, which asks for certificates.
async fn site(layout: Layout) -> Site {
    let mut options = Options::with_layout(layout);
    options.settings.fallback_certificate = Some(SecretName::new("default", "fallback"));
    let mut world = World::with(options).await;
    world.add_backend("blue").await;
    let fallback = HostCertificate::new("fallback.example");
    world.write("secret-fallback", &fallback.secret("fallback"));
    world.write("ca", &Authority::root("ours").secret("ca"));
    write_host(&world, "both", "both.example", BOTH);
    write_host(&world, "wild", "'*.wild.example'", BOTH);
    let named = write_host(&world, "named", "named.example", "");
    write_host(&world, "asks", "asks.example", ", clientValidation: {caSecret: ca}");
    world.sync().await;
    Site { world, fallback, named }
}

const BOTH: &str = ", enableFallbackCertificate: true";

/// Writes a host that goes to `blue`, with a new certificate and these fields of `tls`.
fn write_host(world: &World, name: &str, host: &str, tls: &str) -> HostCertificate {
    let certificate = HostCertificate::new(host.trim_matches('\''));
    world.write(&format!("secret-{name}"), &certificate.secret(name));
    write_proxy(world, name, host, tls);
    certificate
}

fn write_proxy(world: &World, name: &str, host: &str, tls: &str) {
    world.write(name, &tls_proxy(name, host, &format!("{{secretName: {name}{tls}}}"), "blue"));
}

/// A request for a host by a client that sends this server name; an address sends none.
fn request(world: &World, server_name: &str, host: &str) -> Request {
    Request { host: host.into(), ..world.get_tls(server_name, "/") }
}

const NO_NAME: &str = "127.0.0.1";

/// The status, and the certificate that was shown.
async fn ask(world: &World, server_name: &str, host: &str) -> (u16, Vec<u8>) {
    let answer = request(world, server_name, host).send().await;
    let answer = answer.unwrap_or_else(|failure| panic!("{server_name:?} asks for {host}: {failure}"));
    (answer.code(), answer.certificates[0].to_vec())
}

fn is_refused(answer: &Result<Answer, Failure>) -> bool {
    matches!(answer, Err(Failure::Tls(_)))
}

#[tokio::test]
async fn clients_that_name_no_host_are_served_what_allows_it_under_the_operators_certificate() {
    for layout in LAYOUTS {
        let Site { mut world, fallback, named } = site(layout).await;
        for server_name in [NO_NAME, "unknown.example", "example", "deep.er.example"] {
            for (host, code) in [
                ("both.example", 200),
                ("BOTH.example:8443", 200),
                ("both.example.", 200),
                ("a.wild.example", 200),
                ("A.Wild.example", 200),
                ("a.b.wild.example", 404),
                ("named.example", 404),
                ("asks.example", 404),
                ("unknown.example", 404),
            ] {
                assert_eq!(
                    ask(&world, server_name, host).await,
                    (code, fallback.der()),
                    "{layout:?}: {server_name} asks for {host}"
                );
            }
        }
        for (server_name, host, code) in [
            ("named.example", "named.example", 200),
            ("named.example", "both.example", 421),
            ("both.example", "both.example", 200),
            ("both.example", "named.example", 421),
            ("a.wild.example", "a.wild.example", 200),
            ("a.wild.example", "both.example", 421),
        ] {
            let (found, certificate) = ask(&world, server_name, host).await;
            assert_eq!(found, code, "{layout:?}: {server_name} asks for {host}");
            assert_ne!(certificate, fallback.der(), "{layout:?}: {server_name}");
        }
        assert_eq!(ask(&world, "named.example", "named.example").await.1, named.der());
        let http2 = ClientTls::new("unknown.example", &Trust::Anything).alpn(&["h2"]);
        let http2 = request(&world, NO_NAME, "both.example").http2().tls(http2).send().await.unwrap();
        assert_eq!(http2.service(), "blue", "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_wildcard_that_allows_it_does_not_answer_for_hosts_below_that_do_not() {
    for layout in LAYOUTS {
        let Site { mut world, fallback, .. } = site(layout).await;
        let asked = "asks.wild.example";
        let expect = async |world: &World, code: u16| {
            eventually("the host is answered for", async || match ask(world, NO_NAME, asked).await {
                (found, shown) if found == code && shown == fallback.der() => Ok(()),
                (found, _) => Err(format!("{layout:?}: {found}, not {code}")),
            })
            .await;
        };
        expect(&world, 200).await;
        write_host(&world, "below", asked, ", clientValidation: {caSecret: ca}");
        world.sync().await;
        expect(&world, 421).await;
        assert_eq!(ask(&world, NO_NAME, "other.wild.example").await.0, 200, "{layout:?}");
        write_proxy(&world, "wild", "'*.wild.example'", "");
        world.sync().await;
        expect(&world, 404).await;
        write_proxy(&world, "wild", "'*.wild.example'", BOTH);
        world.sync().await;
        expect(&world, 421).await;
        world.remove("below").await;
        expect(&world, 200).await;
        world.assert_nothing_rejected().await;
    }
}

/// An open connection of a client that names a host.
async fn open(world: &World, host: &str) -> (Request, Connection) {
    let request = world.get_tls(host, "/");
    let mut connection = request.connect().await.unwrap();
    assert_eq!(connection.send(&request).await.unwrap().code(), 200);
    (request, connection)
}

#[tokio::test]
async fn it_comes_and_goes_with_the_hosts_that_allow_it_and_touches_no_others() {
    for layout in LAYOUTS {
        let Site { mut world, fallback, .. } = site(layout).await;
        let (request_named, mut named) = open(&world, "named.example").await;
        let served = request(&world, NO_NAME, "both.example");
        assert_eq!(ask(&world, NO_NAME, "both.example").await, (200, fallback.der()));

        let next = HostCertificate::new("next.example");
        let mark = world.mark();
        world.apply("secret-fallback", &next.secret("fallback")).await;
        assert_eq!(world.pushed_since(mark), ["Secret default/fallback"], "{layout:?}");
        eventually("the renewed certificate is shown", async || {
            match ask(&world, NO_NAME, "both.example").await {
                (200, shown) if shown == next.der() => Ok(()),
                (code, _) => Err(code.to_string()),
            }
        })
        .await;

        write_proxy(&world, "both", "both.example", "");
        world.sync().await;
        eventually("the host is served by its name only", async || {
            match ask(&world, NO_NAME, "both.example").await.0 {
                404 => Ok(()),
                code => Err(code.to_string()),
            }
        })
        .await;
        assert_eq!(ask(&world, NO_NAME, "a.wild.example").await.0, 200, "{layout:?}");
        write_proxy(&world, "wild", "'*.wild.example'", "");
        world.sync().await;
        eventually("clients without a name are refused", async || match served.send().await {
            answer if is_refused(&answer) => Ok(()),
            answer => Err(format!("{answer:?}")),
        })
        .await;
        write_proxy(&world, "both", "both.example", BOTH);
        world.sync().await;
        eventually("they are served again", async || match served.send().await {
            Ok(answer) if answer.service() == "blue" => Ok(()),
            answer => Err(format!("{answer:?}")),
        })
        .await;
        assert_eq!(named.send(&request_named).await.unwrap().code(), 200, "{layout:?}");
        assert!(!named.is_closed(), "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_host_that_begins_to_ask_for_certificates_is_gone_for_clients_that_do_not_name_it() {
    for layout in LAYOUTS {
        let Site { mut world, .. } = site(layout).await;
        let request = request(&world, NO_NAME, "both.example");
        let mut connection = request.connect().await.unwrap();
        assert_eq!(connection.send(&request).await.unwrap().code(), 200, "{layout:?}");
        write_proxy(&world, "both", "both.example", ", clientValidation: {caSecret: ca}");
        world.sync().await;
        eventually("it is gone", async || match connection.send(&request).await.unwrap().code() {
            404 => Ok(()),
            200 => Err("the workers do not know yet".to_owned()),
            code => panic!("{layout:?}: {code}"),
        })
        .await;
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn on_demand_names_that_are_no_hosts_get_the_fallback_certificate_and_do_no_harm() {
    let Site { mut world, fallback, .. } = site(Layout::OnDemand).await;
    let names: [&[u8]; 8] = [
        b"xdstp:",
        b"xdstp:x.example",
        b"*",
        b"a\xff\xfe.example",
        b"default/named",
        b"~fallback",
        b"a b",
        b"",
    ];
    for (number, name) in names.into_iter().enumerate() {
        let shown = certificate_for(world.https(), name).await;
        assert!(shown.is_none() || shown == Some(fallback.der()), "{}", name.escape_ascii());
        // A new host is served at once, so that the stream of Envoy is whole.
        let host = format!("new-{number}.example");
        let certificate = write_host(&world, &format!("new-{number}"), &host, "");
        world.sync().await;
        eventually("the new host is served", async || {
            match certificate_for(world.https(), host.as_bytes()).await {
                shown if shown == Some(certificate.der()) => Ok(()),
                _ => Err("another certificate is shown".to_owned()),
            }
        })
        .await;
    }
    assert!(world.envoy.is_running());
    assert_eq!(world.journal.disconnected, 0, "the stream of Envoy never broke");
    let stats = world.envoy.stats().await;
    assert_eq!(stats.get("listener_manager.total_filter_chains_draining"), 0);
    world.assert_nothing_rejected().await;
}
