//! The invariants of the engine, and what it does about resources that Envoy rejects.

extern crate isobath_engine as engine;

mod dice;
mod histories;
mod objects;
mod outside;
mod properties;
mod world;
