//! The product's layout with something in its resources that the product would not put there.

use std::fmt;
use std::sync::Arc;

use envoy::{Before, Layout, Output, ResourceType};
use model::{Listener, ListenerId, SecretContent, SecretKey, Settings, VirtualHost, VirtualHostKey};

/// Changes what a layout is told, or what it gives. Every method leaves things as they are by default.
pub trait Edit: fmt::Debug + Send + Sync {
    /// Changes a virtual host before the layout sees it.
    fn host(&self, host: VirtualHost) -> VirtualHost {
        host
    }

    /// Changes what a Secret holds before the layout sees it.
    fn secret(&self, _key: &SecretKey, content: SecretContent) -> SecretContent {
        content
    }

    /// Changes what the layout publishes. Equal outputs must stay equal.
    fn outputs(&self, outputs: Vec<Output>) -> Vec<Output> {
        outputs
    }
}

/// A layout with edits.
pub(crate) struct Edited {
    pub(crate) layout: Box<dyn Layout>,
    pub(crate) edit: Arc<dyn Edit>,
}

impl Layout for Edited {
    fn set(&mut self, key: &VirtualHostKey, value: Option<&VirtualHost>) {
        let value = value.cloned().map(|host| self.edit.host(host));
        self.layout.set(key, value.as_ref());
    }

    fn set_settings(&mut self, settings: &Settings) {
        self.layout.set_settings(settings);
    }

    fn set_listeners(&mut self, listeners: &[Listener]) -> Vec<ListenerId> {
        self.layout.set_listeners(listeners)
    }

    fn set_secret(&mut self, key: &SecretKey, content: Option<&SecretContent>) {
        let content = content.cloned().map(|content| self.edit.secret(key, content));
        self.layout.set_secret(key, content.as_ref());
    }

    fn flush(&mut self) -> Vec<Output> {
        let outputs = self.layout.flush();
        self.edit.outputs(outputs)
    }

    fn members(&self, resource_type: ResourceType, name: &str) -> Vec<VirtualHostKey> {
        self.layout.members(resource_type, name)
    }

    fn take_replaced(&mut self) -> Vec<(VirtualHostKey, Before)> {
        self.layout.take_replaced()
    }

    fn restore(&mut self, key: &VirtualHostKey, before: Before) {
        self.layout.restore(key, before);
    }
}
