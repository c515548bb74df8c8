//! Connections that are open while hosts come and go and certificates change: bytes go over each all the time, and
//! Envoy drains nothing of what they came by.

mod lines;
mod tenants;

use std::collections::BTreeSet;

use harness::manifests::{HostCertificate, http_proxy, service};
use harness::{Options, World, certificate_for};
use model::Layout;
use testkit::{Backend, Stats, eventually};

use lines::Line;
use tenants::Tenant;

/// How many hosts come, how many certificates change, and how many hosts go.
const ROUNDS: usize = 100;

/// A world with hosts that connections are open for, and the backends of those that are carried as they are.
struct Scene {
    world: World,
    through: Backend,
    _raw: Backend,
}

/// Hosts with and without TLS, exact and wildcards, and two whose bytes are carried as they are.
async fn scene(options: Options) -> Scene {
    let mut world = World::with(options).await;
    world.add_backend("blue").await;
    let (raw, through) =
        (Backend::start_tcp("raw").await, Backend::start_tls("through", "through.example").await);
    for (name, backend) in [("raw", &raw), ("through", &through)] {
        world.write(&format!("service-{name}"), &service("default", name, &[backend.port()]));
    }
    for (name, fqdn, tls) in [
        ("site", "site.example", ""),
        ("wild", "*.wild.example", ""),
        ("safe", "safe.example", ", tls: {secretName: safe}"),
        ("safe-wild", "*.safe-wild.example", ", tls: {secretName: safe-wild}"),
    ] {
        world.write(name, &http_proxy(name, &http_host(fqdn, tls)));
    }
    for (name, tls) in [("raw", "secretName: raw"), ("through", "passthrough: true")] {
        world.write(name, &http_proxy(name, &tcp_host(name, tls)));
    }
    for (secret, host) in CERTIFICATES {
        world.write(&format!("secret-{secret}"), &HostCertificate::new(host).secret(secret));
    }
    world.sync().await;
    assert_eq!(world.diagnostics().iter().map(|each| &each.message).collect::<Vec<_>>(), [""; 0]);
    Scene { world, through, _raw: raw }
}

/// The Secrets of those hosts, and the hosts.
const CERTIFICATES: [(&str, &str); 3] =
    [("safe", "safe.example"), ("safe-wild", "*.safe-wild.example"), ("raw", "raw.example")];

/// A host with WebSockets below `/ws`, and streams below everything else.
fn http_host(fqdn: &str, tls: &str) -> String {
    format!(
        "virtualhost: {{fqdn: '{fqdn}'{tls}}}\n\
         routes:\n\
         - {{conditions: [{{prefix: /ws}}], enableWebsockets: true, services: [{{name: blue, port: 80}}]}}\n\
         - {{services: [{{name: blue, port: 80, protocol: h2c}}]}}\n"
    )
}

fn tcp_host(name: &str, tls: &str) -> String {
    format!(
        "virtualhost: {{fqdn: {name}.example, tls: {{{tls}}}}}\n\
         tcpproxy: {{services: [{{name: {name}, port: 80}}]}}\n"
    )
}

/// One open connection of each kind.
async fn lines(scene: &Scene) -> Vec<Line> {
    let Scene { world, through, .. } = scene;
    vec![
        Line::websocket(world, "site.example").await,
        Line::websocket(world, "any.wild.example").await,
        Line::secure_websocket(world, "safe.example").await,
        Line::secure_websocket(world, "any.safe-wild.example").await,
        Line::stream(world, "site.example").await,
        Line::stream(world, "ANY.wild.example").await,
        Line::secure_stream(world, "safe.example").await,
        Line::secure_stream(world, "any.safe-wild.example").await,
        Line::bytes(world, "raw.example").await,
        Line::passed_through(world, through, "through.example").await,
    ]
}

async fn exchange(lines: &mut [Line], word: &str) {
    for line in lines {
        line.exchange(word).await;
    }
}

/// Hands the changes of the folder over, and holds what was pushed against what the layout is to push for them.
async fn push(world: &mut World, expected: Vec<String>) {
    let mark = world.mark();
    world.sync().await;
    let pushed = world.pushed_since(mark);
    assert_eq!(pushed.len(), expected.len(), "{pushed:?}, not {expected:?}");
    assert_eq!(BTreeSet::from_iter(pushed), BTreeSet::from_iter(expected));
}

/// Waits until clients are shown a certificate: an acknowledgement is no sign that the workers know.
async fn is_shown(world: &World, server_name: &str, certificate: &HostCertificate) {
    eventually(server_name, async || match certificate_for(world.https(), server_name.as_bytes()).await {
        Some(shown) if shown == certificate.der() => Ok(()),
        shown => Err(format!("{} bytes are shown", shown.unwrap_or_default().len())),
    })
    .await;
}

/// What Envoy did to its listeners, and to connections for their sake: updates of the TLS listener in place, and
/// chains that drain.
#[derive(Debug, PartialEq, Eq)]
struct Touched {
    updates_in_place: u64,
    draining_chains: u64,
}

impl Touched {
    /// Panics if a listener or a connection was told to leave.
    fn between(before: &Stats, after: &Stats) -> Self {
        let change = |name: &str| after.get(name) - before.get(name);
        let told = |listener: &str| after.get(&format!("http.{listener}.downstream_cx_drain_close"));
        assert_eq!(
            [told("ingress_http"), told("ingress_https")],
            [0, 0],
            "connections that were told to leave"
        );
        for name in ["total_listeners_draining", "listener_removed"] {
            assert_eq!(after.get(&format!("listener_manager.{name}")), 0, "{name}");
        }
        let updates_in_place = change("listener_manager.listener_in_place_updated");
        assert_eq!(
            change("listener_manager.listener_modified"),
            updates_in_place,
            "all updates are in place"
        );
        Self { updates_in_place, draining_chains: change("listener_manager.total_filter_chains_draining") }
    }
}

