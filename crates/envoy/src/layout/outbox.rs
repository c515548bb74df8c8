//! Resources that stand alone, published when their bytes change.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::{Equivalent, HashSet};

use super::Output;
use crate::{Resource, ResourceType};

/// The kind of a resource, and its name.
pub(super) type Id = (ResourceType, Arc<str>);

/// What was published last, and what is to be published next.
#[derive(Default)]
pub(super) struct Outbox {
    published: HashSet<Published, FixedState>,
    /// As it came; of several for one resource the last counts.
    pending: Vec<Output>,
    /// What resources were before each flush since [`take_replaced`](Self::take_replaced); of several for one the
    /// first counts.
    replaced: Vec<(Id, Option<Resource>)>,
}

impl Outbox {
    /// Publishes a resource with the next flush, if its bytes differ by then.
    pub(super) fn put(&mut self, resource: Resource) {
        self.pending.push(Output::Set(resource));
    }

    /// Withdraws a resource with the next flush, if it was ever published.
    pub(super) fn remove(&mut self, resource_type: ResourceType, name: Arc<str>) {
        self.pending.push(Output::Remove(resource_type, name));
    }

    /// What changed, in the order of type and name.
    pub(super) fn flush(&mut self) -> Vec<Output> {
        let mut outputs = Output::newest(std::mem::take(&mut self.pending));
        // At once: at the first configuration they are many, and all are new.
        self.replaced.reserve(outputs.len());
        self.published.reserve(outputs.len().saturating_sub(self.published.len()));
        outputs.retain(|output| self.publish(output));
        outputs
    }

    /// Withdraws all that is published, at once; in any order.
    pub(super) fn withdraw(&mut self) -> Vec<Output> {
        self.pending.clear();
        let published = self.published.drain().map(|Published(resource)| resource);
        published.map(|resource| Output::Remove(resource.resource_type, resource.name)).collect()
    }

    /// What changed with a flush, and what that was before; sorted.
    pub(super) fn take_replaced(&mut self) -> Vec<(Id, Option<Resource>)> {
        let mut replaced = std::mem::take(&mut self.replaced);
        // After a single flush it is sorted already.
        replaced.sort_by(|(a, _), (b, _)| a.cmp(b));
        replaced.dedup_by(|(later, _), (first, _)| later == first);
        replaced
    }

    /// A resource as it was published last.
    pub(super) fn published(&self, resource_type: ResourceType, name: &str) -> Option<&Resource> {
        self.published.get(&(resource_type, name)).map(|Published(resource)| resource)
    }

    /// Puts it in the place of what was published last, and says whether it differs from that.
    fn publish(&mut self, output: &Output) -> bool {
        let (resource_type, name) = output.id();
        let before = self.published(resource_type, name);
        if before.map(|each| &each.body) == output.resource().map(|each| &each.body) {
            return false;
        }
        let before = match output {
            Output::Set(resource) => self.published.replace(Published(resource.clone())),
            Output::Remove(..) => self.published.take(&(resource_type, &**name)),
        };
        self.replaced.push(((resource_type, name.clone()), before.map(|Published(resource)| resource)));
        true
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::References;

    const KIND: ResourceType = ResourceType::Secret;

    fn resource(name: &str, body: &str) -> Resource {
        Resource::of(KIND, name.into(), body.to_owned().into(), References::default())
    }

    #[test]
    fn of_several_forms_the_last_is_published_and_what_was_before_the_first_remembered() {
        let mut outbox = Outbox::default();
        for (name, body) in [("b", "1"), ("a", "1"), ("b", "2")] {
            outbox.put(resource(name, body));
        }
        assert_eq!(
            outbox.flush(),
            [("a", "1"), ("b", "2")].map(|(name, body)| Output::Set(resource(name, body)))
        );
        assert_eq!(outbox.take_replaced(), ["a", "b"].map(|name| ((KIND, name.into()), None)));
        outbox.put(resource("b", "3"));
        outbox.flush();
        outbox.put(resource("a", "2"));
        outbox.put(resource("a", "1"));
        outbox.remove(KIND, "b".into());
        outbox.remove(KIND, "c".into());
        assert_eq!(outbox.flush(), [Output::Remove(KIND, "b".into())]);
        assert_eq!(outbox.take_replaced(), [((KIND, "b".into()), Some(resource("b", "2")))]);
    }
}
