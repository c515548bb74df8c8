//! The addresses behind ports of Services.

use envoy_protos::envoy::config::core::v3::Locality;
use envoy_protos::envoy::config::endpoint::v3 as proto;
use envoy_protos::google::protobuf::UInt32Value;
use model::{AssignmentKey, Endpoint, Endpoints, EndpointsKey};

use crate::address::socket;
use crate::{References, Resource};

/// The ClusterLoadAssignment of a key, from the addresses behind each of its ports in order.
///
/// There is one for every EDS cluster, empty if need be: Envoy would wait 15 s for one that is not there.
#[must_use]
pub fn endpoints(key: &AssignmentKey, endpoints: &[Endpoints]) -> Resource {
    let name = key.name();
    let all = endpoints.iter().map(|each| &each.addresses[..]);
    let localities = match key {
        AssignmentKey::Port(_) => all.filter_map(locality).collect(),
        AssignmentKey::Shared(shared) => {
            let shares = shared.shares.iter().zip(all);
            shares.filter_map(|((port, weight), addresses)| share(port, *weight, addresses)).collect()
        }
    };
    let assignment = proto::ClusterLoadAssignment {
        cluster_name: name.clone(),
        endpoints: localities,
        ..Default::default()
    };
    Resource::new(name.into(), &assignment, References::default())
}

/// All addresses in one locality; none for no address.
pub(crate) fn locality(addresses: &[Endpoint]) -> Option<proto::LocalityLbEndpoints> {
    let endpoints = addresses
        .iter()
        .map(|endpoint| host(&endpoint.ip.to_string(), (endpoint.port, endpoint.health_port)));
    (!addresses.is_empty())
        .then(|| proto::LocalityLbEndpoints { lb_endpoints: endpoints.collect(), ..Default::default() })
}

/// The addresses of one of several that share: a locality of its own, of which nothing but its weight counts.
fn share(port: &EndpointsKey, weight: u32, addresses: &[Endpoint]) -> Option<proto::LocalityLbEndpoints> {
    Some(proto::LocalityLbEndpoints {
        locality: Some(Locality { sub_zone: port.name(), ..Default::default() }),
        load_balancing_weight: Some(UInt32Value { value: weight }),
        ..locality(addresses)?
    })
}

/// One address, or one name that Envoy resolves; of its ports, the second is probed, where there is one.
pub(crate) fn host(address: &str, (port, health_port): (u16, Option<u16>)) -> proto::LbEndpoint {
    let health_check_config = health_port
        .map(|port| proto::endpoint::HealthCheckConfig { port_value: port.into(), ..Default::default() });
    let address = Some(socket(address, port));
    lb_endpoint(proto::Endpoint { address, health_check_config, ..Default::default() })
}

/// One address of any kind.
pub(crate) fn at(address: envoy_protos::envoy::config::core::v3::Address) -> proto::LbEndpoint {
    lb_endpoint(proto::Endpoint { address: Some(address), ..Default::default() })
}

fn lb_endpoint(endpoint: proto::Endpoint) -> proto::LbEndpoint {
    proto::LbEndpoint {
        host_identifier: Some(proto::lb_endpoint::HostIdentifier::Endpoint(endpoint)),
        ..Default::default()
    }
}
