//! What is written in the status of each object, and when.
//!
//! [`Board`] is told what there is to say about objects ([`Statement`]), what their statuses say now
//! ([`Observation`]), what Envoys have acknowledged and who leads; it gives the writes that are due. One for each real
//! change, none when nothing changed, the latest only, and whoever becomes the leader writes only what differs from
//! what is there.
//!
//! It does not: judge objects (what there is to say comes from `translate`), send anything, or look at a clock. What
//! others have written in a status is left alone, and so are objects that nobody says anything about.
//!
//! The three types to know: [`Board`], [`Input`], [`Write`].

mod board;
mod body;
mod event;
mod gateway_api;
mod kind;
mod load_balancer;
mod observation;
mod release;
mod share;
mod statement;
mod times;
mod wanted;

pub use board::{Board, Input, Outcome, Write};
pub use body::{Body, Patch};
pub use event::{Event, Regarding};
pub use kind::{Kind, Target};
pub use load_balancer::service_addresses;
pub use observation::Observation;
pub use release::Release;
pub use statement::Statement;

/// Who writes our fields, for the API server (server-side apply).
pub const FIELD_MANAGER: &str = "isobath";

/// The name of our entries in routes and policies, unless the operator gives another.
pub const CONTROLLER_NAME: &str = "projectcontour.io/gateway-controller";
