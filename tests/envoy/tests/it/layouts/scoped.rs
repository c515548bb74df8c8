//! The scoped layouts do for clients and backends what the table does, whatever form a host comes in.

use harness::manifests::{http_proxy, ingress, simple_proxy};
use harness::{Options, World};
use model::{Layout, Timeout};
use testkit::{Answer, Request, Seen, Version, exchange};

/// What differs from one request to the next.
const VOLATILE: [&str; 2] = ["x-request-id", "x-request-start"];

/// Envoy closes connections as soon as it has answered: some of these tests wait for that.
async fn world(layout: Layout) -> World {
    let mut options = Options::with_layout(layout);
    options.settings.timeouts.delayed_close = Timeout::Disabled;
    World::with(options).await
}

/// Two exact hosts, one of them below a wildcard, the wildcard, and the catch-all.
async fn with_hosts(layout: Layout) -> World {
    let mut world = world(layout).await;
    for name in ["exact", "below", "wild", "rest"] {
        world.add_backend(name).await;
    }
    world.write("exact", &simple_proxy("exact", "exact.example", "exact"));
    let path = "virtualhost: {fqdn: below.wild.example}\n\
        routes: [{conditions: [{prefix: /own}], services: [{name: below, port: 80}]}]\n";
    world.write("below", &http_proxy("below", path));
    world.write("wild", &simple_proxy("wild", "'*.wild.example'", "wild"));
    world.write("rest", &ingress("rest", "defaultBackend: {service: {name: rest, port: {number: 80}}}\n"));
    world.sync().await;
    world
}

/// A host, and the backend that serves it; none for 404.
const HOSTS: &[(&str, &str)] = &[
    ("exact.example", "exact"),
    ("EXACT.Example", "exact"),
    ("exact.example:8080", "exact"),
    ("Exact.example:8080", "exact"),
    ("exact.example.", "exact"),
    ("EXACT.example.:80", "exact"),
    ("any.wild.example", "wild"),
    ("ANY.wild.Example:8080", "wild"),
    ("any.wild.example.:8080", "wild"),
    ("two.labels.wild.example", ""),
    ("below.wild.example", ""),
    ("BELOW.wild.example.:80", ""),
    ("wild.example", "rest"),
    ("unknown.example", "rest"),
    ("unknown.example:1", "rest"),
    ("[::1]", "rest"),
    ("[::1]:8080", "rest"),
    ("127.0.0.1:8080", "rest"),
];

/// What came of a request: the status, and what the backend saw of it.
fn outcome(answer: &Answer) -> (u16, Option<Seen>) {
    let seen = answer.seen().map(|mut seen| {
        seen.headers.retain(|(name, _)| !VOLATILE.contains(&name.as_str()));
        seen
    });
    (answer.code(), seen)
}

