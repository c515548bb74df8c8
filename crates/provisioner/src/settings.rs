//! What the operator says about all Gateways.

use model::{SHUTDOWN_MANAGER_PORT, envoy_port};

use crate::ports::{Port, Protocol};

/// What is the same for the Envoys of all Gateways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The name by which classes choose this controller.
    pub controller_name: String,
    /// The namespace of the controllers: there are the Envoys that all Gateways of a class share.
    pub namespace: String,
    /// The image of Isobath, for what runs beside Envoy.
    pub isobath_image: String,
    /// The image of Envoy.
    pub envoy_image: String,
    /// The name under which Envoys find the controllers.
    pub xds_address: String,
    /// The port of xDS there.
    pub xds_port: u16,
    /// What the names of the ClusterRoles of Gateways' own controllers begin with: this name is the one for objects, with
    /// `-own` that for what is beside the Gateway, with `-cluster` that for the whole cluster.
    pub dedicated_role: String,
    /// The port where Envoy says whether it is ready, and serves its statistics.
    pub stats_port: u16,
}

impl Settings {
    /// Whether Envoy's side of a port is what its Pod needs: a listener there is refused, and nobody outside is led there.
    pub(crate) fn keeps(&self, port: &Port) -> bool {
        let own = [self.stats_port, SHUTDOWN_MANAGER_PORT];
        port.protocol == Protocol::Tcp && own.contains(&envoy_port(port.number))
    }
}
