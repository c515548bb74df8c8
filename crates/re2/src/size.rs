//! Upper estimates of RE2's program size.
//!
//! Each piece of an expression is reduced at once to the few numbers that the enclosing piece needs, so
//! there is no tree to keep or to walk.

use crate::MAX_REPEAT;

/// Instructions that every program has: failure, match and the loop that finds a start.
const FRAME: u64 = 4;

/// What is known about a piece of an expression.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    instructions: u64,
    /// Largest product of nested repetition counts within.
    repeats: u32,
    beyond_ascii: bool,
}

impl Node {
    pub(crate) fn of(instructions: u64) -> Self {
        Self { instructions, repeats: 1, beyond_ascii: false }
    }

    /// Matches the empty string.
    pub(crate) fn empty() -> Self {
        Self::of(1)
    }

    /// One literal character, under the `i` flag or not.
    pub(crate) fn literal(c: char, fold: bool) -> Self {
        let bytes = c.len_utf8() as u64;
        let instructions = match c {
            // These two fold to the Kelvin sign and the long s as well.
            'k' | 'K' | 's' | 'S' if fold => 5,
            _ if c.is_ascii() => 1,
            // A letter has at most three other forms, each of up to four bytes and a branch.
            _ if fold => 20,
            _ => bytes,
        };
        Self { beyond_ascii: !c.is_ascii(), ..Self::of(instructions) }
    }

    pub(crate) fn with_beyond_ascii(self, beyond_ascii: bool) -> Self {
        Self { beyond_ascii: self.beyond_ascii || beyond_ascii, ..self }
    }

    pub(crate) fn beyond_ascii(&self) -> bool {
        self.beyond_ascii
    }

    /// The size of a whole program of this piece.
    pub(crate) fn program_size(&self) -> u64 {
        self.instructions.saturating_add(FRAME)
    }

    pub(crate) fn then(self, next: Self) -> Self {
        Self {
            instructions: self.instructions.saturating_add(next.instructions),
            repeats: self.repeats.max(next.repeats),
            beyond_ascii: self.beyond_ascii || next.beyond_ascii,
        }
    }

    pub(crate) fn or(self, other: Self) -> Self {
        self.then(other).plus(1)
    }

    pub(crate) fn captured(self) -> Self {
        self.plus(2)
    }

    /// `*`, `+` or `?`: a branch, and up to three more where the piece may be empty.
    pub(crate) fn looped(self) -> Self {
        self.plus(4)
    }

    /// `{min,max}`, without a maximum where `max` is `None`; `None` where nested counts multiply above RE2's limit.
    pub(crate) fn repeated(self, min: u32, max: Option<u32>) -> Option<Self> {
        let counted = max.unwrap_or(min).max(1);
        let repeats = self.repeats.saturating_mul(counted);
        // RE2 looks at the nesting only where this repetition itself counts to two.
        if repeats > MAX_REPEAT && (min >= 2 || max.is_some_and(|max| max >= 2)) {
            return None;
        }
        let copies = u64::from(max.unwrap_or(min).max(1));
        let branches = max.map_or(4, |max| u64::from(max - min.min(max)));
        let instructions = self.instructions.saturating_mul(copies).saturating_add(branches);
        Some(Self { instructions, repeats, ..self })
    }

    fn plus(self, instructions: u64) -> Self {
        Self { instructions: self.instructions.saturating_add(instructions), ..self }
    }
}
