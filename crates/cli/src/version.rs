//! `isobath version`.

use std::io::{self, Write};

use crate::output::Outcome;

pub(crate) fn run() -> anyhow::Result<Outcome> {
    let mut out = io::stdout();
    writeln!(out, "version: {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "envoy: {}", launcher::ENVOY_VERSION)?;
    Ok(Outcome::Good)
}
