//! Who is let in.

use isobath_xds::{Clients, FleetId, Observation, ResourceType};
use rustls::version::{TLS12, TLS13};
use tonic::Code;

use crate::client::{self, DELTA_ADS, Delta, refusal, subscribe};
use crate::fixture::{ca, client_config, start_secure, tls};

#[tokio::test]
async fn certificate_with_the_expected_name_is_served() {
    let ca = ca("ca");
    let (server, _) = start_secure(tls(&ca.server(), &[&ca])).await;
    server.clusters(&[("a", "1")]);
    let config = client_config(&ca, Some(&ca.client("envoy")), &[&TLS13]);
    let channel = client::secure(server.addr, config).await.unwrap();
    let mut stream = Delta::open(&channel, DELTA_ADS).await.unwrap();
    stream.send(subscribe("clusters", &[]));
    assert_eq!(stream.next().await.unwrap().bodies(), [("a", &b"1"[..])].into());
}

#[tokio::test]
async fn the_end_of_a_certificate_is_known_as_long_as_its_envoy_is_connected() {
    let ca = ca("ca");
    let (mut server, _) = start_secure(tls(&ca.server(), &[&ca])).await;
    server.clusters(&[("a", "1")]);
    server.publish(&FleetId::gateway("ns", "gw"), ResourceType::Cluster, &[("a", "1")]);
    for (client, known) in [(ca.gateway("ns", "gw"), None), (ca.client("envoy"), Some(4_102_444_800))] {
        assert_eq!(server.hub.earliest_client_expiry(), None);
        let channel =
            client::secure(server.addr, client_config(&ca, Some(&client), &[&TLS13])).await.unwrap();
        let mut stream = Delta::open(&channel, DELTA_ADS).await.unwrap();
        stream.send(subscribe("clusters", &[]));
        stream.next().await.unwrap();
        assert_eq!(server.hub.earliest_client_expiry(), known);
        drop((stream, channel));
        server.observe(|seen| matches!(seen, Observation::Disconnected { .. })).await;
        // The connection ends with, or after, its last stream.
        while server.hub.earliest_client_expiry().is_some() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn x_001_client_without_certificate_gets_nothing() {
    let ca = ca("ca");
    let (server, _) = start_secure(tls(&ca.server(), &[&ca])).await;
    server.clusters(&[("a", "1")]);
    for path in [DELTA_ADS, client::SOTW_ADS, "/envoy.service.secret.v3.SecretDiscoveryService/FetchSecrets"]
    {
        let channel = client::secure(server.addr, client_config(&ca, None, &[&TLS13])).await;
        let code = refusal(channel, path).await;
        assert!(matches!(code, Code::Unavailable | Code::Unknown), "{path}: {code:?}");
    }
}

#[tokio::test]
async fn x_001_client_of_another_authority_gets_nothing() {
    let (ours, theirs) = (ca("ours"), ca("theirs"));
    let (server, _) = start_secure(tls(&ours.server(), &[&ours])).await;
    let config = client_config(&ours, Some(&theirs.client("envoy")), &[&TLS13]);
    let code = refusal(client::secure(server.addr, config).await, DELTA_ADS).await;
    assert!(matches!(code, Code::Unavailable | Code::Unknown), "{code:?}");
}

#[tokio::test]
async fn x_003_certificate_with_another_name_is_refused_on_every_method() {
    let ca = ca("ca");
    let (server, _) = start_secure(tls(&ca.server(), &[&ca])).await;
    server.clusters(&[("a", "1")]);
    for path in
        [DELTA_ADS, client::SOTW_ADS, "/envoy.service.secret.v3.SecretDiscoveryService/FetchSecrets", "/x"]
    {
        let config = client_config(&ca, Some(&ca.client("somebody")), &[&TLS13]);
        let code = refusal(client::secure(server.addr, config).await, path).await;
        assert_eq!(code, Code::PermissionDenied, "{path}");
    }
}

#[tokio::test]
async fn x_005_tls_12_is_refused_even_when_the_configuration_offers_it() {
    let ca = ca("ca");
    let (server, _) = start_secure(tls(&ca.server(), &[&ca])).await;
    server.clusters(&[("a", "1")]);
    let config = client_config(&ca, Some(&ca.client("envoy")), &[&TLS12]);
    let code = refusal(client::secure(server.addr, config).await, DELTA_ADS).await;
    assert!(matches!(code, Code::Unavailable | Code::Unknown), "{code:?}");
}

#[tokio::test]
async fn x_006_gateway_certificate_is_its_fleet_and_no_other() {
    let ca = ca("ca");
    let (server, _) = start_secure(tls(&ca.server(), &[&ca])).await;
    server.clusters(&[("ingress", "1")]);
    server.publish(&FleetId::gateway("ns", "gw"), ResourceType::Cluster, &[("gateway", "2")]);
    let config = client_config(&ca, Some(&ca.gateway("ns", "gw")), &[&TLS13]);
    let channel = client::secure(server.addr, config).await.unwrap();

    let mut stream = Delta::open(&channel, DELTA_ADS).await.unwrap();
    stream.send(subscribe("clusters", &[]));
    assert_eq!(stream.next().await.unwrap().bodies(), [("gateway", &b"2"[..])].into());

    let mut stream = Delta::open(&channel, DELTA_ADS).await.unwrap();
    let mut liar = subscribe("clusters", &[]);
    liar.node.as_mut().unwrap().cluster = "gateway/ns/other".into();
    stream.send(liar);
    assert_eq!(stream.end().await.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn x_007_secret_of_another_fleet_is_like_one_that_does_not_exist() {
    let ca = ca("ca");
    let (server, _) = start_secure(tls(&ca.server(), &[&ca])).await;
    server.publish(&FleetId::default_fleet(), ResourceType::Secret, &[("ns/tls", "key")]);
    server.publish(&FleetId::gateway("ns", "gw"), ResourceType::Cluster, &[]);
    let config = client_config(&ca, Some(&ca.gateway("ns", "gw")), &[&TLS13]);
    let channel = client::secure(server.addr, config).await.unwrap();
    let mut stream = Delta::open(&channel, DELTA_ADS).await.unwrap();
    stream.send(subscribe("secrets", &["ns/tls", "ns/none"]));
    let answer = stream.next().await.unwrap();
    assert_eq!((answer.resources.len(), answer.removed), (0, vec!["ns/none".into(), "ns/tls".into()]));
}

#[tokio::test]
async fn authority_of_gateways_cannot_name_the_default_fleet() {
    let (ingress, gateways) = (ca("ingress"), ca("gateways"));
    let mut both = tls(&ingress.server(), &[&ingress, &gateways]);
    both.default_clients = Clients::Of(ingress.verifier());
    both.gateway_clients = Clients::Of(gateways.verifier());
    let (server, _) = start_secure(both).await;
    server.clusters(&[("a", "1")]);
    for leaf in [gateways.client("envoy"), ingress.gateway("ns", "gw")] {
        let channel = client::secure(server.addr, client_config(&ingress, Some(&leaf), &[&TLS13])).await;
        assert_eq!(refusal(channel, DELTA_ADS).await, Code::PermissionDenied);
    }
}

#[tokio::test]
async fn without_an_authority_of_gateways_nobody_stands_for_one() {
    let ca = ca("ca");
    let mut none = tls(&ca.server(), &[&ca]);
    none.gateway_clients = Clients::Nobody;
    let (server, _) = start_secure(none).await;
    server.clusters(&[("a", "1")]);
    let config = client_config(&ca, Some(&ca.gateway("ns", "gw")), &[&TLS13]);
    let channel = client::secure(server.addr, config).await;
    assert_eq!(refusal(channel, DELTA_ADS).await, Code::PermissionDenied);
}

#[tokio::test]
async fn a_server_of_one_gateway_takes_all_that_its_authority_knows_for_that_gateways_envoys() {
    let ca = ca("ca");
    let mut own = tls(&ca.server(), &[&ca]);
    own.own_fleet = FleetId::gateway("ns", "gw");
    own.gateway_clients = Clients::Nobody;
    let (server, _) = start_secure(own).await;
    server.publish(&FleetId::gateway("ns", "gw"), ResourceType::Secret, &[("ns/tls", "key")]);
    server.publish(&FleetId::default_fleet(), ResourceType::Cluster, &[]);
    let channel = client::secure(server.addr, client_config(&ca, Some(&ca.client("envoy")), &[&TLS13])).await;
    let mut stream = Delta::open(&channel.unwrap(), DELTA_ADS).await.unwrap();
    stream.send(subscribe("secrets", &["ns/tls"]));
    assert_eq!(stream.next().await.unwrap().resources.len(), 1);
    let other = client_config(&ca, Some(&ca.gateway("ns", "gw")), &[&TLS13]);
    assert_eq!(refusal(client::secure(server.addr, other).await, DELTA_ADS).await, Code::PermissionDenied);
}

#[tokio::test]
async fn client_that_never_finishes_its_handshake_delays_nobody() {
    let ca = ca("ca");
    let (server, _) = start_secure(tls(&ca.server(), &[&ca])).await;
    server.clusters(&[("a", "1")]);
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(tokio::net::TcpStream::connect(server.addr).await.unwrap());
    }
    let config = client_config(&ca, Some(&ca.client("envoy")), &[&TLS13]);
    let channel = client::secure(server.addr, config).await.unwrap();
    let mut stream = Delta::open(&channel, DELTA_ADS).await.unwrap();
    stream.send(subscribe("clusters", &[]));
    assert_eq!(stream.next().await.unwrap().resources.len(), 1);
}

#[tokio::test]
async fn rotation_keeps_streams_and_changes_new_handshakes() {
    let (old, new) = (ca("old"), ca("new"));
    let (server, current) = start_secure(tls(&old.server(), &[&old])).await;
    server.clusters(&[("a", "1")]);
    let with = |ca: &crate::fixture::Ca| client_config(ca, Some(&ca.client("envoy")), &[&TLS13]);
    let channel = client::secure(server.addr, with(&old)).await.unwrap();
    let mut stream = Delta::open(&channel, DELTA_ADS).await.unwrap();
    stream.send(subscribe("clusters", &[]));
    let first = stream.next().await.unwrap();
    stream.send(client::ack(&first));

    *current.lock().unwrap() = tls(&new.server(), &[&new]);
    let code = refusal(client::secure(server.addr, with(&old)).await, DELTA_ADS).await;
    assert!(matches!(code, Code::Unavailable | Code::Unknown), "{code:?}");
    client::secure(server.addr, with(&new)).await.unwrap();

    server.clusters(&[("a", "2")]);
    assert_eq!(stream.next().await.unwrap().bodies(), [("a", &b"2"[..])].into());
}
