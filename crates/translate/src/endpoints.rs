//! The addresses behind one port of a Service.

use model::{Endpoint, Endpoints, EndpointsKey};
use store::{Reader, SliceEndpoint, SliceFact};

/// The addresses behind one port of a Service, from all of its EndpointSlices: those that are ready, or,
/// when none is, those that still answer while they go away (as kube-proxy does).
#[must_use]
pub fn endpoints(reader: &Reader<'_>, key: &EndpointsKey) -> Endpoints {
    let slices: Vec<_> = reader.slices(&key.namespace, &key.service).collect();
    let ready = addresses(&slices, &key.port_name, |endpoint| endpoint.ready);
    if !ready.addresses.is_empty() {
        return ready;
    }
    addresses(&slices, &key.port_name, |endpoint| endpoint.serving)
}

fn addresses(slices: &[&SliceFact], port_name: &str, usable: fn(&SliceEndpoint) -> bool) -> Endpoints {
    let mut addresses = Vec::new();
    for slice in slices {
        for (_, port) in slice.ports.iter().filter(|(name, _)| **name == *port_name) {
            let usable = slice.endpoints.iter().filter(|endpoint| usable(endpoint));
            addresses.extend(usable.map(|endpoint| Endpoint { ip: endpoint.ip, port: *port }));
        }
    }
    addresses.sort_unstable();
    addresses.dedup();
    Endpoints { addresses }
}
