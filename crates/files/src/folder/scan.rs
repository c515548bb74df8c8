//! What the files say now, compared with what they said before; nothing is decided here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use api::{Object, ObjectId, Violation};
use xxhash_rust::xxh3::xxh3_128;

use super::walk::{Inodes, Listed, Listing, Stamp};
use crate::diagnostic::Diagnostic;
use crate::manifest::{self, Finding, Flaw};
use crate::pieces::{self, Piece};
use crate::source::{Locator, Source, SourceFile};

/// A look at files. Turn it into changes with [`super::Folder::commit`], or drop it.
#[derive(Debug)]
pub struct Scan {
    pub(super) files: BTreeMap<PathBuf, Seen>,
    pub(super) gone: Vec<PathBuf>,
    pub(super) problems: Vec<Diagnostic>,
}

/// What was seen of one file.
#[derive(Debug)]
pub(super) enum Seen {
    /// The same text as before.
    Same { stamp: Stamp, settled: bool },
    /// Another text, or a new file.
    Read { stamp: Stamp, settled: bool, hash: u128, text: Text },
    /// No text.
    Unreadable { stamp: Stamp, problem: Diagnostic },
}

/// A file's text, taken apart.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) file: Arc<SourceFile>,
    pub(super) documents: Vec<DocumentText>,
    /// Objects decoded in this scan, by document and item.
    pub(super) decoded: BTreeMap<(usize, usize), Object>,
}

/// One document of a file.
#[derive(Debug)]
pub(super) struct DocumentText {
    piece: Piece,
    hash: u128,
    pub(super) content: Arc<Content>,
}

/// What a document says, without its place; shared by all versions of the file that have it.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) items: Vec<Record>,
    pub(super) findings: Vec<Finding>,
    pub(super) flaw: Option<Flaw>,
}

/// One object of a document.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) id: ObjectId,
    pub(super) index: Option<usize>,
    /// Hash of the object; `None` when it cannot be used.
    pub(super) hash: Option<u128>,
    /// What the API server would refuse in it.
    pub(super) violations: Box<[Violation]>,
}

impl Scan {
    /// Looks at all files; those whose state is that of `known` are not read, and documents that `known` has are
    /// not parsed. Those that are `open` count as they were, and not at all if they are new.
    pub(super) fn new(roots: &[PathBuf], known: &BTreeMap<PathBuf, super::FileState>, open: &Inodes) -> Self {
        let listing = Listing::new(roots);
        let now = SystemTime::now();
        let problems = listing.blocked.iter().map(|(path, error)| blocked(path, error)).collect();
        let files: BTreeMap<PathBuf, Seen> = listing
            .files
            .into_iter()
            .filter_map(|listed| Some((listed.path.clone(), Seen::new(listed, known, open, now)?)))
            .collect();
        // What lies behind a folder that cannot be read is not gone.
        let hidden = |path: &Path| {
            let mut blocked =
                listing.blocked.iter().filter(|(_, error)| error.kind() != std::io::ErrorKind::NotFound);
            blocked.any(|(blocked, _)| path.starts_with(blocked))
        };
        let gone = known.keys().filter(|path| !files.contains_key(*path) && !hidden(path)).cloned().collect();
        Self { files, gone, problems }
    }

    /// Looks at these files only: nothing is said about all others, nor about paths that cannot be read.
    pub(super) fn of(
        listed: Vec<Listed>,
        known: &BTreeMap<PathBuf, super::FileState>,
        open: &Inodes,
        problems: Vec<Diagnostic>,
    ) -> Self {
        let now = SystemTime::now();
        let seen = |listed: Listed| Some((listed.path.clone(), Seen::new(listed, known, open, now)?));
        Self { files: listed.into_iter().filter_map(seen).collect(), gone: Vec::new(), problems }
    }

    /// Whether somebody may still be writing: a file does not parse, has nothing in it any more, or is gone.
    /// Waiting a moment before the commit keeps half-written states out.
    pub fn is_unsettled(&self) -> bool {
        !self.gone.is_empty() || self.files.values().any(Seen::is_unsettled)
    }

    /// Whether anything differs from what was known.
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.files.values().all(|seen| matches!(seen, Seen::Same { .. }))
    }
}

fn blocked(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::of_file(path.to_owned(), format!("cannot be read: {error}"))
}

impl Seen {
    fn new(
        listed: Listed,
        known: &BTreeMap<PathBuf, super::FileState>,
        open: &Inodes,
        now: SystemTime,
    ) -> Option<Self> {
        let known = known.get(&listed.path);
        if listed.stamp.is_of(open) {
            return known.map(|known| Self::Same { stamp: known.stamp, settled: known.settled });
        }
        Some(Self::read(listed, known, now))
    }

