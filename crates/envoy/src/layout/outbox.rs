//! Resources that stand alone, published when their bytes change.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::Output;
use crate::{Resource, ResourceType};

type Id = (ResourceType, Arc<str>);

/// What was published last, and what is to be published next.
#[derive(Default)]
pub(super) struct Outbox {
    published: BTreeMap<Id, Bytes>,
    pending: BTreeMap<Id, Option<Resource>>,
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
            return self.published.remove(&id).map(|_| Output::Remove(id.0, id.1));
        };
        if self.published.get(&id) == Some(&resource.body) {
            return None;
        }
        self.published.insert(id, resource.body.clone());
        Some(Output::Set(resource))
    }
}
