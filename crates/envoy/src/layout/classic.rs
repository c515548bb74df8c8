//! Contour's layout: one table for plaintext, one filter chain and one table for each TLS host.
//!
//! Its names are `ingress_http`, `ingress_https` and `https/<host>` (reference 7.2, 7.3): dashboards and tools
//! that know Contour's go on working. Envoy's cost of a change grows with the number of hosts: it reads the
//! whole table again.

use std::sync::Arc;

use model::{Listener, Settings, Transport};

use super::by_listener::Shape;
use super::carrier::Carrier;
use super::plain::Plain;
use super::sections::Sections;
use super::tables::Tables;
use super::tls::Tls;
use crate::XdsMode;

/// How the hosts of a listener are spread.
pub(super) fn shape(listener: &Listener, settings: &Arc<Settings>, mode: XdsMode) -> Box<dyn Shape> {
    match (listener.transport, listener.id.fleet().is_ingress()) {
        (Transport::Plaintext, _) => Box::new(Plain::new(listener, settings, mode)),
        (Transport::Tls, true) => Box::new(Tls::new(listener, settings.clone(), mode, Tables::Routes)),
        (Transport::Tls, false) => Box::new(Sections::new(listener, settings.clone(), mode)),
        (Transport::Tcp | Transport::Udp, _) => Box::new(Carrier::new(listener, settings.clone())),
    }
}
