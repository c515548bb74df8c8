//! Repetitions: `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}`, each with `?` behind it for the non-greedy form.

use crate::MAX_REPEAT;
use crate::cursor::Cursor;
use crate::size::Node;

/// Above this RE2 stops reading digits and takes the brace for a literal.
const MAX_COUNT: u32 = 1_000_000_000;

pub(crate) enum Repetition {
    /// `*`, `+` or `?`.
    Simple,
    /// `{min,max}`; no maximum in `{min,}`.
    Counted { min: u32, max: Option<u32> },
}

/// Reads a repetition; `None`, with nothing read, for a brace that begins no count.
pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Option<Repetition> {
    let repetition = match cursor.peek()? {
        '{' => counted(cursor)?,
        _ => {
            cursor.next();
            Repetition::Simple
        }
    };
    cursor.eat("?");
    Some(repetition)
}

fn counted(cursor: &mut Cursor<'_>) -> Option<Repetition> {
    let mut ahead = *cursor;
    ahead.eat("{");
    let min = integer(&mut ahead)?;
    let max = if !ahead.eat(",") {
        Some(min)
    } else if ahead.peek() == Some('}') {
        None
    } else {
        Some(integer(&mut ahead)?)
    };
    if !ahead.eat("}") {
        return None;
    }
    *cursor = ahead;
    Some(Repetition::Counted { min, max })
}

/// A decimal number without leading zeros.
fn integer(cursor: &mut Cursor<'_>) -> Option<u32> {
    let rest = cursor.rest();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 1 && rest.starts_with('0') {
        return None;
    }
    let value = rest.get(..digits)?.parse().ok().filter(|&value: &u32| value < MAX_COUNT)?;
    cursor.skip(digits);
    Some(value)
}

impl Repetition {
    /// Counts are within RE2's limit and in order.
    pub(crate) fn is_in_range(&self) -> bool {
        match *self {
            Self::Simple => true,
            Self::Counted { min, max } => {
                min <= MAX_REPEAT && max.is_none_or(|max| min <= max && max <= MAX_REPEAT)
            }
        }
    }

    /// The repeated piece; `None` where nested counts multiply above RE2's limit.
    pub(crate) fn apply(&self, operand: Node) -> Option<Node> {
        match *self {
            Self::Simple => Some(operand.looped()),
            Self::Counted { min, max } => operand.repeated(min, max),
        }
    }
}
