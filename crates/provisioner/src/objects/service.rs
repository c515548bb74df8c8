//! The Service in front of Envoys.

use std::collections::BTreeMap;

use api::contour_deployment::PublishingType;
use api::gateway_api::gateway::AddressType;
use model::envoy_port;
use serde_json::{Value, json};

use super::{Owner, Part, Wanted};
use crate::ports::Port;

/// Ports that a Service of type `NodePort` may ask for.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30_000..=32_767;

pub(super) fn service(wanted: &Wanted<'_>) -> Value {
    let publishing = wanted.parameters.publishing();
    let kind = match publishing {
        PublishingType::LoadBalancer => "LoadBalancer",
        PublishingType::NodePort => "NodePort",
        PublishingType::ClusterIp => "ClusterIP",
    };
    // Ports of nodes are few and everybody's: one that is taken would keep the Service from all other Gateways, too.
    let names_node_ports =
        publishing == PublishingType::NodePort && matches!(wanted.owner, Owner::Gateway(_));
    let ports: Vec<_> = wanted.ports.iter().map(|each| port(*each, names_node_ports)).collect();
    let mut spec = json!({"type": kind, "selector": wanted.selector(Part::Envoys), "ports": ports});
    if publishing != PublishingType::ClusterIp {
        let policy = api::Choice::from(wanted.parameters.external_traffic_policy());
        spec["externalTrafficPolicy"] = policy.as_str().into();
    }
    let network = wanted.parameters.network();
    if let Some(families) = network.and_then(|network| network.ip_family_policy.as_ref()) {
        spec["ipFamilyPolicy"] = families.as_str().into();
    }
    if let Some(address) = load_balancer_ip(wanted).filter(|_| publishing == PublishingType::LoadBalancer) {
        spec["loadBalancerIP"] = address.into();
    }
    let none = BTreeMap::new();
    let annotations = network.map_or(&none, |network| &network.service_annotations);
    json!({"apiVersion": "v1", "kind": "Service", "metadata": wanted.metadata(Part::Envoys, annotations), "spec": spec})
}

fn port(port: Port, names_node_ports: bool) -> Value {
    let Port { number, protocol } = port;
    let mut value = json!({
        "name": format!("{}-{number}", protocol.as_str().to_lowercase()),
        "port": number,
        "targetPort": envoy_port(number),
        "protocol": protocol.as_str(),
    });
    // As Contour has it, where a Service may.
    if names_node_ports && NODE_PORTS.contains(&number) {
        value["nodePort"] = number.into();
    }
    value
}

/// The address that the Gateway asks for. A Service asks for one at most; one that is in front of several Gateways for
/// none, which would change as they come and go.
fn load_balancer_ip<'a>(wanted: &Wanted<'a>) -> Option<&'a str> {
    let Owner::Gateway(gateway) = wanted.owner else { return None };
    let addresses = gateway.spec.addresses.iter();
    let ips = addresses.filter(|address| address.r#type.known() == Some(AddressType::IpAddress));
    ips.filter_map(|address| address.value.as_deref()).find(|value| !value.is_empty())
}
