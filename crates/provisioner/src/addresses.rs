//! Where clients reach Gateways, as their Service says it.

use std::collections::BTreeSet;

use api::core::Service;
use api::gateway_api::gateway::{AddressType, GatewayStatusAddress};
use model::FleetOwner;

use crate::names::object_name;
use crate::objects::owner;
use crate::ports::{Port, Protocol};

/// Where clients reach the Gateways that share Envoys: one, or all of a class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reached {
    /// At these addresses: those of the load balancer, or, of a Service without one, those in the cluster. None as long
    /// as the load balancer has given none.
    pub addresses: Vec<GatewayStatusAddress>,
    /// At these ports.
    pub ports: BTreeSet<Port>,
}

/// Whose Envoys a Service that was made here is in front of, and what it says about where these are reached. The namespace
/// is that of the controllers: no Service of another one speaks for a class.
#[must_use]
pub fn reached(service: &Service, controllers: &str) -> Option<(FleetOwner, Reached)> {
    let fleet = owner(&service.metadata, controllers)?;
    if service.metadata.name.as_ref() != Some(&object_name(&fleet)) {
        // It is in front of a Gateway's own controller.
        return None;
    }
    let spec = service.spec.as_ref()?;
    let addresses = match spec.type_.as_deref() {
        Some("LoadBalancer") => of_load_balancer(service),
        _ => spec.cluster_ips.iter().flatten().map(|ip| address(AddressType::IpAddress, ip)).collect(),
    };
    let ports = spec.ports.iter().flatten().filter_map(|port| {
        let protocol = match port.protocol.as_deref() {
            Some("UDP") => Protocol::Udp,
            _ => Protocol::Tcp,
        };
        Some(Port { number: port.port.try_into().ok()?, protocol })
    });
    Some((fleet, Reached { addresses, ports: ports.collect() }))
}

fn of_load_balancer(service: &Service) -> Vec<GatewayStatusAddress> {
    let status = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let entries = status.and_then(|status| status.ingress.as_ref()).into_iter().flatten();
    let one = |entry: &k8s_openapi::api::core::v1::LoadBalancerIngress| match (&entry.ip, &entry.hostname) {
        (Some(ip), _) => Some(address(AddressType::IpAddress, ip)),
        (None, Some(name)) => Some(address(AddressType::Hostname, name)),
        (None, None) => None,
    };
    entries.filter_map(one).collect()
}

fn address(r#type: AddressType, value: &str) -> GatewayStatusAddress {
    GatewayStatusAddress { r#type: r#type.into(), value: value.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn of(spec: &Value, status: &Value) -> Option<(FleetOwner, Reached)> {
        let owners = json!([{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "name": "gw", "uid": "u"}]);
        let metadata = json!({"name": "isobath-gw", "namespace": "ns", "ownerReferences": owners});
        let service = json!({"metadata": metadata, "spec": spec, "status": status});
        reached(&from_value(service).unwrap(), "isobath")
    }

    #[test]
    fn a_load_balancer_says_its_addresses_and_another_service_those_in_the_cluster() {
        let ports = json!([{"port": 80, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]);
        let is_at = |addresses: &[(AddressType, &str)]| {
            let addresses = addresses.iter().map(|(kind, value)| address(*kind, value)).collect();
            let ports = [(80, Protocol::Tcp), (53, Protocol::Udp)]
                .map(|(number, protocol)| Port { number, protocol });
            Some((FleetOwner::gateway("ns", "gw"), Reached { addresses, ports: ports.into() }))
        };
        let spec = |kind: &str| json!({"type": kind, "clusterIPs": ["10.0.0.1"], "ports": ports});
        let given = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "lb.example"}]}});
        assert_eq!(
            of(&spec("LoadBalancer"), &given),
            is_at(&[(AddressType::IpAddress, "192.0.2.1"), (AddressType::Hostname, "lb.example")])
        );
        assert_eq!(of(&spec("LoadBalancer"), &json!({})), is_at(&[]));
        assert_eq!(of(&spec("ClusterIP"), &json!({})), is_at(&[(AddressType::IpAddress, "10.0.0.1")]));
    }

    #[test]
    fn a_service_of_somebody_else_or_of_its_controller_says_nothing() {
        let owners = json!([{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "name": "gw", "uid": "u"}]);
        let of_controller =
            json!({"name": "isobathcontroller-gw", "namespace": "ns", "ownerReferences": owners});
        for metadata in [of_controller, json!({"name": "a"})] {
            let service = json!({"metadata": metadata, "spec": {}});
            assert_eq!(reached(&from_value(service).unwrap(), "isobath"), None);
        }
    }

    #[test]
    fn a_service_of_a_class_says_where_all_its_gateways_are_from_one_place_alone() {
        let of_class = |namespace: &str, name: &str| {
            let owners = json!([{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "name": "edge", "uid": "u"}]);
            let metadata = json!({"name": name, "namespace": namespace, "ownerReferences": owners});
            let service =
                json!({"metadata": metadata, "spec": {"type": "ClusterIP", "clusterIPs": ["10.0.0.1"]}});
            reached(&from_value(service).unwrap(), "isobath")
        };
        let (fleet, reached) = of_class("isobath", "isobath-gatewayclass-edge").unwrap();
        assert_eq!(fleet, FleetOwner::Class("edge".into()));
        assert_eq!(reached.addresses, [address(AddressType::IpAddress, "10.0.0.1")]);
        assert_eq!(of_class("tenant", "isobath-gatewayclass-edge"), None);
        assert_eq!(of_class("isobath", "isobath-other"), None);
    }
}
