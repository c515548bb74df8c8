//! Events in, effects out: runs what a change made dirty, and nothing else.
//!
//! [`Engine::handle`] is the whole interface. It owns the facts, runs the dirty units in order, drops
//! results that are equal to the last ones, and says what is to be published and what users are to be
//! told. No async, no clock, no IO: equal events give equal effects.
//!
//! The three types to know: [`Engine`], [`Event`], [`Effect`].

mod counters;
mod dirty;
mod engine;
mod event;
mod extensions;
mod fleet;
mod guards;
mod hash;
mod hosts;
mod notes;
mod outgoing;
mod quarantine;
mod references;
mod roots;
mod shelf;
mod uses;

pub use counters::Counters;
pub use engine::Engine;
pub use event::{Effect, Event, Publication, Rejection};
