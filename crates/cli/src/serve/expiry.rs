//! Warnings of certificates between controllers and Envoys that expire soon.

use std::sync::Arc;
use std::time::Duration;

use certs::{LoadedCertificate, ReloadingServerConfig, Role};
use kubernetes::{Client, Configured, Pod};
use model::{Problem, Severity};
use xds::Hub;

use super::statuses::Statuses;
use crate::output::unix_time;

const DAY: Duration = Duration::from_secs(86_400);
/// From so many days before a certificate expires there is a warning each day.
const WARNING_DAYS: i64 = 30;

const REASON: &str = "CertificateExpiresSoon";
const WAY_OUT: &str = "renew it, see docs/certificates.md";

/// Where warnings are told, beside the log.
pub(super) struct Told {
    pub(super) client: Client,
    /// An Event is about this Pod, unless nothing is to be written or there is none.
    pub(super) pod: Option<Pod>,
    /// The object that everything is configured by, if one does: its status has warnings.
    pub(super) configured: Option<Configured>,
    pub(super) statuses: Statuses,
}

impl Told {
    /// Warns at once, when certificates were replaced, and each day.
    pub(super) async fn follow(self, certificates: Arc<ReloadingServerConfig>, hub: Arc<Hub>) {
        loop {
            let replaced = certificates.replaced();
            self.tell(&expiring(&in_use(&certificates, &hub), unix_time())).await;
            // Replaced or not, a look each day is enough. So it is for Envoys, which come and go.
            let _ = tokio::time::timeout(DAY, replaced).await;
        }
    }

    async fn tell(&self, expiring: &[LoadedCertificate]) {
        let problems: Vec<_> = expiring.iter().map(problem).collect();
        for (certificate, problem) in expiring.iter().zip(&problems) {
            let (role, days) = (word(certificate.role), certificate.days_left(unix_time()));
            tracing::warn!(
                role,
                days,
                "a certificate for xDS expires soon: renew it, see docs/certificates.md"
            );
            if let Some(pod) = &self.pod {
                let note = format!("{} ({WAY_OUT})", problem.message);
                pod.warn(self.client.clone(), ("ReadCertificates", REASON), &note).await;
            }
        }
        if let Some(configured) = &self.configured {
            self.statuses.tell(configured.said(&problems));
        }
    }
}

/// The certificates that connections depend on: what is in our files, and of what Envoys showed that which expires first.
pub(super) fn in_use(certificates: &ReloadingServerConfig, hub: &Hub) -> Vec<LoadedCertificate> {
    let client = |not_after| LoadedCertificate { role: Role::Client, not_after };
    certificates.certificates().iter().copied().chain(hub.earliest_client_expiry().map(client)).collect()
}

/// The certificates that expire within 30 days.
fn expiring(certificates: &[LoadedCertificate], now: i64) -> Vec<LoadedCertificate> {
    certificates.iter().filter(|each| each.days_left(now) < WARNING_DAYS).copied().collect()
}

/// The same on every day, so that it is told once.
fn problem(certificate: &LoadedCertificate) -> Problem {
    let (what, path) = match certificate.role {
        Role::Ca => ("the CA of the certificates for xDS", "spec.xdsServer.tls.caFile"),
        Role::Server => ("the controller's certificate for xDS", "spec.xdsServer.tls.certFile"),
        Role::Client => ("the certificate that an Envoy shows for xDS", "spec.xdsServer.tls"),
    };
    let day = certificate.last_day().unwrap_or_else(|| "a day that no calendar has".to_owned());
    Problem {
        severity: Severity::Warning,
        kind: "TLSError",
        reason: REASON,
        path: path.to_owned(),
        message: format!("{what} expires on {day}"),
        help: Some(WAY_OUT.to_owned()),
    }
}

/// As logs and metrics say it.
pub(super) const fn word(role: Role) -> &'static str {
    match role {
        Role::Ca => "ca",
        Role::Server => "server",
        Role::Client => "client",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(role: Role, days: i64) -> LoadedCertificate {
        LoadedCertificate { role, not_after: days * 86_400 + 1 }
    }

    #[test]
    fn certificates_are_warned_of_from_thirty_days_before() {
        let loaded =
            [(Role::Ca, 40), (Role::Ca, -1), (Role::Server, 29), (Role::Server, 30), (Role::Client, 29)];
        let loaded = loaded.map(|(role, days)| certificate(role, days));
        let expected =
            [certificate(Role::Ca, -1), certificate(Role::Server, 29), certificate(Role::Client, 29)];
        assert_eq!(expiring(&loaded, 0), expected);
    }

    #[test]
    fn a_warning_says_which_certificate_ends_on_which_day() {
        let problem = problem(&certificate(Role::Ca, 29));
        assert_eq!(problem.message, "the CA of the certificates for xDS expires on 1970-01-30");
        assert_eq!((&*problem.path, problem.reason), ("spec.xdsServer.tls.caFile", REASON));
        let help = problem.help.as_deref();
        assert_eq!(help, Some("renew it, see docs/certificates.md"));
    }
}
