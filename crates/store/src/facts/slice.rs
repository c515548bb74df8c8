//! EndpointSlices.

use std::net::IpAddr;

use api::discovery::{Endpoint, EndpointSlice};

use super::packed;

/// The label that says which Service a slice belongs to.
const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// What is used of an EndpointSlice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceFact {
    /// Its TCP ports: the name of the Service's port (empty for none) and the number.
    pub ports: Box<[(Box<str>, u16)]>,
    /// Its UDP ports, in the same way.
    pub udp_ports: Box<[(Box<str>, u16)]>,
    /// Its addresses, in the order of the object.
    pub endpoints: Box<[SliceEndpoint]>,
}

/// One address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SliceEndpoint {
    /// The address.
    pub ip: IpAddr,
    /// Whether it takes new connections; unknown counts as yes.
    pub ready: bool,
    /// Whether it goes away, and still answers meanwhile.
    pub serving: bool,
}

impl SliceFact {
    /// The Service that a slice belongs to, in its own namespace, and what is used of it; `None` for one
    /// that belongs to none.
    pub(crate) fn of_service(object: &EndpointSlice) -> Option<(&str, Self)> {
        let service = object.metadata.labels.as_ref()?.get(SERVICE_LABEL)?;
        let endpoints = packed(object.endpoints.len(), object.endpoints.iter().filter_map(endpoint));
        let [ports, udp_ports] = ["TCP", "UDP"].map(|protocol| ports(object, protocol));
        Some((service, Self { ports, udp_ports, endpoints }))
    }
}

fn ports(object: &EndpointSlice, protocol: &str) -> Box<[(Box<str>, u16)]> {
    let ports = object.ports.iter().flatten();
    let ports = ports.filter(|port| port.protocol.as_deref().unwrap_or("TCP") == protocol);
    let named = ports.filter_map(|port| {
        let number = u16::try_from(port.port?).ok().filter(|number| *number > 0)?;
        Some((port.name.as_deref().unwrap_or_default().into(), number))
    });
    packed(object.ports.as_ref().map_or(0, Vec::len), named)
}

/// Kubernetes promises that all addresses of an endpoint are the same thing: the first is used. The slices of another
/// family are endpoints of their own, as they are for everyone who reads slices: Envoy may reach one of them only.
fn endpoint(endpoint: &Endpoint) -> Option<SliceEndpoint> {
    let ip = endpoint.addresses.first()?.parse().ok()?;
    let conditions = endpoint.conditions.as_ref();
    let ready = conditions.and_then(|conditions| conditions.ready).unwrap_or(true);
    let serving = conditions.and_then(|conditions| conditions.serving).unwrap_or(ready);
    let terminating = conditions.and_then(|conditions| conditions.terminating).unwrap_or(false);
    Some(SliceEndpoint { ip, ready, serving: serving && terminating })
}
