//! YAML text to a tree that knows where everything stands.
//!
//! Words and numbers are read as `kubectl` reads them (see [`scalar`]). Depth and the growth by aliases are
//! bounded, so that no text can exhaust the stack or the memory.

mod scalar;
mod tree;
mod value;

pub(crate) use tree::{Content, Document, Key, Node};
pub(crate) use value::is_merge;

/// Deepest nesting that is read. Kubernetes objects have about 30 levels.
const DEEPEST: usize = 120;

/// Where something stands in a text: line from 1, column from 0 in characters, as the parser counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// Why a text is not YAML, or not YAML that we read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxProblem {
    pub(crate) message: String,
    pub(crate) help: Option<&'static str>,
    pub(crate) at: Mark,
}

impl Mark {
    fn from_parser(marker: saphyr_parser::Marker) -> Self {
        Self { line: marker.line(), column: marker.col() }
    }
}

/// Where the lines of a text begin, to turn marks into offsets.
///
/// The parser's own index counts characters, and its lines end at `\n`, `\r\n` and lone `\r`.
#[derive(Debug)]
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends_line = |(at, byte): &(usize, &u8)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        let after = bytes.iter().enumerate().filter(ends_line).map(|(at, _)| at + 1);
        Self { starts: std::iter::once(0).chain(after).collect() }
    }

    /// The byte offset of a mark; the end of the line if the column is behind it.
    pub(crate) fn offset(&self, text: &str, mark: Mark) -> usize {
        let start = self.starts.get(mark.line.saturating_sub(1)).copied().unwrap_or(text.len());
        let line = &text[start..];
        match line.char_indices().take_while(|(_, c)| !matches!(c, '\n' | '\r')).nth(mark.column) {
            Some((offset, _)) => start + offset,
            None => start + line.find(['\n', '\r']).unwrap_or(line.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_count_characters_and_know_all_line_ends() {
        let text = "é: 1\r\nb\rü😀x\n";
        let at = |line, column| Lines::new(text).offset(text, Mark { line, column });
        assert_eq!([at(1, 0), at(1, 1), at(2, 0), at(3, 0), at(3, 2)], [0, 2, 7, 9, 15]);
        assert_eq!([at(1, 99), at(9, 0)], [5, text.len()]);
    }
}
