//! What units have to say about objects.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use model::ObjectId;
use store::Unit;
use translate::Note;

/// What each unit has to say about each object.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    by_object: HashMap<ObjectId, BTreeMap<Unit, Note>, FixedState>,
    by_unit: HashMap<Unit, Box<[ObjectId]>, FixedState>,
}

impl Notes {
    /// Replaces all that a unit says, and gives the objects about which that makes a difference.
    pub(crate) fn replace(&mut self, unit: &Unit, notes: BTreeMap<ObjectId, Note>) -> BTreeSet<ObjectId> {
        let mut changed = BTreeSet::new();
        let before = self.by_unit.remove(unit).unwrap_or_default();
        for object in before.iter().filter(|object| !notes.contains_key(*object)) {
            self.take(object, unit);
            changed.insert(object.clone());
        }
        if !notes.is_empty() {
            self.by_unit.insert(unit.clone(), notes.keys().cloned().collect());
        }
        for (object, note) in notes {
            let said = self.by_object.entry(object.clone()).or_default();
            if said.get(unit) != Some(&note) {
                said.insert(unit.clone(), note);
                changed.insert(object);
            }
        }
        changed
    }

    /// All that is said about an object, in the order of the units.
    pub(crate) fn about(&self, object: &ObjectId) -> Vec<&Note> {
        self.by_object.get(object).into_iter().flat_map(BTreeMap::values).collect()
    }

    fn take(&mut self, object: &ObjectId, unit: &Unit) {
        if let Some(said) = self.by_object.get_mut(object) {
            said.remove(unit);
            if said.is_empty() {
                self.by_object.remove(object);
            }
        }
    }
}
