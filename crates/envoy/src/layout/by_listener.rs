//! A layout whose listeners know nothing of each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Host, Listener, ListenerId, SecretContent, SecretKey, Settings, VirtualHost, VirtualHostKey};

use super::outbox::Outbox;
use super::{Before, Form, Layout, Output};
use crate::{ResourceType, XdsMode, secret};

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

    fn take_replaced(&mut self) -> Vec<(Host, Before)>;

    fn restore(&mut self, host: &Host, before: Form);

    /// The withdrawal of all that was published, in any order. The shape is not used any more.
    fn withdraw(&mut self) -> Vec<Output>;
}

/// Makes the shape of a listener, without hosts.
pub(super) type Make = fn(&Listener, &Arc<Settings>, XdsMode) -> Box<dyn Shape>;

/// A shape for each listener.
pub(super) struct ByListener {
    make: Make,
    settings: Arc<Settings>,
    mode: XdsMode,
    open: BTreeMap<ListenerId, Open>,
    /// What goes with the listeners that are not open any more.
    gone: Vec<Output>,
    secrets: Outbox,
}

/// A listener with its hosts.
struct Open {
    listener: Listener,
    shape: Box<dyn Shape>,
}

impl ByListener {
    /// A layout without hosts; `make` makes what each listener needs.
    pub(super) fn new(settings: &Settings, listeners: &[Listener], mode: XdsMode, make: Make) -> Self {
        let settings = Arc::new(settings.clone());
        let (open, gone, secrets) = (BTreeMap::new(), Vec::new(), Outbox::default());
        let mut layout = Self { make, settings, mode, open, gone, secrets };
        layout.set_listeners(listeners);
        layout
    }

    fn shapes(&mut self) -> impl Iterator<Item = &mut Box<dyn Shape>> {
        self.open.values_mut().map(|open| &mut open.shape)
    }
}

fn key(listener: &ListenerId, host: Host) -> VirtualHostKey {
    VirtualHostKey { listener: listener.clone(), host }
}

impl Layout for ByListener {
    fn set(&mut self, key: &VirtualHostKey, value: Option<&VirtualHost>) {
        if let Some(open) = self.open.get_mut(&key.listener) {
            open.shape.set(&key.host, value);
        }
    }

    fn set_settings(&mut self, settings: &Settings) {
        let settings = Arc::new(settings.clone());
        self.shapes().for_each(|shape| shape.set_settings(&settings));
        self.settings = settings;
    }

    /// One that differs is another: nothing of what it was stays.
    fn set_listeners(&mut self, listeners: &[Listener]) -> Vec<ListenerId> {
        let mut gone = self.open.extract_if(.., |_, open| !listeners.contains(&open.listener));
        self.gone.extend(gone.by_ref().flat_map(|(_, mut open)| open.shape.withdraw()));
        drop(gone);
        let mut new = Vec::new();
        for listener in listeners.iter().filter(|listener| !self.open.contains_key(&listener.id)) {
            let shape = (self.make)(listener, &self.settings, self.mode);
            new.push((listener.id.clone(), Open { listener: listener.clone(), shape }));
        }
        let ids = new.iter().map(|(id, _)| id.clone()).collect();
        self.open.extend(new);
        ids
    }

    fn set_secret(&mut self, key: &SecretKey, content: Option<&SecretContent>) {
        if self.shapes().any(|shape| shape.set_secret(key, content)) {
            return;
        }
        match content {
            Some(content) => self.secrets.put(secret::secret(key, content)),
            None => self.secrets.remove(ResourceType::Secret, key.to_string().into()),
        }
    }

    fn flush(&mut self) -> Vec<Output> {
        let mut outputs = std::mem::take(&mut self.gone);
        self.shapes().for_each(|shape| outputs.append(&mut shape.flush()));
        outputs.append(&mut self.secrets.flush());
        // A Secret is not what its hosts are.
        self.secrets.take_replaced();
        // What a listener takes with it may be there again with another.
        Output::newest(outputs)
    }

    fn members(&self, resource_type: ResourceType, name: &str) -> Vec<VirtualHostKey> {
        let members = |(listener, open): (_, &Open)| {
            let hosts = open.shape.members(resource_type, name).into_iter();
            hosts.map(move |host| key(listener, host)).collect::<Vec<_>>()
        };
        self.open.iter().flat_map(members).collect()
    }

    fn take_replaced(&mut self) -> Vec<(VirtualHostKey, Before)> {
        let mut replaced = Vec::new();
        for (listener, open) in &mut self.open {
            let of_listener = open.shape.take_replaced().into_iter();
            replaced.extend(of_listener.map(|(host, before)| (key(listener, host), before)));
        }
        replaced
    }

    fn restore(&mut self, key: &VirtualHostKey, before: Before) {
        if let Some(open) = self.open.get_mut(&key.listener) {
            open.shape.restore(&key.host, before.into_form());
        }
    }
}
