//! Listeners that carry all that arrives.

use envoy_protos::envoy::config::listener::v3 as proto;
use model::{Listener, Policies, Settings, Targets, Traffic, Transport, VirtualHost};

use super::{addresses, shell, tcp_proxy, udp_proxy};
use crate::Reference;

/// A listener that carries connections or datagrams as they are, with the resources that it names. Without a host, or
/// for one that is of another kind, it gets rid of all that arrives. `None` for a listener that looks at what arrives.
pub(crate) fn carrier(
    listener: &Listener,
    host: Option<&VirtualHost>,
    settings: &Settings,
) -> Option<(proto::Listener, Vec<Reference>)> {
    let (nobody, no_policies) = (Targets::default(), Policies::default());
    let policies = host.map_or(&no_policies, |host| &host.policies);
    let targets = match (listener.transport, host.map(|host| &host.traffic)) {
        (Transport::Tcp, Some(Traffic::Tcp(targets))) | (Transport::Udp, Some(Traffic::Udp(targets))) => {
            targets
        }
        (Transport::Tcp | Transport::Udp, _) => &nobody,
        (Transport::Plaintext | Transport::Tls, _) => return None,
    };
    let message = match listener.transport {
        Transport::Udp => udp_proxy::listener(listener, targets, settings),
        Transport::Plaintext | Transport::Tls | Transport::Tcp => proto::Listener {
            filter_chains: vec![proto::FilterChain {
                filters: connection_filters(targets, policies, listener, settings),
                ..Default::default()
            }],
            ..shell(listener, settings)
        },
    };
    Some((message, tcp_proxy::references(targets)))
}

/// The network filters that carry connections from allowed addresses.
pub(super) fn connection_filters(
    targets: &Targets,
    policies: &Policies,
    listener: &Listener,
    settings: &Settings,
) -> Vec<proto::Filter> {
    let addresses = policies.addresses.as_deref();
    let carry = tcp_proxy::tcp_proxy(targets, listener, settings, addresses.is_some());
    let addresses = addresses.map(|filter| addresses::filter(filter, listener));
    addresses.into_iter().chain([carry]).collect()
}
