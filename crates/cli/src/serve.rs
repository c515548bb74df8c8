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
    #[arg(
        long,
        env = configuration::variable(configuration::NAMESPACE),
        default_value = "isobath",
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    namespace: String,
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

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, FromArgMatches};

    use crate::{Arguments as Program, Command, as_contour};

    fn command(program: &str) -> clap::Command {
        as_contour::adapt(Program::command(), Some(program.as_ref()))
    }

    /// The namespaces of the controller, of the Envoys' Service and of the Lease.
    fn namespaces(program: &str, arguments: &[&str]) -> [String; 3] {
        let words = [program, "serve"].into_iter().chain(arguments.iter().copied());
        let matches = command(program).try_get_matches_from(words).unwrap();
        let Command::Serve(arguments) = Program::from_arg_matches(&matches).unwrap().command else {
            panic!("another command")
        };
        let serving = arguments.configuration.configuration().unwrap().serving;
        let (service, lease) = (serving.envoy_service.namespace, serving.election.lease.namespace);
        [arguments.namespace, service.to_string(), lease.to_string()]
    }

    #[test]
    fn the_default_namespace_is_that_of_the_programs_name() {
        assert_eq!(namespaces("isobath", &[]), ["isobath"; 3]);
        assert_eq!(namespaces("contour", &[]), ["projectcontour"; 3]);
    }

    #[test]
    fn a_file_goes_before_a_default_namespace_and_a_flag_before_both() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        std::fs::write(&path, "envoy-service-namespace: edge\n").unwrap();
        let file = ["--config-path", path.to_str().unwrap()];
        assert_eq!(namespaces("contour", &file), ["projectcontour", "edge", "projectcontour"]);
        let flags = [&file[..], &["--envoy-service-namespace=far", "--namespace=near"]].concat();
        assert_eq!(namespaces("isobath", &flags), ["near", "far", "isobath"]);
    }

    #[test]
    fn a_namespace_without_a_name_is_refused() {
        let found = command("isobath").try_get_matches_from(["isobath", "serve", "--namespace", ""]);
        assert_eq!(found.unwrap_err().kind(), clap::error::ErrorKind::InvalidValue);
    }

    #[test]
    fn help_names_the_variable_that_goes_first_and_the_default() {
        let help = |program| {
            let mut command = command(program);
            let help = command.find_subcommand_mut("serve").unwrap().render_help().to_string();
            // Wherever lines are broken.
            help.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let count = |text: String, words: &str| text.matches(words).count();
        assert_eq!(count(help("isobath"), "[env: ISOBATH_NAMESPACE=] [default: isobath]"), 3);
        assert_eq!(count(help("contour"), "[env: CONTOUR_NAMESPACE=] [default: projectcontour]"), 3);
    }
}
