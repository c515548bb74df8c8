//! Filters by address: in every layout, for every form of a host, by connection and by client.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use harness::manifests::{HostCertificate, http_proxy, service};
use harness::{LAYOUTS, Options, World};
use model::{Layout, Settings};
use testkit::{Backend, ClientTls, Failure, Request, Trust, open};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// On demand, plaintext hosts have the same scopes.
const PLAINTEXT_LAYOUTS: [Layout; 2] = [Layout::Table, Layout::Scoped];

const ONE: [u8; 4] = [127, 0, 0, 1];
const TWO: [u8; 4] = [127, 0, 0, 2];

/// A world with the backend `blue`.
async fn world(layout: Layout, trusted_hops: u32) -> World {
    let settings = Settings { layout, trusted_hops, ..Settings::default() };
    let mut world = World::with(Options { settings, ..Options::default() }).await;
    world.add_backend("blue").await;
    world
}

/// A host that denies `127.0.0.2`, but for one route; nothing is at `/`.
fn denying_two(name: &str, host: &str) -> String {
    http_proxy(
        name,
        &format!(
            "virtualhost: {{fqdn: '{host}', ipDenyPolicy: [{{source: Peer, cidr: 127.0.0.2}}]}}\n\
             routes:\n\
             - {{conditions: [{{prefix: /app}}], services: [{{name: blue, port: 80}}]}}\n\
             - {{conditions: [{{prefix: /socket}}], enableWebsockets: true, services: [{{name: blue, port: 80}}]}}\n\
             - {{conditions: [{{prefix: /answer}}], directResponsePolicy: {{statusCode: 200}}}}\n\
             - {{conditions: [{{prefix: /moved}}], requestRedirectPolicy: {{path: /app}}}}\n\
             - {{conditions: [{{prefix: /open}}], services: [{{name: blue, port: 80}}], \
               ipDenyPolicy: [{{source: Peer, cidr: 192.0.2.0/24}}]}}\n"
        ),
    )
}

async fn code(request: Request) -> u16 {
    request.send().await.unwrap().code()
}

