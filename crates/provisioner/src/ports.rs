//! The ports at which Gateways are reached.

use std::collections::BTreeSet;

use api::gateway_api::gateway::Gateway;
use api::gateway_api::listener::{Listener, Protocol as Spoken};
use api::gateway_api::listener_set::ListenerSet;
use api::gateway_api::status::ListenerStatus;

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

/// The ports of Gateways with the same Envoys. Of listeners in conflict about a port one wins: the port is served.
pub(crate) fn of_gateways<'a>(
    gateways: impl Iterator<Item = &'a Gateway>,
    sets: impl Iterator<Item = &'a ListenerSet>,
) -> BTreeSet<Port> {
    let own = gateways.flat_map(not_refused);
    own.chain(sets.flat_map(accepted)).filter_map(port).collect()
}

/// A Gateway's own listeners, but those that the controller has refused. Nothing waits for its word.
fn not_refused(gateway: &Gateway) -> impl Iterator<Item = &Listener> {
    let told = gateway.status.as_deref().map_or(&[][..], |status| &status.listeners);
    gateway.spec.listeners.iter().filter(|listener| acceptance(told, listener) != Some("False"))
}

/// The listeners that the controller says are part of the Gateway: it alone knows which ListenerSets that allows.
fn accepted(set: &ListenerSet) -> impl Iterator<Item = &Listener> {
    let told = set.status.as_deref().map_or(&[][..], |status| &status.listeners);
    set.spec.listeners.iter().filter(|listener| acceptance(told, listener) == Some("True"))
}

/// Whether a listener is accepted, if that is told.
fn acceptance<'a>(told: &'a [ListenerStatus], listener: &Listener) -> Option<&'a str> {
    let own = told.iter().find(|each| each.name == listener.name)?;
    let condition = own.conditions.iter().find(|condition| condition.r#type == "Accepted")?;
    Some(&condition.status)
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
    fn a_listener_counts_until_it_is_refused() {
        let gateway = json!({
            "spec": {"listeners": [
                {"name": "in", "port": 8001, "protocol": "TCP"},
                {"name": "out", "port": 8002, "protocol": "TCP"},
                {"name": "new", "port": 8003, "protocol": "TCP"},
                {"name": "open", "port": 8004, "protocol": "TCP"},
                {"name": "loser", "port": 8001, "protocol": "HTTP"},
            ]},
            "status": {"listeners": [
                {"name": "in", "conditions": [{"type": "Accepted", "status": "True"}]},
                {"name": "out", "conditions": [
                    {"type": "Conflicted", "status": "True"}, {"type": "Accepted", "status": "False"},
                ]},
                {"name": "open", "conditions": [{"type": "Accepted", "status": "Unknown"}]},
                {"name": "loser", "conditions": [{"type": "Accepted", "status": "False"}]},
            ]},
        });
        let gateway: Gateway = from_value(gateway).unwrap();
        let ports = of_gateways([&gateway].into_iter(), [].into_iter());
        assert_eq!(ports.into_iter().map(|port| port.number).collect::<Vec<_>>(), [8001, 8003, 8004]);
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
