//! The shell around the engine: sources in, configurations out.
//!
//! [`Controller`] owns the engine in one task. Changes of the world and what Envoys say about their
//! configurations go in; it publishes to the [`xds::Hub`] and tells what happened as [`Notice`]s.
//!
//! It decides nothing: what a change means is the engine's business, how an Envoy is fed is `xds`'s. It
//! reads no files, speaks to no Kubernetes and prints nothing.
//!
//! The three types to know: [`Controller`], [`Input`], [`Notice`].

mod controller;
mod convert;
mod fleet;
mod ledger;
mod notice;
mod reached;

pub use controller::{Controller, Input, Options};
pub use convert::hub_fleet;
pub use notice::{Notice, Published};
