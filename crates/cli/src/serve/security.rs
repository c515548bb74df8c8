//! How Envoys and the controller know one another.

use std::io;
use std::path::Path;
use std::sync::Arc;

use admin::TlsSource;
use anyhow::{Context, bail};
use certs::{ReloadingServerConfig, ServerSide, TlsFiles};
use config::XdsSecurity;
use kubernetes::{Client, follow_gateway_ca};
use model::{CertificateFiles, FleetId};
use runtime::hub_fleet;
use tokio::sync::watch;
use xds::server::Tls;
use xds::{Clients, Security};

/// The name in the certificates of Envoys.
const ENVOY: &str = "envoy";

/// How xDS is served, where other controllers go that come to its port, and the certificates that are to be followed.
pub(super) fn security(
    said: &XdsSecurity,
    fleet: &FleetId,
    peers: Option<xds::Peers>,
) -> anyhow::Result<(Security, Option<Arc<ReloadingServerConfig>>)> {
    match said {
        XdsSecurity::Unsaid => bail!(
            "xDS has no certificates: name the files with --contour-cafile, --contour-cert-file and \
             --contour-key-file, or say --insecure"
        ),
        XdsSecurity::Insecure => Ok((Security::Plaintext, None)),
        XdsSecurity::Mutual { ca, certificate, key } => {
            let [ca, certificate, key] = [ca, certificate, key].map(|path| Path::new(&**path).to_owned());
            let config = Arc::new(ReloadingServerConfig::load(TlsFiles { ca, certificate, key })?);
            Ok((mutual(Arc::clone(&config), hub_fleet(fleet), peers), Some(config)))
        }
    }
}

fn mutual(
    config: Arc<ReloadingServerConfig>,
    own_fleet: xds::FleetId,
    peers: Option<xds::Peers>,
) -> Security {
    Security::Mutual(Arc::new(move || {
        let ServerSide { config, own_clients, gateway_clients } = config.side();
        Tls {
            config,
            name: ENVOY.into(),
            own_fleet: own_fleet.clone(),
            default_clients: Clients::Of(own_clients),
            gateway_clients: gateway_clients.map_or(Clients::Nobody, Clients::Of),
            peers: peers.clone(),
        }
    }))
}

/// Follows the CA of the certificates of Gateways' Envoys, as long as it is polled.
pub(super) async fn trust_gateways(
    client: Client,
    namespace: String,
    certificates: Arc<ReloadingServerConfig>,
) {
    let (authorities, mut found) = watch::channel(None);
    let trust = async {
        while found.changed().await.is_ok() {
            let authorities = found.borrow_and_update().clone();
            if let Err(error) = certificates.trust_gateways(authorities) {
                tracing::warn!(%error, "the CA of Gateways is not trusted");
            }
        }
    };
    tokio::join!(follow_gateway_ca(client, &namespace, authorities), trust);
}

/// How metrics are served by TLS. The files are read for each connection: there are few.
pub(super) fn of_metrics(files: &CertificateFiles) -> anyhow::Result<TlsSource> {
    let files = files.clone();
    let source: TlsSource = Arc::new(move || {
        let read = |path: &str| std::fs::read(path).map_err(|why| io::Error::other(format!("{path}: {why}")));
        let ca = files.ca.as_deref().map(read).transpose()?;
        let made = certs::https_config(&read(&files.certificate)?, &read(&files.key)?, ca.as_deref());
        made.map(Arc::new).map_err(io::Error::other)
    });
    source().context("the certificate of metrics")?;
    Ok(source)
}
