//! Where the addresses of a cluster come from.

use envoy_protos::envoy::config::cluster::v3 as proto;
use envoy_protos::envoy::config::cluster::v3::cluster::{
    ClusterDiscoveryType, DiscoveryType, DnsLookupFamily, EdsClusterConfig,
};
use envoy_protos::envoy::config::endpoint::v3::{ClusterLoadAssignment, LocalityLbEndpoints};
use model::{Cluster, Discovery, DnsFamily};

use crate::XdsMode;
use crate::config_source::config_source;
use crate::endpoints::host;

/// Adds where addresses come from.
pub(super) fn discover(cluster: &Cluster, mode: XdsMode, message: &mut proto::Cluster) {
    match &cluster.discovery {
        Discovery::Endpoints(_) | Discovery::Shared(_) => by_eds(cluster, mode, message),
        Discovery::Dns { name, port, health_port, family } => {
            resolve(*family, message);
            message.load_assignment = Some(one_name(&message.name, name, (*port, *health_port)));
        }
    }
}

fn by_eds(cluster: &Cluster, mode: XdsMode, message: &mut proto::Cluster) {
    let service_name = cluster.assignment().map(|key| key.name()).unwrap_or_default();
    message.cluster_discovery_type = Some(ClusterDiscoveryType::Type(DiscoveryType::Eds.into()));
    message.eds_cluster_config =
        Some(EdsClusterConfig { eds_config: Some(config_source(mode)), service_name });
}

/// Says that a name is resolved, and which of its addresses are used.
///
/// All addresses of both families are tried in one attempt by LOGICAL_DNS only (happy eyeballs).
pub(crate) fn resolve(family: DnsFamily, message: &mut proto::Cluster) {
    let (discovery, family) = match family {
        DnsFamily::Auto => (DiscoveryType::StrictDns, DnsLookupFamily::Auto),
        DnsFamily::V4 => (DiscoveryType::StrictDns, DnsLookupFamily::V4Only),
        DnsFamily::V6 => (DiscoveryType::StrictDns, DnsLookupFamily::V6Only),
        DnsFamily::All => (DiscoveryType::LogicalDns, DnsLookupFamily::All),
    };
    message.cluster_discovery_type = Some(ClusterDiscoveryType::Type(discovery.into()));
    message.dns_lookup_family = family.into();
}

/// The addresses of a cluster that has one name, or one address; of its ports, the second is probed, where there is
/// one.
pub(crate) fn one_name(cluster: &str, name: &str, ports: (u16, Option<u16>)) -> ClusterLoadAssignment {
    ClusterLoadAssignment {
        cluster_name: cluster.to_owned(),
        endpoints: vec![LocalityLbEndpoints { lb_endpoints: vec![host(name, ports)], ..Default::default() }],
        ..Default::default()
    }
}
