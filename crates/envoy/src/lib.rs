//! The model as Envoy resources: protobuf bytes, the same for the same value, always.
//!
//! Noun functions encode what stands alone ([`cluster`], [`endpoints`], [`secret`], [`runtime`],
//! [`static_listeners`]). What many hosts share is put together by a [`Layout`], from encoded fragments:
//! a changed host costs the encoding of that host and one copy of the bytes around it. Every resource
//! carries the names that it refers to, so that the xDS server can send them in an order that never leaves
//! a request without a backend.
//!
//! Not here: what the user's objects mean (`translate`), when bytes are sent and what an Envoy answered
//! (`xds`), and checks of values: what arrives here was judged before. No IO, no clock, no environment.
//! Scripts in the data plane are constants; a user's value is data in a message, never part of a script.
//!
//! The three types to know: [`Resource`] (bytes, name, references), [`Layout`] (virtual hosts in,
//! resources out), [`Bootstrap`](envoy_protos::envoy::config::bootstrap::v3::Bootstrap) (what a fresh Envoy
//! starts from, made by [`bootstrap()`](bootstrap::bootstrap)).

mod access_log;
mod address;
mod any;
mod asked;
pub mod bootstrap;
mod cluster;
mod config_source;
mod duration;
mod endpoints;
mod filters;
mod headers;
mod json;
mod layout;
mod listener;
mod names;
mod references;
mod resource;
mod route;
mod runtime;
mod secret;
mod virtual_host;

pub use cluster::cluster;
pub use config_source::XdsMode;
pub use endpoints::endpoints;
pub use json::{message_to_json, received, to_json};
pub use layout::{Before, Layout, Output, layout, layout_with, scope_name};
pub use listener::{static_listeners, static_secrets};
pub use names::{ADMIN_CLUSTER, RUNTIME_LAYER, XDS_CLUSTER};
pub use references::{Needs, Reference, References};
pub use resource::{OwnName, Resource, ResourceType, Warming};
pub use runtime::runtime;
pub use secret::secret;
