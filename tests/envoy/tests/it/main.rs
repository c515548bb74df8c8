//! What a real Envoy does with what Isobath makes of manifests.
#![allow(clippy::unwrap_used, reason = "tests")]

extern crate isobath_envoy_tests as harness;

mod actions;
mod changes;
mod conditions;
mod endpoints;
mod fleet;
mod gateway;
mod health_checks;
mod ingress;
mod ingress_routes;
mod layouts;
mod limits;
mod load_balancing;
mod modes;
mod objects;
mod operator;
mod rejection;
mod responses;
mod rotation;
mod routing;
mod strangers;
mod tls;
mod upstream_tls;
