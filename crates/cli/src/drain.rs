//! `isobath envoy`: what runs beside an Envoy, so that it ends without failing a request.
//!
//! When a Pod is to end, `shutdown` asks Envoy to drain, waits until its clients have gone, and leaves a file. What
//! ends Envoy asks `shutdown-manager`, which answers when the file is there.

mod connections;
mod shutdown;
mod waiting;

use clap::{Args, Subcommand};

use crate::output::Outcome;

/// What runs beside an Envoy, so that it ends without failing a request.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    ShutdownManager(waiting::Arguments),
    Shutdown(shutdown::Arguments),
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.command {
        Command::ShutdownManager(arguments) => runtime.block_on(waiting::run(arguments)),
        Command::Shutdown(arguments) => runtime.block_on(shutdown::run(&arguments)),
    }
}