/// Proves client/address-denied.
#[tokio::test]
async fn a_connection_is_denied_by_its_address_in_whatever_form_it_asks_for_the_host() {
    for layout in PLAINTEXT_LAYOUTS {
        let mut world = world(layout, 0).await;
        world.write("exact", &denying_two("exact", "site.example"));
        world.write("wild", &denying_two("wild", "*.wild.example"));
        world.sync().await;
        for host in
            ["site.example", "SITE.example:80", "site.example.", "a.wild.example", "A.Wild.Example:8080"]
        {
            for (path, one, two) in [
                ("/app", 200, 403),
                ("/answer", 200, 403),
                ("/moved", 302, 403),
                ("/open", 200, 200),
                ("/nothing", 404, 404),
            ] {
                let ask = async |from| code(world.get(host, path).from(from)).await;
                assert_eq!((ask(ONE).await, ask(TWO).await), (one, two), "{layout:?} {host}{path}");
            }
            let upgrade =
                world.get(host, "/socket").header("connection", "upgrade").header("upgrade", "websocket");
            assert_eq!(code(upgrade.from(TWO)).await, 403, "{layout:?} {host}");
        }
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_client_is_told_from_the_connection_that_its_request_comes_on() {
    const HOSTS: [(&str, &str); 4] = [
        ("allow-remote", "ipAllowPolicy: [{source: Remote, cidr: 203.0.113.0/24}]"),
        ("allow-peer", "ipAllowPolicy: [{source: Peer, cidr: 203.0.113.0/24}]"),
        (
            "deny-remote",
            "ipDenyPolicy: [{source: Remote, cidr: 203.0.113.0/24}, {source: Peer, cidr: 127.0.0.2}]",
        ),
        ("deny-peer", "ipDenyPolicy: [{source: Peer, cidr: 203.0.113.0/24}]"),
    ];
    // Whether the last proxy is trusted, and for each host: without a header, with that of a client.
    for (hops, expected) in [
        (1, [(403, 200), (403, 403), (200, 403), (200, 200)]),
        (0, [(403, 403), (403, 403), (200, 200), (200, 200)]),
    ] {
        for layout in PLAINTEXT_LAYOUTS {
            let mut world = world(layout, hops).await;
            for (name, policy) in HOSTS {
                let routes = "routes: [{services: [{name: blue, port: 80}]}]";
                let spec = format!("virtualhost: {{fqdn: {name}.example, {policy}}}\n{routes}\n");
                world.write(name, &http_proxy(name, &spec));
            }
            world.sync().await;
            for ((name, _), expected) in HOSTS.iter().zip(expected) {
                let request = || world.get(&format!("{name}.example"), "/");
                let client = request().header("x-forwarded-for", "203.0.113.9");
                assert_eq!((code(request()).await, code(client).await), expected, "{layout:?} {hops} {name}");
            }
            assert_eq!(code(world.get("deny-remote.example", "/").from(TWO)).await, 403, "{layout:?}");
            world.assert_nothing_rejected().await;
        }
    }
}

#[tokio::test]
async fn a_mapped_range_is_for_connections_over_ipv4() {
    for layout in PLAINTEXT_LAYOUTS {
        let mut world = world(layout, 0).await;
        for (name, policy) in [("allow", "ipAllowPolicy"), ("deny", "ipDenyPolicy")] {
            let spec = format!(
                "virtualhost: {{fqdn: {name}.example, {policy}: [{{source: Peer, cidr: '::ffff:127.0.0.2/127'}}]}}\n\
                 routes: [{{services: [{{name: blue, port: 80}}]}}]\n"
            );
            world.write(name, &http_proxy(name, &spec));
        }
        world.sync().await;
        for (host, expected) in [("allow.example", (403, 200)), ("deny.example", (200, 403))] {
            let ask = async |from| code(world.get(host, "/").from(from)).await;
            assert_eq!((ask(ONE).await, ask(TWO).await), expected, "{layout:?} {host}");
        }
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_host_with_tls_denies_over_tls_and_before_it_redirects() {
    for layout in LAYOUTS {
        let mut world = world(layout, 0).await;
        world.write("cert", &HostCertificate::new("site.example").secret("cert"));
        let spec = "virtualhost: {fqdn: site.example, tls: {secretName: cert}, \
            ipDenyPolicy: [{source: Peer, cidr: 127.0.0.2}]}\n\
            routes: [{services: [{name: blue, port: 80}]}]\n";
        world.write("site", &http_proxy("site", spec));
        world.sync().await;
        let plain = |from| code(world.get("site.example", "/").from(from));
        let tls = |from| code(world.get_tls("site.example", "/").from(from));
        assert_eq!((plain(ONE).await, plain(TWO).await), (301, 403), "{layout:?}");
        assert_eq!((tls(ONE).await, tls(TWO).await), (200, 403), "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn connections_that_are_carried_as_they_are_are_denied_by_their_address() {
    for layout in LAYOUTS {
        let mut world = world(layout, 0).await;
        let backend = Backend::start_tls("inner", "inner.example").await;
        world.write("inner", &service("default", "inner", &[backend.port()]));
        let spec = "virtualhost: {fqdn: inner.example, tls: {passthrough: true}, \
            ipAllowPolicy: [{source: Remote, cidr: 127.0.0.1}]}\n\
            tcpproxy: {services: [{name: inner, port: 80}]}\n";
        world.write("site", &http_proxy("site", spec));
        world.sync().await;
        let tls = ClientTls::new("inner.example", &Trust::Anything);
        let ask = |from| Request::get(world.https(), "inner.example", "/").tls(tls.clone()).from(from);
        assert_eq!(ask(ONE).send().await.unwrap().service(), "inner", "{layout:?}");
        let refused = ask(TWO).send().await;
        assert!(matches!(refused, Err(Failure::Tls(_) | Failure::Lost(_))), "{layout:?} {refused:?}");
        world.assert_nothing_rejected().await;
    }
}

/// Envoy asks the filter when a client sends its first byte: nothing may come from the backend before.
#[tokio::test]
async fn a_backend_that_speaks_first_is_not_heard_by_who_is_denied() {
    for layout in LAYOUTS {
        let mut world = world(layout, 0).await;
        let (port, connections) = speaks_first().await;
        world.write("first", &service("default", "first", &[port]));
        for (name, policy) in [("shut", "ipDenyPolicy"), ("open", "ipAllowPolicy")] {
            let host = format!("{name}.example");
            world.write(&format!("cert-{name}"), &HostCertificate::new(&host).secret(name));
            let spec = format!(
                "virtualhost: {{fqdn: {host}, tls: {{secretName: {name}}}, \
                 {policy}: [{{source: Peer, cidr: 127.0.0.0/8}}]}}\n\
                 tcpproxy: {{services: [{{name: first, port: 80}}]}}\n"
            );
            world.write(name, &http_proxy(name, &spec));
        }
        world.sync().await;
        let tls = |host| ClientTls::new(host, &Trust::Anything);
        let _silent = open(world.https(), Some(&tls("shut.example"))).await.unwrap();
        let mut client = open(world.https(), Some(&tls("open.example"))).await.unwrap();
        client.write_all(b"?").await.unwrap();
        let mut greeting = [0; 5];
        client.read_exact(&mut greeting).await.unwrap();
        assert_eq!((&greeting, connections.load(Ordering::SeqCst)), (b"hello", 1), "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

/// The port of a backend that greets whoever comes, and how many have come.
async fn speaks_first() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            socket.write_all(b"hello").await.unwrap();
            open.push(socket);
        }
    });
    (port, connections)
}
