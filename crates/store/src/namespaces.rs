//! One copy of each namespace's name.

use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashSet;

/// The names of namespaces. Thousands of objects share one, and each of them is named in several places.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    names: HashSet<Arc<str>, FixedState>,
    /// How many there were after the last sweep.
    swept: usize,
}

/// How many names are kept without looking whether anybody uses them.
const ROOM: usize = 64;

impl Namespaces {
    /// The shared copy of a name.
    pub(crate) fn shared(&mut self, name: &str) -> Arc<str> {
        self.sweep();
        self.names.get_or_insert_with(name, |name| name.into()).clone()
    }

    /// Lets go of names that nobody uses, whenever there are twice as many as after the last time.
    fn sweep(&mut self) {
        if self.names.len() >= ROOM.max(2 * self.swept) {
            self.names.retain(|name| Arc::strong_count(name) > 1);
            self.swept = self.names.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_one() {
        let mut namespaces = Namespaces::default();
        let first = namespaces.shared("a");
        assert!(Arc::ptr_eq(&first, &namespaces.shared("a")));
        assert_eq!(&*namespaces.shared("b"), "b");
    }

    #[test]
    fn names_that_nobody_uses_are_let_go() {
        let mut namespaces = Namespaces::default();
        let used: Vec<_> = (0..10).map(|number| namespaces.shared(&format!("used-{number}"))).collect();
        for number in 0..10 * ROOM {
            namespaces.shared(&format!("unused-{number}"));
        }
        assert!(namespaces.names.len() <= 2 * ROOM, "{}", namespaces.names.len());
        assert!(used.iter().all(|name| namespaces.names.contains(name)));
    }
}
