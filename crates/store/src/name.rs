//! Namespaced names as keys.

use std::fmt;
use std::sync::Arc;

use hashbrown::Equivalent;
use model::{Kind, ObjectId};

/// A name in a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
}

impl Name {
    /// A name from its parts.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The object of this name and a kind.
    #[must_use]
    pub fn object(&self, kind: Kind) -> ObjectId {
        ObjectId { kind, namespace: self.namespace.clone(), name: self.name.clone() }
    }
}

impl From<&ObjectId> for Name {
    fn from(id: &ObjectId) -> Self {
        Self { namespace: id.namespace.clone(), name: id.name.clone() }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A [`Name`] by reference, for looking one up without making one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NameRef<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// The name.
    pub name: &'a str,
}

impl Equivalent<Name> for NameRef<'_> {
    fn equivalent(&self, key: &Name) -> bool {
        *self.name == *key.name && *self.namespace == *key.namespace
    }
}

impl<'a> From<&'a Name> for NameRef<'a> {
    fn from(Name { namespace, name }: &'a Name) -> Self {
        Self { namespace, name }
    }
}
