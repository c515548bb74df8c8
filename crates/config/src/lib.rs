//! What the operator wrote, in a file, the environment and flags, as [`model::Settings`].
//!
//! Does: reads the file that Contour's operators have, and an object `ContourConfiguration`, into the same values by
//! the same code; says what is wrong with a place in the file, or the name of the flag. Every key is one row of a
//! table ([`keys`]), with its names, its default and its meaning: the command line and the documentation are made
//! from it.
//!
//! Does not: look at the environment or the command line itself, or decide what a setting means for Envoy.
//!
//! Start with [`Sources`] (says what was written, later goes before earlier), [`Configuration`] (what comes of it)
//! and [`Key`]. A topic is one file in `sections`: its keys, and how they become settings.

mod configuration;
mod decode;
mod fault;
mod finding;
mod key;
mod sections;
mod serving;
mod sources;
mod written;

pub use configuration::{Checked, Configuration, of_object};
pub use fault::Fault;
pub use finding::Finding;
pub use key::{Commands, Form, Key, Standing};
pub use sections::{Topic, keys, topics};
pub use serving::{Cluster, Election, Feature, Serving, StatusAddress, XdsSecurity};
pub use sources::{Origin, Sources};
