//! Certificates between controllers and Envoys, renewed by the controller that leads.

use std::time::Duration;

use anyhow::bail;
use certs::certgen::{CertgenOptions, Renewal, renewal};
use clap::Args;
use config::XdsSecurity;
use kubernetes::Client;
use tokio::sync::watch;

use crate::certgen::Naming;
use crate::certgen::cluster::Found;
use crate::output::unix_time;

/// Renewal is due months before it is urgent. Between two of them both sides must have read their files.
const LOOK: Duration = Duration::from_secs(3600);

/// What flags say about renewal.
#[derive(Debug, Clone, Args)]
pub(super) struct RenewalArguments {
    /// Renews the certificates that `certgen --kube` made, while this controller leads.
    #[arg(long)]
    renew_certificates: bool,
    /// How the Secrets of these certificates are called.
    #[arg(long, value_enum, default_value_t = Naming::Isobath, hide = true)]
    certificate_names: Naming,
}

impl RenewalArguments {
    /// How certificates are renewed in the controller's `namespace`; nothing if they are not.
    pub(super) fn options(
        &self,
        namespace: &str,
        security: &XdsSecurity,
    ) -> anyhow::Result<Option<CertgenOptions>> {
        if !self.renew_certificates {
            return Ok(None);
        }
        if *security == XdsSecurity::Insecure {
            bail!(
                "--renew-certificates: there are none with --insecure, want the one or the other \
                 (take --renew-certificates out, or name certificates with --contour-cafile, \
                 --contour-cert-file and --contour-key-file)"
            );
        }
        Ok(Some(CertgenOptions {
            namespace: namespace.to_owned(),
            names: self.certificate_names.into(),
            ..CertgenOptions::default()
        }))
    }
}

/// Renews certificates whenever that is due, and this controller leads.
pub(super) async fn renew(client: Client, mut leads: watch::Receiver<bool>, options: CertgenOptions) {
    // Nobody tells any more: the session ends.
    while leads.wait_for(|leads| *leads).await.is_ok() {
        match look(&client, &options).await {
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "certificates for xDS cannot be renewed");
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Writes a new set if it is time. Another leader that was as fast is refused by the API server.
async fn look(client: &Client, options: &CertgenOptions) -> anyhow::Result<()> {
    let found = Found::read(client, options).await?;
    let (secrets, note) = match renewal(options, &found.secrets, unix_time())? {
        Renewal::NotOurs(why) => {
            tracing::warn!(why, "certificates for xDS are not renewed, see docs/certificates.md");
            return Ok(());
        }
        Renewal::From(time) => {
            tracing::debug!(time, "certificates for xDS are not to be renewed yet");
            return Ok(());
        }
        Renewal::Now(secrets, note) => (secrets, note),
    };
    for secret in secrets {
        found.put(client, secret).await?;
    }
    match note {
        None => tracing::info!("certificates for xDS renewed"),
        Some(note) => tracing::warn!(
            note,
            "certificates for xDS renewed; new connections fail until both sides have read them"
        ),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        renewal: RenewalArguments,
    }

    fn options(flags: &[&str], security: &XdsSecurity) -> Result<Option<CertgenOptions>, String> {
        let line = Line::try_parse_from(["serve"].iter().chain(flags)).expect("flags are good");
        line.renewal.options("there", security).map_err(|error| error.to_string())
    }

    fn mutual() -> XdsSecurity {
        let [ca, certificate, key] = ["ca", "crt", "key"].map(Into::into);
        XdsSecurity::Mutual { ca, certificate, key }
    }

    #[test]
    fn certificates_are_renewed_where_the_controller_runs_if_it_is_asked_for() {
        assert_eq!(options(&[], &mutual()), Ok(None));
        let wanted = CertgenOptions { namespace: "there".to_owned(), ..CertgenOptions::default() };
        assert_eq!(options(&["--renew-certificates"], &mutual()), Ok(Some(wanted)));
    }

    #[test]
    fn without_certificates_there_is_nothing_to_renew() {
        let refused = options(&["--renew-certificates"], &XdsSecurity::Insecure).expect_err("refused");
        assert!(refused.starts_with("--renew-certificates: there are none with --insecure"), "{refused}");
    }
}
