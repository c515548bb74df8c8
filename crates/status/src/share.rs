//! Which Gateways we write about, where several controllers have one name.
//!
//! A Gateway may have a controller of its own. An entry of a route is that one's, and not ours, when it is about that
//! Gateway, or about a ListenerSet of it.

use std::collections::{BTreeMap, BTreeSet};

use api::gateway_api::GROUP;
use api::gateway_api::references::ParentReference;
use model::ParentRef;

use crate::{Kind, Target};

/// What we write about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Share {
    /// The name of our entries in routes and policies.
    pub(crate) controller: Box<str>,
    /// What is said of Gateways that nobody has told of.
    others: Others,
    /// Those of which the contrary is true.
    told: BTreeSet<Target>,
    /// The Gateway of each ListenerSet.
    sets: BTreeMap<Target, Target>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    /// We write about them.
    Ours,
    /// Somebody else does.
    Theirs,
}

impl Share {
    /// All Gateways but those that are told of.
    pub(crate) fn most(controller: &str) -> Self {
        let (told, sets) = (BTreeSet::new(), BTreeMap::new());
        Self { controller: controller.into(), others: Others::Ours, told, sets }
    }

    /// None but those that are told of.
    pub(crate) fn none(controller: &str) -> Self {
        Self { others: Others::Theirs, ..Self::most(controller) }
    }

    /// Takes note of whether we write about a Gateway; whether that is news.
    pub(crate) fn tell(&mut self, gateway: Target, is_ours: bool) -> bool {
        match is_ours == (self.others == Others::Ours) {
            true => self.told.remove(&gateway),
            false => self.told.insert(gateway),
        }
    }

    /// Takes note of the Gateway that a ListenerSet belongs to; whether somebody else writes about it now.
    pub(crate) fn attach(&mut self, set: &Target, gateway: Option<Target>) -> bool {
        let before = self.has(set);
        match gateway {
            Some(gateway) => drop(self.sets.insert(set.clone(), gateway)),
            None => drop(self.sets.remove(set)),
        }
        self.has(set) != before
    }

    /// Whether we write the status of an object.
    pub(crate) fn has(&self, target: &Target) -> bool {
        match target.kind {
            Kind::Gateway => self.told.contains(target) == (self.others == Others::Theirs),
            Kind::ListenerSet => match self.sets.get(target) {
                Some(gateway) => self.has(gateway),
                None => self.others == Others::Ours,
            },
            Kind::GatewayClass
            | Kind::ExtensionService
            | Kind::TlsCertificateDelegation
            | Kind::HeptioCertificateDelegation => self.others == Others::Ours,
            // Who writes about no Gateway has nothing to say about what is attached to one.
            kind => !kind.is_gateway_api() || self.others == Others::Ours || !self.told.is_empty(),
        }
    }

    /// Whether an entry about this parent of an object is ours, when it bears our name.
    pub(crate) fn has_parent<'a>(&self, object: &'a Target, parent: impl Into<Parent<'a>>) -> bool {
        // That is so as a rule.
        if self.told.is_empty() {
            return self.others == Others::Ours;
        }
        let Parent { group, kind, namespace, name } = parent.into();
        let kind = match (group, kind) {
            (GROUP, "Gateway") => Kind::Gateway,
            (GROUP, "ListenerSet") => Kind::ListenerSet,
            _ => return self.others == Others::Ours,
        };
        self.has(&Target::new(kind, namespace.unwrap_or(&object.namespace), name))
    }
}

/// The parent that an entry is about, as far as it matters whose the entry is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parent<'a> {
    group: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
}

impl<'a> From<&'a ParentRef> for Parent<'a> {
    fn from(parent: &'a ParentRef) -> Self {
        let ParentRef { group, kind, namespace, name, .. } = parent;
        Self { group, kind, namespace: namespace.as_deref(), name }
    }
}

impl<'a> From<&'a ParentReference> for Parent<'a> {
    fn from(parent: &'a ParentReference) -> Self {
        let ParentReference { group, kind, namespace, name, .. } = parent;
        Self { group, kind, namespace: namespace.as_deref(), name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(name: &str) -> Target {
        Target::new(Kind::Gateway, "ns", name)
    }

    fn parent(kind: &str, namespace: Option<&str>, name: &str) -> ParentRef {
        ParentRef {
            group: api::gateway_api::GROUP.into(),
            kind: kind.into(),
            namespace: namespace.map(Into::into),
            name: name.into(),
            section_name: None,
            port: None,
        }
    }

    #[test]
    fn what_one_controller_writes_the_other_does_not() {
        let (mut shared, mut own) = (Share::most("c"), Share::none("c"));
        let route = Target::new(Kind::HttpRoute, "ns", "route");
        let set = Target::new(Kind::ListenerSet, "ns", "set");
        let told = [shared.tell(gateway("a"), false), own.tell(gateway("a"), true)];
        assert_eq!(told, [true, true]);
        let attached = [&mut shared, &mut own].map(|share| share.attach(&set, Some(gateway("a"))));
        assert_eq!(attached, [true, true]);
        for (parent, is_own) in [
            (parent("Gateway", None, "a"), true),
            (parent("Gateway", Some("ns"), "a"), true),
            (parent("ListenerSet", None, "set"), true),
            (parent("Gateway", Some("other"), "a"), false),
            (parent("Gateway", None, "b"), false),
            (parent("ListenerSet", None, "unknown"), false),
            (parent("Service", None, "a"), false),
        ] {
            let found = [shared.has_parent(&route, &parent), own.has_parent(&route, &parent)];
            assert_eq!(found, [!is_own, is_own], "{parent:?}");
        }
        assert_eq!([shared.has(&gateway("a")), own.has(&gateway("a"))], [false, true]);
        // And back.
        let told = [shared.tell(gateway("a"), true), own.tell(gateway("a"), false)];
        assert_eq!(told, [true, true]);
        assert_eq!([shared.has(&set), own.has(&set)], [true, false]);
        assert!(!shared.tell(gateway("a"), true));
    }

    #[test]
    fn a_listener_set_of_a_gateway_of_ours_is_no_news() {
        let mut shared = Share::most("c");
        let set = Target::new(Kind::ListenerSet, "ns", "set");
        assert!(!shared.attach(&set, Some(gateway("a"))));
        shared.tell(gateway("b"), false);
        assert!(shared.attach(&set, Some(gateway("b"))));
        assert!(shared.attach(&set, None));
    }
}
