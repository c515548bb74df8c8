//! Resources that stand alone, published when their bytes change.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Output;
use crate::{Resource, ResourceType};

pub(super) type Id = (ResourceType, Arc<str>);

/// What was published last, and what is to be published next.
#[derive(Default)]
pub(super) struct Outbox {
    published: BTreeMap<Id, Resource>,
    pending: BTreeMap<Id, Option<Resource>>,
    /// What the resources that changed with the last flush were before it.
    replaced: Vec<(Id, Option<Resource>)>,
}

impl Outbox {
    /// Publishes a resource with the next flush, if its bytes differ by then.
    pub(super) fn put(&mut self, resource: Resource) {
        self.pending.insert((resource.resource_type, resource.name.clone()), Some(resource));
    }

    /// Withdraws a resource with the next flush, if it was ever published.
    pub(super) fn remove(&mut self, resource_type: ResourceType, name: Arc<str>) {
        self.pending.insert((resource_type, name), None);
    }

    /// What changed, in order.
    pub(super) fn flush(&mut self) -> Vec<Output> {
        let pending = std::mem::take(&mut self.pending);
        pending.into_iter().filter_map(|(id, resource)| self.publish(id, resource)).collect()
    }

    fn publish(&mut self, id: Id, resource: Option<Resource>) -> Option<Output> {
        let Some(resource) = resource else {
            let before = self.published.remove(&id)?;
            self.replaced.push((id.clone(), Some(before)));
            return Some(Output::Remove(id.0, id.1));
        };
        if self.published.get(&id).is_some_and(|published| published.body == resource.body) {
            return None;
        }
        let before = self.published.insert(id.clone(), resource.clone());
        self.replaced.push((id, before));
        Some(Output::Set(resource))
    }

    /// Publishes again what a resource was, or that it was not there.
    pub(super) fn restore(&mut self, id: Id, replaced: Option<Resource>) {
        self.pending.insert(id, replaced);
    }

    /// What the resources that changed with the last flush were before it; once.
    pub(super) fn take_replaced(&mut self) -> Vec<(Id, Option<Resource>)> {
        std::mem::take(&mut self.replaced)
    }
}
