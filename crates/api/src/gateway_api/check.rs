//! What an API server would refuse and no single field shows.

use std::collections::BTreeMap;

use crate::validate::{At, Findings};
use crate::{Choice, Choices};

/// A structure whose fields must go together.
pub trait Check {
    /// Adds what is wrong with it, and with what it contains, in the order of the fields.
    fn check(&self, at: &At<'_>, out: &mut Findings);
}

impl<T: Check> Check for [T] {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        for (index, item) in self.iter().enumerate() {
            item.check(&At::Index(at, index), out);
        }
    }
}

impl<T: Check> Check for Option<T> {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        if let Some(inner) = self {
            inner.check(at, out);
        }
    }
}

impl<T: Check> Check for Box<T> {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        self.as_ref().check(at, out);
    }
}

/// What was seen in a list, and where first.
#[derive(Debug)]
pub(super) struct Seen<K>(BTreeMap<K, usize>);

impl<K: Ord> Seen<K> {
    pub(super) fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Where it was seen before this place.
    pub(super) fn earlier(&mut self, key: K, index: usize) -> Option<usize> {
        let first = *self.0.entry(key).or_insert(index);
        (first != index).then_some(first)
    }
}

/// The field that a word stands for is there, and no other: the name of the word's field with the word, and each field
/// with its word and whether it is given.
pub(super) fn check_union<T: Choices>(
    (name, found): (&str, &Choice<T>),
    fields: &[(&str, T, bool)],
    at: &At<'_>,
    out: &mut Findings,
) {
    for (field, own, is_given) in fields {
        let own = Choice::from(*own);
        let message = match (*found == own, is_given) {
            (true, false) => format!("is required for the {name} {}", own.as_str()),
            (false, true) => format!("is for the {name} {} only", own.as_str()),
            (true, true) | (false, false) => continue,
        };
        out.add(&at.field(field), message);
    }
}

/// No type of `once` is there twice.
pub(super) fn check_once<'a, T: Choices>(
    types: impl Iterator<Item = &'a Choice<T>>,
    once: &[T],
    at: &At<'_>,
    out: &mut Findings,
) {
    let mut seen = Seen::new();
    for (index, found) in types.enumerate() {
        let first = seen.earlier(found.as_str(), index);
        if let Some(first) = first.filter(|_| found.known().is_some_and(|found| once.contains(&found))) {
            let message = format!("is a {}, as filters[{first}] is; only one can be used", found.as_str());
            out.add(&At::Index(at, index), message);
        }
    }
}
