//! What is to be published next, and what was published last.

use std::sync::Arc;

use envoy::{Output, Resource, ResourceType};
use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::hash::{make_room, version};

type Id = (ResourceType, Arc<str>);

/// What is to be published next. Of resources that are not hosts, what was published last too: those whose bytes
/// are equal stay here.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    /// The fingerprints of the resources that are not hosts, as published last.
    published: HashMap<Id, u64, FixedState>,
    /// As they came; of several for one resource the last counts.
    offers: Vec<Output>,
}

/// New and changed resources, and those that are gone; both by type and name.
pub(crate) type Batch = (Vec<Resource>, Vec<Id>);

impl Outgoing {
    /// Makes room for so many resources that are not hosts.
    pub(crate) fn make_room(&mut self, resources: usize) {
        make_room(&mut self.published, resources);
        self.offers.reserve(resources.saturating_sub(self.published.len()));
    }

    /// Takes a resource that is not a host (or its absence), to be published if it differs.
    pub(crate) fn offer(&mut self, kind: ResourceType, name: Arc<str>, resource: Option<Resource>) {
        self.offers.push(resource.map_or_else(|| Output::Remove(kind, name), Output::Set));
    }

    /// All that was offered, and what comes of the hosts.
    pub(crate) fn take(&mut self, hosts: Vec<Output>) -> Batch {
        let mut offers = Output::newest(std::mem::take(&mut self.offers));
        offers.retain(|offer| self.differs(offer));
        let (mut set, mut removed) = (Vec::with_capacity(offers.len() + hosts.len()), Vec::new());
        for output in offers.into_iter().chain(hosts) {
            match output {
                Output::Set(resource) => set.push(resource),
                Output::Remove(kind, name) => removed.push((kind, name)),
            }
        }
        // Two sorted halves: a stable sort sees that, and no more than merges them.
        set.sort_by(|a, b| (a.resource_type, &a.name).cmp(&(b.resource_type, &b.name)));
        removed.sort_unstable();
        (set, removed)
    }

    /// Whether it differs from what was published last, in the place of which it is from now on.
    fn differs(&mut self, offer: &Output) -> bool {
        let (kind, name) = offer.id();
        let id = (kind, name.clone());
        match offer.resource().map(version) {
            Some(version) => self.published.insert(id, version) != Some(version),
            None => self.published.remove(&id).is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(name: &str, body: &str) -> Resource {
        Resource {
            resource_type: ResourceType::Secret,
            name: name.into(),
            body: body.to_owned().into(),
            own_name: envoy::OwnName::InBody,
            refs: envoy::References::default(),
            warming: envoy::Warming::Quick,
            is_shared: false,
        }
    }

    fn offer(outgoing: &mut Outgoing, name: &str, body: Option<&str>) {
        outgoing.offer(ResourceType::Secret, name.into(), body.map(|body| resource(name, body)));
    }

    fn names(batch: Batch) -> (Vec<String>, Vec<String>) {
        let (set, removed) = batch;
        let set = set.iter().map(|resource| resource.name.to_string()).collect();
        (set, removed.iter().map(|(_, name)| name.to_string()).collect())
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_offered_comes_out_sorted_and_once() {
        let mut outgoing = Outgoing::default();
        for (name, body) in [("b", "1"), ("c", "1"), ("a", "1"), ("b", "2")] {
            offer(&mut outgoing, name, Some(body));
        }
        assert_eq!(names(outgoing.take(vec![])), (owned(&["a", "b", "c"]), vec![]));
        assert_eq!(names(outgoing.take(vec![])), (vec![], vec![]));
    }

    #[test]
    fn what_goes_back_to_what_was_published_stays_here() {
        let mut outgoing = Outgoing::default();
        offer(&mut outgoing, "a", Some("1"));
        outgoing.take(vec![]);
        offer(&mut outgoing, "a", Some("2"));
        offer(&mut outgoing, "a", Some("1"));
        offer(&mut outgoing, "b", Some("1"));
        offer(&mut outgoing, "b", None);
        offer(&mut outgoing, "c", None);
        assert_eq!(names(outgoing.take(vec![])), (vec![], vec![]));
        offer(&mut outgoing, "a", None);
        assert_eq!(names(outgoing.take(vec![])), (vec![], owned(&["a"])));
    }
}
