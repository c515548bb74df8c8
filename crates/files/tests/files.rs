//! Manifests on a real file system.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its files has failed")]

extern crate isobath_files as files;

#[path = "files/any_bytes.rs"]
mod any_bytes;
#[path = "files/reading.rs"]
mod reading;
#[path = "files/reloading.rs"]
mod reloading;
#[path = "files/rendering.rs"]
mod rendering;
#[path = "files/watching.rs"]
mod watching;
#[path = "files/world.rs"]
mod world;
