//! What a real Envoy does with what Isobath makes of manifests.
#![allow(clippy::unwrap_used, reason = "tests")]

extern crate isobath_envoy_tests as harness;

mod changes;
mod conditions;
mod rejection;
mod responses;
mod routing;
mod strangers;
