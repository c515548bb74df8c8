//! `isobath envoy shutdown`.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use api::duration;
use clap::Args;
use http::Method;
use tokio::net::UnixStream;

use super::connections;
use crate::output::Outcome;

/// Attempts to ask Envoy to drain, and the pauses between them.
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const GROWTH: u32 = 5;

/// Asks Envoy to drain, waits until its clients have gone, and leaves a file.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The socket of Envoy's administration interface.
    #[arg(long, default_value = "/admin/admin.sock", value_name = "FILE")]
    admin_address: PathBuf,
    /// Does nothing; there was a port once.
    #[arg(long, hide = true)]
    admin_port: Option<u16>,
    /// How long Envoy has drained before its connections are counted.
    #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = parse)]
    check_delay: Duration,
    /// How often its connections are counted.
    #[arg(long, default_value = "5s", value_name = "DURATION", value_parser = parse)]
    check_interval: Duration,
    /// How long everything stays as it is before Envoy is asked to drain.
    #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = parse)]
    drain_delay: Duration,
    /// How many connections may be left.
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    min_open_connections: u64,
    /// The file that says that Envoy may end.
    #[arg(long, default_value = "/admin/ok", value_name = "FILE")]
    ready_file: PathBuf,
}

fn parse(text: &str) -> Result<Duration, String> {
    duration::parse(text).map_err(|why| why.to_string())
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    tokio::time::sleep(arguments.drain_delay).await;
    if let Err(error) = arguments.ask_to_drain().await {
        // Clients may go all the same, and the Pod ends in any case.
        tracing::error!(%error, "envoy was not asked to drain");
    }
    tokio::time::sleep(arguments.check_delay).await;
    while !arguments.may_end().await {
        tokio::time::sleep(arguments.check_interval).await;
    }
    std::fs::write(&arguments.ready_file, b"").with_context(|| arguments.ready_file.display().to_string())?;
    Ok(Outcome::Good)
}

impl Arguments {
    async fn ask_to_drain(&self) -> io::Result<()> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match self.fetch(Method::POST, "/healthcheck/fail").await {
                Ok(_) => return Ok(()),
                Err(error) => tracing::warn!(%error, "envoy does not answer"),
            }
            tokio::time::sleep(pause).await;
            pause *= GROWTH;
        }
        self.fetch(Method::POST, "/healthcheck/fail").await.map(drop)
    }

    /// Whether no more clients are connected than may be left. An Envoy that is gone has none.
    async fn may_end(&self) -> bool {
        match self.fetch(Method::GET, connections::PATH).await {
            Ok(statistics) => {
                let open = connections::open(&statistics);
                tracing::info!(open, "connections");
                open <= self.min_open_connections
            }
            Err(error) if is_gone(&error) => {
                tracing::warn!(%error, "envoy is gone");
                true
            }
            Err(error) => {
                tracing::warn!(%error, "envoy does not answer");
                false
            }
        }
    }

    async fn fetch(&self, method: Method, path: &str) -> io::Result<String> {
        let socket = UnixStream::connect(&self.admin_address).await?;
        let (status, body) = admin::fetch(socket, method, path).await?;
        if !status.is_success() {
            return Err(io::Error::other(format!("{path}: {status}")));
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}
