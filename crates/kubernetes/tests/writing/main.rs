//! Who writes, and that it does: against an API server in a map, by a clock that stands still unless all wait.
#![allow(clippy::unwrap_used, reason = "a test")]

mod api_server;
mod lease;
mod statuses;
