//! The `isobath` command: one file for each subcommand, nothing else.
//!
//! Exit codes: 0 good, 1 problems found in the input, 2 wrong usage or a failure of the machine.

mod bootstrap;
mod certgen;
mod configuration;
mod convert;
mod crds;
mod layout;
mod lint;
mod log;
mod manifests;
mod output;
mod translate;
mod up;
mod version;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Why not the system's: docs/decisions/0012-jemalloc.md.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Ingress and gateway controller for Envoy.
#[derive(Debug, Parser)]
#[command(name = "isobath", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Bootstrap(bootstrap::Arguments),
    Certgen(certgen::Arguments),
    Convert(convert::Arguments),
    Crds(crds::Arguments),
    Lint(lint::Arguments),
    Translate(translate::Arguments),
    Up(up::Arguments),
    /// Prints the version, and that of the Envoy that it was tested with.
    Version,
}

fn main() -> ExitCode {
    launcher::guard::become_program_if_asked();
    launcher::sweeper::sweep_if_asked();
    log::start();
    let result = match Arguments::parse().command {
        Command::Bootstrap(arguments) => bootstrap::run(&arguments),
        Command::Certgen(arguments) => certgen::run(arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Crds(arguments) => crds::run(&arguments),
        Command::Lint(arguments) => lint::run(&arguments),
        Command::Translate(arguments) => translate::run(&arguments),
        Command::Up(arguments) => up::run(arguments),
        Command::Version => version::run(),
    };
    output::exit_code(result)
}
