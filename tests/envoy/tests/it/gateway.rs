//! What the listeners of a Gateway do with requests, connections and datagrams.

mod actions;
mod authorization;
mod connections;
mod guards;
mod retries;
mod retry_budget;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::slice;
use std::time::Duration;

use harness::gateway::{GatewayWorld, behind_tls, carried, host, listener, to};
use harness::manifests::HostCertificate;
use model::{
    Action, ClusterKey, DirectResponse, Host, Kind, Targets, Traffic, Transport, VirtualHost, WeightedCluster,
};
use testkit::{Backend, ClientTls, Failure, LIMIT, Port, Request, Trust, eventually, open};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::UdpSocket;

fn not_found() -> Action {
    Action::Respond(DirectResponse { status: 404, body: "".into() })
}

fn member(section: &str, host: VirtualHost) -> VirtualHost {
    VirtualHost { section: Some(Host::new(section)), ..host }
}

/// The status and the backend of a request over TLS, by HTTP/2 as browsers share connections.
async fn ask(address: SocketAddr, server_name: &str, host: &str) -> (u16, String) {
    let tls = ClientTls::new(server_name, &Trust::Anything).alpn(&["h2"]);
    let request = Request::get(address, host, "/").tls(tls).http2();
    let answer = request.send().await.unwrap_or_else(|failure| panic!("{server_name} {host}: {failure}"));
    (answer.code(), answer.service())
}

async fn plain(address: SocketAddr, host: &str) -> (u16, String) {
    let answer =
        Request::get(address, host, "/").send().await.unwrap_or_else(|failure| panic!("{host}: {failure}"));
    (answer.code(), answer.service())
}

