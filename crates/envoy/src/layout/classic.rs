//! Contour's layout: one table for plaintext, one filter chain and one table for each TLS host.
//!
//! Dashboards and tools that know Contour's names go on working. Envoy's cost of a change grows with the
//! number of hosts: it reads the whole table again.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Host, ListenerId, Settings, Transport, VirtualHost, VirtualHostKey};

use super::plain::Plain;
use super::tls::Tls;
use super::{Before, Layout, Output};
use crate::{ResourceType, XdsMode};

/// Contour's layout (reference 7.2, 7.3): `ingress_http`, `ingress_https`, `https/<host>`.
pub struct Classic {
    listeners: BTreeMap<ListenerId, Shape>,
}

/// How the hosts of one listener are told apart. Boxed: there are two of them.
enum Shape {
    Plain(Box<Plain>),
    Tls(Box<Tls>),
}

impl Classic {
    /// A layout without hosts.
    #[must_use]
    pub fn new(settings: &Settings, mode: XdsMode) -> Self {
        let shared = Arc::new(settings.clone());
        let shape = |listener: model::Listener| {
            let shape = match listener.transport {
                Transport::Plaintext => Shape::Plain(Box::new(Plain::new(&listener, settings, mode))),
                Transport::Tls => Shape::Tls(Box::new(Tls::new(&listener, shared.clone(), mode))),
            };
            (listener.id, shape)
        };
        Self { listeners: settings.listeners().into_iter().map(shape).collect() }
    }
}

impl Layout for Classic {
    fn set(&mut self, key: &VirtualHostKey, value: Option<&VirtualHost>) {
        if let Some(shape) = self.listeners.get_mut(&key.listener) {
            shape.set(&key.host, value);
        }
    }

    fn flush(&mut self) -> Vec<Output> {
        let mut outputs: Vec<_> = self.listeners.values_mut().flat_map(Shape::flush).collect();
        outputs.sort_by(|a, b| a.id().cmp(&b.id()));
        outputs
    }

    fn members(&self, resource_type: ResourceType, name: &str) -> Vec<VirtualHostKey> {
        let keys = |(listener, shape): (&ListenerId, &Shape)| {
            let hosts = shape.members(resource_type, listener.as_str(), name);
            let listener = listener.clone();
            hosts.into_iter().map(move |host| VirtualHostKey { listener: listener.clone(), host })
        };
        self.listeners.iter().flat_map(keys).collect()
    }

    fn take_replaced(&mut self) -> Vec<(VirtualHostKey, Before)> {
        let keyed = |(listener, shape): (&ListenerId, &mut Shape)| {
            let listener = listener.clone();
            let replaced = shape.take_replaced().into_iter();
            replaced.map(move |(host, before)| (VirtualHostKey { listener: listener.clone(), host }, before))
        };
        self.listeners.iter_mut().flat_map(keyed).collect()
    }

    fn restore(&mut self, key: &VirtualHostKey, before: Before) {
        if let Some(shape) = self.listeners.get_mut(&key.listener) {
            shape.restore(&key.host, before);
        }
    }
}

impl Shape {
    fn set(&mut self, host: &Host, value: Option<&VirtualHost>) {
        match self {
            Self::Plain(plain) => plain.set(host, value),
            Self::Tls(tls) => tls.set(host, value),
        }
    }

    fn flush(&mut self) -> Vec<Output> {
        match self {
            Self::Plain(plain) => plain.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }

    fn take_replaced(&mut self) -> Vec<(Host, Before)> {
        match self {
            Self::Plain(plain) => plain.take_replaced(),
            Self::Tls(tls) => tls.take_replaced(),
        }
    }

    fn restore(&mut self, host: &Host, before: Before) {
        match self {
            Self::Plain(plain) => plain.restore(host, before),
            Self::Tls(tls) => tls.restore(host, before),
        }
    }

    fn members(&self, resource_type: ResourceType, listener: &str, name: &str) -> Vec<Host> {
        match self {
            Self::Plain(plain) => plain.members(resource_type, listener, name),
            Self::Tls(tls) => tls.members(resource_type, listener, name),
        }
    }
}
