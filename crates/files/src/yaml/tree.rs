//! The tree, built from the parser's events without recursion.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::{DEEPEST, Lines, Mark, SyntaxProblem};

/// One document.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) root: Node,
    /// Anchored nodes; the tree refers to them wherever they are defined or used.
    pub(crate) anchors: BTreeMap<usize, Node>,
}

/// One value with its place.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) content: Content,
    pub(crate) start: Mark,
    pub(crate) end: Mark,
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum Content {
    Scalar {
        text: String,
        style: Style,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
    /// Stands for the anchor with this number.
    Alias(usize),
}

/// How a scalar was written, as far as its type depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes: may be a number, a boolean or nothing.
    Plain,
    /// In quotes, as a block, or tagged `!!str`: always text.
    Text,
}

/// A key with its place.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) start: Mark,
    pub(crate) end: Mark,
    /// Whether it was written without quotes, as the merge key `<<` must be.
    pub(crate) style: Style,
}

/// A list or map whose end has not come yet.
struct Open {
    content: Content,
    start: Mark,
    anchor: usize,
    key: Option<Key>,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    root: Option<Node>,
}

impl Document {
    /// Reads a text with at most one document; `None` if it has none.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, SyntaxProblem> {
        let mut builder = Builder::default();
        let mut documents = 0;
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| SyntaxProblem {
                message: format!("is not valid YAML: {}", error.info()),
                help: help(text, Mark::from_parser(*error.marker())),
                at: Mark::from_parser(*error.marker()),
            })?;
            if matches!(event, Event::DocumentStart(_)) {
                documents += 1;
            }
            if documents > 1 {
                return Err(problem("has text behind the end of the document", span));
            }
            builder.event(event, span)?;
        }
        let Builder { anchors, root, .. } = builder;
        Ok(root.map(|root| Self { root, anchors }))
    }
}

fn problem(message: impl Into<String>, span: Span) -> SyntaxProblem {
    SyntaxProblem { message: message.into(), help: None, at: Mark::from_parser(span.start) }
}

/// The most common reasons for a syntax error.
fn help(text: &str, at: Mark) -> Option<&'static str> {
    let line = &text[Lines::new(text).offset(text, Mark { line: at.line, column: 0 })..];
    let line = line.split(['\n', '\r']).next().unwrap_or(line);
    let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
    indent.contains('\t').then_some("indent with spaces, YAML allows no tabs there")
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), SyntaxProblem> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let style = scalar_style(style, tag.as_deref());
                self.scalar(text.into_owned(), style, anchor, span)
            }
            Event::Alias(id) => self.alias(id, span),
            Event::SequenceStart(anchor, _) => self.start(Content::List(Vec::new()), anchor, span),
            Event::MappingStart(anchor, _) => self.start(Content::Map(Vec::new()), anchor, span),
            Event::SequenceEnd | Event::MappingEnd => self.finish(span),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn scalar(&mut self, text: String, style: Style, anchor: usize, span: Span) -> Result<(), SyntaxProblem> {
        let (start, end) = (Mark::from_parser(span.start), Mark::from_parser(span.end));
        if let Some(Open { content: Content::Map(_), key: key @ None, .. }) = self.open.last_mut() {
            // An anchor on a key is kept out: nobody needs it, and the tree has no place for it.
            *key = Some(Key { text, start, end, style });
            return Ok(());
        }
        self.place(Node { content: Content::Scalar { text, style }, start, end }, anchor);
        Ok(())
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), SyntaxProblem> {
        self.refuse_as_key(span)?;
        if !self.anchors.contains_key(&id) {
            return Err(problem("refers to an anchor that contains it, or that stands on a key", span));
        }
        let node = Node {
            content: Content::Alias(id),
            start: Mark::from_parser(span.start),
            end: Mark::from_parser(span.end),
        };
        self.place(node, 0);
        Ok(())
    }

    fn start(&mut self, content: Content, anchor: usize, span: Span) -> Result<(), SyntaxProblem> {
        self.refuse_as_key(span)?;
        if self.open.len() >= DEEPEST {
            return Err(problem(format!("is nested deeper than {DEEPEST} levels"), span));
        }
        self.open.push(Open { content, start: Mark::from_parser(span.start), anchor, key: None });
        Ok(())
    }

    fn refuse_as_key(&self, span: Span) -> Result<(), SyntaxProblem> {
        match self.open.last() {
            Some(Open { content: Content::Map(_), key: None, .. }) => {
                Err(problem("has a key that is not plain text", span))
            }
            _ => Ok(()),
        }
    }

    fn finish(&mut self, span: Span) -> Result<(), SyntaxProblem> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        if let Content::Map(entries) = &open.content {
            refuse_duplicates(entries)?;
        }
        let node = Node { content: open.content, start: open.start, end: Mark::from_parser(span.end) };
        self.place(node, open.anchor);
        Ok(())
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node, anchor: usize) {
        let node = if anchor == 0 { node } else { self.define(node, anchor) };
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { content: Content::List(items), .. }) => items.push(node),
            Some(Open { content: Content::Map(entries), key, .. }) => {
                if let Some(key) = key.take() {
                    entries.push((key, node));
                }
            }
            Some(Open { content: Content::Scalar { .. } | Content::Alias(_), .. }) => {}
        }
    }

    /// Keeps an anchored node apart and leaves a reference in its place.
    fn define(&mut self, node: Node, anchor: usize) -> Node {
        let reference = Node { content: Content::Alias(anchor), start: node.start, end: node.end };
        self.anchors.insert(anchor, node);
        reference
    }
}

fn scalar_style(style: ScalarStyle, tag: Option<&Tag>) -> Style {
    match tag {
        Some(tag) if tag.is_yaml_core_schema() && matches!(tag.suffix.as_str(), "str" | "binary") => {
            Style::Text
        }
        Some(tag) if tag.is_yaml_core_schema() => Style::Plain,
        _ if style == ScalarStyle::Plain => Style::Plain,
        _ => Style::Text,
    }
}

/// One of two equal keys would silently win, so neither does.
fn refuse_duplicates(entries: &[(Key, Node)]) -> Result<(), SyntaxProblem> {
    let mut keys: Vec<&Key> = entries.iter().map(|(key, _)| key).collect();
    keys.sort_by(|a, b| (&a.text, a.start).cmp(&(&b.text, b.start)));
    match keys.windows(2).find(|pair| pair[0].text == pair[1].text) {
        None => Ok(()),
        Some(pair) => Err(SyntaxProblem {
            message: format!(
                "has the key {:?} twice, first in line {} of the document",
                pair[1].text, pair[0].start.line
            ),
            help: Some("keep one of the two"),
            at: pair[1].start,
        }),
    }
}
