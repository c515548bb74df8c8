//! What a real Envoy does with what Isobath makes of manifests.
#![allow(clippy::unwrap_used, reason = "tests")]

extern crate isobath_envoy_tests as harness;

mod actions;
mod addresses;
mod changes;
mod conditions;
mod equality;
mod fleet;
mod modes;
mod objects;
mod on_demand;
mod on_demand_hosts;
mod rate_limits;
mod rejection;
mod responses;
mod rotation;
mod routing;
mod scoped;
mod scoped_tls;
mod strangers;
mod tls;
