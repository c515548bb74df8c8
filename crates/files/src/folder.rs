//! Manifests in files and folders as a set of objects that changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use api::{Object, ObjectId, Violation};

mod claims;
mod scan;
mod walk;

use crate::diagnostic::{Diagnostic, Excerpt, Severity};
use crate::manifest;
use crate::source::{Location, Locator, Source, Target};
use claims::{Claim, Claims};
pub use scan::Scan;
use scan::{Record, Seen, Text};
pub(crate) use walk::{Inodes, inode, is_manifest};
use walk::{Listed, Stamp};

/// The manifests under some paths.
///
/// Keeps the texts and a hash for each object, but not the objects: these are handed out once, when they change.
#[derive(Debug)]
pub struct Folder {
    roots: Vec<PathBuf>,
    files: BTreeMap<PathBuf, FileState>,
    objects: BTreeMap<ObjectId, Entry>,
    /// Objects that stand in several places.
    contested: BTreeSet<ObjectId>,
    /// Paths that cannot be read.
    problems: Vec<Diagnostic>,
    /// The document that something was located in last.
    last: Mutex<Option<Locator>>,
}

/// What is known of one file.
#[derive(Debug)]
struct FileState {
    stamp: Stamp,
    /// Whether an equal stamp means an equal text.
    settled: bool,
    /// Of the newest text, be it in force or not; `None` when it could not be read.
    hash: Option<u128>,
    /// The text in force.
    text: Text,
    /// Objects that the text in force may lack only because it is not understood; they stay.
    held: BTreeSet<ObjectId>,
    /// What is wrong with a newer text that is not in force.
    rejected: Vec<Diagnostic>,
}

/// One object: who defines it, and what was handed out.
#[derive(Debug, Default)]
struct Entry {
    claims: Claims,
    given: Option<Given>,
}

/// The form that was handed out last.
#[derive(Debug)]
struct Given {
    hash: u128,
    source: Source,
}

/// An object with its place.
#[derive(Clone, Debug)]
pub struct Sourced<T> {
    /// The object.
    pub object: T,
    /// Where it stands.
    pub source: Source,
}

/// Everything at once, for commands that look once.
#[derive(Debug, Default)]
pub struct Loaded {
    /// All objects that can be used.
    pub objects: BTreeMap<ObjectId, Sourced<Object>>,
    /// Everything that is wrong, by file.
    pub diagnostics: Vec<Diagnostic>,
}

/// What became of one object.
#[derive(Clone, Debug, PartialEq)]
pub enum FolderChange {
    /// It is new or differs from what was handed out before.
    Applied(Object),
    /// No file has it any more.
    Removed(ObjectId),
}

/// What became of all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reload {
    /// By kind, namespace and name; at most one for each object.
    pub changes: Vec<FolderChange>,
    /// What is wrong in the files that changed.
    pub diagnostics: Vec<Diagnostic>,
    /// Files in which something was wrong, and nothing is any more.
    pub cleared: Vec<PathBuf>,
}

impl Reload {
    /// Whether there is no news.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.diagnostics.is_empty() && self.cleared.is_empty()
    }
}

impl Folder {
    /// Nothing is read yet. Folders are walked recursively for `.yaml`, `.yml` and `.json`.
    pub fn new(paths: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        Self {
            roots: paths.into_iter().map(Into::into).collect(),
            files: BTreeMap::new(),
            objects: BTreeMap::new(),
            contested: BTreeSet::new(),
            problems: Vec::new(),
            last: Mutex::new(None),
        }
    }

    /// Reads everything once.
    pub fn load(paths: impl IntoIterator<Item = impl Into<PathBuf>>) -> (Self, Loaded) {
        let mut folder = Self::new(paths);
        let Reload { changes, diagnostics, .. } = folder.reload();
        let mut objects = BTreeMap::new();
        for change in changes {
            if let FolderChange::Applied(object) = change
                && let Some(source) = folder.source(&object.id())
            {
                let source = source.clone();
                objects.insert(object.id(), Sourced { object, source });
            }
        }
        (folder, Loaded { objects, diagnostics })
    }

    /// The paths that it was made with.
    pub fn roots(&self) -> &[PathBuf] {
        &self.roots
    }

    /// The files that were read, with their texts.
    pub fn texts(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.files.iter().map(|(path, state)| (&**path, &*state.text.file.text))
    }

    /// Looks at the files and takes what they say.
    pub fn reload(&mut self) -> Reload {
        let scan = self.scan();
        self.commit(scan)
    }

