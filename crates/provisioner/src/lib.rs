//! What runs the Envoys of Gateways: from a Gateway, its class and their parameters to the objects that must be there
//! beside it; or, where the Gateways of a class share their Envoys, beside the controllers.
//!
//! [`objects()`] gives the objects of one fleet, whole. A [`World`] knows all Gateways and what runs for them, and says
//! for each fleet what is missing, what has drifted and what is not wanted any more ([`Plan`]).
//!
//! What it does not do: speak to an API server, sign certificates, look at a clock, judge listeners and routes.
//!
//! The types to know: [`Settings`], [`World`], [`Plan`].

mod addresses;
mod drift;
mod names;
mod objects;
mod parameters;
mod ports;
mod settings;
mod world;

pub use addresses::{Reached, reached};
pub use names::{GatewayId, MANAGED_BY, MANAGER, object_name};
pub use objects::{Certificate, Owner, Wanted, made_for, objects};
pub use parameters::Parameters;
pub use ports::{Port, Protocol};
pub use settings::Settings;
pub use world::{ChildId, ChildKind, Plan, World};
