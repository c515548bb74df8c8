//! What controllers tell one another: how far the Envoys of each have come.
//!
//! Every controller serves Envoys, one of them writes statuses, and a status tells what all Envoys have acknowledged.
//! So each keeps a [`Progress`] of its own Envoys, and the leader asks the others ([`Exchange`]): is this object, in
//! this generation, in force with all of yours? It asks for what waits to be written, so what is said is as much as
//! what changed.
//!
//! It neither judges objects nor writes statuses. An answer is about an object, not about a configuration: two
//! controllers hear of the same changes at other times and in other pieces, and have no number in common.
//!
//! The three types to know: [`Progress`], [`Exchange`], [`News`].

mod dial;
mod everywhere;
mod exchange;
mod message;
mod progress;
mod server;

pub use dial::Connect;
pub use exchange::{Exchange, Input, News};
pub use progress::Progress;
pub use server::serve;
