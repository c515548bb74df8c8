//! Resources that stand alone, published when their bytes change.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Output;
use crate::{Resource, ResourceType};

/// The kind of a resource, and its name.
pub(super) type Id = (ResourceType, Arc<str>);

/// What was published last, and what is to be published next.
#[derive(Default)]
pub(super) struct Outbox {
    published: BTreeMap<Id, Resource>,
    pending: BTreeMap<Id, Option<Resource>>,
    /// What resources were before the first flush since [`take_replaced`](Self::take_replaced).
    replaced: BTreeMap<Id, Option<Resource>>,
}

impl Outbox {
    /// Publishes a resource with the next flush, if its bytes differ by then.
    pub(super) fn put(&mut self, resource: Resource) {
        self.pending.insert((resource.resource_type, resource.name.clone()), Some(resource));
    }

    /// Withdraws a resource with the next flush, if it was ever published.
    pub(super) fn remove(&mut self, resource_type: ResourceType, name: Arc<str>) {
        let id = (resource_type, name);
        if self.published.contains_key(&id) || self.pending.contains_key(&id) {
            self.pending.insert(id, None);
        }
    }

    /// What changed, in order.
    pub(super) fn flush(&mut self) -> Vec<Output> {
        let pending = std::mem::take(&mut self.pending);
        pending.into_iter().filter_map(|(id, resource)| self.publish(id, resource)).collect()
    }

    /// What changed with a flush, and what that was before.
    pub(super) fn take_replaced(&mut self) -> BTreeMap<Id, Option<Resource>> {
        std::mem::take(&mut self.replaced)
    }

    /// A resource as it was published last.
    pub(super) fn published(&self, resource_type: ResourceType, name: Arc<str>) -> Option<&Resource> {
        self.published.get(&(resource_type, name))
    }

    /// Whether there is such a resource, as published last.
    pub(super) fn has(&self, resource_type: ResourceType, name: &str) -> bool {
        self.published(resource_type, name.into()).is_some()
    }

    fn publish(&mut self, id: Id, resource: Option<Resource>) -> Option<Output> {
        let before = self.published.get(&id);
        if before.map(|each| &each.body) == resource.as_ref().map(|each| &each.body) {
            return None;
        }
        self.replaced.entry(id.clone()).or_insert(before.cloned());
        match resource {
            Some(resource) => {
                self.published.insert(id, resource.clone());
                Some(Output::Set(resource))
            }
            None => {
                self.published.remove(&id);
                Some(Output::Remove(id.0, id.1))
            }
        }
    }
}
