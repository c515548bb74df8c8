//! What a resource names: other resources that must be there before it is.

use std::fmt;
use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use crate::ResourceType;

/// What has to have happened to the resource that is named before the one that names it may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Needs {
    /// It was sent: Envoy waits for the content by itself (secrets, endpoints, route configurations).
    Sent,
    /// It was acknowledged: until then, requests would find nothing (clusters that routes name).
    Acked,
    /// Its present version was acknowledged: what is taken away is served there from now on (listeners that route
    /// tables make way for).
    InForce,
}

/// One resource that another names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// Its kind.
    pub resource_type: ResourceType,
    /// Its name.
    pub name: Arc<str>,
    /// What has to have happened to it.
    pub needs: Needs,
}

impl Reference {
    /// A cluster that routes name.
    pub(crate) fn cluster(name: Arc<str>) -> Self {
        Self { resource_type: ResourceType::Cluster, name, needs: Needs::Acked }
    }

    /// A scope without which a new filter chain would find no route.
    pub(crate) fn scope(name: Arc<str>) -> Self {
        Self { resource_type: ResourceType::ScopedRouteConfiguration, name, needs: Needs::Acked }
    }

    /// A listener whose chains must be there first, as they are now.
    pub(crate) fn listener(name: Arc<str>) -> Self {
        Self { resource_type: ResourceType::Listener, name, needs: Needs::InForce }
    }

    /// A resource whose content Envoy waits for by itself.
    pub(crate) fn sent(resource_type: ResourceType, name: impl Into<Arc<str>>) -> Self {
        Self { resource_type, name: name.into(), needs: Needs::Sent }
    }
}

/// The resources that a resource names: a sorted set.
///
/// A table of 10,000 hosts names as many clusters; a change of one host must not copy them. The large
/// form shares structure between versions, so that a clone costs nothing and
/// [`added_since`](Self::added_since) only what changed. The small form is one shared slice.
#[derive(Clone)]
pub struct References(Form);

#[derive(Clone)]
enum Form {
    Few(Arc<[Reference]>),
    Counted(OrdMap<Reference, u32>),
}

impl References {
    /// A set from references in any order.
    #[must_use]
    pub fn new(mut references: Vec<Reference>) -> Self {
        references.sort_unstable();
        references.dedup();
        Self(Form::Few(references.into()))
    }

    /// All of them, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &Reference> {
        let (few, counted) = match &self.0 {
            Form::Few(few) => (Some(few.iter()), None),
            Form::Counted(counts) => (None, Some(counts.keys())),
        };
        few.into_iter().flatten().chain(counted.into_iter().flatten())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Few(few) => few.len(),
            Form::Counted(counts) => counts.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn contains(&self, reference: &Reference) -> bool {
        match &self.0 {
            Form::Few(few) => few.binary_search(reference).is_ok(),
            Form::Counted(counts) => counts.contains_key(reference),
        }
    }

    /// Those that an older version of the same resource did not name; sorted.
    #[must_use]
    pub fn added_since(&self, older: &Self) -> Vec<Reference> {
        match (&older.0, &self.0) {
            (Form::Counted(before), Form::Counted(now)) => {
                before.diff(now).filter_map(|item| added(&item)).collect()
            }
            (Form::Few(_) | Form::Counted(_), _) => {
                self.iter().filter(|reference| !older.contains(reference)).cloned().collect()
            }
        }
    }
}

fn added(item: &DiffItem<'_, '_, Reference, u32>) -> Option<Reference> {
    match item {
        DiffItem::Add(reference, _) => Some((*reference).clone()),
        DiffItem::Update { .. } | DiffItem::Remove(..) => None,
    }
}

impl Default for References {
    fn default() -> Self {
        Self::new(vec![])
    }
}

impl PartialEq for References {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for References {}

impl fmt::Debug for References {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The references of a resource that many hosts share, each counted by the hosts that need it.
#[derive(Clone, Default)]
pub(crate) struct Tally(OrdMap<Reference, u32>);

impl Tally {
    /// One more host needs these.
    pub(crate) fn add(&mut self, references: &[Reference]) {
        for reference in references {
            *self.0.entry(reference.clone()).or_insert(0) += 1;
        }
    }

    /// One host less needs these.
    pub(crate) fn subtract(&mut self, references: &[Reference]) {
        for reference in references {
            match self.0.get_mut(reference) {
                Some(count) if *count > 1 => *count -= 1,
                Some(_) | None => {
                    self.0.remove(reference);
                }
            }
        }
    }

    /// The set as it is now.
    pub(crate) fn references(&self) -> References {
        References(Form::Counted(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(name: &str) -> Reference {
        Reference::cluster(name.into())
    }

    #[test]
    fn a_reference_stays_while_one_host_needs_it() {
        let mut tally = Tally::default();
        tally.add(&[cluster("a"), cluster("b")]);
        tally.add(&[cluster("b")]);
        tally.subtract(&[cluster("a"), cluster("b")]);
        assert_eq!(tally.references(), References::new(vec![cluster("b")]));
        tally.subtract(&[cluster("b")]);
        assert!(tally.references().is_empty());
    }

    #[test]
    fn added_since_is_the_same_in_both_forms() {
        let mut tally = Tally::default();
        tally.add(&[cluster("a"), cluster("c")]);
        let before = tally.references();
        tally.add(&[cluster("a"), cluster("b")]);
        tally.subtract(&[cluster("c")]);
        let now = tally.references();
        assert_eq!(now.added_since(&before), [cluster("b")]);
        let few = References::new(vec![cluster("b"), cluster("a")]);
        assert_eq!(few.added_since(&before), [cluster("b")]);
        assert_eq!(now.added_since(&References::default()), [cluster("a"), cluster("b")]);
        assert_eq!(few, now);
    }
}
