//! What flags say about the Envoys of Gateways, for the controller and for the command that does nothing else.

use std::path::PathBuf;

use clap::Args;
use kubernetes::{Client, Provisioner};
use provisioner::Settings;
use status::CONTROLLER_NAME;

/// The Envoy that this was tested with.
const ENVOY_IMAGE: &str = "envoyproxy/envoy:distroless-v1.40.0";
/// This program.
const ISOBATH_IMAGE: &str = concat!("isobath:", env!("CARGO_PKG_VERSION"));
/// As in the manifests.
const DEDICATED_ROLE: &str = "isobath-dedicated";
/// Where Envoys say whether they are ready.
const STATS_PORT: u16 = 8002;

/// How the Envoys of Gateways are made.
#[derive(Debug, Clone, Args)]
pub(crate) struct ProvisioningArguments {
    /// The name by which GatewayClasses choose this controller.
    #[arg(long, default_value = CONTROLLER_NAME, value_name = "NAME")]
    pub(crate) gateway_controller_name: String,
    /// The image of Isobath in the Pods of Gateways.
    #[arg(long, visible_alias = "contour-image", env = "ISOBATH_IMAGE", default_value = ISOBATH_IMAGE, value_name = "IMAGE")]
    isobath_image: String,
    /// The image of Envoy in the Pods of Gateways.
    #[arg(long, env = "ENVOY_IMAGE", default_value = ENVOY_IMAGE, value_name = "IMAGE")]
    envoy_image: String,
    /// What the names of the ClusterRoles of Gateways' own controllers begin with.
    #[arg(long, default_value = DEDICATED_ROLE, value_name = "NAME")]
    dedicated_role: String,
}

/// Where Envoys find the controllers, and how they know them.
pub(crate) struct Controllers {
    /// The name of their Service, as seen from every namespace.
    pub(crate) address: String,
    /// The port of xDS there.
    pub(crate) port: u16,
    /// The file with the CA of their certificates.
    pub(crate) ca: PathBuf,
}

impl ProvisioningArguments {
    /// What makes Envoys; the CA of their certificates is kept in `namespace`, and what all Gateways of a class share is
    /// there, too.
    pub(crate) fn provisioner(
        &self,
        client: Client,
        namespace: &str,
        identity: &str,
        controllers: Controllers,
    ) -> Provisioner {
        let Controllers { address, port, ca } = controllers;
        let settings = Settings {
            controller_name: self.gateway_controller_name.clone(),
            namespace: namespace.to_owned(),
            isobath_image: self.isobath_image.clone(),
            envoy_image: self.envoy_image.clone(),
            xds_address: address,
            xds_port: port,
            dedicated_role: self.dedicated_role.clone(),
            stats_port: STATS_PORT,
        };
        Provisioner::new(
            client,
            settings,
            namespace,
            identity,
            Box::new(move || std::fs::read_to_string(&ca)),
        )
    }
}
