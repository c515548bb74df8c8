//! Options of listening sockets.

use envoy_protos::envoy::config::core::v3::SocketOption;
use envoy_protos::envoy::config::core::v3::socket_option::{SocketState, Value};

/// Linux's numbers of (level, option), and what is set: dead clients are noticed within 90 s.
const KEEPALIVE: [(&str, i64, i64, i64); 4] = [
    ("Enable TCP keep-alive", 1, 9, 1),
    ("TCP keep-alive initial idle time", 6, 4, 45),
    ("TCP keep-alive time between probes", 6, 5, 5),
    ("TCP keep-alive probe count", 6, 6, 9),
];

/// Keep-alive of clients' connections (reference 7.3).
pub(super) fn keepalive() -> Vec<SocketOption> {
    KEEPALIVE.into_iter().map(option).collect()
}

fn option((description, level, name, value): (&str, i64, i64, i64)) -> SocketOption {
    SocketOption {
        description: description.to_owned(),
        level,
        name,
        state: SocketState::StateListening.into(),
        value: Some(Value::IntValue(value)),
        ..Default::default()
    }
}
