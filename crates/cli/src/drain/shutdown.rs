//! `isobath envoy shutdown`.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use api::duration;
use clap::Args;
use http::Method;
use tokio::net::UnixStream;

use super::connections::{self, Connections};
use crate::output::Outcome;

/// Attempts to ask Envoy to drain, and the pauses between them.
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const GROWTH: u32 = 5;
/// Whoever still opens connections after this time does so for ever, as probes of load balancers do.
const NEWCOMERS: Duration = Duration::from_secs(60);

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
    /// How often its connections are counted; none may have been opened in between.
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

/// What an Envoy says of its connections.
enum Count {
    Of(Connections),
    /// It does not answer.
    Unknown,
    /// It has ended, and has none.
    Gone,
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
    let newcomers_end = Instant::now() + NEWCOMERS;
    let mut last = None;
    loop {
        match arguments.count().await {
            Count::Gone => break,
            Count::Unknown => {}
            Count::Of(now) => {
                // Nobody is connected for a moment between two clients, too: as long as load balancers have not
                // noticed, the next one comes.
                let is_quiet = last.is_some_and(|last: Connections| last.opened == now.opened);
                let is_left = is_quiet || Instant::now() >= newcomers_end;
                if is_left && now.open <= arguments.min_open_connections {
                    break;
                }
                last = Some(now);
            }
        }
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

    async fn count(&self) -> Count {
        match self.fetch(Method::GET, connections::PATH).await {
            Ok(statistics) => {
                let connections = Connections::of(&statistics);
                tracing::info!(open = connections.open, opened = connections.opened, "connections");
                Count::Of(connections)
            }
            Err(error) if is_gone(&error) => {
                tracing::warn!(%error, "envoy is gone");
                Count::Gone
            }
            Err(error) => {
                tracing::warn!(%error, "envoy does not answer");
                Count::Unknown
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
