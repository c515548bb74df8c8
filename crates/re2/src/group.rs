//! What may follow an opening parenthesis: names and flags.

use crate::cursor::Cursor;
use crate::parser::Flags;
use crate::{InvalidKind, InvalidRegex};

pub(crate) enum Opening {
    /// `(`, `(?P<name>`, `(?<name>`.
    Capturing,
    /// `(?:`, `(?i-s:`.
    Plain,
    /// `(?i)`: no group, only flags for the rest of the one around it.
    FlagsOnly,
}

/// Reads from `(` to the first character inside, and sets the flags that hold there.
pub(crate) fn parse(cursor: &mut Cursor<'_>, flags: &mut Flags) -> Result<Opening, InvalidRegex> {
    let start = cursor.at();
    if !cursor.eat("(?") {
        cursor.eat("(");
        return Ok(Opening::Capturing);
    }
    for look_around in ["=", "!", "<=", "<!"] {
        if cursor.eat(look_around) {
            return Err(cursor.fault(InvalidKind::UnsupportedGroup, start));
        }
    }
    if cursor.eat("P<") || cursor.eat("<") {
        return name(cursor, start);
    }
    set_flags(cursor, flags, start)
}

fn name(cursor: &mut Cursor<'_>, start: usize) -> Result<Opening, InvalidRegex> {
    let Some(end) = cursor.rest().find('>') else {
        return Err(cursor.fault_to_end(InvalidKind::BadGroupName, start));
    };
    let name = cursor.rest().get(..end).unwrap_or_default();
    cursor.skip(end + 1);
    // Envoy reads Latin-1, so letters beyond ASCII, which RE2 knows otherwise, are none.
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(cursor.fault(InvalidKind::BadGroupName, start));
    }
    Ok(Opening::Capturing)
}

fn set_flags(cursor: &mut Cursor<'_>, flags: &mut Flags, start: usize) -> Result<Opening, InvalidRegex> {
    let mut set = *flags;
    let mut on = true;
    let mut complete = true;
    let opening = loop {
        match cursor.next() {
            Some('i') => set.fold = on,
            Some('s') => set.dot_newline = on,
            Some('m' | 'U') => {}
            Some('-') if on => {
                on = false;
                complete = false;
                continue;
            }
            Some(':') => break Opening::Plain,
            Some(')') => break Opening::FlagsOnly,
            _ => return Err(cursor.fault(InvalidKind::UnsupportedGroup, start)),
        }
        complete = true;
    };
    if !complete {
        return Err(cursor.fault(InvalidKind::UnsupportedGroup, start));
    }
    *flags = set;
    Ok(opening)
}
