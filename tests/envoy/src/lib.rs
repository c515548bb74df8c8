//! The whole way in one process: manifests in a folder, the controller that reads them, its xDS server
//! with mutual TLS, a real Envoy, and backends.
//!
//! A test makes a [`World`], adds backends, writes manifests, and sends requests through Envoy. Writing a
//! manifest returns when every connected Envoy has acknowledged what it came to. What the controller
//! pushed, reported and had rejected is kept for the test to look at.
//!
//! It replaces nothing of the product but the file watcher (a test says itself when a file has changed)
//! and the screen of `isobath up`.

pub mod anything;
mod authority;
mod controller;
mod dice;
mod edited;
pub mod gateway;
mod hello;
mod journal;
mod layouts;
pub mod manifests;
mod volume;
mod world;

pub use authority::{Authority, ClientIdentity};
pub use controller::security;
pub use dice::Dice;
pub use edited::Edit;
pub use hello::{Suite, certificate_by, certificate_for, client_hello};
pub use journal::Journal;
pub use layouts::{LAYOUTS, settings, suite_layout, suite_layout_for};
pub use world::{Options, World};
