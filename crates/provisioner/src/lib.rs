//! What runs the Envoys of Gateways: from a Gateway, its class and their parameters to the objects that must be there
//! beside it, those of its own controller, too, where it has one; or, where the Gateways of a class share their Envoys,
//! beside the controllers.
//!
//! [`objects()`] gives the objects of one fleet, whole, [`controller_objects()`] those of a Gateway's own controller. A
//! [`World`] knows all Gateways and what runs for them, and says for each fleet what is missing, what has drifted and what
//! is not wanted any more ([`Plan`]).
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
mod sign;
mod tenancy;
mod world;

pub use addresses::{Reached, reached};
pub use names::{MANAGED_BY, MANAGER, ObjectName, certificates_names, certificates_suffix, object_name};
pub use objects::{
    Certificate, ControllerSecret, Owner, Server, Wanted, controller_objects, made_for, objects,
};
pub use parameters::Parameters;
pub use ports::{Port, Protocol};
pub use settings::Settings;
pub use tenancy::{Stage, is_dedicated};
pub use world::{Certificates, ChildId, ChildKind, Plan, World};
