//! Streams in plaintext: methods, limits, ends.

use std::time::Duration;

use isobath_xds::discovery::{DeltaRequest, SemanticVersion, SotwRequest};
use isobath_xds::{FleetId, Observation, ResourceType, Security, Settings};
use prost::Message as _;
use tonic::Code;

use crate::client::{DELTA_ADS, Delta, SOTW_ADS, Sotw, ack, nack, node, plain, subscribe, url};
use crate::fixture::{Relay, Running, start};

async fn server(settings: Settings) -> Running {
    start(Security::Plaintext, settings).await
}

async fn served(settings: Settings) -> (Running, Delta) {
    let server = server(settings).await;
    server.clusters(&[("a", "1")]);
    let stream = Delta::open(&plain(server.addr).await, DELTA_ADS).await.unwrap();
    (server, stream)
}

#[tokio::test]
async fn a_change_reaches_the_client_and_its_acknowledgement_is_observed() {
    let (mut server, mut stream) = served(Settings::default()).await;
    stream.send(subscribe("listeners", &[]));
    let empty = stream.next().await.unwrap();
    assert!(empty.resources.is_empty());
    stream.send(ack(&empty));
    let mut asked = vec![subscribe("clusters", &[])];
    stream.send(asked[0].clone());
    let first = stream.next().await.unwrap();
    asked.push(ack(&first));
    stream.send(asked[1].clone());
    let fleet = FleetId::default_fleet();
    let generation = server.hub.snapshot(&fleet).unwrap().generation();
    let reached = Observation::Reached { fleet: fleet.clone(), node: "envoy-1".into(), generation };
    server.observe(|seen| *seen == reached).await;
    assert!(server.hub.progress(&fleet, generation).is_complete());

    server.clusters(&[("b", "2")]);
    let second = stream.next().await.unwrap();
    assert_eq!(second.bodies(), [("b", &b"2"[..])].into());
    asked.push(nack(&second, "no"));
    stream.send(asked[2].clone());

    // Those who have gone are counted like those who are here.
    let counted = |server: &Running| {
        let clusters =
            server.hub.traffic().into_iter().find(|each| each.resource_type == ResourceType::Cluster);
        let clusters = clusters.unwrap();
        let asked = (clusters.requests, clusters.request_bytes);
        (asked, (clusters.responses, clusters.acks, clusters.nacks))
    };
    let asked = (3, asked.iter().map(|request| request.encoded_len() as u64).sum::<u64>());
    server.observe(|seen| matches!(seen, Observation::Rejected { .. })).await;
    assert_eq!(counted(&server), (asked, (2, 1, 1)));
    drop(stream);
    server.observe(|seen| matches!(seen, Observation::Disconnected { .. })).await;
    assert_eq!(counted(&server), (asked, (2, 1, 1)));
}

#[tokio::test]
async fn x_002_fetch_and_unknown_methods_are_unimplemented() {
    let server = server(Settings::default()).await;
    let channel = plain(server.addr).await;
    for path in [
        "/envoy.service.cluster.v3.ClusterDiscoveryService/FetchClusters",
        "/envoy.service.secret.v3.SecretDiscoveryService/FetchSecrets",
        "/envoy.service.route.v3.VirtualHostDiscoveryService/DeltaVirtualHosts",
        "/envoy.service.status.v3.ClientStatusDiscoveryService/StreamClientStatus",
        "/",
    ] {
        let code = Delta::open(&channel, path).await.err().map(|status| status.code());
        assert_eq!(code, Some(Code::Unimplemented), "{path}");
    }
}

#[tokio::test]
async fn x_004_non_canonical_paths_are_unimplemented() {
    let server = server(Settings::default()).await;
    let channel = plain(server.addr).await;
    for path in [
        "//envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
        "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources/",
        "/envoy.service.discovery.v3.aggregateddiscoveryservice/DeltaAggregatedResources",
    ] {
        let code = Delta::open(&channel, path).await.err().map(|status| status.code());
        assert_eq!(code, Some(Code::Unimplemented), "{path}");
    }
}

#[tokio::test]
async fn x_008_envoy_below_the_minimum_is_refused() {
    let minimum = SemanticVersion { major: 1, minor: 41, patch: 0 };
    let (_server, mut stream) =
        served(Settings { minimum_envoy: Some(minimum), ..Settings::default() }).await;
    stream.send(subscribe("clusters", &[]));
    let status = stream.end().await;
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(status.message(), "envoy 1.40.0: at least 1.41.0 is needed");
}

