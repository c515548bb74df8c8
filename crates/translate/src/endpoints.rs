//! The addresses behind ports of Services.

use model::{AssignmentKey, Endpoint, Endpoints, EndpointsKey};
use store::{Reader, SliceEndpoint, SliceFact};

/// The addresses behind each port, in the order of the key.
#[must_use]
pub fn endpoints(reader: &Reader<'_>, key: &AssignmentKey) -> Vec<Endpoints> {
    key.ports().map(|port| of_port(reader, port)).collect()
}

/// The addresses behind one port of a Service, from all of its EndpointSlices: those that are ready, or,
/// when none is, those that still answer while they go away (as kube-proxy does).
fn of_port(reader: &Reader<'_>, key: &EndpointsKey) -> Endpoints {
    let slices: Vec<_> = reader.slices(&key.namespace, &key.service).collect();
    let ready = addresses(&slices, key, |endpoint| endpoint.ready);
    if !ready.addresses.is_empty() {
        return ready;
    }
    addresses(&slices, key, |endpoint| endpoint.serving)
}

fn addresses(slices: &[&SliceFact], key: &EndpointsKey, usable: fn(&SliceEndpoint) -> bool) -> Endpoints {
    let mut addresses = Vec::new();
    for slice in slices {
        // Another slice may give the port that is probed another number.
        let health = key.health_port.as_deref().and_then(|name| numbers(&slice.ports, name).next());
        let named = if key.is_udp { &slice.udp_ports } else { &slice.ports };
        for port in numbers(named, &key.port_name) {
            let health_port = health.filter(|health| *health != port);
            let usable = slice.endpoints.iter().filter(|endpoint| usable(endpoint));
            addresses.extend(usable.map(|endpoint| Endpoint { ip: endpoint.ip, port, health_port }));
        }
    }
    addresses.sort_unstable();
    addresses.dedup_by_key(|endpoint| (endpoint.ip, endpoint.port));
    Endpoints { addresses }
}

/// The numbers of a port of the Service among those of a slice.
fn numbers<'s>(ports: &'s [(Box<str>, u16)], name: &'s str) -> impl Iterator<Item = u16> + use<'s> {
    ports.iter().filter(move |(port, _)| **port == *name).map(|(_, number)| *number)
}
