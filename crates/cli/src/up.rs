//! `isobath up`: manifests to traffic on one machine, without Kubernetes.

mod certificates;
mod changes;
mod envoy_process;
mod envoys;
mod hosts;
mod occupant;
mod ports;
mod problems;
mod screen;
mod session;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, value_parser};
use model::{Bind, GatewayAddresses, Settings};
use status::CONTROLLER_NAME;

use crate::bootstrap::Mode;
use crate::configuration::{self, ConfigurationArguments};
use crate::layout::LayoutArguments;
use crate::output::Outcome;

/// The words that Envoy takes for what it logs.
const LOG_LEVELS: [&str; 7] = ["trace", "debug", "info", "warning", "error", "critical", "off"];

/// Serves manifests with an Envoy of this machine, and one more for each Gateway, and follows their changes. No Kubernetes is needed.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Manifests: files, or folders that are walked for .yaml, .yml and .json.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where Envoy listens; those of Gateways have addresses of their own, which are shown.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// The port for HTTP.
    #[arg(long, default_value_t = 8080, value_name = "PORT", value_parser = value_parser!(u16).range(1..))]
    http_port: u16,
    /// The port for HTTPS.
    #[arg(long, default_value_t = 8443, value_name = "PORT", value_parser = value_parser!(u16).range(1..))]
    https_port: u16,
    /// The port for readiness and statistics.
    #[arg(long, default_value_t = 8002, value_name = "PORT", value_parser = value_parser!(u16).range(1..))]
    stats_port: u16,
    /// The port of Envoy's administration interface on 127.0.0.1; 0 for any free one.
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    admin_port: u16,
    /// The name by which GatewayClasses choose us.
    #[arg(long, default_value = CONTROLLER_NAME, value_name = "NAME")]
    gateway_controller_name: String,
    /// The Envoy to run; by default the first on PATH, or in .tools/ of this folder or one above.
    #[arg(long, value_name = "FILE")]
    envoy_path: Option<PathBuf>,
    /// What Envoy logs.
    #[arg(long, default_value = "warning", value_name = "LEVEL", value_parser = LOG_LEVELS)]
    envoy_log_level: String,
    /// Where requests are logged.
    #[arg(long, default_value = "/dev/null", value_name = "FILE")]
    access_log: String,
    /// How Envoy asks for its configuration.
    #[arg(long, value_enum, default_value_t = Mode::AdsDelta)]
    xds_mode: Mode,
    /// Ends after Envoy has acknowledged the first configuration; exit code 1 when manifests have errors.
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    layout: LayoutArguments,
    #[command(flatten)]
    configuration: ConfigurationArguments<configuration::Up>,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    for path in &arguments.paths {
        if !path.exists() {
            bail!("{}: no such file or folder", path.display());
        }
    }
    let settings = arguments.settings()?;
    ports::check(&settings, arguments.admin_port)?;
    let envoy = launcher::find_envoy(arguments.envoy_path.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // Among the workers, not on this thread: what a saved file leads to then runs on one thread after another
    // task, and wakes no second one.
    runtime.block_on(async { tokio::spawn(session::run(arguments, settings, envoy)).await? })
}

impl Arguments {
    /// The settings that flags and the configuration make.
    fn settings(&self) -> anyhow::Result<Settings> {
        let bind = |port| Bind { address: self.address, port };
        Ok(Settings {
            http: bind(self.http_port),
            https: bind(self.https_port),
            stats: bind(self.stats_port),
            health: None,
            admin_port: None,
            http_access_log: self.access_log.as_str().into(),
            https_access_log: self.access_log.as_str().into(),
            gateway_controller: self.gateway_controller_name.as_str().into(),
            gateway_addresses: GatewayAddresses::Loopback,
            layout: self.layout.layout(self.xds_mode.into())?,
            ..self.configuration.settings()?
        })
    }
}
