//! The names of fleets.

use std::fmt;
use std::sync::Arc;

const DEFAULT: &str = "default";
const GATEWAY: &str = "gateway/";

/// The Envoys that get one configuration: `default`, or `gateway/NAMESPACE/NAME`.
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

    /// The fleet that a node's `cluster` field claims, if it claims one: `gateway/NAMESPACE/NAME`.
    pub fn claimed_by(cluster: &str) -> Option<Self> {
        let (namespace, name) = cluster.strip_prefix(GATEWAY)?.split_once('/')?;
        let good = |part: &str| !part.is_empty() && !part.contains('/');
        (good(namespace) && good(name)).then(|| Self::gateway(namespace, name))
    }

    /// Namespace and name of the Gateway; `None` for the ingress.
    pub fn of_gateway(&self) -> Option<(&str, &str)> {
        self.0.strip_prefix(GATEWAY)?.split_once('/')
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
    fn a_fleet_knows_its_gateway() {
        assert_eq!(FleetId::gateway("ns", "name").of_gateway(), Some(("ns", "name")));
        assert_eq!(FleetId::default_fleet().of_gateway(), None);
    }

    #[test]
    fn only_gateway_names_claim_a_fleet() {
        assert_eq!(FleetId::claimed_by("gateway/ns/name"), Some(FleetId::gateway("ns", "name")));
        for free in ["", "default", "projectcontour", "gateway/", "gateway/ns", "gateway//x", "gateway/a/b/c"]
        {
            assert_eq!(FleetId::claimed_by(free), None, "{free}");
        }
    }
}
