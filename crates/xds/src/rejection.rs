//! What one Envoy has rejected, and the search for the culprit among several.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::observation::HeldResource;
use crate::resource::{Name, ResourceType, Version};
use crate::session::Item;
use crate::snapshot::{Entry, Snapshot};

/// Rejected versions that are remembered for one name; the oldest is forgotten first.
const VERSIONS: usize = 16;
/// Names with rejected versions that are remembered for one Envoy.
const NAMES: usize = 10_000;

/// What one Envoy rejected. It outlives the streams: a resource is never offered again in a version that was rejected,
/// under whatever name. Another resource with the same content is tried once for itself, so that it is blamed by its
/// own name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rejections {
    by_name: BTreeMap<(ResourceType, Name), Rejection>,
    /// Names of which the Envoy may have taken a version that it then rejected among others. When it comes back it
    /// tells the version that it accepted, not the one that it uses.
    doubts: BTreeSet<(ResourceType, Name)>,
}

#[derive(Clone, Debug)]
struct Rejection {
    versions: VecDeque<Version>,
    message: String,
    last_good: Option<Arc<Entry>>,
}

impl Rejections {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_name.is_empty() && self.doubts.is_empty()
    }

    /// Remembers names whose state is uncertain, until something is accepted for them.
    pub(crate) fn doubt(&mut self, kind: ResourceType, names: impl Iterator<Item = Name>) {
        self.doubts.extend(names.map(|name| (kind, name)));
        while self.doubts.len() > NAMES {
            self.doubts.pop_first();
        }
    }

    /// The names of a type whose state is uncertain.
    pub(crate) fn doubtful(&self, kind: ResourceType) -> impl Iterator<Item = &Name> {
        let of_kind = self.doubts.range((kind, Name::from(""))..).take_while(move |(k, _)| *k == kind);
        of_kind.map(|(_, name)| name)
    }

    /// Forgets the doubt, because the state is known again.
    pub(crate) fn settle(&mut self, kind: ResourceType, name: &Name) {
        if !self.doubts.is_empty() {
            self.doubts.remove(&(kind, Arc::clone(name)));
        }
    }

    fn get(&self, kind: ResourceType, name: &Name) -> Option<&Rejection> {
        // The common case pays no allocation and no search.
        if self.by_name.is_empty() {
            return None;
        }
        self.by_name.get(&(kind, Arc::clone(name)))
    }

    /// Whether this version was rejected.
    pub(crate) fn contains(&self, entry: &Entry) -> bool {
        self.get(entry.resource_type(), entry.name())
            .is_some_and(|rejection| rejection.versions.contains(&entry.version()))
    }

    /// What was accepted last under a name that has rejected versions.
    pub(crate) fn last_good(&self, kind: ResourceType, name: &Name) -> Option<&Arc<Entry>> {
        self.get(kind, name).and_then(|rejection| rejection.last_good.as_ref())
    }

    /// Remembers a culprit and what stays in force in its place.
    pub(crate) fn hold(&mut self, entry: &Entry, message: String, in_force: Option<Arc<Entry>>) {
        let key = (entry.resource_type(), Arc::clone(entry.name()));
        if self.by_name.len() >= NAMES && !self.by_name.contains_key(&key) {
            self.by_name.pop_first();
        }
        let rejection = self.by_name.entry(key).or_insert_with(|| Rejection {
            versions: VecDeque::new(),
            message: String::new(),
            last_good: None,
        });
        if !rejection.versions.contains(&entry.version()) {
            rejection.versions.push_back(entry.version());
        }
        if rejection.versions.len() > VERSIONS {
            rejection.versions.pop_front();
        }
        rejection.message = message;
        rejection.last_good = in_force.or(rejection.last_good.take());
    }

    /// Remembers what was accepted, where that may be needed.
    pub(crate) fn accepted(&mut self, entry: &Arc<Entry>) {
        if self.by_name.is_empty() {
            return;
        }
        let key = (entry.resource_type(), Arc::clone(entry.name()));
        if let Some(rejection) = self.by_name.get_mut(&key) {
            rejection.last_good = Some(Arc::clone(entry));
        }
    }

    /// The names of a type that have rejected versions.
    pub(crate) fn names(&self, kind: ResourceType) -> impl Iterator<Item = &Name> {
        let of_kind = self.by_name.range((kind, Name::from(""))..).take_while(move |((k, _), _)| *k == kind);
        of_kind.map(|((_, name), _)| name)
    }

    /// The resources of a configuration that are held back.
    pub(crate) fn held(&self, snapshot: &Snapshot) -> Vec<HeldResource> {
        let held = self.by_name.iter().filter_map(|((kind, name), rejection)| {
            let entry = snapshot.get(*kind, name)?;
            rejection.versions.contains(&entry.version()).then(|| HeldResource {
                resource_type: *kind,
                name: Arc::clone(name),
                version: entry.version(),
                in_force: rejection.last_good.as_ref().map(|good| good.version()),
                message: rejection.message.clone(),
            })
        });
        held.collect()
    }
}

/// Resources that were rejected together: each group is offered alone, and halved when it is rejected again, so
/// that each resource is offered at most ⌈log2 n⌉ + 1 times in all.
#[derive(Debug, Default)]
pub(crate) struct Suspects {
    groups: VecDeque<Vec<Item>>,
}

impl Suspects {
    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Takes resources that were rejected together with others.
    pub(crate) fn split(&mut self, mut items: Vec<Item>) {
        let rest = items.split_off(items.len().div_ceil(2));
        for group in [rest, items] {
            if !group.is_empty() {
                self.groups.push_front(group);
            }
        }
    }

    /// The group to offer next.
    pub(crate) fn next(&self) -> Option<&[Item]> {
        self.groups.front().map(Vec::as_slice)
    }

    /// Removes the group that is being offered.
    pub(crate) fn take(&mut self) -> Vec<Item> {
        self.groups.pop_front().unwrap_or_default()
    }

    pub(crate) fn items(&self) -> impl Iterator<Item = &Item> {
        self.groups.iter().flatten()
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.items().any(|item| *item.name == *name)
    }

    /// Removes all that is this resource, under whatever name.
    pub(crate) fn extract(&mut self, resource: &Arc<Entry>) -> Vec<Name> {
        let is_it = |item: &mut Item| item.change.as_ref().is_some_and(|entry| entry.published() == resource);
        let items = self.groups.iter_mut().flat_map(|group| group.extract_if(.., is_it));
        let names = items.map(|item| item.name).collect();
        self.groups.retain(|group| !group.is_empty());
        names
    }

    /// Acquits a name, because what is to be sent under it has changed.
    pub(crate) fn remove(&mut self, name: &str) -> Option<Item> {
        let place = self.groups.iter().position(|group| group.iter().any(|item| *item.name == *name))?;
        let group = &mut self.groups[place];
        let item = group.iter().position(|item| *item.name == *name).map(|at| group.remove(at));
        if group.is_empty() {
            self.groups.remove(place);
        }
        item
    }
}
