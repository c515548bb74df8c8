//! The tree as a JSON value: aliases and merge keys carried out.

use serde_json::{Map, Value};

use super::tree::{Content, Document, Key, Node, Style};
use super::{DEEPEST, SyntaxProblem, scalar};

/// How much text aliases may add to one document, structure counted as [`NODE_COST`] each.
const ALIAS_BUDGET: usize = 8 << 20;
const NODE_COST: usize = 32;

impl Document {
    /// The whole document as a value.
    pub(crate) fn value(&self) -> Result<Value, SyntaxProblem> {
        Reading { document: self, left: ALIAS_BUDGET, depth: 0, aliased: 0 }.value(&self.root)
    }

    /// The node itself, or the one that it refers to.
    pub(crate) fn resolve<'a>(&'a self, mut node: &'a Node) -> &'a Node {
        // An anchor may stand on an alias; the chain is finite, since anchors only refer to earlier ones.
        while let Content::Alias(id) = node.content {
            match self.anchors.get(&id) {
                Some(anchored) => node = anchored,
                None => break,
            }
        }
        node
    }
}

struct Reading<'a> {
    document: &'a Document,
    /// What is left of the budget.
    left: usize,
    depth: usize,
    /// How many aliases we are in.
    aliased: usize,
}

impl Reading<'_> {
    fn value(&mut self, node: &Node) -> Result<Value, SyntaxProblem> {
        if self.depth > DEEPEST {
            return Err(problem(node, format!("is nested deeper than {DEEPEST} levels"), None));
        }
        self.pay(node)?;
        self.depth += 1;
        let value = self.content(node);
        self.depth -= 1;
        value
    }

    fn content(&mut self, node: &Node) -> Result<Value, SyntaxProblem> {
        match &node.content {
            Content::Scalar { text, style: Style::Text } => Ok(Value::String(text.clone())),
            Content::Scalar { text, style: Style::Plain } => Ok(scalar::plain(text)),
            Content::List(items) => items.iter().map(|item| self.value(item)).collect(),
            Content::Map(entries) => self.map(entries).map(Value::Object),
            Content::Alias(_) => {
                self.aliased += 1;
                let value = self.value(self.document.resolve(node));
                self.aliased -= 1;
                value
            }
        }
    }

    fn map(&mut self, entries: &[(Key, Node)]) -> Result<Map<String, Value>, SyntaxProblem> {
        let mut fields = Map::with_capacity(entries.len());
        let mut merged = Vec::new();
        for (key, node) in entries {
            let value = self.value(node)?;
            if is_merge(key) {
                merged.push((node, value));
            } else {
                fields.insert(key.text.clone(), value);
            }
        }
        for (node, value) in merged {
            merge(&mut fields, value, node)?;
        }
        Ok(fields)
    }

    fn pay(&mut self, node: &Node) -> Result<(), SyntaxProblem> {
        if self.aliased == 0 {
            return Ok(());
        }
        let text = match &node.content {
            Content::Scalar { text, .. } => text.len(),
            Content::Map(entries) => entries.iter().map(|(key, _)| key.text.len()).sum(),
            Content::List(_) | Content::Alias(_) => 0,
        };
        match self.left.checked_sub(text + NODE_COST) {
            Some(left) => self.left = left,
            None => {
                let message =
                    format!("aliases make the document more than {} MiB longer", ALIAS_BUDGET >> 20);
                return Err(problem(node, message, Some("write the values out")));
            }
        }
        Ok(())
    }
}

/// Whether the value of this key is merged into the map.
pub(crate) fn is_merge(key: &Key) -> bool {
    key.text == "<<" && key.style == Style::Plain
}

