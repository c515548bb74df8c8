//! Where an object was read, and where each of its fields stands.
//!
//! Nothing is kept per field: the text is parsed again when somebody asks, which is when a problem is shown.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::field_path::{self, Step};
use crate::json;
use crate::pieces::Piece;
use crate::yaml::{Content, Document, Key, Lines, Mark, Node, is_merge};

/// A file with its text. `Debug` leaves the text out: it may hold keys.
#[derive(PartialEq, Eq)]
pub struct SourceFile {
    /// As the user gave it, or below the folder that the user gave.
    pub path: PathBuf,
    /// The whole text, without byte order mark.
    pub text: String,
}

impl std::fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SourceFile({}, {} bytes)", self.path.display(), self.text.len())
    }
}

/// The place of one object: a document of a file, or an element of a list in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    file: Arc<SourceFile>,
    /// Bytes of the document.
    start: usize,
    end: usize,
    /// Line of the file that the document begins in, from 1.
    line: usize,
    /// Index in `items`, for an object out of a list.
    item: Option<usize>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The document: nothing outside it is shown.
    pub document: Range<usize>,
    /// Bytes of the file that the caret underlines; may be empty.
    pub span: Range<usize>,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// Which end of a field is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Its name: the field should not be there, or is incomplete.
    Key,
    /// Its value.
    Value,
}

impl Source {
    pub(crate) fn new(file: Arc<SourceFile>, document: &Piece, item: Option<usize>) -> Self {
        let Piece { range, line } = document;
        Self { file, start: range.start, end: range.end, line: *line, item }
    }

    /// The file that the object is in.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// The text of the document that the object is in; all elements of a list have the same.
    pub fn text(&self) -> &str {
        &self.file.text[self.start..self.end]
    }

    pub(crate) fn item(&self) -> Option<usize> {
        self.item
    }

    /// The place of the object as a whole.
    pub fn location(&self) -> Location {
        self.locate("", Target::Key)
    }

    /// The place of a field by its path, such as `spec.routes[0].services[1].port`.
    ///
    /// A field that is not there is shown at the nearest field above it that is. A value that goes over several
    /// lines is shown at its name.
    pub fn locate(&self, path: &str, target: Target) -> Location {
        Locator::new(self).locate(self.item, path, target)
    }
}

/// A document made ready to find many places in it.
#[derive(Debug)]
pub(crate) struct Locator {
    source: Source,
    /// `None` when it is not YAML.
    document: Option<Document>,
    lines: Lines,
    /// Offsets of the line feeds in the document.
    feeds: Vec<usize>,
}

impl Locator {
    pub(crate) fn new(source: &Source) -> Self {
        let text = source.text();
        Self {
            document: Document::parse(&json::as_yaml(text)).ok().flatten(),
            lines: Lines::new(text),
            feeds: text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect(),
            source: source.clone(),
        }
    }

    /// Whether it was made for the document that this object is in.
    pub(crate) fn is_for(&self, source: &Source) -> bool {
        Arc::ptr_eq(&self.source.file, &source.file) && self.source.start == source.start
    }

    /// The place of a field of an object.
    pub(crate) fn locate(&self, item: Option<usize>, path: &str, target: Target) -> Location {
        let mut steps: Vec<Step> = Vec::new();
        if let Some(item) = item {
            steps.extend([Step::Field("items".to_owned()), Step::Index(item)]);
        }
        steps.extend(field_path::parse(path));
        self.at(self.find(&steps, target).unwrap_or(0..0))
    }

    fn find(&self, steps: &[Step], target: Target) -> Option<Range<usize>> {
        let document = self.document.as_ref()?;
        let mut walk = Walk { locator: self, document, key: None, node: &document.root };
        let complete = steps.iter().all(|step| walk.step(step));
        Some(walk.span(if complete { target } else { Target::Key }))
    }

    /// The place of a range of bytes of the document.
    pub(crate) fn at(&self, range: Range<usize>) -> Location {
        let Source { file, start, end, line, .. } = &self.source;
        let before = self.feeds.partition_point(|feed| *feed < range.start);
        let line_start = before.checked_sub(1).map_or(0, |last| self.feeds[last] + 1);
        let clamp = |offset: usize| (start + offset).min(*end);
        Location {
            file: Arc::clone(file),
            document: *start..*end,
            span: clamp(range.start)..clamp(range.end),
            line: line + before,
            column: file.text[start + line_start..clamp(range.start)].chars().count() + 1,
        }
    }

    /// Bytes between two marks, without the blanks at the end that belong to no value.
    fn bytes(&self, start: Mark, end: Mark) -> Range<usize> {
        let text = self.source.text();
        let start = self.lines.offset(text, start);
        let end = self.lines.offset(text, end).max(start);
        start..start + text[start..end].trim_end().len()
    }
}

struct Walk<'a> {
    locator: &'a Locator,
    document: &'a Document,
    /// The nearest name at or above the node.
    key: Option<&'a Key>,
    node: &'a Node,
}

impl<'a> Walk<'a> {
    /// Goes one step down; false if there is nothing.
    fn step(&mut self, step: &Step) -> bool {
        match (&self.document.resolve(self.node).content, step) {
            (Content::Map(entries), Step::Field(name)) => match self.entry(entries, name) {
                Some((key, node)) => {
                    (self.key, self.node) = (Some(key), node);
                    true
                }
                None => false,
            },
            (Content::List(items), Step::Index(index)) => match items.get(*index) {
                Some(node) => {
                    (self.key, self.node) = (self.inner_key(node), node);
                    true
                }
                None => false,
            },
            _ => false,
        }
    }

