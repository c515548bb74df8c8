//! The comments of a document, and the fields that they stand at: for those who write it anew.

use std::ops::Range;

use crate::json;
use crate::yaml::{Content, Document, Lines, Mark, Node};

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The field, or the element of a list, that it stands at; empty at the end of the document.
    pub path: String,
    /// Whether it stands behind the field, on the same line; else on a line of its own above it.
    pub beside: bool,
    /// The text from `#` on.
    pub text: String,
}

/// A key or an element of a list.
struct Entry {
    line: usize,
    path: String,
}

/// The comments of a document; none where it is no YAML, or JSON.
pub fn comments(document: &str) -> Vec<Comment> {
    if json::is_meant(document) {
        return vec![];
    }
    let Ok(Some(tree)) = Document::parse(document) else { return vec![] };
    let lines = Lines::new(document);
    let mut walk = Walk { text: document, lines: &lines, entries: vec![], texts: vec![] };
    walk.node(&tree.root, "");
    let Walk { mut entries, mut texts, .. } = walk;
    entries.sort_by_key(|entry| entry.line);
    texts.sort_by_key(|text| text.start);
    let mut found = Vec::new();
    let mut start = 0;
    for (number, line) in (1..).zip(document.split_inclusive('\n')) {
        let comment = comment(line, start, &texts);
        start += line.len();
        let Some((column, text)) = comment.filter(|_| !line.starts_with("---")) else { continue };
        let beside = !line[..column].trim().is_empty();
        let below = entries.partition_point(|entry| entry.line <= number);
        let at = match beside {
            true => entries[..below].last(),
            false => entries.get(below),
        };
        let path = at.map_or_else(String::new, |entry| entry.path.clone());
        found.push(Comment { path, beside, text: text.trim_end().to_owned() });
    }
    found
}

/// Where the comment of a line begins, and the comment.
fn comment<'t>(line: &'t str, start: usize, texts: &[Range<usize>]) -> Option<(usize, &'t str)> {
    let places = line.match_indices('#').map(|(column, _)| column);
    let mut places = places.filter(|column| *column == 0 || line[..*column].ends_with([' ', '\t']));
    let column = places.find(|column| {
        let before = texts.partition_point(|text| text.start <= start + column);
        texts[..before].last().is_none_or(|text| !text.contains(&(start + column)))
    })?;
    Some((column, &line[column..]))
}

/// A walk over a tree; its depth is bounded by the reader.
struct Walk<'a> {
    text: &'a str,
    lines: &'a Lines,
    entries: Vec<Entry>,
    /// Where scalars stand: a `#` in them is no comment.
    texts: Vec<Range<usize>>,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node, path: &str) {
        match &node.content {
            Content::Scalar { .. } => self.scalar(node.start, node.end),
            Content::Alias(_) => {}
            Content::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    self.entries.push(Entry { line: item.start.line, path: path.clone() });
                    self.node(item, &path);
                }
            }
            Content::Map(fields) => {
                for (key, value) in fields {
                    let mut path = path.to_owned();
                    push_field(&mut path, &key.text);
                    self.entries.push(Entry { line: key.start.line, path: path.clone() });
                    self.scalar(key.start, key.end);
                    self.node(value, &path);
                }
            }
        }
    }

    fn scalar(&mut self, start: Mark, end: Mark) {
        let at = |mark| self.lines.offset(self.text, mark);
        let (start, end) = (at(start), at(end));
        self.texts.push(start..quoted_end(&self.text[start..]).map_or(end, |length| start + length));
    }
}

/// How long a text in quotes is, with them: the parser takes the blanks behind them, too.
fn quoted_end(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let mut rest = text.char_indices().skip(1);
    while let Some((at, c)) = rest.next() {
        match c {
            '\\' if quote == '"' => drop(rest.next()),
            c if c == quote && quote == '\'' && text[at + 1..].starts_with('\'') => drop(rest.next()),
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Adds a field to a path, as problems carry it.
pub fn push_field(path: &mut String, key: &str) {
    if key.is_empty() || key.contains(['.', '[', ']', '"']) {
        path.push_str(&format!("[\"{key}\"]"));
        return;
    }
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_stand_at_the_field_behind_them_or_on_their_line() {
        let text = "--- # no\n# top\na: '# no' # one\nb:\n  # two\n  # three\n  - c: x#no # four\n    d: |\n      # no\n  -   # five\n    e: 1\n# end\n";
        let found: Vec<_> = comments(text)
            .into_iter()
            .map(|Comment { path, beside, text }| format!("{path} {beside} {text}"))
            .collect();
        assert_eq!(
            found,
            [
                "a false # top",
                "a true # one",
                "b[0] false # two",
                "b[0] false # three",
                "b[0].c true # four",
                "b[0].d true # five",
                " false # end",
            ]
        );
    }

    #[test]
    fn what_is_no_yaml_has_none() {
        assert_eq!(comments("a: [\n# x"), []);
        assert_eq!(comments("{\"a\": \"#\"}"), []);
    }
}
