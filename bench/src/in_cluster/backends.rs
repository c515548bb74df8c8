//! Two backends, and the objects that lead to them.

use std::net::SocketAddr;
use std::process::Command;

use serde_json::{Value, json};
use testbed::Cluster;

use super::Process;

/// The address of the node: what listens there are the backends.
const NODE: [u8; 4] = [10, 88, 0, 1];

/// A server that answers 200, with its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backend {
    pub(crate) name: &'static str,
    port: u16,
}

/// The backend of all Services but a few.
pub(crate) const FIRST: Backend = Backend { name: "first", port: 19001 };
/// The other one.
pub(crate) const SECOND: Backend = Backend { name: "second", port: 19002 };

impl Backend {
    /// Starts it.
    pub(crate) fn start(self, cluster: &Cluster) -> Process {
        let listen = format!("0.0.0.0:{}", self.port);
        let mut command = Command::new(&cluster.programs().echo);
        Process::start(command.args(["--listen", &listen, "--name", self.name]))
    }

    /// Where it listens.
    pub(crate) fn address(self) -> SocketAddr {
        (NODE, self.port).into()
    }

    /// An endpoint of an EndpointSlice with this backend's port.
    pub(crate) fn endpoint() -> Value {
        json!({"addresses": [SocketAddr::from((NODE, 0)).ip()], "conditions": {"ready": true}})
    }
}

/// A Service; its endpoints are made apart.
pub(crate) fn service(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"ports": [{"name": "http", "port": 80}]},
    })
}

/// Endpoints of a Service at the port of a backend. A Service may have several of these slices.
pub(crate) fn endpoint_slice(name: &str, of: &str, backend: Backend, endpoints: &[Value]) -> Value {
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": of}},
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [{"name": "http", "port": backend.port, "protocol": "TCP"}],
    })
}
