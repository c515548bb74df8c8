//! Options of listening sockets.

use envoy_protos::envoy::config::core::v3::SocketOption;
use envoy_protos::envoy::config::core::v3::socket_option::{SocketState, Value};
use model::{Bind, Downstream};

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

/// All options of a listener for clients.
pub(super) fn of_clients(bind: &Bind, clients: &Downstream) -> Vec<SocketOption> {
    keepalive().into_iter().chain(of_datagrams(bind, clients)).collect()
}

/// All options of a listener for datagrams. The kernel has no traffic class for an IPv4 socket, and refuses one.
pub(super) fn of_datagrams(bind: &Bind, clients: &Downstream) -> Vec<SocketOption> {
    let service = ("Type of service", 0, 1, i64::from(clients.type_of_service));
    let class = ("Traffic class", 41, 67, i64::from(clients.traffic_class));
    let class = bind.address.is_ipv6().then_some(class);
    let marks = [Some(service), class].into_iter().flatten().filter(|(_, _, _, value)| *value > 0);
    marks.map(option).collect()
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