#[tokio::test]
async fn x_010_first_request_without_a_node_is_refused() {
    let (_server, mut stream) = served(Settings::default()).await;
    stream.send(DeltaRequest { node: None, ..subscribe("clusters", &[]) });
    assert_eq!(stream.end().await.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn name_that_is_not_text_is_passed_over_and_the_stream_goes_on() {
    let (_server, mut stream) = served(Settings::default()).await;
    let subscribe_to = vec![b"a\xff\xfe.com".as_slice().into(), "none".into()];
    stream.send(DeltaRequest { subscribe: subscribe_to, ..subscribe("secrets", &[]) });
    let answer = stream.next().await.unwrap();
    assert_eq!((answer.removed.clone(), answer.bodies()), (vec![b"none".to_vec()], [].into()));
    stream.send(subscribe("clusters", &[]));
    assert_eq!(stream.next().await.unwrap().bodies(), [("a", &b"1"[..])].into());
}

#[tokio::test]
async fn x_013_all_four_variants_serve_the_same_content() {
    let (server, mut delta) = served(Settings::default()).await;
    let channel = plain(server.addr).await;
    delta.send(subscribe("clusters", &[]));
    let mut single = Delta::open(&channel, "/envoy.service.cluster.v3.ClusterDiscoveryService/DeltaClusters")
        .await
        .unwrap();
    single.send(DeltaRequest { type_url: String::new(), ..subscribe("clusters", &[]) });
    for stream in [&mut delta, &mut single] {
        assert_eq!(stream.next().await.unwrap().bodies(), [("a", &b"1"[..])].into());
    }
    let paths = [SOTW_ADS, "/envoy.service.cluster.v3.ClusterDiscoveryService/StreamClusters"];
    for (id, path) in [("envoy-2", paths[0]), ("envoy-3", paths[1])] {
        let mut stream = Sotw::open(&channel, path).await.unwrap();
        stream.send(SotwRequest {
            node: Some(node(id)),
            type_url: url("clusters"),
            ..SotwRequest::default()
        });
        let answer = stream.next().await.unwrap();
        assert_eq!(answer.resources.iter().map(|any| any.value.as_slice()).collect::<Vec<_>>(), [b"1"]);
    }
}

#[tokio::test]
async fn x_014_connection_that_is_too_old_is_asked_to_leave() {
    let settings = Settings { max_connection_age: Some(Duration::from_secs(2)), ..Settings::default() };
    let (_server, mut stream) = served(settings).await;
    assert_eq!(stream.end().await.code(), Code::Unavailable);
}

#[tokio::test]
async fn x_014_peer_that_stops_answering_is_dropped() {
    // Longer than a busy machine lets a peer wait that is there.
    let settings = Settings { keepalive: Duration::from_secs(1), ..Settings::default() };
    let mut server = server(settings).await;
    server.clusters(&[("a", "1")]);
    let relay = Relay::start(server.addr).await;
    let mut stream = Delta::open(&plain(relay.addr).await, DELTA_ADS).await.unwrap();
    stream.send(subscribe("clusters", &[]));
    stream.next().await.unwrap();
    relay.freeze.cancel();
    server.observe(|seen| matches!(seen, Observation::Disconnected { .. })).await;
}

#[tokio::test]
async fn x_015_newest_aggregated_stream_wins() {
    let (server, mut old) = served(Settings::default()).await;
    old.send(subscribe("clusters", &[]));
    old.next().await.unwrap();
    let mut new = Delta::open(&plain(server.addr).await, DELTA_ADS).await.unwrap();
    new.send(subscribe("clusters", &[]));
    assert_eq!(new.next().await.unwrap().bodies(), [("a", &b"1"[..])].into());
    assert_eq!(old.end().await.code(), Code::Aborted);
}

#[tokio::test]
async fn x_015_many_envoys_may_share_one_certificate() {
    let (server, mut first) = served(Settings::default()).await;
    let mut second = Delta::open(&plain(server.addr).await, DELTA_ADS).await.unwrap();
    first.send(subscribe("clusters", &[]));
    second.send(DeltaRequest { node: Some(node("envoy-2")), ..subscribe("clusters", &[]) });
    for stream in [&mut first, &mut second] {
        assert_eq!(stream.next().await.unwrap().resources.len(), 1);
    }
    assert_eq!(server.hub.status().len(), 2);
}

#[tokio::test]
async fn x_016_stream_without_a_request_is_closed_after_the_deadline() {
    let settings = Settings { first_request_deadline: Duration::from_millis(20), ..Settings::default() };
    let (server, mut stream) = served(settings).await;
    assert_eq!(stream.end().await.code(), Code::DeadlineExceeded);
    assert!(server.hub.status().is_empty());
}

#[tokio::test]
async fn x_095_streams_are_accepted_and_wait_for_the_first_configuration() {
    let server = server(Settings::default()).await;
    let mut stream = Delta::open(&plain(server.addr).await, DELTA_ADS).await.unwrap();
    stream.send(subscribe("clusters", &[]));
    while server.hub.status().is_empty() {
        tokio::task::yield_now().await;
    }
    server.clusters(&[("a", "1")]);
    assert_eq!(stream.next().await.unwrap().resources.len(), 1);
}

#[tokio::test]
async fn x_098_stop_ends_streams_with_unavailable_and_sends_nothing_empty() {
    let (server, mut stream) = served(Settings::default()).await;
    stream.send(subscribe("clusters", &[]));
    stream.next().await.unwrap();
    server.stop.cancel();
    assert_eq!(stream.end().await.code(), Code::Unavailable);
    drop(stream);
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn x_104_too_many_unknown_names_end_the_stream_with_resource_exhausted() {
    let (_server, mut stream) = served(Settings { unknown_names: 3, ..Settings::default() }).await;
    stream.send(subscribe("secrets", &["a", "b", "c", "d"]));
    assert_eq!(stream.end().await.code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn x_104_request_beyond_the_limit_ends_the_stream() {
    let (_server, mut stream) = served(Settings { request_bytes: 200, ..Settings::default() }).await;
    stream.send(subscribe("secrets", &[&"x".repeat(300)]));
    assert!(matches!(stream.end().await.code(), Code::OutOfRange | Code::ResourceExhausted));
}

/// The clock of a session runs with its first stream.
#[tokio::test]
async fn a_change_reaches_the_streams_that_are_left_when_the_first_has_ended() {
    let (server, mut first) = served(Settings::default()).await;
    first.send(subscribe("listeners", &[]));
    first.next().await.unwrap();
    let path = "/envoy.service.cluster.v3.ClusterDiscoveryService/DeltaClusters";
    let mut second = Delta::open(&plain(server.addr).await, path).await.unwrap();
    second.send(subscribe("clusters", &[]));
    let received = second.next().await.unwrap();
    assert_eq!(received.bodies(), [("a", &b"1"[..])].into());
    second.send(ack(&received));
    drop(first);
    while server.hub.status()[0].streams > 1 {
        tokio::task::yield_now().await;
    }
    for body in ["2", "3"] {
        server.clusters(&[("a", body)]);
        let received = second.next().await.unwrap();
        assert_eq!(received.bodies(), [("a", body.as_bytes())].into());
        second.send(ack(&received));
    }
}

#[tokio::test]
async fn each_of_many_streams_of_a_connection_gets_its_changes() {
    let server = server(Settings::default()).await;
    server.clusters(&[("a", "1")]);
    let channel = plain(server.addr).await;
    let mut streams = Vec::new();
    for index in 0..90 {
        let mut stream = Delta::open(&channel, DELTA_ADS).await.unwrap();
        let node = Some(node(&format!("envoy-{index}")));
        stream.send(DeltaRequest { node, ..subscribe("clusters", &[]) });
        let received = stream.next().await.unwrap();
        stream.send(ack(&received));
        streams.push(stream);
    }
    // Those that stay keep their wakers when others go.
    streams.remove(0);
    server.clusters(&[("a", "2")]);
    for stream in &mut streams {
        assert_eq!(stream.next().await.unwrap().bodies(), [("a", &b"2"[..])].into());
    }
}

#[tokio::test]
async fn x_105_stream_that_goes_away_leaves_nothing_behind() {
    let (mut server, mut stream) = served(Settings::default()).await;
    stream.send(subscribe("clusters", &[]));
    stream.next().await.unwrap();
    assert_eq!(server.hub.status().len(), 1);
    drop(stream);
    server.observe(|seen| matches!(seen, Observation::Disconnected { .. })).await;
    while !server.hub.status().is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn x_026_what_an_envoy_rejected_is_not_offered_again_after_it_reconnects() {
    let (mut server, mut stream) = served(Settings::default()).await;
    stream.send(subscribe("clusters", &[]));
    let first = stream.next().await.unwrap();
    stream.send(nack(&first, "no"));
    server.observe(|seen| matches!(seen, Observation::Rejected { .. })).await;
    drop(stream);
    server.observe(|seen| matches!(seen, Observation::Disconnected { .. })).await;
    let mut again = Delta::open(&plain(server.addr).await, DELTA_ADS).await.unwrap();
    again.send(subscribe("clusters", &[]));
    let empty = again.next().await.unwrap();
    assert!(empty.resources.is_empty());
    again.send(ack(&empty));
    server.clusters(&[("a", "2")]);
    assert_eq!(again.next().await.unwrap().bodies(), [("a", &b"2"[..])].into());
}

#[tokio::test]
async fn large_response_arrives_whole() {
    let server = server(Settings::default()).await;
    let body = "x".repeat(3_000_000);
    server.clusters(&[("a", &body), ("b", "1")]);
    let mut stream = Delta::open(&plain(server.addr).await, DELTA_ADS).await.unwrap();
    stream.send(subscribe("clusters", &[]));
    let answer = stream.next().await.unwrap();
    assert_eq!(answer.bodies(), [("a", body.as_bytes()), ("b", &b"1"[..])].into());
}
