//! Contour's layout: one table for plaintext, one filter chain and one table for each TLS host.
//!
//! Its names are `ingress_http`, `ingress_https` and `https/<host>` (reference 7.2, 7.3): dashboards and tools
//! that know Contour's go on working. Envoy's cost of a change grows with the number of hosts: it reads the
//! whole table again.

use std::sync::Arc;

use model::{Settings, Transport};

use super::by_listener::{ByListener, Shape};
use super::plain::Plain;
use super::tables::Tables;
use super::tls::Tls;
use crate::XdsMode;

/// A layout without hosts.
pub(super) fn classic(settings: &Settings, mode: XdsMode) -> ByListener {
    let shared = Arc::new(settings.clone());
    ByListener::new(settings, |listener| -> Box<dyn Shape> {
        match listener.transport {
            Transport::Plaintext => Box::new(Plain::new(listener, settings, mode)),
            Transport::Tls => Box::new(Tls::new(listener, shared.clone(), mode, Tables::Routes)),
        }
    })
}
