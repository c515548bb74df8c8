//! Reading position in an expression.

use crate::{InvalidKind, InvalidRegex};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'p> {
    pattern: &'p str,
    at: usize,
    /// Where the last `:]` stands. Without it, every `[:` would search to the end for one.
    last_class_end: Option<usize>,
}

impl<'p> Cursor<'p> {
    pub(crate) fn new(pattern: &'p str) -> Self {
        Self { pattern, at: 0, last_class_end: pattern.rfind(":]") }
    }

    /// Bytes read so far; always between two characters.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn rest(&self) -> &'p str {
        self.pattern.get(self.at..).unwrap_or_default()
    }

    /// What stands between here and the next `:]`, after an opening `[:`.
    pub(crate) fn class_name(&self) -> Option<&'p str> {
        let inside = self.rest().strip_prefix("[:")?;
        self.last_class_end.filter(|&last| last >= self.at + 2)?;
        inside.split_once(":]").map(|(name, _)| name)
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Whether anything is left.
    pub(crate) fn is_done(&self) -> bool {
        self.at >= self.pattern.len()
    }

    pub(crate) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Steps over `text` if it comes next.
    pub(crate) fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Steps over `bytes` that the caller has looked at in [`Cursor::rest`].
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// A fault that spans from `start` to here.
    pub(crate) fn fault(&self, kind: InvalidKind, start: usize) -> InvalidRegex {
        InvalidRegex::new(kind, start, self.pattern.get(start..self.at).unwrap_or_default())
    }

    /// A fault that spans from `start` to the end.
    pub(crate) fn fault_to_end(&self, kind: InvalidKind, start: usize) -> InvalidRegex {
        InvalidRegex::new(kind, start, self.pattern.get(start..).unwrap_or_default())
    }
}
