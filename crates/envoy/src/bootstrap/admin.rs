//! Envoy's administration interface, and the cluster through which the statistics listener reads it.

use std::time::Duration;

use envoy_protos::envoy::config::bootstrap::v3::Admin;
use envoy_protos::envoy::config::cluster::v3 as cluster;
use envoy_protos::envoy::config::cluster::v3::cluster::{ClusterDiscoveryType, DiscoveryType};
use envoy_protos::envoy::config::core::v3::Address;
use envoy_protos::envoy::config::endpoint::v3::{ClusterLoadAssignment, LocalityLbEndpoints};

use super::{AdminAddress, BootstrapOptions};
use crate::duration::duration;
use crate::endpoints::at;
use crate::names::ADMIN_CLUSTER;
use crate::{access_log, address};

/// Its owner writes, all read: the shutdown manager runs as another user.
const PIPE_MODE: u32 = 0o644;

pub(super) fn admin(options: &BootstrapOptions) -> Admin {
    Admin {
        access_log: vec![access_log::file("/dev/null")],
        address: Some(address(options)),
        ..Default::default()
    }
}

pub(super) fn cluster(options: &BootstrapOptions) -> cluster::Cluster {
    let endpoints = LocalityLbEndpoints { lb_endpoints: vec![at(address(options))], ..Default::default() };
    cluster::Cluster {
        name: ADMIN_CLUSTER.to_owned(),
        alt_stat_name: format!("{}_{ADMIN_CLUSTER}", options.namespace),
        cluster_discovery_type: Some(ClusterDiscoveryType::Type(DiscoveryType::Static.into())),
        connect_timeout: Some(duration(Duration::from_millis(250))),
        load_assignment: Some(ClusterLoadAssignment {
            cluster_name: ADMIN_CLUSTER.to_owned(),
            endpoints: vec![endpoints],
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn address(options: &BootstrapOptions) -> Address {
    match &options.admin {
        AdminAddress::Pipe(path) => address::pipe(path, PIPE_MODE),
        AdminAddress::Loopback(port) => address::socket("127.0.0.1", *port),
    }
}