async fn open_connections_survive(layout: Layout) {
    let mut scene = scene(Options::with_layout(layout)).await;
    let mut lines = lines(&scene).await;
    exchange(&mut lines, "before").await;
    let tenants: Vec<_> = (0..ROUNDS).map(Tenant::new).collect();
    let chains = tenants.iter().filter(|tenant| tenant.has_chain(layout)).count() as u64;
    let start = scene.world.envoy.stats().await;

    for tenant in &tenants {
        tenant.write(&scene.world);
        push(&mut scene.world, tenant.resources(layout)).await;
        tenant.is_served(&scene.world).await;
        exchange(&mut lines, tenant.name()).await;
    }
    let added = scene.world.envoy.stats().await;
    assert_eq!(
        Touched::between(&start, &added),
        Touched { updates_in_place: chains, draining_chains: 0 },
        "{layout:?}, after hosts came"
    );

    for round in 0..ROUNDS {
        let (secret, host) = CERTIFICATES[round % CERTIFICATES.len()];
        let next = HostCertificate::new(host);
        scene.world.write(&format!("secret-{secret}"), &next.secret(secret));
        push(&mut scene.world, vec![secret_resource(layout, secret, host)]).await;
        is_shown(&scene.world, &host.replace('*', "any"), &next).await;
        exchange(&mut lines, &format!("certificate {round}")).await;
    }
    let renewed = scene.world.envoy.stats().await;
    assert_eq!(
        Touched::between(&added, &renewed),
        Touched { updates_in_place: 0, draining_chains: 0 },
        "{layout:?}, after certificates changed"
    );

    for tenant in &tenants {
        tenant.delete(&scene.world);
        push(&mut scene.world, tenant.resources(layout)).await;
        exchange(&mut lines, tenant.name()).await;
    }
    let removed = scene.world.envoy.stats().await;
    assert_eq!(
        Touched::between(&renewed, &removed),
        // Those of the hosts that went, and no others.
        Touched { updates_in_place: chains, draining_chains: chains },
        "{layout:?}, after hosts went"
    );
    exchange(&mut lines, "after").await;
    scene.world.assert_nothing_rejected().await;
}

/// The name under which Envoy is sent a certificate.
fn secret_resource(layout: Layout, secret: &str, host: &str) -> String {
    match layout {
        // Its connections are carried as they are, by a chain of its own.
        Layout::OnDemand if secret != "raw" => format!("Secret {host}"),
        Layout::Table | Layout::Scoped | Layout::OnDemand => format!("Secret default/{secret}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_connections_survive_hosts_and_certificates_with_the_table() {
    open_connections_survive(Layout::Table).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_connections_survive_hosts_and_certificates_with_scopes() {
    open_connections_survive(Layout::Scoped).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_connections_survive_hosts_and_certificates_on_demand() {
    open_connections_survive(Layout::OnDemand).await;
}

/// A chain that changes drains with the connections that came by it: those of its host, and no others. A host with
/// a chain has another one with another Secret; on demand most hosts have none.
async fn a_chain_that_changes_drains_its_own_connections_alone(layout: Layout) {
    let arguments = ["--drain-time-s", "1"].map(str::to_owned).to_vec();
    let mut scene = scene(Options { arguments, ..Options::with_layout(layout) }).await;
    let with_chain: &[&str] = match layout {
        Layout::Table | Layout::Scoped => &["safe.example", "raw.example"],
        Layout::OnDemand => &["raw.example"],
    };
    let (mut drained, mut kept): (Vec<_>, Vec<_>) =
        lines(&scene).await.into_iter().partition(|line| with_chain.contains(&line.host()));
    assert_eq!(drained.len(), if layout == Layout::OnDemand { 1 } else { 3 });
    let world = &mut scene.world;
    let other = HostCertificate::new("safe.example");
    world.write("secret-other", &other.secret("other"));
    world.write("safe", &http_proxy("safe", &http_host("safe.example", ", tls: {secretName: other}")));
    world.write("raw", &http_proxy("raw", &tcp_host("raw", "secretName: other")));
    world.sync().await;
    for host in ["safe.example", "raw.example"] {
        is_shown(world, host, &other).await;
    }
    for line in &mut drained {
        line.ends().await;
    }
    eventually("all is drained", async || match chains_draining(world).await {
        0 => Ok(()),
        more => Err(format!("{more} chains")),
    })
    .await;
    exchange(&mut kept, "after").await;
    world.assert_nothing_rejected().await;
}

async fn chains_draining(world: &World) -> u64 {
    world.envoy.stat("listener_manager.total_filter_chains_draining").await
}

#[tokio::test]
async fn a_chain_that_changes_drains_its_own_connections_alone_with_the_table() {
    a_chain_that_changes_drains_its_own_connections_alone(Layout::Table).await;
}

#[tokio::test]
async fn a_chain_that_changes_drains_its_own_connections_alone_with_scopes() {
    a_chain_that_changes_drains_its_own_connections_alone(Layout::Scoped).await;
}

#[tokio::test]
async fn a_chain_that_changes_drains_its_own_connections_alone_on_demand() {
    a_chain_that_changes_drains_its_own_connections_alone(Layout::OnDemand).await;
}
