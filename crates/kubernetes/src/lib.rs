//! A Kubernetes cluster as a source of objects and a place for statuses.
//!
//! This is the only crate that speaks to an API server. It decides nothing about what objects mean, nor what runs for a
//! Gateway: that is `provisioner`.
//!
//! The types to know: [`watch::Watches`], [`lease::Candidate`], [`status::Writer`].

mod client;
mod configuration;
mod error;
mod gateways;
pub mod lease;
mod peers;
mod pod;
mod provision;
mod releases;
mod secrets;
pub mod status;
pub mod watch;

pub use client::{Access, Pace, connect, connect_paced};
pub use configuration::{Configured, contour_configuration};
pub use error::Error;
pub use gateways::{follow_gateway_ca, follow_gateways};
/// A client of the API server; made by [`connect`].
pub use kube::Client;
pub use peers::follow_peers;
pub use pod::Pod;
pub use provision::{GATEWAY_CA, Provisioner, TrustedBundle};
pub use releases::{follow_releases, release};
pub use secrets::{put_secret, secret};