#[tokio::test]
async fn a_request_for_a_host_of_another_listener_is_misdirected() {
    let port = Port::reserve();
    let https = listener("https-443", Transport::Tls, port.address());
    let mut gateway = GatewayWorld::with(slice::from_ref(&https)).await;
    let (one, two) = (Backend::start("one").await, Backend::start("two").await);
    let [one, two] =
        [("one", &one), ("two", &two)].map(|(name, each)| gateway.add_cluster(name, each.port()));
    gateway.add_certificate("all", &HostCertificate::new("example.org"));
    let hosts = [
        host("*", not_found()),
        member("*", host("example.org", to(&one))),
        host("second.org", to(&two)),
        host("*.wild.org", to(&two)),
        host("fourth.wild.org", to(&one)),
    ];
    for value in hosts {
        let name = value.host.clone();
        gateway.set(&https, name.as_str(), Some(&behind_tls("all", value)));
    }
    gateway.push().await;
    let cases = [
        ("example.org", "example.org", (200, "one")),
        ("example.org", "second.org", (421, "")),
        ("example.org", "unknown.org", (404, "")),
        ("second.org", "second.org", (200, "two")),
        ("second.org", "example.org", (421, "")),
        ("second.org", "unknown.org", (421, "")),
        ("third.wild.org", "third.wild.org", (200, "two")),
        ("third.wild.org", "deep.in.wild.org", (200, "two")),
        ("deep.in.wild.org", "third.wild.org", (200, "two")),
        ("third.wild.org", "fourth.wild.org", (421, "")),
        ("third.wild.org", "second.org", (421, "")),
        ("third.wild.org", "unknown.org", (421, "")),
        ("fourth.wild.org", "fourth.wild.org", (200, "one")),
        ("fourth.wild.org", "fifth.wild.org", (421, "")),
        ("unknown.org", "example.org", (200, "one")),
        ("unknown.org", "unknown.org", (404, "")),
    ];
    for (server_name, host, (status, backend)) in cases {
        let answer = ask(port.address(), server_name, host).await;
        assert_eq!(answer, (status, backend.to_owned()), "{server_name} {host}");
    }
    gateway.world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn plaintext_listeners_have_hosts_of_their_own_and_wildcards_take_many_labels() {
    let ports = [Port::reserve(), Port::reserve()];
    let [first, second] = [("http-80", &ports[0]), ("http-8080", &ports[1])]
        .map(|(name, port)| listener(name, Transport::Plaintext, port.address()));
    let mut gateway = GatewayWorld::with(&[first.clone(), second.clone()]).await;
    let (one, two) = (Backend::start("one").await, Backend::start("two").await);
    let [one, two] =
        [("one", &one), ("two", &two)].map(|(name, each)| gateway.add_cluster(name, each.port()));
    gateway.set(&first, "a.example", Some(&host("a.example", to(&one))));
    gateway.set(&second, "a.example", Some(&host("a.example", to(&two))));
    gateway.set(&first, "*.wild.example", Some(&host("*.wild.example", to(&one))));
    let mut of_a_proxy = host("*.proxy.example", to(&one));
    let Traffic::Http(routes) = &mut of_a_proxy.traffic else { panic!("it has routes") };
    routes.iter_mut().for_each(|route| route.origin.kind = Kind::HttpProxy);
    gateway.set(&first, "*.proxy.example", Some(&of_a_proxy));
    gateway.push().await;
    let [first_port, second_port] = [ports[0].address(), ports[1].address()];
    assert_eq!(plain(first_port, "a.example").await, (200, "one".into()));
    assert_eq!(plain(second_port, "A.EXAMPLE:8080").await, (200, "two".into()));
    assert_eq!(plain(first_port, "b.wild.example").await, (200, "one".into()));
    assert_eq!(plain(first_port, "B.c.wild.example:80").await, (200, "one".into()));
    assert_eq!(plain(first_port, "wild.example").await, (404, "".into()));
    assert_eq!(plain(first_port, "B.proxy.example:80").await, (200, "one".into()));
    assert_eq!(plain(first_port, "b.c.proxy.example").await, (404, "".into()));
    assert_eq!(plain(second_port, "b.wild.example").await, (404, "".into()));
    gateway.set_listeners(slice::from_ref(&second));
    gateway.push().await;
    assert_eq!(plain(second_port, "a.example").await, (200, "two".into()));
    eventually("the first listener is gone", async || {
        match Request::get(first_port, "a.example", "/").send().await {
            Err(Failure::Connect(_)) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    gateway.world.assert_nothing_rejected().await;
}

/// The first line that comes by a connection; empty when it is closed, or reset.
async fn first_line(address: SocketAddr) -> String {
    let stream = open(address, None).await.expect("the listener is open");
    let mut line = String::new();
    let read = tokio::time::timeout(LIMIT, BufReader::new(stream).read_line(&mut line)).await;
    // How it ends is no matter.
    drop(read.expect("something comes, or the end"));
    line.trim().to_owned()
}

fn shares(clusters: &[(&ClusterKey, u32)], invalid: u32) -> Targets {
    let clusters =
        clusters.iter().map(|(cluster, weight)| WeightedCluster::plain((*cluster).clone(), *weight));
    Targets { clusters: clusters.collect(), invalid }
}

#[tokio::test]
async fn connections_are_carried_by_weight_and_closed_without_a_backend() {
    let port = Port::reserve();
    let tcp = listener("tcp-9000", Transport::Tcp, port.address());
    let mut gateway = GatewayWorld::with(slice::from_ref(&tcp)).await;
    assert_eq!(first_line(port.address()).await, "", "there is no host");
    let (one, two) = (Backend::start_tcp("one").await, Backend::start_tcp("two").await);
    let [one, two] =
        [("one", &one), ("two", &two)].map(|(name, each)| gateway.add_cluster(name, each.port()));
    gateway.set(&tcp, "*", Some(&carried("*", Traffic::Tcp(shares(&[(&one, 1), (&two, 0)], 1)))));
    gateway.push().await;
    let mut lines = BTreeMap::new();
    for _ in 0..60 {
        *lines.entry(first_line(port.address()).await).or_insert(0) += 1;
    }
    assert_eq!(lines.keys().collect::<Vec<_>>(), ["", "one"], "{lines:?}");
    gateway.set(&tcp, "*", Some(&carried("*", Traffic::Tcp(shares(&[(&two, 1)], 0)))));
    gateway.push().await;
    assert_eq!(first_line(port.address()).await, "two");
    gateway.set(&tcp, "*", Some(&carried("*", Traffic::Tcp(shares(&[], 1)))));
    gateway.push().await;
    assert_eq!(first_line(port.address()).await, "");
    gateway.world.assert_nothing_rejected().await;
}

/// Answers each datagram with a name.
async fn start_datagrams(name: &'static str) -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut datagram = [0; 64];
        loop {
            let (_, client) = socket.recv_from(&mut datagram).await.unwrap();
            socket.send_to(name.as_bytes(), client).await.unwrap();
        }
    });
    port
}

/// The answer to a datagram of a new client, which tries until there is one: datagrams may be lost.
async fn answered(address: SocketAddr) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(address).await.unwrap();
    eventually("a datagram is answered", async || {
        socket.send(b"who").await.map_err(|error| error.to_string())?;
        let mut answer = [0; 64];
        let received = tokio::time::timeout(Duration::from_millis(500), socket.recv(&mut answer)).await;
        let length = received.map_err(|_| "none came")?.map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
    })
    .await
}

#[tokio::test]
async fn datagrams_are_carried_by_weight_and_dropped_without_a_backend() {
    let port = Port::reserve();
    let udp = listener("udp-5300", Transport::Udp, port.address());
    let mut gateway = GatewayWorld::with(slice::from_ref(&udp)).await;
    let mut clusters = Vec::new();
    for name in ["one", "two", "three"] {
        clusters.push(gateway.add_cluster(name, start_datagrams(name).await));
    }
    let [one, two, three] = &clusters[..] else { unreachable!() };
    gateway.set(&udp, "*", Some(&carried("*", Traffic::Udp(shares(&[(one, 7), (two, 3), (three, 0)], 0)))));
    gateway.push().await;
    let mut answers = BTreeMap::new();
    for _ in 0..300 {
        *answers.entry(answered(port.address()).await).or_insert(0_u32) += 1;
    }
    assert_eq!(answers.keys().collect::<Vec<_>>(), ["one", "two"], "{answers:?}");
    // Five standard deviations around 210.
    assert!((170..250).contains(&answers["one"]), "{answers:?}");
    gateway.set(&udp, "*", Some(&carried("*", Traffic::Udp(shares(&[(three, 1)], 0)))));
    gateway.push().await;
    assert_eq!(answered(port.address()).await, "three");
    gateway.set(&udp, "*", None);
    gateway.push().await;
    let dropped = "udp.udp-5300.downstream_sess_no_route";
    let before = gateway.world.envoy.stat(dropped).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    eventually("datagrams are dropped", async || {
        socket.send_to(b"who", port.address()).await.map_err(|error| error.to_string())?;
        let now = gateway.world.envoy.stat(dropped).await;
        if now > before { Ok(()) } else { Err(format!("{now} were")) }
    })
    .await;
    gateway.world.assert_nothing_rejected().await;
}
