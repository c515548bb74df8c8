//! The certificates between controller and Envoy are replaced while both run.

use std::collections::BTreeSet;

use certs::{CertificateSet, Generated, Options};
use harness::World;
use harness::manifests::simple_proxy;
use serde_json::Value;
use testkit::{ClientTls, Envoy, Request, Trust, eventually};

fn fresh() -> CertificateSet {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    CertificateSet::fresh(&Options::loopback(i64::try_from(now).unwrap())).unwrap()
}

/// The serial numbers of the certificates that Envoy has loaded: CAs, and its own.
async fn loaded(envoy: &Envoy) -> [BTreeSet<String>; 2] {
    let all: Value = serde_json::from_str(&envoy.get("/certs").await).unwrap();
    let each = all["certificates"].as_array().unwrap();
    ["ca_cert", "cert_chain"].map(|kind| {
        let certificates = each.iter().filter_map(|entry| entry[kind].as_array()).flatten();
        certificates.map(|certificate| certificate["serial_number"].to_string()).collect()
    })
}

/// Replaces Envoy's files and waits until it has read them.
async fn replace_envoy_certificate(world: &mut World, ca: &str, of: &Generated) {
    let before = loaded(&world.envoy).await;
    world.replace_envoy_certificate(ca, &of.client);
    eventually("Envoy has read its new certificates", async || {
        let now = loaded(&world.envoy).await;
        let has_more = |kind: usize| !now[kind].is_subset(&before[kind]);
        if has_more(0) && has_more(1) { Ok(()) } else { Err(format!("{before:?}, now {now:?}")) }
    })
    .await;
}

/// The certificate that the controller shows.
async fn shown(world: &World, of: &Generated) -> Vec<u8> {
    let key = of.client.key.expose();
    let tls = ClientTls::with_identity("localhost", &Trust::Anything, &of.client.certificate, key);
    let request = Request::get(world.xds(), "localhost", "/").tls(tls.alpn(&["h2"])).http2();
    let answer = request.send().await.unwrap();
    answer.certificates[0].to_vec()
}

async fn restart_envoy(world: &mut World) {
    world.envoy.kill();
    world.envoy.start_again();
    world.envoy.ready().await;
    assert_eq!(world.ask("site.example", "/").await.0, 200);
}

async fn switch_to(world: &mut World, service: &str) {
    world.apply("site", &simple_proxy("site", "site.example", service)).await;
    assert_eq!(world.ask("site.example", "/").await, (200, service.into()));
}

async fn world() -> World {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.add_backend("green").await;
    switch_to(&mut world, "blue").await;
    world
}

/// As certgen does it: the CA of the next set is trusted before anybody uses it.
#[tokio::test]
async fn ca_and_leaves_are_replaced_while_the_streams_stay_up() {
    let mut world = world().await;
    let (old, set) = (world.certificates().clone(), fresh());
    let both = format!("{}{}", old.ca, set.current.ca);
    let before = shown(&world, &old).await;
    world.replace_server_certificate(&both, &old.server).await;
    replace_envoy_certificate(&mut world, &both, &set.current).await;
    world.replace_server_certificate(&both, &set.current.server).await;
    assert_ne!(shown(&world, &old).await, before);
    switch_to(&mut world, "green").await;
    let journal = world.look().await;
    assert_eq!((journal.connected, journal.disconnected), (1, 0));
}

#[tokio::test]
async fn an_envoy_that_restarts_in_the_middle_of_a_rotation_is_let_in_whichever_side_is_first() {
    let mut world = world().await;
    let (old, set) = (world.certificates().clone(), fresh());
    let both = format!("{}{}", old.ca, set.current.ca);
    world.replace_server_certificate(&both, &old.server).await;
    restart_envoy(&mut world).await;
    world.replace_envoy_certificate(&both, &old.client);
    restart_envoy(&mut world).await;
    // The controller is ahead.
    world.replace_server_certificate(&both, &set.current.server).await;
    restart_envoy(&mut world).await;
    switch_to(&mut world, "green").await;
    // Envoy follows, and the old CA is dropped.
    world.replace_envoy_certificate(&set.current.ca, &set.current.client);
    restart_envoy(&mut world).await;
    world.replace_server_certificate(&set.current.ca, &set.current.server).await;
    restart_envoy(&mut world).await;
    switch_to(&mut world, "blue").await;
    world.assert_nothing_rejected().await;
}

/// The controller restarts with new certificates, and Envoy comes back with those that it has read meanwhile.
#[tokio::test]
async fn an_envoy_comes_back_with_its_new_certificate_when_the_controller_restarts() {
    let mut world = world().await;
    let (old, set) = (world.certificates().clone(), fresh());
    let both = format!("{}{}", old.ca, set.current.ca);
    replace_envoy_certificate(&mut world, &both, &set.current).await;
    world.replace_server_certificate(&set.current.ca, &set.current.server).await;
    world.crash_controller().await;
    world.start_controller().await;
    switch_to(&mut world, "green").await;
    world.assert_nothing_rejected().await;
}
