//! A layout whose listeners know nothing of each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Host, ListenerId, SecretContent, SecretKey, Settings, VirtualHost, VirtualHostKey};

use super::outbox::Outbox;
use super::{Before, Form, Layout, Output};
use crate::{ResourceType, secret};

/// How the hosts of one listener are told apart, and which resources they become.
///
/// The methods do for hosts what those of [`Layout`] do for virtual hosts.
pub(super) trait Shape: Send {
    fn set(&mut self, host: &Host, value: Option<&VirtualHost>);

    fn set_settings(&mut self, settings: &Arc<Settings>);

    /// Gives whether the shape takes care of the Secret; else it is published under its own name.
    fn set_secret(&mut self, _key: &SecretKey, _content: Option<&SecretContent>) -> bool {
        false
    }

    /// What changed, in any order.
    fn flush(&mut self) -> Vec<Output>;

    fn members(&self, resource_type: ResourceType, name: &str) -> Vec<Host>;

    fn shared(&self) -> Vec<(ResourceType, Arc<str>)>;

    fn take_replaced(&mut self) -> Vec<(Host, Before)>;

    fn restore(&mut self, host: &Host, before: Form);
}

/// A shape for each listener.
pub(super) struct ByListener {
    shapes: BTreeMap<ListenerId, Box<dyn Shape>>,
    secrets: Outbox,
}

impl ByListener {
    /// A layout without hosts; `shape` makes what each listener needs.
    pub(super) fn new(settings: &Settings, shape: impl Fn(&model::Listener) -> Box<dyn Shape>) -> Self {
        let shapes =
            settings.listeners().iter().map(|listener| (listener.id.clone(), shape(listener))).collect();
        Self { shapes, secrets: Outbox::default() }
    }

    /// What a method gives for each listener, with the listener.
    fn each<T>(&self, of: impl Fn(&dyn Shape) -> Vec<T>) -> impl Iterator<Item = (&ListenerId, T)> {
        self.shapes
            .iter()
            .flat_map(move |(listener, shape)| of(&**shape).into_iter().map(move |found| (listener, found)))
    }
}

fn key(listener: &ListenerId, host: Host) -> VirtualHostKey {
    VirtualHostKey { listener: listener.clone(), host }
}

impl Layout for ByListener {
    fn set(&mut self, key: &VirtualHostKey, value: Option<&VirtualHost>) {
        if let Some(shape) = self.shapes.get_mut(&key.listener) {
            shape.set(&key.host, value);
        }
    }

    fn set_settings(&mut self, settings: &Settings) {
        let settings = Arc::new(settings.clone());
        self.shapes.values_mut().for_each(|shape| shape.set_settings(&settings));
    }

    fn set_secret(&mut self, key: &SecretKey, content: Option<&SecretContent>) {
        if self.shapes.values_mut().any(|shape| shape.set_secret(key, content)) {
            return;
        }
        match content {
            Some(content) => self.secrets.put(secret::secret(key, content)),
            None => self.secrets.remove(ResourceType::Secret, key.to_string().into()),
        }
    }

    fn flush(&mut self) -> Vec<Output> {
        let mut outputs = Vec::new();
        self.shapes.values_mut().for_each(|shape| outputs.append(&mut shape.flush()));
        outputs.append(&mut self.secrets.flush());
        // A Secret is not what its hosts are.
        self.secrets.take_replaced();
        outputs.sort_by(|a, b| a.id().cmp(&b.id()));
        outputs
    }

    fn members(&self, resource_type: ResourceType, name: &str) -> Vec<VirtualHostKey> {
        let hosts = self.each(|shape| shape.members(resource_type, name));
        hosts.map(|(listener, host)| key(listener, host)).collect()
    }

    fn shared(&self) -> Vec<(ResourceType, Arc<str>)> {
        self.each(|shape| shape.shared()).map(|(_, id)| id).collect()
    }

    fn take_replaced(&mut self) -> Vec<(VirtualHostKey, Before)> {
        let mut replaced = Vec::new();
        for (listener, shape) in &mut self.shapes {
            let of_listener = shape.take_replaced().into_iter();
            replaced.extend(of_listener.map(|(host, before)| (key(listener, host), before)));
        }
        replaced
    }

    fn restore(&mut self, key: &VirtualHostKey, before: Before) {
        if let Some(shape) = self.shapes.get_mut(&key.listener) {
            shape.restore(&key.host, before.into_form());
        }
    }
}
