//! Listeners.

mod addresses;
mod carrier;
mod chain;
mod connection_manager;
mod early;
mod gone;
mod scoped_routes;
mod server_names;
mod socket;
mod stats;
mod stats_tls;
mod tcp_proxy;
mod tls;
mod tracing;
mod udp_proxy;

use std::num::NonZeroU32;

use envoy_protos::envoy::config::listener::v3 as proto;
use envoy_protos::envoy::config::listener::v3::listener::ConnectionBalanceConfig;
use envoy_protos::envoy::config::listener::v3::listener::connection_balance_config::{
    BalanceType, ExactBalance,
};
use envoy_protos::envoy::config::listener::v3::listener_filter::ConfigType;
use envoy_protos::envoy::extensions::filters::listener::proxy_protocol::v3::ProxyProtocol;
use envoy_protos::envoy::extensions::filters::listener::tls_inspector::v3::TlsInspector;
use envoy_protos::google::protobuf::Any;
use envoy_protos::google::protobuf::{BoolValue, UInt32Value};
use model::{Fingerprints, Listener, Settings, Transport};

use crate::address::bind;
use crate::any::pack;

pub(crate) use carrier::carrier;
pub(crate) use chain::{CLOSING_CHAIN, Chains, plain_chain};
pub(crate) use connection_manager::{ConnectionManager, Routes};
pub(crate) use scoped_routes::ScopeKey;
pub(crate) use server_names::{Chain, FALLBACK_CHAIN, Others, matcher};
pub use stats::static_listeners;
pub use stats_tls::static_secrets;
pub(crate) use tls::tls_parameters;

/// A listener, without its filter chains.
pub(crate) fn shell(listener: &Listener, settings: &Settings) -> proto::Listener {
    let clients = &settings.downstream;
    let number = |number: NonZeroU32| UInt32Value { value: number.get() };
    proto::Listener {
        name: listener.id.to_string(),
        address: Some(bind(&listener.bind)),
        listener_filters: listener_filters(listener, clients.fingerprints),
        socket_options: socket::of_clients(&listener.bind, clients),
        per_connection_buffer_limit_bytes: clients.buffer_limit.map(number),
        connection_balance_config: clients.balanced.then(exactly_balanced),
        max_connections_to_accept_per_socket_event: clients.accepted_at_once.map(number),
        ..Default::default()
    }
}

/// What reads the first bytes of a connection; the PROXY header stands before the TLS handshake.
fn listener_filters(listener: &Listener, fingerprints: Fingerprints) -> Vec<proto::ListenerFilter> {
    let proxy_protocol =
        || listener_filter("envoy.filters.listener.proxy_protocol", pack(&ProxyProtocol::default()));
    let tls_inspector =
        || listener_filter("envoy.filters.listener.tls_inspector", pack(&inspector(fingerprints)));
    [listener.proxy_protocol.then(proxy_protocol), (listener.transport == Transport::Tls).then(tls_inspector)]
        .into_iter()
        .flatten()
        .collect()
}

fn inspector(fingerprints: Fingerprints) -> TlsInspector {
    let yes = |wanted: bool| wanted.then_some(BoolValue { value: true });
    TlsInspector {
        enable_ja3_fingerprinting: yes(fingerprints.ja3),
        enable_ja4_fingerprinting: yes(fingerprints.ja4),
        ..Default::default()
    }
}

fn exactly_balanced() -> ConnectionBalanceConfig {
    ConnectionBalanceConfig { balance_type: Some(BalanceType::ExactBalance(ExactBalance::default())) }
}

fn listener_filter(name: &str, config: Any) -> proto::ListenerFilter {
    proto::ListenerFilter {
        name: name.to_owned(),
        config_type: Some(ConfigType::TypedConfig(config)),
        ..Default::default()
    }
}

/// A network filter.
fn filter(name: &str, config: Any) -> proto::Filter {
    proto::Filter { name: name.to_owned(), config_type: Some(proto::filter::ConfigType::TypedConfig(config)) }
}
