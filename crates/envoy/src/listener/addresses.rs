//! Connections that are carried as they are, from certain addresses only.

use envoy_protos::envoy::config::listener::v3::Filter;
use envoy_protos::envoy::extensions::filters::network::rbac::v3::Rbac;
use model::{AddressFilter, Listener};

use super::filter as network_filter;
use crate::any::pack;
use crate::filters::address_rules;

/// The network filter that closes connections from other addresses.
pub(super) fn filter(addresses: &AddressFilter, listener: &Listener) -> Filter {
    let config = Rbac {
        rules: Some(address_rules(addresses)),
        stat_prefix: format!("{}.", listener.id),
        ..Default::default()
    };
    network_filter("envoy.filters.network.rbac", pack(&config))
}