    /// The entry of a map, or of a map that is merged into it.
    fn entry(&self, entries: &'a [(Key, Node)], name: &str) -> Option<(&'a Key, &'a Node)> {
        let own = entries.iter().find(|(key, _)| key.text == name && !is_merge(key));
        if let Some((key, node)) = own {
            return Some((key, node));
        }
        entries.iter().filter(|(key, _)| is_merge(key)).find_map(|(_, node)| self.merged(node, name))
    }

    fn merged(&self, node: &'a Node, name: &str) -> Option<(&'a Key, &'a Node)> {
        match &self.document.resolve(node).content {
            Content::Map(entries) => self.entry(entries, name),
            Content::List(items) => items.iter().find_map(|item| self.merged(item, name)),
            Content::Scalar { .. } | Content::Alias(_) => None,
        }
    }

    /// An element of a list has no name: the first one in it stands for it.
    fn inner_key(&self, node: &'a Node) -> Option<&'a Key> {
        match &node.content {
            Content::Map(entries) => entries.first().map(|(key, _)| key),
            Content::List(_) | Content::Scalar { .. } | Content::Alias(_) => None,
        }
    }

    fn span(&self, target: Target) -> Range<usize> {
        let key = self.key.map(|key| self.locator.bytes(key.start, key.end));
        let value = self.locator.bytes(self.node.start, self.node.end);
        let text = &self.locator.source.text()[value.clone()];
        let one_line = !text.is_empty() && !text.contains(['\n', '\r']);
        match (&self.node.content, target, key) {
            (Content::Scalar { .. } | Content::Alias(_), Target::Value, _) if one_line => value,
            (_, _, Some(key)) => key,
            (Content::Map(entries), _, None) => match entries.first() {
                Some((key, _)) => self.locator.bytes(key.start, key.end),
                None => value,
            },
            (_, _, None) => value.start..value.start + text.find(['\n', '\r']).unwrap_or(text.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "\
# é😀 comment
apiVersion: projectcontour.io/v1
kind: HTTPProxy
metadata:
  name: a
  annotations: {\"é.x/y\": \"ü\", b: c}
spec:
  routes:
  - conditions:
    - prefix: /ü # é
    services:
    - name: s1
      port: 80
    - {name: \"é😀\", port: 90000}
  - services: []
";

    fn source(text: &str) -> Source {
        let file = SourceFile { path: "proxy.yaml".into(), text: text.to_owned() };
        Source::new(Arc::new(file), &Piece { range: 0..text.len(), line: 1 }, None)
    }

    /// What the caret underlines, with line and column.
    fn caret(text: &str, path: &str, target: Target) -> (String, usize, usize) {
        let location = source(text).locate(path, target);
        (text[location.span].to_owned(), location.line, location.column)
    }

    #[test]
    fn values_are_found_behind_text_that_is_not_ascii() {
        for (path, found) in [
            ("spec.routes[0].services[1].port", ("90000", 14, 26)),
            ("spec.routes[0].services[1].name", ("\"é😀\"", 14, 14)),
            ("spec.routes[0].conditions[0].prefix", ("/ü", 10, 15)),
            ("metadata.annotations[\"é.x/y\"]", ("\"ü\"", 6, 26)),
            ("metadata.annotations.b", ("c", 6, 34)),
            ("metadata.name", ("a", 5, 9)),
        ] {
            let (text, line, column) = caret(PROXY, path, Target::Value);
            assert_eq!((text.as_str(), line, column), found, "{path}");
        }
    }

    #[test]
    fn structures_and_missing_fields_are_shown_by_name() {
        for (path, found) in [
            ("spec.routes", ("routes", 8, 3)),
            ("spec.routes[1]", ("services", 15, 5)),
            ("spec.routes[0].services[0].weight", ("name", 12, 7)),
            ("spec.virtualhost.fqdn", ("spec", 7, 1)),
            ("spec.routes[7]", ("routes", 8, 3)),
            ("", ("apiVersion", 2, 1)),
        ] {
            let (text, line, column) = caret(PROXY, path, Target::Value);
            assert_eq!((text.as_str(), line, column), found, "{path}");
        }
        assert_eq!(caret(PROXY, "metadata.name", Target::Key), ("name".to_owned(), 5, 3));
    }

    #[test]
    fn aliased_and_merged_values_are_shown_where_they_are_used_or_written() {
        let text = "base: &b\n  port: 80\nuse:\n  <<: *b\n  name: x\nagain: *b\n";
        assert_eq!(caret(text, "use.port", Target::Value), ("80".to_owned(), 2, 9));
        assert_eq!(caret(text, "again.port", Target::Value), ("80".to_owned(), 2, 9));
        assert_eq!(caret(text, "again", Target::Value), ("*b".to_owned(), 6, 8));
    }

    #[test]
    fn line_ends_of_windows_move_nothing() {
        let text = PROXY.replace('\n', "\r\n");
        assert_eq!(
            caret(&text, "spec.routes[0].services[1].port", Target::Value),
            ("90000".to_owned(), 14, 26)
        );
    }

    #[test]
    fn json_is_located_too() {
        let text = "{\n\t\"a\": {\"b\": [1, \"\\ud83d\\ude00\"]},\n\t\"c\": 2\n}";
        assert_eq!(caret(text, "c", Target::Value), ("2".to_owned(), 3, 7));
        assert_eq!(caret(text, "a.b[0]", Target::Value), ("1".to_owned(), 2, 14));
    }

    #[test]
    fn text_over_several_lines_is_shown_by_name() {
        let text = "a: |\n  x\n  y\nb: \"c\n  d\"\nc:\n";
        assert_eq!(caret(text, "a", Target::Value), ("a".to_owned(), 1, 1));
        assert_eq!(caret(text, "b", Target::Value), ("b".to_owned(), 4, 1));
        assert_eq!(caret(text, "c", Target::Value), ("c".to_owned(), 6, 1));
    }
}
