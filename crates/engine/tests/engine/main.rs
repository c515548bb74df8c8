//! The invariants of the engine, and what it does about resources that Envoy rejects.

extern crate isobath_engine as engine;

mod contained;
mod dice;
mod extensions;
mod gateways;
mod histories;
mod objects;
mod only_changed;
mod outside;
mod properties;
mod quarantine;
mod total;
mod world;
