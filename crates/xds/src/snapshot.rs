//! The configuration of a fleet at one moment: immutable, shared, cheap to change and to compare.

use std::fmt;
use std::sync::{Arc, OnceLock};

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use crate::resource::{Name, Reference, Resource, ResourceType, Update, Version};
use crate::wire;

/// The number of a published configuration, counted per fleet from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

impl Generation {
    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }

    pub(crate) fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A resource in its place: typed.
pub struct Entry {
    resource_type: ResourceType,
    resource: Resource,
    /// What was published, when this is the same under another name.
    origin: Option<Arc<Entry>>,
}

impl Entry {
    /// The resource of this type.
    pub fn new(resource_type: ResourceType, resource: Resource) -> Arc<Self> {
        Arc::new(Self::of(resource_type, resource.sorted(), None))
    }

    fn of(resource_type: ResourceType, resource: Resource, origin: Option<Arc<Self>>) -> Self {
        Self { resource_type, resource, origin }
    }

    /// The same under this name, if the resource can have another than its own.
    pub(crate) fn under(self: &Arc<Self>, name: &Name) -> Option<Arc<Self>> {
        if self.name() == name {
            return Some(Arc::clone(self));
        }
        let renamed = self.resource.under(name)?;
        Some(Arc::new(Self::of(self.resource_type, renamed, Some(Arc::clone(self)))))
    }

    /// The resource under the name that it was published with.
    pub(crate) fn published(self: &Arc<Self>) -> &Arc<Self> {
        self.origin.as_ref().unwrap_or(self)
    }

    /// The type.
    pub fn resource_type(&self) -> ResourceType {
        self.resource_type
    }

    /// The name.
    pub fn name(&self) -> &Name {
        &self.resource.name
    }

    /// The version.
    pub fn version(&self) -> Version {
        self.resource.version
    }

    /// The resource as it was published.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    pub(crate) fn refs(&self) -> &[Reference] {
        &self.resource.refs
    }
}

/// Equal content: what Envoy could tell apart.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.resource.version == other.resource.version && self.resource.name == other.resource.name
    }
}

impl Eq for Entry {}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.resource_type, self.resource)
    }
}

/// All resources of one type by name.
pub type Table = OrdMap<Name, Arc<Entry>>;

/// The complete configuration of a fleet. Clones share everything.
#[derive(Clone, Default)]
pub struct Snapshot {
    generation: Generation,
    is_complete: bool,
    tables: [Table; 7],
    digests: [OnceLock<Version>; 7],
}

impl Snapshot {
    /// The configuration without any resource, before the first update.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The same, with the numbers going on after a configuration that was given up.
    pub(crate) fn empty_after(generation: Generation) -> Self {
        Self { generation, ..Self::default() }
    }

    /// The number of the update that made it.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// All resources of a type.
    pub fn table(&self, resource_type: ResourceType) -> &Table {
        &self.tables[resource_type.index()]
    }

    /// One resource.
    pub fn get(&self, resource_type: ResourceType, name: &str) -> Option<&Arc<Entry>> {
        self.table(resource_type).get(name)
    }

    /// The hash over all names and versions of a type: the version of a full state-of-the-world response.
    pub(crate) fn digest(&self, resource_type: ResourceType) -> Version {
        *self.digests[resource_type.index()].get_or_init(|| wire::digest(self.table(resource_type).values()))
    }

    /// The configuration after an update, or `None` when the update changes nothing (X-074).
    ///
    /// The first update counts as a change even when it is empty: it says that the configuration is complete.
    pub fn apply(&self, update: Update) -> Option<Self> {
        let mut tables = self.tables.clone();
        let mut changed = !self.is_complete;
        for (resource_type, name) in update.removed {
            changed |= tables[resource_type.index()].remove(&name).is_some();
        }
        for (resource_type, resource) in update.set {
            changed |= set(&mut tables[resource_type.index()], Entry::new(resource_type, resource));
        }
        changed.then(|| Self {
            generation: self.generation.next(),
            is_complete: true,
            tables,
            digests: Default::default(),
        })
    }

    /// The names of a type whose content differs in `newer`, in order.
    pub(crate) fn changed_names(&self, newer: &Self, resource_type: ResourceType) -> Vec<Name> {
        let (old, new) = (self.table(resource_type), newer.table(resource_type));
        if old.ptr_eq(new) {
            return Vec::new();
        }
        let name = |item| match item {
            DiffItem::Add(name, _) | DiffItem::Remove(name, _) => Arc::clone(name),
            DiffItem::Update { new: (name, _), .. } => Arc::clone(name),
        };
        old.diff(new).map(name).collect()
    }
}

