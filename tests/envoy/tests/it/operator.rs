//! What the operator configures for all, seen by clients and backends. Every test is a configuration file.

mod access_logs;
mod connections;
mod handshakes;
mod headers;
mod listeners;
mod responses;
mod statistics;
mod traces;

use harness::manifests::{HostCertificate, http_proxy, service};
use harness::{Options, World};
use testkit::{Canned, ClientTls, Request, Trust};

/// A world with this configuration, and `site.example` with and without TLS, whose backend answers as it is told.
async fn world(configuration: &str) -> (World, Canned) {
    let mut world = World::with(Options::configured(configuration)).await;
    let backend = Canned::start().await;
    world.write("service", &service("default", "site", &[backend.port()]));
    world.write("secret", &HostCertificate::new("site.example").secret("site"));
    let spec = "virtualhost: {fqdn: site.example, tls: {secretName: site}}\n\
        routes: [{permitInsecure: true, services: [{name: site, port: 80}]}]\n";
    world.apply("site", &http_proxy("site", spec)).await;
    (world, backend)
}

/// The same request by plain HTTP and by HTTPS.
fn both(world: &World, path: &str) -> [Request; 2] {
    [world.get("site.example", path), world.get_tls("site.example", path)]
}

/// A client of `site.example` that offers these protocols.
fn offering(protocols: &[&str]) -> ClientTls {
    ClientTls::new("site.example", &Trust::Anything).alpn(protocols)
}
