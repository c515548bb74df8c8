//! Where clients reach the hosts: the addresses in the status of HTTPProxies and Ingresses (reference 5.3).

use api::core::Service;
use api::http_proxy::status::{LoadBalancerIngress, PortStatus};
use k8s_openapi::api::core::v1::LoadBalancerIngress as OfService;
use k8s_openapi::api::networking::v1::IngressLoadBalancerIngress as OfIngress;

/// The addresses that the load balancer in front of the Envoys got; none until it has one.
#[must_use]
pub fn service_addresses(service: &Service) -> Vec<LoadBalancerIngress> {
    let status = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let entries = status.and_then(|status| status.ingress.as_ref()).into_iter().flatten();
    entries.map(of_service).collect()
}

fn of_service(entry: &OfService) -> LoadBalancerIngress {
    let ports = entry.ports.iter().flatten();
    LoadBalancerIngress {
        ip: entry.ip.clone(),
        hostname: entry.hostname.clone(),
        ip_mode: entry.ip_mode.clone(),
        ports: ports.map(|each| port(each.port, &each.protocol, each.error.as_deref())).collect(),
    }
}

/// The addresses that stand in the status of an Ingress.
pub(crate) fn of_ingress(entry: &OfIngress) -> LoadBalancerIngress {
    let ports = entry.ports.iter().flatten();
    LoadBalancerIngress {
        ip: entry.ip.clone(),
        hostname: entry.hostname.clone(),
        ip_mode: None,
        ports: ports.map(|each| port(each.port, &each.protocol, each.error.as_deref())).collect(),
    }
}

/// An address as an Ingress takes it, which has no mode.
pub(crate) fn for_ingress(entry: &LoadBalancerIngress) -> LoadBalancerIngress {
    LoadBalancerIngress { ip_mode: None, ..entry.clone() }
}

fn port(port: i32, protocol: &str, error: Option<&str>) -> PortStatus {
    PortStatus { port: port.into(), protocol: protocol.to_owned(), error: error.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn the_addresses_of_a_service_are_taken_with_all_that_stands_beside_them() {
        let ingress = json!([
            {"ip": "192.0.2.1", "ipMode": "VIP", "ports": [{"port": 80, "protocol": "TCP", "error": "Taken"}]},
            {"hostname": "lb.example"},
        ]);
        let service: Service =
            from_value(json!({"metadata": {}, "status": {"loadBalancer": {"ingress": ingress}}})).unwrap();
        assert_eq!(to_value(service_addresses(&service)).unwrap(), ingress);
        assert_eq!(service_addresses(&Service::default()), []);
    }
}
