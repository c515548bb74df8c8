//! A listener on which nothing tells hosts apart: all that arrives is carried to the backends of its only host, `*`.

use std::sync::Arc;

use model::{Host, Listener, Settings, VirtualHost};

use super::by_listener::Shape;
use super::outbox::Outbox;
use super::{Before, Form, Output};
use crate::listener::carrier;
use crate::{References, Resource, ResourceType};

/// A listener for connections, or for datagrams.
pub(super) struct Carrier {
    listener: Listener,
    settings: Arc<Settings>,
    /// The listener as its host wants it.
    wanted: Option<Resource>,
    /// The same as flushed last.
    flushed: Option<Resource>,
    outbox: Outbox,
    /// What it was before the first flush that changed it since this was asked.
    replaced: Option<Option<Resource>>,
}

impl Carrier {
    pub(super) fn new(listener: &Listener, settings: Arc<Settings>) -> Self {
        Self {
            listener: listener.clone(),
            settings,
            wanted: None,
            flushed: None,
            outbox: Outbox::default(),
            replaced: None,
        }
    }

    /// The listener with a host; without one it is open, and nothing that arrives gets anywhere.
    fn resource(&self, host: Option<&VirtualHost>) -> Option<Resource> {
        let (message, references) = carrier(&self.listener, host, &self.settings)?;
        Some(Resource::new(self.listener.id.as_str().into(), &message, References::new(references)))
    }
}

impl Shape for Carrier {
    fn set(&mut self, host: &Host, value: Option<&VirtualHost>) {
        if host.is_any() {
            self.wanted = value.and_then(|value| self.resource(Some(value)));
        }
    }

    fn set_settings(&mut self, settings: &Arc<Settings>) {
        self.settings = settings.clone();
    }

    fn flush(&mut self) -> Vec<Output> {
        if let Some(resource) = self.wanted.clone().or_else(|| self.resource(None)) {
            self.outbox.put(resource);
        }
        let outputs = self.outbox.flush();
        // The same, told by resources.
        self.outbox.take_replaced();
        if self.wanted != self.flushed {
            let before = std::mem::replace(&mut self.flushed, self.wanted.clone());
            self.replaced.get_or_insert(before);
        }
        outputs
    }

    fn members(&self, resource_type: ResourceType, name: &str) -> Vec<Host> {
        let is_listener = resource_type == ResourceType::Listener && name == self.listener.id.as_str();
        self.wanted.iter().filter(|_| is_listener).map(|_| Host::any()).collect()
    }

    fn take_replaced(&mut self) -> Vec<(Host, Before)> {
        let form = |resource| Before::from(Form { resource, ..Form::default() });
        self.replaced.take().map(|before| (Host::any(), form(before))).into_iter().collect()
    }

    fn restore(&mut self, host: &Host, before: Form) {
        if host.is_any() {
            self.wanted = before.resource;
        }
    }

    fn withdraw(&mut self) -> Vec<Output> {
        self.outbox.withdraw()
    }
}
