//! The `isobath` command: one file for each subcommand, nothing else.
//!
//! Exit codes: 0 good, 1 problems found in the input, 2 wrong usage or a failure of the machine.

mod as_contour;
mod bootstrap;
mod certgen;
mod configuration;
mod convert;
mod crds;
mod drain;
mod gateway_provisioner;
mod gateway_statuses;
mod layout;
mod lint;
mod log;
mod manifests;
mod output;
mod provisioning;
mod serve;
mod status;
mod translate;
mod up;
mod version;
mod words;
mod xds_client;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Why not the system's: docs/decisions/0012-jemalloc.md.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Ingress and gateway controller for Envoy.
#[derive(Debug, Parser)]
#[command(name = "isobath", version, max_term_width = 100)]
struct Arguments {
    /// How the log is written.
    #[arg(long, global = true, value_enum, default_value_t = log::Format::Text)]
    log_format: log::Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Bootstrap(bootstrap::Arguments),
    Certgen(certgen::Arguments),
    Cli(xds_client::Arguments),
    Convert(convert::Arguments),
    Crds(crds::Arguments),
    Envoy(drain::Arguments),
    GatewayProvisioner(gateway_provisioner::Arguments),
    Lint(lint::Arguments),
    Serve(serve::Arguments),
    Status(status::Arguments),
    Translate(translate::Arguments),
    Up(up::Arguments),
    /// Prints the version, what it was built from where that is known, and the Envoy that it was tested with.
    Version,
}

/// The arguments, by the name that the program was called by.
fn arguments() -> Arguments {
    let command = as_contour::adapt(Arguments::command(), std::env::args_os().next().as_deref());
    Arguments::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
}

fn main() -> ExitCode {
    launcher::guard::become_program_if_asked();
    launcher::sweeper::sweep_if_asked();
    let Arguments { log_format, command } = arguments();
    match &command {
        // It knows what to log once it has read its configuration.
        Command::Serve(_) => {}
        Command::Envoy(_) => log::start(log_format, "info"),
        Command::GatewayProvisioner(_) => log::start(log_format, "info,kube_client=off"),
        _ => log::start(log_format, "error"),
    }
    let result = match command {
        Command::Bootstrap(arguments) => bootstrap::run(&arguments),
        Command::Certgen(arguments) => certgen::run(arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Crds(arguments) => crds::run(&arguments),
        Command::Cli(arguments) => xds_client::run(arguments),
        Command::Envoy(arguments) => drain::run(arguments),
        Command::GatewayProvisioner(arguments) => gateway_provisioner::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Lint(arguments) => lint::run(&arguments),
        Command::Serve(arguments) => serve::run(arguments, log_format),
        Command::Translate(arguments) => translate::run(&arguments),
        Command::Up(arguments) => up::run(arguments),
        Command::Version => version::run(),
    };
    output::exit_code(result)
}
