//! Splits a file at the lines that separate YAML documents, without parsing it.
//!
//! YAML forbids `---` and `...` at the start of a line inside any scalar, so the split is exact.

use std::ops::Range;

/// One document of a file, its own `---` line included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Bytes of the file.
    pub(crate) range: Range<usize>,
    /// The line of the file that it begins in, from 1.
    pub(crate) line: usize,
}

/// The documents of a text in order; without those that have nothing but comments, blanks and directives.
pub(crate) fn split(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut open = Piece { range: 0..0, line: 1 };
    let mut offset = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let next = match separator(line) {
            Some(Separator::Start) => Some(Piece { range: offset..offset, line: number }),
            Some(Separator::End) => Some(Piece { range: offset + line.len()..0, line: number + 1 }),
            None => None,
        };
        if let Some(next) = next {
            open.range.end = offset;
            push(&mut pieces, text, std::mem::replace(&mut open, next));
        }
        offset += line.len();
    }
    open.range.end = text.len();
    push(&mut pieces, text, open);
    pieces
}

enum Separator {
    /// `---`: belongs to the document that follows.
    Start,
    /// `...`: belongs to nobody.
    End,
}

fn separator(line: &str) -> Option<Separator> {
    let (marker, rest) = line.split_at_checked(3)?;
    if !rest.is_empty() && !rest.starts_with([' ', '\t', '\r', '\n']) {
        return None;
    }
    match marker {
        "---" => Some(Separator::Start),
        // Text behind it is an error that only the parser should tell about.
        "..." if rest.trim().is_empty() => Some(Separator::End),
        _ => None,
    }
}

fn push(pieces: &mut Vec<Piece>, text: &str, piece: Piece) {
    if text[piece.range.clone()].lines().any(has_content) {
        pieces.push(piece);
    }
}

fn has_content(line: &str) -> bool {
    let line = line.strip_prefix("---").unwrap_or(line).trim();
    !line.is_empty() && !line.starts_with(['#', '%'])
}

#[cfg(test)]
mod tests {
    use super::split;

    fn pieces(text: &str) -> Vec<&str> {
        split(text).into_iter().map(|piece| &text[piece.range]).collect()
    }

    #[test]
    fn documents_begin_at_their_separator() {
        assert_eq!(pieces("a: 1\n---\nb: 2\n--- # c\nc: 3"), ["a: 1\n", "---\nb: 2\n", "--- # c\nc: 3"]);
        assert_eq!(pieces("--- {a: 1}\r\n---\r\nb: 2\r\n"), ["--- {a: 1}\r\n", "---\r\nb: 2\r\n"]);
        assert_eq!(pieces("a: 1\n...\nb: 2\n"), ["a: 1\n", "b: 2\n"]);
    }

    #[test]
    fn documents_know_their_line() {
        let lines: Vec<usize> =
            split("a: 1\n---\n\nb: 2\n...\n---\n---\nc: 3").iter().map(|piece| piece.line).collect();
        assert_eq!(lines, [1, 2, 7]);
    }

    #[test]
    fn empty_documents_are_left_out() {
        assert_eq!(pieces("---\n---\n# x\n---\n\n"), Vec::<&str>::new());
        assert_eq!(pieces(""), Vec::<&str>::new());
        assert_eq!(pieces("%YAML 1.2\n---\na: 1\n"), ["---\na: 1\n"]);
    }

    #[test]
    fn dashes_inside_text_separate_nothing() {
        let text = "a: |\n  ---\n  x\nb: ----\n---x: 1\n";
        assert_eq!(pieces(text), [text]);
    }
}
