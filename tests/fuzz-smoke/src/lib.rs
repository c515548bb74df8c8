//! The fuzz targets: what reads bytes that users, clients or files control.
//!
//! Each target takes any bytes and panics if something is wrong. `fuzz/` runs them under `cargo fuzz`;
//! the tests of this package run each on some ten thousand inputs, the same ones every time, so that
//! `make test` needs no nightly compiler.
//!
//! The three things to know: [`TARGETS`] (one ordered list), [`Mutator`] (real inputs, damaged) and
//! `tests/smoke.rs` (the runs).

mod mutator;
mod random;
mod targets;

pub use mutator::Mutator;
pub use random::Random;
pub use targets::{convert, manifest, pem, regex, rules, xds_session};

/// Takes any bytes, panics if something is wrong.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const TARGETS: [(&str, Target); 6] = [
    ("convert", convert::run),
    ("manifest", manifest::run),
    ("pem", pem::run),
    ("regex", regex::run),
    ("rules", rules::run),
    ("xds_session", xds_session::run),
];
