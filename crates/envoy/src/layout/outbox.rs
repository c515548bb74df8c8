//! Resources that stand alone, published when their bytes change.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::{Equivalent, HashMap, HashSet};

use super::Output;
use crate::{Resource, ResourceType};

/// The kind of a resource, and its name.
pub(super) type Id = (ResourceType, Arc<str>);

/// What was published last, and what is to be published next.
#[derive(Default)]
pub(super) struct Outbox {
    published: HashSet<Published, FixedState>,
    pending: HashMap<Id, Option<Resource>, FixedState>,
    /// What resources were before the first flush since [`take_replaced`](Self::take_replaced).
    replaced: HashMap<Id, Option<Resource>, FixedState>,
}

impl Outbox {
    /// Publishes a resource with the next flush, if its bytes differ by then.
    pub(super) fn put(&mut self, resource: Resource) {
        self.pending.insert((resource.resource_type, resource.name.clone()), Some(resource));
    }

    /// Withdraws a resource with the next flush, if it was ever published.
    pub(super) fn remove(&mut self, resource_type: ResourceType, name: Arc<str>) {
        let is_published = self.has(resource_type, &name);
        let id = (resource_type, name);
        if is_published || self.pending.contains_key(&id) {
            self.pending.insert(id, None);
        }
    }

    /// What changed, in any order.
    pub(super) fn flush(&mut self) -> Vec<Output> {
        let pending = std::mem::take(&mut self.pending);
        // At once: at the first configuration they are many, and all are new.
        let mut outputs = Vec::with_capacity(pending.len());
        self.replaced.reserve(pending.len());
        self.published.reserve(pending.len().saturating_sub(self.published.len()));
        outputs.extend(pending.into_iter().filter_map(|(id, resource)| self.publish(id, resource)));
        outputs
    }

    /// What changed with a flush, and what that was before; sorted.
    pub(super) fn take_replaced(&mut self) -> Vec<(Id, Option<Resource>)> {
        let mut replaced: Vec<_> = std::mem::take(&mut self.replaced).into_iter().collect();
        replaced.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        replaced
    }

    /// A resource as it was published last.
    pub(super) fn published(&self, resource_type: ResourceType, name: &str) -> Option<&Resource> {
        self.published.get(&(resource_type, name)).map(|Published(resource)| resource)
    }

    /// Whether there is such a resource, as published last.
    pub(super) fn has(&self, resource_type: ResourceType, name: &str) -> bool {
        self.published(resource_type, name).is_some()
    }

    fn publish(&mut self, id: Id, resource: Option<Resource>) -> Option<Output> {
        let (resource_type, name) = &id;
        let before = self.published(*resource_type, name);
        if before.map(|each| &each.body) == resource.as_ref().map(|each| &each.body) {
            return None;
        }
        let (before, output) = match resource {
            Some(resource) => (self.published.replace(Published(resource.clone())), Output::Set(resource)),
            None => {
                let before = self.published.take(&(*resource_type, &**name));
                (before, Output::Remove(*resource_type, name.clone()))
            }
        };
        self.replaced.entry(id).or_insert(before.map(|Published(resource)| resource));
        Some(output)
    }
}

/// A resource under the type and name that it carries itself.
struct Published(Resource);

impl Published {
    fn id(&self) -> (ResourceType, &str) {
        (self.0.resource_type, &self.0.name)
    }
}

impl Hash for Published {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl PartialEq for Published {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Published {}

impl Equivalent<Published> for (ResourceType, &str) {
    fn equivalent(&self, key: &Published) -> bool {
        *self == key.id()
    }
}
