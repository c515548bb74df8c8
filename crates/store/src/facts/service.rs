//! Services.

use std::sync::Arc;

use api::core::Service;
use model::Kind;

use super::{Annotations, Strays, annotations, strays};

/// The annotations of a Service that mean something, those of the time before Contour 1.0 (`contour.heptio.com`)
/// among them.
pub(super) const KNOWN: [&str; 15] = [
    "contour.heptio.com/max-connections",
    "contour.heptio.com/max-pending-requests",
    "contour.heptio.com/max-requests",
    "contour.heptio.com/max-retries",
    "contour.heptio.com/upstream-protocol.h2",
    "contour.heptio.com/upstream-protocol.h2c",
    "contour.heptio.com/upstream-protocol.tls",
    "projectcontour.io/max-connections",
    "projectcontour.io/max-pending-requests",
    "projectcontour.io/max-requests",
    "projectcontour.io/max-retries",
    "projectcontour.io/per-host-max-connections",
    "projectcontour.io/upstream-protocol.h2",
    "projectcontour.io/upstream-protocol.h2c",
    "projectcontour.io/upstream-protocol.tls",
];

/// What is used of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFact {
    /// The name that an ExternalName Service points to.
    pub external_name: Option<Box<str>>,
    /// Its ports, in the order of the object.
    pub ports: Box<[ServicePort]>,
    /// The annotations that mean something; sorted.
    pub annotations: Annotations,
    /// Annotations that look as if they meant something.
    pub strays: Strays,
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name; empty for none. Shared with the endpoints that are asked for by it.
    pub name: Arc<str>,
    /// Its number, as written.
    pub port: i32,
    /// How bytes are carried on it.
    pub protocol: PortProtocol,
    /// What is spoken on it, if the Service says.
    pub app_protocol: Option<Box<str>>,
}

/// How bytes are carried on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortProtocol {
    /// `TCP`; the default.
    Tcp,
    /// `UDP`.
    Udp,
    /// `SCTP`.
    Sctp,
    /// Another word, which Kubernetes would have refused.
    Unknown,
}

impl From<&Service> for ServiceFact {
    fn from(object: &Service) -> Self {
        let spec = object.spec.as_ref();
        let ports = spec.and_then(|spec| spec.ports.as_deref()).unwrap_or_default();
        let is_external = spec.and_then(|spec| spec.type_.as_deref()) == Some("ExternalName");
        Self {
            external_name: is_external
                .then(|| spec.and_then(|spec| spec.external_name.as_deref()).unwrap_or_default().into()),
            ports: ports.iter().map(port).collect(),
            annotations: annotations(&object.metadata, &KNOWN),
            strays: strays(&object.metadata, Kind::Service),
        }
    }
}

impl ServiceFact {
    /// The annotation `projectcontour.io/NAME`, or the one that it was before Contour 1.0: its key as the object has it,
    /// and its value.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<(&'static str, &str)> {
        let name = key.strip_prefix(PREFIX)?;
        let written = |prefix| {
            let mut all = self.annotations.iter();
            all.find(|(known, _)| known.strip_prefix(prefix) == Some(name))
                .map(|(key, value)| (*key, &**value))
        };
        written(PREFIX).or_else(|| written(OLD_PREFIX))
    }
}

const PREFIX: &str = "projectcontour.io/";
const OLD_PREFIX: &str = "contour.heptio.com/";

fn port(port: &api::core::ServicePort) -> ServicePort {
    ServicePort {
        name: port.name.as_deref().map(Into::into).unwrap_or_default(),
        port: port.port,
        protocol: protocol(port.protocol.as_deref()),
        app_protocol: port.app_protocol.as_deref().map(Into::into),
    }
}

fn protocol(word: Option<&str>) -> PortProtocol {
    match word {
        None | Some("TCP") => PortProtocol::Tcp,
        Some("UDP") => PortProtocol::Udp,
        Some("SCTP") => PortProtocol::Sctp,
        Some(_) => PortProtocol::Unknown,
    }
}
