//! The manifests and the chart.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chart;
mod gateways;
mod kustomized;
mod monitored;
mod restricted;
mod traced;
