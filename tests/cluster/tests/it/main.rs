//! Tests in a cluster with a real API server. Without root, or where a cluster is impossible for another reason, they say
//! so and pass.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod behaviours;
mod canaries;
mod certificates;
mod configuration;
mod controller;
mod failover;
mod flood;
mod from_contour;
mod gateways;
mod ingresses;
mod install;
mod large_secrets;
mod objects;
mod outages;
mod pods;
mod rights;
mod rollouts;
mod schemas;
mod statuses;
mod strangers;
mod watches;
