//! How Envoys and the controller know one another.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use admin::TlsSource;
use anyhow::{Context, bail};
use certs::{LoadedCertificate, ReloadingServerConfig, Role, TlsFiles};
use config::XdsSecurity;
use model::CertificateFiles;
use xds::Security;
use xds::server::Tls;

use crate::output::unix_time;

const DAY: Duration = Duration::from_secs(86_400);
/// From so many days before a certificate expires there is a warning each day.
const WARNING_DAYS: i64 = 30;

/// The name in the certificates of Envoys.
const ENVOY: &str = "envoy";

/// How xDS is served, where other controllers go that come to its port, and the certificates that are to be followed.
pub(super) fn security(
    said: &XdsSecurity,
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
            Ok((mutual(Arc::clone(&config), peers), Some(config)))
        }
    }
}

fn mutual(config: Arc<ReloadingServerConfig>, peers: Option<xds::Peers>) -> Security {
    Security::Mutual(Arc::new(move || Tls {
        config: config.current(),
        name: ENVOY.into(),
        default_clients: None,
        gateway_clients: None,
        peers: peers.clone(),
    }))
}

/// Warns of certificates that expire soon: at once, when they were replaced, and each day.
pub(super) async fn warn_of_expiry(certificates: Arc<ReloadingServerConfig>) {
    loop {
        for (role, days) in expiring(&certificates.certificates(), unix_time()) {
            tracing::warn!(
                role,
                days,
                "a certificate for xDS expires soon: renew it, see docs/certificates.md"
            );
        }
        // Replaced or not, a look each day is enough.
        let _ = tokio::time::timeout(DAY, certificates.replaced()).await;
    }
}

/// The certificates that expire within 30 days, with the whole days that are left.
fn expiring(certificates: &[LoadedCertificate], now: i64) -> Vec<(&'static str, i64)> {
    let days = certificates.iter().map(|each| (role(each.role), each.days_left(now)));
    days.filter(|(_, days)| *days < WARNING_DAYS).collect()
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Ca => "ca",
        Role::Server => "server",
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_warned_of_from_thirty_days_before() {
        let certificate = |role, days: i64| LoadedCertificate { role, not_after: days * 86_400 + 1 };
        let loaded = [(Role::Ca, 40), (Role::Ca, -1), (Role::Server, 29), (Role::Server, 30)];
        let loaded = loaded.map(|(role, days)| certificate(role, days));
        assert_eq!(expiring(&loaded, 0), [("ca", -1), ("server", 29)]);
    }
}
