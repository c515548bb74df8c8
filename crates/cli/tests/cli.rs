//! The `isobath` command as users run it: what it writes, how it ends, what it leaves behind.
//!
//! The tests of `up` and `bootstrap` need the Envoy that `hack/fetch-tools` fetches.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/beside.rs"]
mod beside;
#[path = "cli/bootstrap.rs"]
mod bootstrap;
#[path = "cli/certgen.rs"]
mod certgen;
#[path = "cli/command.rs"]
mod command;
#[path = "cli/configuration.rs"]
mod configuration;
#[path = "cli/convert.rs"]
mod convert;
#[path = "cli/docs.rs"]
mod docs;
#[path = "cli/layout.rs"]
mod layout;
#[path = "cli/lint.rs"]
mod lint;
#[path = "cli/running.rs"]
mod running;
#[path = "cli/translate.rs"]
mod translate;
#[path = "cli/up.rs"]
mod up;
