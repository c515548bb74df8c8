//! Connections that are carried as they are.

use envoy_protos::envoy::config::listener::v3::Filter;
use envoy_protos::envoy::extensions::filters::network::tcp_proxy::v3 as proto;
use envoy_protos::envoy::extensions::filters::network::tcp_proxy::v3::UpstreamConnectMode;
use envoy_protos::envoy::extensions::filters::network::tcp_proxy::v3::tcp_proxy::{
    ClusterSpecifier, WeightedCluster, weighted_cluster::ClusterWeight,
};
use envoy_protos::google::protobuf::UInt32Value;
use model::{Listener, Settings, TcpProxy};

use super::filter;
use crate::any::pack;
use crate::duration::seconds;
use crate::{Reference, access_log};

/// Two and a half hours and a second: longer than the two hours after which Linux probes a connection.
const IDLE_SECONDS: u64 = 9001;

/// How much a client may send before its backend is connected to.
const EARLY_BYTES: u32 = 16 * 1024;

/// The network filter that carries connections. Where it follows a filter by address, which Envoy asks when a client
/// sends its first byte, nothing may come from a backend before.
pub(super) fn tcp_proxy(
    proxy: &TcpProxy,
    listener: &Listener,
    settings: &Settings,
    is_filtered: bool,
) -> Filter {
    let mode =
        if is_filtered { UpstreamConnectMode::OnDownstreamData } else { UpstreamConnectMode::Immediate };
    let config = proto::TcpProxy {
        upstream_connect_mode: mode.into(),
        max_early_data_bytes: is_filtered.then_some(UInt32Value { value: EARLY_BYTES }),
        stat_prefix: listener.id.to_string(),
        cluster_specifier: Some(clusters(proxy)),
        idle_timeout: Some(seconds(IDLE_SECONDS)),
        access_log: access_log::of_clients(&listener.access_log, &settings.access_logs),
        ..Default::default()
    };
    filter("envoy.filters.network.tcp_proxy", pack(&config))
}

/// The clusters that it names.
pub(super) fn references(proxy: &TcpProxy) -> Vec<Reference> {
    weighted(proxy).map(|each| Reference::cluster(each.cluster.name())).collect()
}

/// Those that get connections: Envoy refuses a weight of zero here.
fn weighted(proxy: &TcpProxy) -> impl Iterator<Item = &model::WeightedCluster> {
    proxy.clusters.iter().filter(|each| each.weight > 0)
}

fn clusters(proxy: &TcpProxy) -> ClusterSpecifier {
    let mut clusters: Vec<_> = weighted(proxy)
        .map(|each| ClusterWeight {
            name: each.cluster.to_string(),
            weight: each.weight,
            ..Default::default()
        })
        .collect();
    match &mut clusters[..] {
        [only] => ClusterSpecifier::Cluster(std::mem::take(&mut only.name)),
        _ => ClusterSpecifier::WeightedClusters(WeightedCluster { clusters }),
    }
}