    fn read(listed: Listed, known: Option<&super::FileState>, now: SystemTime) -> Self {
        let Listed { path, stamp } = listed;
        if let Some(known) = known.filter(|known| known.settled && known.stamp == stamp) {
            return Self::Same { stamp, settled: known.settled };
        }
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => return Self::Unreadable { stamp, problem: blocked(&path, &error) },
        };
        let hash = xxh3_128(&bytes);
        let settled = stamp.is_settled(now);
        if known.is_some_and(|known| known.hash == Some(hash)) {
            return Self::Same { stamp, settled };
        }
        match decoded(bytes) {
            Ok(text) => {
                let file = Arc::new(SourceFile { path, text });
                Self::Read { stamp, settled, hash, text: Text::new(file, known.map(|known| &known.text)) }
            }
            Err(line) => {
                let message = format!("is not UTF-8 text; the first other byte is in line {line}");
                Self::Unreadable { stamp, problem: Diagnostic::of_file(path, message) }
            }
        }
    }

    fn is_unsettled(&self) -> bool {
        match self {
            Self::Same { .. } => false,
            Self::Read { text, .. } => text.is_broken() || text.documents.is_empty(),
            Self::Unreadable { .. } => true,
        }
    }
}

/// The text without byte order mark, or the line of the first byte that is no text.
fn decoded(bytes: Vec<u8>) -> Result<String, usize> {
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        good.iter().filter(|byte| **byte == b'\n').count() + 1
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

impl Text {
    /// Takes a text apart; documents that the earlier text has too are taken from there.
    fn new(file: Arc<SourceFile>, earlier: Option<&Text>) -> Self {
        let earlier: BTreeMap<u128, &Arc<Content>> = earlier
            .iter()
            .flat_map(|text| &text.documents)
            .map(|document| (document.hash, &document.content))
            .collect();
        let mut decoded = BTreeMap::new();
        let mut documents = Vec::new();
        for piece in pieces::split(&file.text) {
            let text = &file.text[piece.range.clone()];
            let hash = xxh3_128(text.as_bytes());
            let content = match earlier.get(&hash) {
                Some(content) => Arc::clone(content),
                None => read(text, documents.len(), &mut decoded),
            };
            documents.push(DocumentText { piece, hash, content });
        }
        Self { file, documents, decoded }
    }

    /// Whether a document is not YAML.
    pub(super) fn is_broken(&self) -> bool {
        self.documents.iter().any(|document| document.content.flaw == Some(Flaw::Syntax))
    }

    /// Whether it is unknown which objects the file has.
    pub(super) fn has_unnamed(&self) -> bool {
        self.documents.iter().any(|document| document.content.flaw.is_some())
    }

    /// Whether anything is wrong; what is only said by the way does not count.
    pub(super) fn has_problems(&self) -> bool {
        self.documents.iter().flat_map(|document| &document.content.findings).any(Finding::is_problem)
    }

    /// All objects with their positions.
    pub(super) fn records(&self) -> impl Iterator<Item = (usize, usize, &Record)> {
        self.documents.iter().enumerate().flat_map(|(number, document)| {
            document.content.items.iter().enumerate().map(move |(item, record)| (number, item, record))
        })
    }

    /// The place of an object.
    pub(super) fn source(&self, document: usize, index: Option<usize>) -> Source {
        Source::new(Arc::clone(&self.file), &self.documents[document].piece, index)
    }

    /// What is wrong in the text.
    pub(super) fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        for (number, document) in self.documents.iter().enumerate() {
            if !document.content.findings.is_empty() {
                let locator = Locator::new(&self.source(number, None));
                all.extend(document.content.findings.iter().map(|finding| finding.diagnostic(&locator)));
            }
        }
        all
    }
}

/// Reads a document and keeps its objects apart.
fn read(text: &str, number: usize, decoded: &mut BTreeMap<(usize, usize), Object>) -> Arc<Content> {
    let reading = manifest::read(text);
    let mut items = Vec::with_capacity(reading.items.len());
    for item in reading.items {
        let mut record = Record { id: item.id, index: item.index, hash: None, violations: Box::default() };
        if let Some(form) = item.form {
            record.hash = Some(form.hash);
            record.violations = form.violations.into();
            decoded.insert((number, items.len()), form.object);
        }
        items.push(record);
    }
    Arc::new(Content { items, findings: reading.findings, flaw: reading.flaw })
}