/// Adds the fields of one map, or of each map of a list, that are not there yet.
fn merge(fields: &mut Map<String, Value>, value: Value, node: &Node) -> Result<(), SyntaxProblem> {
    match value {
        Value::Object(other) => {
            for (key, value) in other {
                fields.entry(key).or_insert(value);
            }
            Ok(())
        }
        Value::Array(items) if items.iter().all(Value::is_object) => {
            items.into_iter().try_for_each(|item| merge(fields, item, node))
        }
        _ => Err(problem(node, "the value of << is neither a map nor a list of maps", None)),
    }
}

fn problem(node: &Node, message: impl Into<String>, help: Option<&'static str>) -> SyntaxProblem {
    SyntaxProblem { message: message.into(), help, at: node.start }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Result<Value, String> {
        let document =
            Document::parse(text).map_err(|problem| format!("{:?} {}", problem.at, problem.message))?;
        document.map_or(Ok(Value::Null), |document| document.value().map_err(|problem| problem.message))
    }

    #[test]
    fn aliases_and_merges_are_carried_out() {
        assert_eq!(
            read("a: &a {x: 1, y: &y [2]}\nb: *a\nc: {<<: *a, x: 3}\nd: *y\ne: {<<: [*a, {z: 4}]}\n")
                .unwrap(),
            json!({"a": {"x": 1, "y": [2]}, "b": {"x": 1, "y": [2]}, "c": {"x": 3, "y": [2]}, "d": [2],
                   "e": {"x": 1, "y": [2], "z": 4}})
        );
        assert_eq!(read("\"<<\": 1\n").unwrap(), json!({"<<": 1}));
        assert!(read("<<: 1\n").unwrap_err().contains("neither a map nor a list of maps"));
    }

    #[test]
    fn quotes_and_tags_make_text() {
        assert_eq!(
            read("a: 'on'\nb: \"1\"\nc: !!str 1\nd: |\n  yes\ne: on\nf: !!int '1'\n").unwrap(),
            json!({"a": "on", "b": "1", "c": "1", "d": "yes\n", "e": true, "f": 1})
        );
    }

    #[test]
    fn alias_bombs_are_stopped() {
        let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..12 {
            let below = format!("*a{},", level - 1).repeat(10);
            text.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        assert!(read(&text).unwrap_err().contains("8 MiB longer"));
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a,".repeat(1000));
        assert!(read(&long).unwrap_err().contains("8 MiB longer"));
    }

    #[test]
    fn deep_nesting_is_a_problem_and_no_stack_overflow() {
        for text in [
            "[".repeat(100_000),
            "{a: ".repeat(100_000),
            "- ".repeat(50_000),
            (0..200).map(|level| format!("{}a:\n", " ".repeat(level))).collect(),
        ] {
            let message = read(&text).unwrap_err();
            assert!(message.contains("nested deeper") || message.contains("recursion limit"), "{message}");
        }
    }

    #[test]
    fn aliases_cannot_nest_deeper_than_text() {
        let mut text = String::from("a0: &a0 [x]\n");
        for level in 1..200 {
            text.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
        }
        assert!(read(&text).unwrap_err().contains("nested deeper"));
    }

    #[test]
    fn an_anchor_cannot_contain_itself() {
        assert!(read("a: &a [*a]\n").unwrap_err().contains("contains it"));
    }

    #[test]
    fn doubled_keys_are_refused_at_the_second() {
        assert_eq!(
            read("a: 1\nb: 2\na: 3\n").unwrap_err(),
            "Mark { line: 3, column: 0 } has the key \"a\" twice, first in line 1 of the document"
        );
    }

    #[test]
    fn keys_are_text() {
        assert!(read("? [a]\n: 1\n").unwrap_err().contains("key that is not plain text"));
        assert_eq!(read("on: 1\n1: 2\n").unwrap(), json!({"on": 1, "1": 2}));
    }

    #[test]
    fn empty_documents_have_no_value() {
        for text in ["", "# only a comment\n", "---\n", "--- # nothing\n"] {
            assert_eq!(read(text).unwrap(), Value::Null, "{text}");
        }
    }
}
