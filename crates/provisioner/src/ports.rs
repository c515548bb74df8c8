//! The ports at which Gateways are reached.

use std::collections::BTreeSet;

use api::gateway_api::gateway::Gateway;
use api::gateway_api::listener::{Listener, Protocol as Spoken};
use api::gateway_api::listener_set::ListenerSet;
use api::gateway_api::status::Condition;

/// A port of the Service in front of Envoys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port {
    /// As listeners say it.
    pub number: u16,
    /// What is carried.
    pub protocol: Protocol,
}

/// What the network carries to a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
}

impl Protocol {
    /// As a Service says it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

/// The ports of Gateways with the same Envoys, and of those ListenerSets' listeners that were accepted. Of listeners in
/// conflict about a port one wins: the port is served.
pub(crate) fn of_gateways<'a>(
    gateways: impl Iterator<Item = &'a Gateway>,
    sets: impl Iterator<Item = &'a ListenerSet>,
) -> BTreeSet<Port> {
    let own = gateways.flat_map(|gateway| &gateway.spec.listeners);
    own.chain(sets.flat_map(accepted)).filter_map(port).collect()
}

/// The listeners that the controller says are part of the Gateway: it alone knows which ListenerSets that allows.
fn accepted(set: &ListenerSet) -> impl Iterator<Item = &Listener> {
    let status = set.status.as_deref();
    let is_accepted = move |listener: &&Listener| {
        let listeners = status.into_iter().flat_map(|status| &status.listeners);
        let said = listeners.filter(|each| each.name == listener.name).flat_map(|each| &each.conditions);
        said.filter(|condition| condition.r#type == "Accepted").any(is_true)
    };
    set.spec.listeners.iter().filter(is_accepted)
}

fn is_true(condition: &Condition) -> bool {
    condition.status == "True"
}

fn port(listener: &Listener) -> Option<Port> {
    let protocol = match listener.protocol.known() {
        Some(Spoken::Udp) => Protocol::Udp,
        Some(Spoken::Http | Spoken::Https | Spoken::Tls | Spoken::Tcp) => Protocol::Tcp,
        None if listener.protocol.as_str() == PROJECTCONTOUR_HTTPS => Protocol::Tcp,
        None => return None,
    };
    let number = u16::try_from(listener.port).ok().filter(|number| *number > 0)?;
    Some(Port { number, protocol })
}

/// Contour's protocol for a listener whose hosts and certificates are those of HTTPProxies and Ingresses.
const PROJECTCONTOUR_HTTPS: &str = "projectcontour.io/https";

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn ports(gateway: &serde_json::Value, sets: &[serde_json::Value]) -> Vec<(u16, &'static str)> {
        let gateway: Gateway = from_value(json!({"spec": {"listeners": gateway}})).unwrap();
        let sets: Vec<ListenerSet> = sets.iter().map(|set| from_value(set.clone()).unwrap()).collect();
        let ports = of_gateways([&gateway].into_iter(), sets.iter());
        ports.into_iter().map(|port| (port.number, port.protocol.as_str())).collect()
    }

    #[test]
    fn every_port_of_a_known_protocol_is_there_once() {
        let listeners = json!([
            {"name": "a", "port": 80, "protocol": "HTTP"},
            {"name": "b", "port": 80, "protocol": "HTTPS"},
            {"name": "c", "port": 53, "protocol": "UDP"},
            {"name": "d", "port": 53, "protocol": "TCP"},
            {"name": "e", "port": 443, "protocol": "projectcontour.io/https"},
            {"name": "f", "port": 444, "protocol": "example.com/quic"},
            {"name": "g", "port": 0, "protocol": "TCP"},
        ]);
        assert_eq!(ports(&listeners, &[]), [(53, "TCP"), (53, "UDP"), (80, "TCP"), (443, "TCP")]);
    }

    #[test]
    fn listeners_of_others_count_once_they_are_accepted() {
        let set = json!({
            "spec": {"listeners": [
                {"name": "in", "port": 8001, "protocol": "TCP"},
                {"name": "out", "port": 8002, "protocol": "TCP"},
                {"name": "new", "port": 8003, "protocol": "TCP"},
            ]},
            "status": {"listeners": [
                {"name": "in", "conditions": [{"type": "Accepted", "status": "True"}]},
                {"name": "out", "conditions": [
                    {"type": "Programmed", "status": "True"}, {"type": "Accepted", "status": "False"},
                ]},
            ]},
        });
        assert_eq!(
            ports(&json!([{"name": "a", "port": 80, "protocol": "HTTP"}]), &[set]),
            [(80, "TCP"), (8001, "TCP")]
        );
    }
}
