//! What the crate gives for whole values of the model, seen from outside.

// The other crates know this one by its short name; so do its own tests.
extern crate isobath_envoy as envoy;

mod actions;
mod bootstrap;
mod gateway;
mod golden;
mod guarded;
mod layout;
mod operator;
mod random;
mod references;
mod restore;
mod scoped;
mod values;
