//! Connections that are carried as they are.

use envoy_protos::envoy::config::listener::v3::Filter;
use envoy_protos::envoy::extensions::filters::network::tcp_proxy::v3 as proto;
use envoy_protos::envoy::extensions::filters::network::tcp_proxy::v3::UpstreamConnectMode;
use envoy_protos::envoy::extensions::filters::network::tcp_proxy::v3::tcp_proxy::{
    ClusterSpecifier, WeightedCluster, weighted_cluster::ClusterWeight,
};
use envoy_protos::google::protobuf::UInt32Value;
use model::{Listener, Settings, Targets};

use super::filter;
use crate::any::pack;
use crate::duration::seconds;
use crate::names::NOWHERE;
use crate::{Reference, access_log};

/// Two and a half hours and a second: longer than the two hours after which Linux probes a connection.
const IDLE_SECONDS: u64 = 9001;

/// How much a client may send before its backend is connected to.
const EARLY_BYTES: u32 = 16 * 1024;

/// The network filter that carries connections. Where it follows a filter by address, which Envoy asks when a client
/// sends its first byte, nothing may come from a backend before.
pub(super) fn tcp_proxy(
    targets: &Targets,
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
        cluster_specifier: Some(clusters(targets)),
        idle_timeout: Some(seconds(IDLE_SECONDS)),
        access_log: access_log::of_clients(&listener.access_log, &settings.access_logs),
        ..Default::default()
    };
    filter("envoy.filters.network.tcp_proxy", pack(&config))
}

/// The clusters that targets name.
pub(super) fn references(targets: &Targets) -> Vec<Reference> {
    let weighted = targets.clusters.iter().filter(|each| each.weight > 0);
    weighted.map(|each| Reference::cluster(each.cluster.name())).collect()
}

/// The names of clusters that get something, with their weights, none of which is zero: at least one. Envoy gets rid of
/// what goes to a cluster that is not there.
pub(super) fn weighted(targets: &Targets) -> Vec<(&str, u32)> {
    let valid = targets.clusters.iter().map(|each| (each.cluster.as_str(), each.weight));
    let all: Vec<_> = valid.chain([(NOWHERE, targets.invalid)]).filter(|(_, weight)| *weight > 0).collect();
    if all.is_empty() { vec![(NOWHERE, 1)] } else { all }
}

fn clusters(targets: &Targets) -> ClusterSpecifier {
    let weight =
        |(name, weight): (&str, u32)| ClusterWeight { name: name.to_owned(), weight, ..Default::default() };
    match &weighted(targets)[..] {
        [(only, _)] => ClusterSpecifier::Cluster((*only).to_owned()),
        shared => ClusterSpecifier::WeightedClusters(WeightedCluster {
            clusters: shared.iter().copied().map(weight).collect(),
        }),
    }
}
