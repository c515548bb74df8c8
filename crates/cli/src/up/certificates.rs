//! Certificates for one run: mutual TLS even on loopback.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use certs::{Generated, Options, generate};
use xds::server::Tls;
use xds::{Clients, Security};

use crate::output::unix_time;

/// Certificates for one run.
pub(super) struct Certificates {
    generated: Generated,
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
        Ok(Self { generated: generate(&Options::loopback(unix_time()))? })
    }

    /// The server's side; its key stays in memory.
    pub(super) fn security(&self) -> anyhow::Result<Security> {
        let tls = Tls {
            config: Arc::new(self.generated.server_material()?.server_config()?),
            name: "envoy".into(),
            default_clients: Clients::All,
            gateway_clients: Clients::All,
            peers: None,
        };
        Ok(Security::Mutual(Arc::new(move || tls.clone())))
    }

    /// Writes Envoy's side into a folder.
    pub(super) fn write_client(&self, folder: &Path) -> anyhow::Result<ClientFiles> {
        let files = ClientFiles {
            ca: folder.join("ca.crt"),
            certificate: folder.join("tls.crt"),
            key: folder.join("tls.key"),
        };
        let client = &self.generated.client;
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
