//! Envoys of Gateways, made by the controller that leads.

use anyhow::bail;
use config::Serving;
use kubernetes::{Client, Provisioner};

use super::Arguments;
use super::statuses::files;
use crate::provisioning::Controllers;

/// What makes the Envoys of Gateways, if flags ask for it.
pub(super) fn provisioner(
    arguments: &Arguments,
    client: &Client,
    namespace: &str,
    serving: &Serving,
) -> anyhow::Result<Option<Provisioner>> {
    if !arguments.provision_gateways {
        return Ok(None);
    }
    let Some(files) = files(&serving.xds_security) else {
        bail!(
            "--provision-gateways: Envoys of Gateways are told apart by their certificates, want \
             --contour-cafile, --contour-cert-file and --contour-key-file in place of --insecure"
        );
    };
    if !serving.watched.is_empty() {
        bail!(
            "--provision-gateways: a controller that reads some namespaces alone serves no Gateways, take it or \
             --watch-namespaces out"
        );
    }
    let statuses = &arguments.statuses;
    if !statuses.are_written() {
        bail!(
            "--provision-gateways: a controller that only looks on makes nothing, want --status=on, or take \
             --provision-gateways out"
        );
    }
    let controllers =
        Controllers { address: statuses.controllers(namespace), port: serving.xds.port, ca: files.ca };
    let provisioning = &arguments.provisioning;
    Ok(Some(provisioning.provisioner(client.clone(), namespace, &statuses.identity(), controllers)))
}