#[tokio::test]
async fn a_host_is_found_in_every_form_and_backends_see_what_the_table_shows_them() {
    let (table, mut scoped) = (with_hosts(Layout::Table).await, with_hosts(Layout::Scoped).await);
    for version in [Version::Http1, Version::Http2] {
        for (host, expected) in HOSTS {
            let request = |world: &World| Request { version, ..world.get(host, "/") }.header("x-own", "kept");
            let spoofed = request(&scoped).header("X-Isobath-Scope", "http/exact.example");
            let answer = spoofed.send().await.unwrap();
            assert_eq!(answer.service(), *expected, "{host} {version:?} {}", answer.code());
            let by_table = request(&table).send().await.unwrap();
            assert_eq!(outcome(&answer), outcome(&by_table), "{host} {version:?}");
        }
    }
    scoped.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_path_that_a_host_does_not_have_is_looked_for_nowhere_else() {
    let world = with_hosts(Layout::Scoped).await;
    for host in ["below.wild.example", "Below.Wild.Example", "below.wild.example:80", "below.wild.example."] {
        assert_eq!(world.ask(host, "/own").await, (200, "below".into()), "{host}");
        assert_eq!(world.ask(host, "/other").await, (404, String::new()), "{host}");
    }
}

/// Requests that no proper client would send; `-` ends a line.
const RAW: &[&str] = &[
    "GET / HTTP/1.0-Host: exact.example--",
    "GET / HTTP/1.0--",
    "GET / HTTP/1.1-Connection: close--",
    "GET / HTTP/1.1-Host:-Connection: close--",
    "GET http://exact.example/ HTTP/1.1-Host: other.example-Connection: close--",
    "GET http://EXACT.example:8080/ HTTP/1.1-Host: other.example-Connection: close--",
    "GET http://any.wild.example./ HTTP/1.1-Host: exact.example-Connection: close--",
    "GET / HTTP/1.1-Host: exact.example,other.example-Connection: close--",
    "GET / HTTP/1.1-Host: exact.example-Host: other.example-Connection: close--",
    "GET / HTTP/1.1-Host: user@exact.example-Connection: close--",
    "GET / HTTP/1.1-Host: *-Connection: close--",
    "GET / HTTP/1.1-Host: *.wild.example-Connection: close--",
    "GET / HTTP/1.1-Host: exact.example/x-Connection: close--",
    "GET / HTTP/1.1-Host: exact.example:80:90-Connection: close--",
    "GET / HTTP/1.1-Host: exact.example..-Connection: close--",
    "GET / HTTP/1.1-Host: .-Connection: close--",
    "CONNECT exact.example:443 HTTP/1.1-Host: exact.example:443-Connection: close--",
    "CONNECT any.wild.example:443 HTTP/1.1-Host: any.wild.example:443-Connection: close--",
    "CONNECT unknown.example:443 HTTP/1.1-Host: unknown.example:443-Connection: close--",
];

/// The status line, and the backend.
async fn raw(world: &World, request: &str) -> (String, Option<String>) {
    let bytes = request.replace('-', "\r\n");
    let answer = exchange(world.http(), None, bytes.as_bytes()).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let line = answer.lines().next().unwrap_or_default().to_owned();
    let service = answer.split_once("\"service\":").and_then(|(_, rest)| rest.split('"').nth(1));
    (line, service.map(str::to_owned))
}

#[tokio::test]
async fn odd_requests_are_answered_as_by_the_table() {
    let (table, scoped) = (with_hosts(Layout::Table).await, with_hosts(Layout::Scoped).await);
    let mut served = 0;
    for request in RAW {
        let expected = raw(&table, request).await;
        assert_eq!(raw(&scoped, request).await, expected, "{request}");
        served += usize::from(expected.1.is_some());
    }
    assert!(served > 5, "{served} of these are for a backend");
}

#[tokio::test]
async fn only_routes_with_websockets_let_an_upgrade_through_however_the_host_is_written() {
    let worlds = [with_sockets(Layout::Table).await, with_sockets(Layout::Scoped).await];
    for host in ["exact.example", "EXACT.example", "any.wild.example", "ANY.wild.example", "unknown.example"]
    {
        for path in ["/ws", "/plain", "/moved", "/none"] {
            let mut lines = Vec::new();
            for world in &worlds {
                let request = format!(
                    "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                );
                lines.push(first_line(world, &request).await);
            }
            let expected = match path {
                _ if host == "unknown.example" => "HTTP/1.1 404 Not Found",
                "/ws" => "HTTP/1.1 101 Switching Protocols",
                "/none" => "HTTP/1.1 404 Not Found",
                _ => "HTTP/1.1 403 Forbidden",
            };
            assert_eq!(lines, [expected, expected], "{host} {path}");
        }
    }
}

async fn with_sockets(layout: Layout) -> World {
    let mut world = world(layout).await;
    world.add_backend("blue").await;
    for (name, host) in [("exact", "exact.example"), ("wild", "*.wild.example")] {
        let route = |path: &str, more: &str| {
            format!("- {{conditions: [{{prefix: {path}}}], {more}services: [{{name: blue, port: 80}}]}}\n")
        };
        let moved = "- {conditions: [{prefix: /moved}], requestRedirectPolicy: {hostname: new.example}}\n";
        let routes =
            [route("/ws", "enableWebsockets: true, "), route("/plain", ""), moved.to_owned()].concat();
        world.write(name, &http_proxy(name, &format!("virtualhost: {{fqdn: '{host}'}}\nroutes:\n{routes}")));
    }
    world.sync().await;
    world
}

/// The first line of an answer that may never end.
async fn first_line(world: &World, request: &str) -> String {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let mut stream = testkit::open(world.http(), None).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.unwrap();
    line.trim_end().to_owned()
}
