//! What tests and benchmarks need around Isobath: a real Envoy, backends, clients and load.
//!
//! It fails by panicking, with the last lines of Envoy's log where they help: its callers are tests.
//! Waiting is always for a condition ([`eventually`]), never for a time. It knows nothing of
//! Isobath's own crates except how Envoy is launched and what Envoy's messages look like, and it makes no bootstrap: that is the caller's.
//!
//! The three types to know: [`Envoy`], [`Backend`], [`Request`]; and [`Load`], which proves that no
//! request failed while something changed.

mod authorization;
mod backend;
mod canned;
mod client;
mod client_tls;
mod collector;
mod envoy;
mod eventually;
mod grpc;
mod http2_stream;
mod issuer;
mod load;
mod ports;
mod rate_limits;
mod server_tls;
mod stats;
mod websocket;

pub use authorization::{AuthorizationServer, Question};
pub use backend::Backend;
pub use canned::{Canned, Received};
pub use client::{Answer, Connection, Failure, Request, Stream, Version, exchange, open};
pub use client_tls::{ClientTls, Trust};
pub use collector::{Collector, Span};
pub use echo::Seen;
pub use envoy::{Envoy, Launch, envoy_binary};
pub use eventually::{LIMIT, eventually, eventually_blocking, eventually_within};
pub use grpc::{Answers, Call, Code, GrpcServer};
pub use http2_stream::Http2Stream;
pub use issuer::Issuer;
pub use load::{Load, LoadReport, Mode, RunningLoad};
pub use ports::Port;
pub use rate_limits::{Descriptor, RateLimitServer};
pub use server_tls::ServerTls;
pub use stats::Stats;
pub use websocket::{WebSocket, websocket_echo};
