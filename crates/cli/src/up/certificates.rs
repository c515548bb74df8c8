//! Certificates for one run: mutual TLS even on loopback.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use certs::{GatewayCa, Generated, Options, ServerSide, generate};
use model::FleetId;
use xds::server::Tls;
use xds::{Clients, Security};

use crate::output::unix_time;

/// Certificates for one run.
pub(super) struct Certificates {
    generated: Generated,
    gateways: GatewayCa,
}

/// The files of Envoy's side.
pub(super) struct ClientFiles {
    pub(super) ca: PathBuf,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl Certificates {
    /// New ones.
    pub(super) fn new() -> anyhow::Result<Self> {
        let now = unix_time();
        Ok(Self { generated: generate(&Options::loopback(now))?, gateways: GatewayCa::new(now)? })
    }

    /// The server's side; its key stays in memory.
    pub(super) fn security(&self) -> anyhow::Result<Security> {
        let side = ServerSide::trusting(&self.generated.server_material()?, &self.gateways)?;
        let tls = Tls {
            config: side.config,
            name: "envoy".into(),
            own_fleet: xds::FleetId::default_fleet(),
            default_clients: Clients::Of(side.own_clients),
            gateway_clients: side.gateway_clients.map_or(Clients::Nobody, Clients::Of),
            peers: None,
        };
        Ok(Security::Mutual(Arc::new(move || tls.clone())))
    }

    /// Writes the side of a fleet's Envoy into a folder.
    pub(super) fn write_client(&self, fleet: &FleetId, folder: &Path) -> anyhow::Result<ClientFiles> {
        let files = ClientFiles {
            ca: folder.join("ca.crt"),
            certificate: folder.join("tls.crt"),
            key: folder.join("tls.key"),
        };
        let client = match fleet.owner() {
            None => self.generated.client.clone(),
            Some(owner) => self.gateways.issue(&owner.path(), unix_time())?,
        };
        write_private(&files.ca, &self.generated.ca)?;
        write_private(&files.certificate, &client.certificate)?;
        write_private(&files.key, client.key.expose())?;
        Ok(files)
    }
}

fn write_private(path: &Path, content: &str) -> anyhow::Result<()> {
    let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    opened.and_then(|mut file| file.write_all(content.as_bytes())).with_context(|| path.display().to_string())
}
