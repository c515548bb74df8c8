//! What is converted does the same as before, and reads as it was written.
#![allow(clippy::unwrap_used, reason = "tests")]

extern crate isobath_convert as convert;

mod ingress_routes;
mod same;
