//! A backend that says what reached it: for the quick start, the tests against a real Envoy and the
//! benchmarks.
//!
//! One port speaks HTTP/1.1 and HTTP/2 (by prior knowledge without TLS, by ALPN with it) and answers
//! every request with [`Seen`] as JSON. Requests may ask for an answer:
//!
//! - path `/status/NNN`: that status, 200 to 599;
//! - query `delay=MS`: the answer comes that many milliseconds later, a minute at most;
//! - path `/echo`: the body of the request, each piece as it comes;
//! - `upgrade: websocket`: an echo of WebSocket messages.
//!
//! With [`Protocol::Tcp`] it speaks no HTTP: it sends its name and a line end, then everything that
//! it receives.
//!
//! It is not meant to face strangers: no limits on connections, no access control.
//!
//! The three types to know: [`Options`], [`Server`], [`Seen`].

mod answer;
mod http_service;
mod server;
mod tcp;
pub mod tls;
pub mod websocket;

pub use answer::{Seen, TlsSeen};
pub use server::{Options, Protocol, Server};
