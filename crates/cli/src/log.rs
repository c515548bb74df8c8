//! What the program says about itself, on standard error.

use std::io;

use tracing_subscriber::EnvFilter;

/// Names what is logged: levels, and targets with levels, as in `debug` or `warn,isobath_xds=debug`.
const VARIABLE: &str = "ISOBATH_LOG";

/// Starts logging; errors alone unless the environment asks for more.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
}
