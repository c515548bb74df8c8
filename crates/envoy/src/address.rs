//! Addresses of sockets.

use std::net::{IpAddr, Ipv6Addr};

use envoy_protos::envoy::config::core::v3 as core;
use envoy_protos::envoy::config::core::v3::socket_address::Protocol;
use model::Bind;

/// An address with a port; a name instead of an address where Envoy resolves names.
pub(crate) fn socket(address: &str, port: u16) -> core::Address {
    wrap(core::address::Address::SocketAddress(socket_address(address, port)))
}

/// An address to listen on for connections. All of IPv6 includes all of IPv4.
pub(crate) fn bind(bind: &Bind) -> core::Address {
    listen(bind, Protocol::Tcp)
}

/// An address to listen on for datagrams.
pub(crate) fn bind_datagrams(bind: &Bind) -> core::Address {
    listen(bind, Protocol::Udp)
}

fn listen(bind: &Bind, protocol: Protocol) -> core::Address {
    let mut address = socket_address(&bind.address.to_string(), bind.port);
    address.ipv4_compat = bind.address == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    address.protocol = protocol.into();
    wrap(core::address::Address::SocketAddress(address))
}

/// A unix socket that only its owner and readers of its mode may use.
pub(crate) fn pipe(path: &str, mode: u32) -> core::Address {
    wrap(core::address::Address::Pipe(core::Pipe { path: path.to_owned(), mode }))
}

fn wrap(address: core::address::Address) -> core::Address {
    core::Address { address: Some(address) }
}

fn socket_address(address: &str, port: u16) -> core::SocketAddress {
    core::SocketAddress {
        address: address.to_owned(),
        port_specifier: Some(core::socket_address::PortSpecifier::PortValue(port.into())),
        ..Default::default()
    }
}
