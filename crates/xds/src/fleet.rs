//! The names of fleets.

use std::fmt;
use std::sync::Arc;

const DEFAULT: &str = "default";
const GATEWAY: &str = "gateway/";
const CLASS: &str = "gatewayclass/";

/// The Envoys that get one configuration: `default`, `gateway/NAMESPACE/NAME`, or
/// `gatewayclass/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FleetId(Arc<str>);

impl FleetId {
    /// The fleet of the ingress Envoys, whose certificate carries certgen's name.
    pub fn default_fleet() -> Self {
        Self(DEFAULT.into())
    }

    /// The fleet of one Gateway.
    pub fn gateway(namespace: &str, name: &str) -> Self {
        Self(format!("{GATEWAY}{namespace}/{name}").into())
    }

    /// The fleet that the Gateways of a class share.
    pub fn class(name: &str) -> Self {
        Self(format!("{CLASS}{name}").into())
    }

    /// The fleet that a node's `cluster` field claims, if it claims one: `gateway/NAMESPACE/NAME`, `gatewayclass/NAME`.
    pub fn claimed_by(cluster: &str) -> Option<Self> {
        let good = |part: &str| !part.is_empty() && !part.contains('/');
        if let Some(name) = cluster.strip_prefix(CLASS) {
            return good(name).then(|| Self::class(name));
        }
        let (namespace, name) = cluster.strip_prefix(GATEWAY)?.split_once('/')?;
        (good(namespace) && good(name)).then(|| Self::gateway(namespace, name))
    }

    /// Namespace and name of the Gateway whose own Envoys these are; `None` for others.
    pub fn of_gateway(&self) -> Option<(&str, &str)> {
        self.0.strip_prefix(GATEWAY)?.split_once('/')
    }

    /// The name of the class whose Gateways share them; `None` for others.
    pub fn of_class(&self) -> Option<&str> {
        self.0.strip_prefix(CLASS)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FleetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fleet_knows_its_gateway_or_its_class() {
        let whose = |fleet: FleetId| {
            let gateway = fleet.of_gateway().map(|(namespace, name)| format!("{namespace}/{name}"));
            (gateway, fleet.of_class().map(str::to_owned))
        };
        assert_eq!(whose(FleetId::gateway("ns", "name")), (Some("ns/name".into()), None));
        assert_eq!(whose(FleetId::class("name")), (None, Some("name".into())));
        assert_eq!(whose(FleetId::default_fleet()), (None, None));
    }

    #[test]
    fn only_names_of_gateways_and_classes_claim_a_fleet() {
        assert_eq!(FleetId::claimed_by("gateway/ns/name"), Some(FleetId::gateway("ns", "name")));
        assert_eq!(FleetId::claimed_by("gatewayclass/name"), Some(FleetId::class("name")));
        let of_gateways = ["gateway/", "gateway/ns", "gateway//x", "gateway/a/b/c"];
        let of_classes = ["gatewayclass", "gatewayclass/", "gatewayclass/a/b"];
        for free in ["", "default", "projectcontour"].into_iter().chain(of_gateways).chain(of_classes) {
            assert_eq!(FleetId::claimed_by(free), None, "{free}");
        }
    }
}
