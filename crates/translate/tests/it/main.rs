//! What no file can hold: giants, and anything at all.

extern crate isobath_translate as translate;

mod anything;
mod limits;
mod objects;
mod properties;
#[path = "../shared/world.rs"]
mod world;
