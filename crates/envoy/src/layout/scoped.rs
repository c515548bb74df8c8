//! The scoped layout: each host has a scope with its own table.
//!
//! Envoy finds a scope by one look, and a host that comes, changes or goes is one small resource, whatever the
//! number of hosts. What cannot be found by one look (wildcards, the catch-all) shares one table, which is
//! looked at when there is no scope.

use std::sync::Arc;

use model::{Settings, Transport};

use super::by_listener::{ByListener, Shape};
use super::on_demand::OnDemand;
use super::scoped_plain::ScopedPlain;
use super::tables::Tables;
use super::tls::Tls;
use crate::XdsMode;

/// A layout without hosts, with a filter chain for each TLS host.
pub(super) fn scoped(settings: &Settings, mode: XdsMode) -> ByListener {
    let shared = Arc::new(settings.clone());
    ByListener::new(settings, |listener| -> Box<dyn Shape> {
        match listener.transport {
            Transport::Plaintext => Box::new(ScopedPlain::new(listener, settings, mode)),
            Transport::Tls => Box::new(Tls::new(listener, shared.clone(), mode, Tables::Scopes)),
        }
    })
}

/// The same, with one filter chain for most TLS hosts. For an Envoy that is sent changes only: in the state of
/// the world nobody can be told that a name has no certificate.
pub(super) fn on_demand(settings: &Settings, mode: XdsMode) -> ByListener {
    let shared = Arc::new(settings.clone());
    ByListener::new(settings, |listener| -> Box<dyn Shape> {
        match listener.transport {
            Transport::Plaintext => Box::new(ScopedPlain::new(listener, settings, mode)),
            Transport::Tls => Box::new(OnDemand::new(listener, shared.clone(), mode)),
        }
    })
}
