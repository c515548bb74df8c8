//! Why an expression is refused, in words for the user who wrote it.

use std::fmt;

use crate::{MAX_PATTERN_BYTES, MAX_PROGRAM_SIZE, MAX_REPEAT};

/// The longest piece of the user's expression that a message quotes, in characters.
const EXCERPT: usize = 40;

/// The classes of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InvalidKind {
    /// Envoy refuses an empty expression (RE2 does not).
    Empty,
    /// Longer than [`MAX_PATTERN_BYTES`].
    TooLong,
    /// The program would be larger than [`MAX_PROGRAM_SIZE`].
    TooLarge,
    /// A `(` that is never closed.
    MissingParenthesis,
    /// A `)` that closes nothing.
    UnexpectedParenthesis,
    /// A `[` that is never closed.
    MissingBracket,
    /// An unknown escape, in or outside of a character class.
    BadEscape,
    /// An escape for a character above `\xff`, which Envoy cannot match as one character.
    EscapeBeyondByte,
    /// A backslash at the end.
    TrailingBackslash,
    /// `[:name:]` or `\p{name}` with a name that RE2 does not know.
    UnknownGroup,
    /// `[z-a]`.
    ReversedRange,
    /// A repetition with nothing before it.
    NothingToRepeat,
    /// A count above [`MAX_REPEAT`], nested counts multiplied, or a maximum below its minimum.
    RepeatTooLarge,
    /// `a**`, `a++`, `a{2}{3}`.
    DoubledRepeat,
    /// Look-around and other `(?...)` that RE2 does not have.
    UnsupportedGroup,
    /// `(?P<name>` with a name that is empty, unclosed or not of ASCII letters, digits and `_`.
    BadGroupName,
}

/// An expression that Envoy would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidRegex {
    /// Where the fault begins, in bytes from the start of the expression.
    pub offset: usize,
    /// Its class.
    pub kind: InvalidKind,
    /// What was found, what is allowed, and the way out; one line.
    pub message: String,
}

impl InvalidRegex {
    pub(crate) fn new(kind: InvalidKind, offset: usize, found: &str) -> Self {
        let message = Sentence { kind, offset, found }.to_string();
        Self { offset, kind, message }
    }
}

struct Sentence<'a> {
    kind: InvalidKind,
    offset: usize,
    found: &'a str,
}

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.found.is_empty() {
            write!(out, "`{}` at offset {}: ", excerpt(self.found), self.offset)?;
        }
        self.words(out)
    }
}

impl Sentence<'_> {
    fn words(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        use InvalidKind::{
            BadEscape, BadGroupName, DoubledRepeat, Empty, EscapeBeyondByte, MissingBracket,
            MissingParenthesis, NothingToRepeat, RepeatTooLarge, ReversedRange, TooLarge, TooLong,
            TrailingBackslash, UnexpectedParenthesis, UnknownGroup, UnsupportedGroup,
        };
        match self.kind {
            Empty => out.write_str("the expression is empty; write `.*` to match everything"),
            TooLong => write!(
                out,
                "the expression is longer than {MAX_PATTERN_BYTES} bytes; split it over several routes"
            ),
            TooLarge => write!(
                out,
                "the expression compiles to more than {MAX_PROGRAM_SIZE} instructions; use smaller repetition counts or `*`"
            ),
            MissingParenthesis => {
                out.write_str("this group is never closed; add `)`, or write `\\(` for a literal parenthesis")
            }
            UnexpectedParenthesis => {
                out.write_str("this closes no group; remove it, or write `\\)` for a literal parenthesis")
            }
            MissingBracket => out.write_str(
                "this character class is never closed; add `]`, or write `\\[` for a literal bracket",
            ),
            BadEscape => out.write_str(
                "unknown escape; RE2 escapes punctuation and knows \\d \\w \\s \\b \\A \\z \\pN \\x41 \\n and their like, but no back-references",
            ),
            EscapeBeyondByte => {
                out.write_str("Envoy matches bytes, so an escape ends at \\xff; write the character itself")
            }
            TrailingBackslash => {
                out.write_str("a backslash at the end escapes nothing; write `\\\\` for a literal one")
            }
            UnknownGroup => out.write_str(
                "unknown class of characters; known are [:alnum:] and its like, and Unicode categories and scripts such as \\pL and \\p{Greek}",
            ),
            ReversedRange => out.write_str("the range runs backwards; write the smaller character first"),
            NothingToRepeat => {
                out.write_str("there is nothing to repeat before it; escape it with `\\` for the literal character")
            }
            RepeatTooLarge => write!(
                out,
                "a repetition counts upwards and to at most {MAX_REPEAT}, nested counts multiplied; use a smaller count, `*` or `+`"
            ),
            DoubledRepeat => out.write_str(
                "a repetition cannot follow another, and RE2 has no possessive ones; put the first in `(?:...)` or drop it",
            ),
            UnsupportedGroup => out.write_str(
                "RE2 has no such group: no look-around, comments, atomic groups or recursion; known are (?:...), (?P<name>...) and the flags i, m, s, U",
            ),
            BadGroupName => {
                out.write_str("a group's name is made of ASCII letters, digits and `_`, and ends with `>`")
            }
        }
    }
}

/// The beginning of what was found, without control characters.
fn excerpt(found: &str) -> String {
    let mut short: String =
        found.chars().take(EXCERPT).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if found.chars().nth(EXCERPT).is_some() {
        short.push('…');
    }
    short
}