fn set(table: &mut Table, entry: Arc<Entry>) -> bool {
    if table.get(entry.name()).is_some_and(|present| **present == *entry) {
        return false;
    }
    table.insert(Arc::clone(entry.name()), entry);
    true
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = ResourceType::ALL.map(|kind| (kind, self.table(kind).len()));
        f.debug_struct("Snapshot").field("generation", &self.generation).field("resources", &counts).finish()
    }
}

/// A reference whose target is not in the same configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClosureGap {
    /// The type of the resource that refers.
    pub from_type: ResourceType,
    /// The name of the resource that refers.
    pub from: Name,
    /// The reference that leads nowhere.
    pub to: Reference,
}

impl fmt::Display for ClosureGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reference { resource_type, name, .. } = &self.to;
        write!(f, "{} {} refers to {resource_type} {name}, which does not exist", self.from_type, self.from)
    }
}

/// Every reference of the configuration whose target is missing from it; a good configuration has none (X-056).
pub fn closure_gaps(snapshot: &Snapshot) -> Vec<ClosureGap> {
    let entries = ResourceType::ALL.into_iter().flat_map(|kind| snapshot.table(kind).values());
    entries.flat_map(|entry| gaps_of(snapshot, entry)).collect()
}

fn gaps_of<'a>(snapshot: &'a Snapshot, entry: &'a Entry) -> impl Iterator<Item = ClosureGap> + 'a {
    let missing = entry.refs().iter().filter(|to| snapshot.get(to.resource_type, &to.name).is_none());
    missing.map(|to| ClosureGap {
        from_type: entry.resource_type,
        from: Arc::clone(entry.name()),
        to: to.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(set: &[(ResourceType, &str, &str)], removed: &[(ResourceType, &str)]) -> Update {
        Update {
            set: set
                .iter()
                .map(|(kind, name, body)| (*kind, Resource::new(*name, body.as_bytes().to_vec())))
                .collect(),
            removed: removed.iter().map(|(kind, name)| (*kind, Name::from(*name))).collect(),
        }
    }

    #[test]
    fn equal_update_makes_no_configuration() {
        let first = Snapshot::empty().apply(update(&[(ResourceType::Cluster, "a", "1")], &[])).unwrap();
        assert!(first.apply(update(&[(ResourceType::Cluster, "a", "1")], &[])).is_none());
        assert!(first.apply(update(&[], &[(ResourceType::Cluster, "b")])).is_none());
        assert!(first.apply(Update::default()).is_none());
    }

    #[test]
    fn first_update_counts_even_when_empty() {
        let first = Snapshot::empty().apply(Update::default()).unwrap();
        assert_eq!(first.generation(), Generation(1));
    }

    #[test]
    fn changed_names_are_those_whose_content_differs() {
        let all: Vec<_> = (0..100).map(|i| (format!("c{i:03}"), "1")).collect();
        let set: Vec<_> = all.iter().map(|(n, b)| (ResourceType::Cluster, n.as_str(), *b)).collect();
        let old = Snapshot::empty().apply(update(&set, &[])).unwrap();
        let new = old
            .apply(update(
                &[(ResourceType::Cluster, "c007", "2"), (ResourceType::Cluster, "x", "1")],
                &[(ResourceType::Cluster, "c050")],
            ))
            .unwrap();
        let names = old.changed_names(&new, ResourceType::Cluster);
        assert_eq!(names.iter().map(|n| &**n).collect::<Vec<_>>(), ["c007", "c050", "x"]);
        assert!(old.changed_names(&new, ResourceType::Listener).is_empty());
    }

    #[test]
    fn references_are_put_in_order_when_published() {
        let to = |name: &str| Reference::acked(ResourceType::Cluster, name);
        let mut route = Resource::new("r", "1");
        route.refs = [to("b"), to("a"), to("b")].into();
        let entry = Entry::new(ResourceType::RouteConfiguration, route);
        assert_eq!(entry.refs(), [to("a"), to("b")]);
    }

    #[test]
    fn digest_depends_on_content_only() {
        let a = Snapshot::empty().apply(update(&[(ResourceType::Cluster, "a", "1")], &[])).unwrap();
        let b = a.apply(update(&[(ResourceType::Cluster, "b", "1")], &[])).unwrap();
        let c = b.apply(update(&[], &[(ResourceType::Cluster, "b")])).unwrap();
        assert_ne!(a.digest(ResourceType::Cluster), b.digest(ResourceType::Cluster));
        assert_eq!(a.digest(ResourceType::Cluster), c.digest(ResourceType::Cluster));
    }
}
