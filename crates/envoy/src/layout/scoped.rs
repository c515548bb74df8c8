//! The scoped layout: each host has a scope with its own table.
//!
//! Envoy finds a scope by one look, and a host that comes, changes or goes is one small resource, whatever the
//! number of hosts. What cannot be found by one look (wildcards, the catch-all) shares one table, which is
//! looked at when there is no scope. The hosts of a TLS listener of a Gateway share a table for each of the Gateway's
//! listeners.

use std::sync::Arc;

use model::{Listener, Settings, Transport};

use super::by_listener::Shape;
use super::carrier::Carrier;
use super::on_demand::OnDemand;
use super::scoped_plain::ScopedPlain;
use super::sections::Sections;
use super::tables::Tables;
use super::tls::Tls;
use crate::XdsMode;

/// How the hosts of a listener are spread, with a filter chain for each TLS host.
pub(super) fn shape(listener: &Listener, settings: &Arc<Settings>, mode: XdsMode) -> Box<dyn Shape> {
    match (listener.transport, listener.id.fleet().is_ingress()) {
        (Transport::Plaintext, _) => Box::new(ScopedPlain::new(listener, settings, mode)),
        (Transport::Tls, true) => Box::new(Tls::new(listener, settings.clone(), mode, Tables::Scopes)),
        (Transport::Tls, false) => Box::new(Sections::new(listener, settings.clone(), mode)),
        (Transport::Tcp | Transport::Udp, _) => Box::new(Carrier::new(listener, settings.clone())),
    }
}

/// The same, with one filter chain for most TLS hosts of an ingress. For an Envoy that is sent changes only: in the state
/// of the world nobody can be told that a name has no certificate.
pub(super) fn shape_on_demand(
    listener: &Listener,
    settings: &Arc<Settings>,
    mode: XdsMode,
) -> Box<dyn Shape> {
    match (listener.transport, listener.id.fleet().is_ingress()) {
        (Transport::Tls, true) => Box::new(OnDemand::new(listener, settings.clone(), mode)),
        (Transport::Plaintext | Transport::Tls | Transport::Tcp | Transport::Udp, _) => {
            shape(listener, settings, mode)
        }
    }
}
