//! What a client wants of one type on one stream.

use std::collections::BTreeSet;

use crate::resource::{Name, ResourceType};

const ALL: &str = "*";

/// How "everything" was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wildcard {
    #[default]
    No,
    /// A first request without names.
    Legacy,
    /// The name `*`.
    Explicit,
}

/// The wildcard and the names that were asked for by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subscription {
    wildcard: Wildcard,
    names: BTreeSet<Name>,
    was_explicit: bool,
}

/// What a request changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// Everything is wanted from now on.
    pub(crate) all: bool,
    /// Not everything is wanted any more.
    pub(crate) not_all: bool,
    /// Names to be answered, whatever the client has.
    pub(crate) asked: Vec<Name>,
    /// Names that the client has forgotten.
    pub(crate) dropped: BTreeSet<Name>,
}

impl Subscription {
    /// Whether the client wants this name.
    pub(crate) fn covers(&self, name: &str) -> bool {
        self.is_all() || self.names.contains(name)
    }

    pub(crate) fn is_all(&self) -> bool {
        self.wildcard != Wildcard::No
    }

    /// The names that were asked for by name, in order.
    pub(crate) fn names(&self) -> &BTreeSet<Name> {
        &self.names
    }

    /// Takes a name as not asked for.
    pub(crate) fn forget(&mut self, name: &str) {
        self.names.remove(name);
    }

    /// Applies the lists of a delta request: first what is unsubscribed, then what is subscribed.
    pub(crate) fn delta(
        &mut self,
        kind: ResourceType,
        first: bool,
        subscribe: Vec<Name>,
        unsubscribe: &[Name],
    ) -> Change {
        let mut change = Change::default();
        if first && subscribe.is_empty() && kind.has_wildcard() {
            self.wildcard = Wildcard::Legacy;
            change.all = true;
        }
        for name in unsubscribe {
            self.delta_unsubscribe(kind, name, &mut change);
        }
        for name in subscribe {
            self.delta_subscribe(kind, name, &mut change);
        }
        change
    }

    fn delta_subscribe(&mut self, kind: ResourceType, name: Name, change: &mut Change) {
        if is_wildcard(kind, &name) {
            change.all |= !self.is_all();
            self.wildcard = Wildcard::Explicit;
            return;
        }
        change.dropped.remove(&name);
        self.names.insert(name.clone());
        change.asked.push(name);
    }

    fn delta_unsubscribe(&mut self, kind: ResourceType, name: &str, change: &mut Change) {
        if is_wildcard(kind, name) {
            change.not_all |= self.is_all();
            change.all = false;
            self.wildcard = Wildcard::No;
        } else if let Some(name) = self.names.take(name) {
            // Under a wildcard the client cannot know whether it still has the resource: it is told.
            match self.is_all() {
                true => change.asked.push(name),
                false => drop(change.dropped.insert(name)),
            }
        }
    }

    /// Applies the list of a state-of-the-world request, which is the whole wish.
    pub(crate) fn sotw(&mut self, kind: ResourceType, names: BTreeSet<Name>) -> Change {
        let star = names.iter().any(|name| is_wildcard(kind, name));
        let wildcard = match (names.is_empty(), star) {
            (_, true) => Wildcard::Explicit,
            (true, false) if !self.was_explicit && kind.has_wildcard() => Wildcard::Legacy,
            (_, false) => Wildcard::No,
        };
        let mut names = names;
        if star {
            names.remove(ALL);
        }
        self.was_explicit |= star || !names.is_empty();
        let change = Change {
            all: wildcard != Wildcard::No && !self.is_all(),
            not_all: wildcard == Wildcard::No && self.is_all(),
            asked: names.difference(&self.names).cloned().collect(),
            dropped: match wildcard {
                Wildcard::No => self.names.difference(&names).cloned().collect(),
                Wildcard::Legacy | Wildcard::Explicit => BTreeSet::new(),
            },
        };
        self.wildcard = wildcard;
        self.names = names;
        change
    }
}

/// `*` is a name like any other where there is no wildcard.
fn is_wildcard(kind: ResourceType, name: &str) -> bool {
    name == ALL && kind.has_wildcard()
}
