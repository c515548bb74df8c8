//! A document written anew, with the comments that it had.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use files::Comment;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::tree::{Content, Node};

/// Writes a document in place of another; JSON stays JSON.
pub(crate) fn rewritten(old: &str, root: &Node) -> String {
    if serde_json::from_str::<IgnoredAny>(old).is_ok() {
        return format!("{:#}\n", root.value());
    }
    let mut text = String::new();
    if let Some(line) = old.lines().next().filter(|line| line.starts_with("---")) {
        // What stands behind the separator, if anything, is a comment or a part of the document.
        let is_bare = line[3..].trim().is_empty() || line[3..].trim_start().starts_with('#');
        text.push_str(if is_bare { line } else { "---" });
        text.push('\n');
    }
    let mut writer = Writer { comments: Comments::of(old, root), text };
    writer.fields(root, 0, false);
    for end in writer.comments.above.remove("").unwrap_or_default() {
        writer.line(0, &end);
    }
    writer.text
}

/// Comments by the field that they go with.
struct Comments {
    above: BTreeMap<String, Vec<String>>,
    beside: BTreeMap<String, String>,
}

impl Comments {
    /// A comment at a field that is not there any more goes with the nearest one around it that is.
    fn of(old: &str, root: &Node) -> Self {
        let mut there = BTreeSet::new();
        collect(root, &mut there);
        let mut comments = Self { above: BTreeMap::new(), beside: BTreeMap::new() };
        for Comment { path, beside, text } in files::comments(old) {
            if there.contains(path.as_str()) || path.is_empty() {
                match beside {
                    true => drop(comments.beside.insert(path, text)),
                    false => comments.above.entry(path).or_default().push(text),
                }
            } else {
                let around = around(&path).find(|path| there.contains(*path)).unwrap_or_default();
                comments.above.entry(around.to_owned()).or_default().push(text);
            }
        }
        comments
    }
}

fn collect<'n>(node: &'n Node, there: &mut BTreeSet<&'n str>) {
    there.insert(&node.from);
    match &node.content {
        Content::Scalar(_) => {}
        Content::List(items) => items.iter().for_each(|item| collect(item, there)),
        Content::Map(fields) => fields.iter().for_each(|(_, node)| collect(node, there)),
    }
}

/// The paths around a path, nearest first.
fn around(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rfind(['.', '[']).map(|end| &path[..end])).skip(1)
}

struct Writer {
    comments: Comments,
    text: String,
}

impl Writer {
    /// Writes the fields of a map; the first may stand behind the dash of a list.
    fn fields(&mut self, node: &Node, indent: usize, mut behind_dash: bool) {
        let Content::Map(fields) = &node.content else { return };
        for (key, value) in fields {
            let above = self.comments.above.remove(&value.from).unwrap_or_default();
            if behind_dash {
                // Comments of the first field stand above the dash.
                let dash = self.text.len() - 2;
                let dash = self.text[..dash].rfind('\n').map_or(0, |end| end + 1);
                let lines: String =
                    above.iter().map(|line| format!("{:1$}{line}\n", "", indent - 2)).collect();
                self.text.insert_str(dash, &lines);
            } else {
                above.iter().for_each(|line| self.line(indent, line));
                self.pad(indent);
            }
            behind_dash = false;
            let _ = write!(self.text, "{}:", scalar(&Value::from(key.as_str())));
            self.value(value, indent);
        }
    }

    /// Writes what is behind a key.
    fn value(&mut self, node: &Node, indent: usize) {
        match &node.content {
            Content::Scalar(value) => {
                let _ = write!(self.text, " {}", scalar(value));
                self.beside(&node.from);
            }
            Content::List(items) if items.is_empty() => {
                self.text.push_str(" []");
                self.beside(&node.from);
            }
            Content::Map(fields) if fields.is_empty() => {
                self.text.push_str(" {}");
                self.beside(&node.from);
            }
            Content::List(items) => {
                self.beside(&node.from);
                items.iter().for_each(|item| self.item(item, indent));
            }
            Content::Map(_) => {
                self.beside(&node.from);
                self.fields(node, indent + 2, false);
            }
        }
    }

    /// Writes an element of a list.
    fn item(&mut self, node: &Node, indent: usize) {
        let above = self.comments.above.remove(&node.from).unwrap_or_default();
        above.iter().for_each(|line| self.line(indent, line));
        self.pad(indent);
        match &node.content {
            Content::Map(fields) if !fields.is_empty() => {
                self.text.push_str("- ");
                self.fields(node, indent + 2, true);
            }
            Content::List(items) if !items.is_empty() => {
                self.text.push_str("-\n");
                items.iter().for_each(|item| self.item(item, indent + 2));
            }
            Content::Scalar(_) | Content::List(_) | Content::Map(_) => {
                self.text.push('-');
                self.value(node, indent);
            }
        }
    }

    /// Ends a line, with the comment that stands beside a field.
    fn beside(&mut self, from: &str) {
        if let Some(comment) = self.comments.beside.remove(from) {
            let _ = write!(self.text, " {comment}");
        }
        self.text.push('\n');
    }

    fn line(&mut self, indent: usize, text: &str) {
        self.pad(indent);
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn pad(&mut self, indent: usize) {
        self.text.extend(std::iter::repeat_n(' ', indent));
    }
}

/// A scalar; a text in quotes wherever it might be read as something else.
fn scalar(value: &Value) -> String {
    let Some(text) = value.as_str() else { return value.to_string() };
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let is_word = WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    let is_duration = text.ends_with(|c: char| c.is_ascii_alphabetic()) && api::duration::parse(text).is_ok();
    if (begins || is_duration) && is_plain && !is_word { text.to_owned() } else { value.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_says_the_same_with_its_comments() {
        let old = "--- # a file\n# top\na: 1 # one\nb: # two\n# three\n- c: 'yes' # four\n  d: []\n- [1, {e: f}]\n- \"1\"\n# end\n";
        let value = files::value(old).expect("it is YAML");
        let new = rewritten(old, &Node::copy("", &value));
        assert_eq!(
            new,
            "--- # a file\n# top\na: 1 # one\nb: # two\n# three\n- c: \"yes\" # four\n  d: []\n-\n  - 1\n  - e: f\n- \"1\"\n# end\n"
        );
        assert_eq!(files::value(&new), Some(value));
    }

    #[test]
    fn json_stays_json() {
        let old = "{\"a\": [1, {\"b\": \"yes\"}]}";
        let value = files::value(old).expect("it is JSON");
        let new = rewritten(old, &Node::copy("", &value));
        assert_eq!(new, "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"yes\"\n    }\n  ]\n}\n");
    }

    #[test]
    fn comments_of_what_is_gone_stay_near() {
        let old = "a:\n  # why\n  b: 1\n  c: 2 # because\n";
        let new = Node::map("", vec![("x", Node::map("a", vec![("d", Node::scalar("a.d", 1))]))]);
        assert_eq!(rewritten(old, &new), "# why\n# because\nx:\n  d: 1\n");
    }
}
