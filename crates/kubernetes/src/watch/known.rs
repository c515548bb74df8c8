//! What is known of one kind: which objects there are, and in which form each was told last.

use std::collections::BTreeMap;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::decode::Head;

/// The objects of one kind. Nothing but their names and a hash of their versions is kept.
#[derive(Debug, Default)]
pub(super) struct Known {
    objects: BTreeMap<Arc<str>, BTreeMap<Box<str>, Entry>>,
    count: usize,
    /// The number of the list that is being read, or was read last.
    list: u32,
}

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    form: u64,
    /// The list that it was in last; newer than the last list: an event.
    list: u32,
}

/// Whether there is something to tell of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// It was told in just this form.
    Told,
    /// It is new, or has another form.
    New,
}

impl Known {
    /// A list begins: what is not in it, and not told by the watch that follows, will be gone in the end.
    pub(super) fn begin_list(&mut self) {
        self.list = self.list.wrapping_add(1);
    }

    /// An object is there.
    pub(super) fn see(&mut self, head: &Head<'_>) -> Sight {
        let entry = Entry { form: form(head), list: self.list };
        let objects = match self.objects.get_mut(head.namespace()) {
            Some(objects) => objects,
            None => self.objects.entry(head.namespace().into()).or_default(),
        };
        match objects.get_mut(head.name()) {
            Some(known) if known.form == entry.form => {
                known.list = entry.list;
                Sight::Told
            }
            Some(known) => {
                *known = entry;
                Sight::New
            }
            None => {
                objects.insert(head.name().into(), entry);
                self.count += 1;
                Sight::New
            }
        }
    }

    /// An object is gone: says whether it was known.
    pub(super) fn forget(&mut self, head: &Head<'_>) -> bool {
        let Some(objects) = self.objects.get_mut(head.namespace()) else { return false };
        let was_known = objects.remove(head.name()).is_some();
        if objects.is_empty() {
            self.objects.remove(head.namespace());
        }
        self.count -= usize::from(was_known);
        was_known
    }

    /// How many objects were not in the list.
    pub(super) fn absent(&self) -> usize {
        let entries = self.objects.values().flat_map(BTreeMap::values);
        entries.filter(|entry| entry.list != self.list).count()
    }

    /// The list is complete: takes out what was not in it, and gives namespaces and names, in order.
    pub(super) fn end_list(&mut self) -> Vec<(Arc<str>, Box<str>)> {
        let list = self.list;
        let mut gone = Vec::new();
        for (namespace, objects) in &mut self.objects {
            let absent = objects.extract_if(.., |_, entry| entry.list != list);
            gone.extend(absent.map(|(name, _)| (Arc::clone(namespace), name)));
        }
        self.objects.retain(|_, objects| !objects.is_empty());
        self.count -= gone.len();
        gone
    }

    /// How many objects there are.
    pub(super) const fn count(&self) -> usize {
        self.count
    }
}

/// Another object of the same name has another uid, and every write a new version.
fn form(head: &Head<'_>) -> u64 {
    let mut hasher = Xxh3::new();
    hasher.update(head.uid().as_bytes());
    hasher.update(&[0]);
    hasher.update(head.version().as_bytes());
    hasher.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn see(known: &mut Known, name: &str, uid: &str, version: &str) -> Sight {
        known.see(&Head::new("ns", name, uid, version))
    }

    #[test]
    fn only_other_forms_are_told() {
        let mut known = Known::default();
        assert_eq!(see(&mut known, "a", "1", "5"), Sight::New);
        assert_eq!(see(&mut known, "a", "1", "5"), Sight::Told);
        assert_eq!(see(&mut known, "a", "1", "6"), Sight::New);
        assert_eq!(see(&mut known, "a", "2", "6"), Sight::New);
        assert_eq!(known.count(), 1);
    }

    #[test]
    fn what_a_complete_list_lacks_is_gone() {
        let mut known = Known::default();
        for name in ["a", "b", "c"] {
            see(&mut known, name, "1", "1");
        }
        known.begin_list();
        // A list that broke off takes nothing away.
        see(&mut known, "a", "1", "1");
        known.begin_list();
        see(&mut known, "b", "1", "1");
        see(&mut known, "d", "1", "1");
        assert_eq!(known.absent(), 2);
        let gone: Vec<_> = known.end_list().into_iter().map(|(_, name)| name).collect();
        assert_eq!(gone, ["a".into(), "c".into()]);
        assert_eq!(known.count(), 2);
        assert!(known.forget(&Head::new("ns", "b", "1", "1")));
        assert!(!known.forget(&Head::new("ns", "b", "1", "1")));
        assert_eq!(known.count(), 1);
    }
}
