//! The server as clients see it: real connections on the loopback interface.

#![expect(clippy::unwrap_used, reason = "tests may fail")]

mod client;
mod fixture;
mod identity;
mod peers;
mod streams;
