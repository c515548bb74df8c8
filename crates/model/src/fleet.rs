//! The Envoys that get one configuration.

use std::fmt;
use std::sync::Arc;

/// The Envoys that get one configuration: those of the ingress, or those of one Gateway. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FleetId(Option<Arc<GatewayName>>);

/// A Gateway with Envoys of its own.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GatewayName {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name there.
    pub name: Arc<str>,
}

impl FleetId {
    /// The Envoys that serve Ingresses, HTTPProxies and IngressRoutes.
    #[must_use]
    pub const fn ingress() -> Self {
        Self(None)
    }

    /// The Envoys of one Gateway.
    pub fn gateway(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self(Some(Arc::new(GatewayName { namespace: namespace.into(), name: name.into() })))
    }

    /// The Gateway whose Envoys these are.
    #[must_use]
    pub fn of_gateway(&self) -> Option<&GatewayName> {
        self.0.as_deref()
    }
}

impl fmt::Display for FleetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of_gateway() {
            None => f.write_str("ingress"),
            Some(GatewayName { namespace, name }) => write!(f, "Gateway {namespace}/{name}"),
        }
    }
}
