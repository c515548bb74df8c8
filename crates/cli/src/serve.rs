//! `isobath serve`: a cluster's objects to its Envoys.

mod engine_handle;
mod everywhere;
mod expiry;
mod feed;
mod graph;
mod heap;
mod metrics;
mod pages;
mod provisioning;
mod renewal;
mod security;
mod session;
mod setup;
mod sockets;
mod statuses;
mod summary;
mod tenancy;

use clap::Args;

use crate::bootstrap::Mode;
use crate::configuration::{self, ConfigurationArguments};
use crate::layout::LayoutArguments;
use crate::log;
use crate::output::Outcome;
use crate::provisioning::ProvisioningArguments;

/// Serves Envoys what the objects of a cluster ask for, and follows their changes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The ContourConfiguration that says what the operator decides, in place of a file; flags go before it.
    #[arg(long, value_name = "NAME", conflicts_with = "config-path")]
    contour_config_name: Option<String>,
    /// The namespace that this runs in.
    #[arg(long, env = "ISOBATH_NAMESPACE", hide = true)]
    namespace: Option<String>,
    /// How Envoys ask for their configuration.
    #[arg(long, value_enum, default_value_t = Mode::AdsDelta)]
    xds_mode: Mode,
    /// How much of what is said to the API server is logged; 0 for nothing.
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    kubernetes_debug: u8,
    /// Serves metrics under Contour's names, too.
    #[arg(long)]
    contour_metrics: bool,
    /// Makes what runs the Envoys of Gateways, too, while this controller leads.
    #[arg(long, conflicts_with = "dedicated_to_gateway")]
    provision_gateways: bool,
    #[command(flatten)]
    tenancy: tenancy::TenancyArguments,
    #[command(flatten)]
    provisioning: ProvisioningArguments,
    #[command(flatten)]
    statuses: statuses::StatusArguments,
    #[command(flatten)]
    renewal: renewal::RenewalArguments,
    #[command(flatten)]
    layout: LayoutArguments,
    #[command(flatten)]
    configuration: ConfigurationArguments<configuration::Serve>,
}

pub(crate) fn run(arguments: Arguments, format: log::Format) -> anyhow::Result<Outcome> {
    let workers = std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?;
    // Among the workers, as everything that follows from it.
    runtime.block_on(async { tokio::spawn(serve(arguments, format)).await? })
}

async fn serve(arguments: Arguments, format: log::Format) -> anyhow::Result<Outcome> {
    let setup = setup::Setup::of(&arguments).await?;
    log::start(format, setup.log_level(&arguments));
    session::run(setup).await
}
