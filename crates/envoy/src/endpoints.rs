//! The addresses behind one port of a Service.

use envoy_protos::envoy::config::endpoint::v3 as proto;
use model::{Endpoint, Endpoints, EndpointsKey};

use crate::address::socket;
use crate::{References, Resource};

/// The ClusterLoadAssignment of one port of a Service.
///
/// There is one for every EDS cluster, empty if need be: Envoy would wait 15 s for one that is not there.
#[must_use]
pub fn endpoints(key: &EndpointsKey, endpoints: &Endpoints) -> Resource {
    let name = key.name();
    let assignment = proto::ClusterLoadAssignment {
        cluster_name: name.clone(),
        endpoints: locality(&endpoints.addresses).into_iter().collect(),
        ..Default::default()
    };
    Resource::new(name.into(), &assignment, References::default())
}

/// All addresses in one locality; none for no address.
pub(crate) fn locality(addresses: &[Endpoint]) -> Option<proto::LocalityLbEndpoints> {
    let endpoints = addresses.iter().map(|endpoint| host(&endpoint.ip.to_string(), endpoint.port));
    (!addresses.is_empty())
        .then(|| proto::LocalityLbEndpoints { lb_endpoints: endpoints.collect(), ..Default::default() })
}

/// One address, or one name that Envoy resolves.
pub(crate) fn host(address: &str, port: u16) -> proto::LbEndpoint {
    at(socket(address, port))
}

/// One address of any kind.
pub(crate) fn at(address: envoy_protos::envoy::config::core::v3::Address) -> proto::LbEndpoint {
    let endpoint = proto::Endpoint { address: Some(address), ..Default::default() };
    proto::LbEndpoint {
        host_identifier: Some(proto::lb_endpoint::HostIdentifier::Endpoint(endpoint)),
        ..Default::default()
    }
}
