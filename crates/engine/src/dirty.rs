//! The units that wait to be run.

use std::collections::VecDeque;

use foldhash::fast::FixedState;
use hashbrown::HashSet;
use store::Unit;

use crate::hash::digest;

/// For how many units of a kind room is kept while none waits.
const ROOM: usize = 1024;

/// The units that wait to be run: by kind in the order of [`Unit`], within a kind as they came, each once.
#[derive(Debug, Default)]
pub(crate) struct Dirty {
    queues: [Queue; 8],
}

/// Units of a kind.
///
/// Many wait at the first configuration; to keep them sorted would cost more than to run some of them, and so would a
/// table of all their names: who waits is known by its digest. Each kind has a table of its own, so that those of which
/// few wait at a time are found in a small one.
#[derive(Debug, Default)]
struct Queue {
    waiting: HashSet<u128, FixedState>,
    units: VecDeque<(u128, Unit)>,
}

impl Dirty {
    /// Adds a unit, unless it waits already.
    pub(crate) fn insert(&mut self, unit: Unit) {
        self.queues[queue(&unit)].insert(unit);
    }

    /// How many roots wait.
    pub(crate) fn roots(&self) -> usize {
        self.queues[ROOTS].units.len()
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.queues.iter().all(|queue| queue.units.is_empty())
    }

    /// Takes the next unit.
    pub(crate) fn pop(&mut self) -> Option<Unit> {
        self.queues.iter_mut().find_map(Queue::pop)
    }

    /// Takes the next unit that follows from roots and is no report.
    pub(crate) fn pop_following(&mut self) -> Option<Unit> {
        self.queues[ROOTS + 1..REPORTS].iter_mut().find_map(Queue::pop)
    }

    /// Gives back the room that many units took, once they are done.
    pub(crate) fn shrink(&mut self) {
        self.queues.iter_mut().for_each(Queue::shrink);
    }
}

impl Queue {
    fn insert(&mut self, unit: Unit) {
        let digest = digest(&unit);
        if self.waiting.insert(digest) {
            self.units.push_back((digest, unit));
        }
    }

    fn pop(&mut self) -> Option<Unit> {
        let (digest, unit) = self.units.pop_front()?;
        self.waiting.remove(&digest);
        Some(unit)
    }

    fn shrink(&mut self) {
        if self.units.is_empty() && self.waiting.capacity() > ROOM {
            *self = Self::default();
        }
    }
}

impl Extend<Unit> for Dirty {
    fn extend<I: IntoIterator<Item = Unit>>(&mut self, units: I) {
        units.into_iter().for_each(|unit| self.insert(unit));
    }
}

/// The queue of roots.
const ROOTS: usize = 2;
/// That of reports.
const REPORTS: usize = 7;

const fn queue(unit: &Unit) -> usize {
    match unit {
        Unit::Gateways(_) => 0,
        Unit::Extension(..) => 1,
        Unit::Root(_) => ROOTS,
        Unit::VirtualHost(_) => 3,
        Unit::Cluster(..) => 4,
        Unit::Endpoints(..) => 5,
        Unit::Secret(..) => 6,
        Unit::Report(_) => REPORTS,
    }
}

#[cfg(test)]
mod tests {
    use model::{FleetId, Kind, ObjectId, SecretKey};

    use super::*;

    #[test]
    fn roots_come_first_reports_last_and_each_unit_once() {
        let object = |name: &str| ObjectId::new(Kind::Ingress, "ns", name);
        let mut dirty = Dirty::default();
        let report = Unit::Report(object("a"));
        let secret = Unit::Secret(FleetId::ingress(), SecretKey::pair("ns", "tls"));
        let [second, first] = ["b", "a"].map(|name| Unit::Root(object(name)));
        dirty.extend([report.clone(), secret.clone(), second.clone(), first.clone(), second.clone()]);
        assert_eq!(dirty.pop_following(), Some(secret));
        assert_eq!(dirty.pop_following(), None);
        assert_eq!([dirty.pop(), dirty.pop(), dirty.pop()], [Some(second), Some(first), Some(report)]);
        assert_eq!(dirty.pop(), None);
    }
}