    /// Looks at the files. Only files whose state changed are read, only documents whose text changed are parsed.
    pub fn scan(&self) -> Scan {
        self.scan_but(&Inodes::new())
    }

    /// The same, but for files that are being written: they count as they were.
    pub(crate) fn scan_but(&self, open: &Inodes) -> Scan {
        Scan::new(&self.roots, &self.files, open)
    }

    /// Looks at these files only. `None` when that would not tell as much as a look at all of them, or when they
    /// are longer than `limit` bytes together: it takes files that were there at the last look, are there now,
    /// and are known by one name only.
    ///
    /// Paths may be absolute where ours are relative.
    pub(crate) fn scan_only<'a>(
        &self,
        paths: impl IntoIterator<Item = &'a PathBuf>,
        open: &Inodes,
        limit: u64,
    ) -> Option<Scan> {
        let listed = paths.into_iter().map(|path| Listed::alone(self.known(path)?));
        let listed: Vec<_> = listed.collect::<Option<_>>()?;
        let length: u64 = listed.iter().map(|each| each.stamp.length()).sum();
        (length <= limit).then(|| Scan::of(listed, &self.files, open, self.problems.clone()))
    }

    /// The path by which a file with one name is known.
    fn known(&self, path: &Path) -> Option<&Path> {
        let below = |root: &PathBuf| {
            let rest = path.strip_prefix(std::path::absolute(root).ok()?).ok()?;
            Some(if rest.as_os_str().is_empty() { root.clone() } else { root.join(rest) })
        };
        let mut candidates = self.roots.iter().filter_map(below);
        let (known, state) = candidates.find_map(|candidate| self.files.get_key_value(&candidate))?;
        state.stamp.has_one_name().then_some(known)
    }

    /// Takes what a scan saw.
    ///
    /// A file that does not parse keeps the objects it gave before. An object that cannot be decoded, or has
    /// a field that its kind has not, keeps its form. Of two documents with the same identity the first counts, by path and position.
    pub fn commit(&mut self, scan: Scan) -> Reload {
        let mut affected = BTreeSet::new();
        let (mut changed, mut cleared) = (Vec::new(), Vec::new());
        for path in scan.gone {
            if let Some(state) = self.files.remove(&path) {
                self.withdraw(&path, &state, &mut affected);
            }
        }
        for (path, seen) in scan.files {
            let had_problems = self.has_problems(&path);
            if self.take(&path, seen, &mut affected) {
                if had_problems && !self.has_problems(&path) {
                    cleared.push(path.clone());
                }
                changed.push(path);
            }
        }
        let changes = affected.iter().filter_map(|id| self.resolve(id)).collect();
        for path in &changed {
            if let Some(state) = self.files.get_mut(path) {
                state.text.decoded.clear();
            }
        }
        let mut diagnostics = self.new_problems(scan.problems);
        diagnostics.extend(changed.iter().flat_map(|path| self.diagnostics_of(path)));
        diagnostics.extend(affected.intersection(&self.contested).flat_map(|id| self.doubles(id)));
        Reload { changes, diagnostics, cleared }
    }

    /// Everything that is wrong now.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut all = self.problems.clone();
        all.extend(self.files.keys().flat_map(|path| self.diagnostics_of(path)));
        all.extend(self.contested.iter().flat_map(|id| self.doubles(id)));
        all
    }

    /// Where an object stands that was handed out.
    pub fn source(&self, id: &ObjectId) -> Option<&Source> {
        self.objects.get(id)?.given.as_ref().map(|given| &given.source)
    }

    /// The ids of all objects that were handed out and not removed.
    pub fn ids(&self) -> impl Iterator<Item = &ObjectId> {
        self.objects.iter().filter(|(_, entry)| entry.given.is_some()).map(|(id, _)| id)
    }

    /// A problem that was found in an object later, with its place in the files.
    ///
    /// `path` is the field, such as `spec.routes[0].services[1].port`. `None` if no file has the object.
    pub fn diagnostic(
        &self,
        severity: Severity,
        id: &ObjectId,
        path: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Option<Diagnostic> {
        let source = self.source(id)?;
        let secret = manifest::mentions_secret(source.text());
        Some(Diagnostic {
            severity,
            file: source.path().to_owned(),
            location: Some(self.locate(source, path)),
            object: Some(id.clone()),
            path: path.to_owned(),
            message: message.into(),
            help,
            excerpt: if secret { Excerpt::Hidden } else { Excerpt::Shown },
        })
    }

    /// What the API server would refuse in this object, with its places.
    pub fn violations(&self, id: &ObjectId) -> Vec<Diagnostic> {
        let place = |found: &Violation| {
            self.diagnostic(Severity::Error, id, &found.path, found.message.as_str(), None)
        };
        let record = self.record(id);
        record.map_or_else(Vec::new, |record| record.violations.iter().filter_map(place).collect())
    }

    /// What was read of the object that counts.
    fn record(&self, id: &ObjectId) -> Option<&Record> {
        let first = self.objects.get(id)?.claims.first()?;
        let text = &self.files.get(&*first.file)?.text;
        text.documents.get(first.document)?.content.items.get(first.item)
    }

    /// Finds a place; the document of the last time is kept ready, for lists with many problems.
    fn locate(&self, source: &Source, path: &str) -> Location {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let locator = match last.take() {
            Some(locator) if locator.is_for(source) => locator,
            _ => Locator::new(source),
        };
        let location = locator.locate(source.item(), path, Target::Value);
        *last = Some(locator);
        location
    }

    /// Takes what was seen of one file; whether there is news about it.
    fn take(&mut self, path: &Path, seen: Seen, affected: &mut BTreeSet<ObjectId>) -> bool {
        match seen {
            Seen::Same { stamp, settled } => {
                if let Some(state) = self.files.get_mut(path) {
                    (state.stamp, state.settled) = (stamp, settled);
                }
                false
            }
            Seen::Unreadable { stamp, problem } => self.reject(path, stamp, None, vec![problem]),
            Seen::Read { stamp, hash, text, .. } if text.is_broken() && self.files.contains_key(path) => {
                self.reject(path, stamp, Some(hash), text.diagnostics())
            }
            Seen::Read { stamp, settled, hash, text } => {
                self.replace(path, FileState::new(stamp, settled, hash, text), affected);
                true
            }
        }
    }

    /// Remembers that a newer text is not in force; the objects stay.
    fn reject(&mut self, path: &Path, stamp: Stamp, hash: Option<u128>, problems: Vec<Diagnostic>) -> bool {
        let state = self.files.entry(path.to_owned()).or_insert_with(|| FileState::empty(path, stamp));
        let news = state.rejected != problems;
        state.stamp = stamp;
        state.settled = false;
        state.hash = hash;
        state.rejected = problems;
        news
    }

    /// Puts a text in force.
    fn replace(&mut self, path: &Path, mut state: FileState, affected: &mut BTreeSet<ObjectId>) {
        if let Some(old) = self.files.remove(path) {
            self.withdraw(path, &old, affected);
            if state.text.has_unnamed() {
                let new: BTreeSet<&ObjectId> =
                    state.text.records().map(|(_, _, record)| &record.id).collect();
                let all = old.text.records().map(|(_, _, record)| &record.id).chain(&old.held);
                state.held = all.filter(|id| !new.contains(id)).cloned().collect();
            }
        }
        let file: Arc<Path> = Arc::from(path);
        for (document, item, record) in state.text.records() {
            let claim = Claim::new(&file, document, item, record.hash);
            self.claim(&record.id, claim, affected);
        }
        for id in &state.held {
            self.claim(id, Claim::held(&file), affected);
        }
        self.files.insert(path.to_owned(), state);
    }

    fn claim(&mut self, id: &ObjectId, claim: Claim, affected: &mut BTreeSet<ObjectId>) {
        self.objects.entry(id.clone()).or_default().claims.add(claim);
        affected.insert(id.clone());
    }

    /// Takes back all that a file says.
    fn withdraw(&mut self, path: &Path, state: &FileState, affected: &mut BTreeSet<ObjectId>) {
        for id in state.text.records().map(|(_, _, record)| &record.id).chain(&state.held) {
            affected.insert(id.clone());
            if let Some(entry) = self.objects.get_mut(id) {
                entry.claims.withdraw(path);
            }
        }
    }

    /// What became of an object whose claims changed.
    fn resolve(&mut self, id: &ObjectId) -> Option<FolderChange> {
        let entry = self.objects.get_mut(id)?;
        if entry.claims.is_contested() {
            self.contested.insert(id.clone());
        } else {
            self.contested.remove(id);
        }
        let Some(first) = entry.claims.first() else {
            let removed = self.objects.remove(id)?.given.is_some();
            return removed.then(|| FolderChange::Removed(id.clone()));
        };
        // Without a usable form the last one stays.
        let hash = first.hash?;
        let text = &mut self.files.get_mut(&*first.file)?.text;
        let record = text.documents.get(first.document)?.content.items.get(first.item)?;
        let source = text.source(first.document, record.index);
        let same = entry.given.as_ref().is_some_and(|given| given.hash == hash);
        let object = match (same, text.decoded.remove(&(first.document, first.item))) {
            (true, _) => None,
            (false, Some(object)) => Some(object),
            (false, None) => manifest::read_one(source.text(), source.item()),
        };
        entry.given = Some(Given { hash, source });
        object.map(FolderChange::Applied)
    }

    /// Keeps the problems with paths and returns those that were not there before.
    fn new_problems(&mut self, problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let new = problems.iter().filter(|problem| !self.problems.contains(problem)).cloned().collect();
        self.problems = problems;
        new
    }

    /// Whether anything is wrong in one file.
    fn has_problems(&self, path: &Path) -> bool {
        let state = self.files.get(path);
        state.is_some_and(|state| !state.rejected.is_empty() || state.text.has_problems())
    }

    /// What is wrong in one file.
    fn diagnostics_of(&self, path: &Path) -> Vec<Diagnostic> {
        let Some(state) = self.files.get(path) else { return Vec::new() };
        if state.rejected.is_empty() {
            return state.text.diagnostics().into_iter().map(|found| self.with_consequence(found)).collect();
        }
        let mut all = state.rejected.clone();
        let count = state.text.records().count();
        if count > 0 {
            let mut kept = Diagnostic::of_file(path.to_owned(), kept(count));
            kept.severity = Severity::Warning;
            all.push(kept);
        }
        all
    }

    /// Says what a problem in an object that cannot be used means for the object.
    fn with_consequence(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        let entry = diagnostic.object.as_ref().and_then(|id| self.objects.get(id));
        if let Some(entry) =
            entry.filter(|entry| entry.claims.first().is_some_and(|claim| claim.hash.is_none()))
        {
            let consequence = match entry.given {
                Some(_) => "until this is right, the object stays as it was",
                None => "until this is right, the object is left out",
            };
            diagnostic.help = Some(match diagnostic.help {
                Some(help) => format!("{help}; {consequence}"),
                None => consequence.to_owned(),
            });
        }
        diagnostic
    }

    /// What is wrong with an object that stands in several places.
    fn doubles(&self, id: &ObjectId) -> Vec<Diagnostic> {
        let Some(entry) = self.objects.get(id) else { return Vec::new() };
        let place = |claim: &Claim| {
            let text = &self.files.get(&*claim.file)?.text;
            let record = text.documents.get(claim.document)?.content.items.get(claim.item)?;
            Some(text.source(claim.document, record.index))
        };
        let mut sources = entry.claims.real().filter_map(place);
        let Some(first) = sources.next() else { return Vec::new() };
        let first = first.locate("metadata.name", Target::Value);
        let message =
            format!("is defined a second time, first in {}:{}", first.file.path.display(), first.line);
        sources
            .map(|source| Diagnostic {
                severity: Severity::Error,
                file: source.path().to_owned(),
                location: Some(source.locate("metadata.name", Target::Value)),
                object: Some(id.clone()),
                path: "metadata.name".to_owned(),
                message: message.clone(),
                help: Some("remove one of the two; the first one counts".to_owned()),
                excerpt: if manifest::mentions_secret(source.text()) {
                    Excerpt::Hidden
                } else {
                    Excerpt::Shown
                },
            })
            .collect()
    }
}

fn kept(count: usize) -> String {
    match count {
        1 => "does not parse; its object stays as it was".to_owned(),
        count => format!("does not parse; its {count} objects stay as they were"),
    }
}

impl FileState {
    fn new(stamp: Stamp, settled: bool, hash: u128, text: Text) -> Self {
        Self { stamp, settled, hash: Some(hash), text, held: BTreeSet::new(), rejected: Vec::new() }
    }

    /// A file of which no text was ever in force.
    fn empty(path: &Path, stamp: Stamp) -> Self {
        let file = Arc::new(crate::source::SourceFile { path: path.to_owned(), text: String::new() });
        let text = Text { file, documents: Vec::new(), decoded: BTreeMap::new() };
        Self { stamp, settled: false, hash: None, text, held: BTreeSet::new(), rejected: Vec::new() }
    }
}
