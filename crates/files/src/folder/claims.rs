//! Who defines an object.

use std::path::Path;
use std::sync::Arc;

/// One document that has the object. Ordered by path, then position: the first one counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    pub(super) file: Arc<Path>,
    pub(super) document: usize,
    pub(super) item: usize,
    /// Hash of the object; `None` when it cannot be used, and the last form that could be stays.
    pub(super) hash: Option<u128>,
}

impl Claim {
    pub(super) fn new(file: &Arc<Path>, document: usize, item: usize, hash: Option<u128>) -> Self {
        Self { file: Arc::clone(file), document, item, hash }
    }

    /// A file that had the object and is not understood now.
    pub(super) fn held(file: &Arc<Path>) -> Self {
        Self { file: Arc::clone(file), document: usize::MAX, item: usize::MAX, hash: None }
    }

    fn is_held(&self) -> bool {
        self.document == usize::MAX
    }
}

/// All claims to one object, sorted.
#[derive(Debug, Default)]
pub(super) struct Claims {
    sorted: Vec<Claim>,
}

impl Claims {
    pub(super) fn add(&mut self, claim: Claim) {
        let at = self.sorted.partition_point(|other| *other < claim);
        self.sorted.insert(at, claim);
    }

    /// Takes back the claims of a file.
    pub(super) fn withdraw(&mut self, file: &Path) {
        self.sorted.retain(|claim| *claim.file != *file);
    }

    /// The one that counts.
    pub(super) fn first(&self) -> Option<&Claim> {
        self.sorted.first()
    }

    /// Those that stand in a text in force.
    pub(super) fn real(&self) -> impl Iterator<Item = &Claim> {
        self.sorted.iter().filter(|claim| !claim.is_held())
    }

    pub(super) fn is_contested(&self) -> bool {
        self.sorted.len() > 1
    }
}
