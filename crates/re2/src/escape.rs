//! What may follow a backslash.

use crate::class::{self, Class};
use crate::cursor::Cursor;
use crate::parser::Flags;
use crate::size::Node;
use crate::{InvalidKind, InvalidRegex};

pub(crate) enum Escape<'p> {
    /// An assertion or a class of characters.
    Node(Node),
    /// One character.
    Rune(Rune),
    /// The text between `\Q` and `\E`.
    Quoted(&'p str),
}

/// A character as a class's range sees it, under both readings of the expression.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rune {
    /// The code point: UTF-8.
    pub(crate) code: u32,
    /// The first byte, where a range ends: Latin-1.
    pub(crate) first_byte: u32,
    /// The last byte, where a range begins: Latin-1.
    pub(crate) last_byte: u32,
}

impl Rune {
    pub(crate) fn literal(c: char) -> Self {
        let mut bytes = [0; 4];
        let encoded = c.encode_utf8(&mut bytes).as_bytes();
        let byte = |b: Option<&u8>| b.map_or(0, |&b| u32::from(b));
        Self { code: u32::from(c), first_byte: byte(encoded.first()), last_byte: byte(encoded.last()) }
    }

    fn escaped(code: u32) -> Self {
        Self { code, first_byte: code, last_byte: code }
    }

    pub(crate) fn is_several_bytes(self) -> bool {
        self.code != self.first_byte
    }

    pub(crate) fn character(self) -> char {
        char::from_u32(self.code).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

/// Reads an escape outside of a character class.
pub(crate) fn parse<'p>(cursor: &mut Cursor<'p>, flags: Flags) -> Result<Escape<'p>, InvalidRegex> {
    for assertion in ["\\b", "\\B", "\\A", "\\z", "\\C"] {
        if cursor.eat(assertion) {
            return Ok(Escape::Node(Node::of(1)));
        }
    }
    if cursor.eat("\\Q") {
        return Ok(Escape::Quoted(quoted(cursor)));
    }
    let mut class = Class::new(flags);
    if class::named(cursor, &mut class)? {
        return Ok(Escape::Node(class.node()));
    }
    rune(cursor).map(Escape::Rune)
}

/// To `\E`, or to the end.
fn quoted<'p>(cursor: &mut Cursor<'p>) -> &'p str {
    let rest = cursor.rest();
    match rest.find("\\E") {
        Some(end) => {
            cursor.skip(end + 2);
            rest.get(..end).unwrap_or_default()
        }
        None => {
            cursor.skip(rest.len());
            rest
        }
    }
}

/// Reads an escape that stands for one character.
pub(crate) fn rune(cursor: &mut Cursor<'_>) -> Result<Rune, InvalidRegex> {
    let start = cursor.at();
    cursor.eat("\\");
    let Some(c) = cursor.next() else {
        return Err(cursor.fault(InvalidKind::TrailingBackslash, start));
    };
    let code = match c {
        'n' => Some(0x0a),
        'r' => Some(0x0d),
        't' => Some(0x09),
        'a' => Some(0x07),
        'f' => Some(0x0c),
        'v' => Some(0x0b),
        'x' => hexadecimal(cursor),
        '0'..='7' => octal(cursor, c),
        _ if c.is_ascii_punctuation() || c.is_ascii_control() || c == ' ' => Some(u32::from(c)),
        _ => None,
    };
    match code {
        Some(code) if code <= 0xff => Ok(Rune::escaped(code)),
        Some(_) => Err(cursor.fault(InvalidKind::EscapeBeyondByte, start)),
        None => Err(cursor.fault(InvalidKind::BadEscape, start)),
    }
}

/// Up to three digits; a single one other than zero would be a back-reference.
fn octal(cursor: &mut Cursor<'_>, first: char) -> Option<u32> {
    let digit = |c: Option<char>| c.and_then(|c| c.to_digit(8));
    let mut code = first.to_digit(8)?;
    if code != 0 {
        digit(cursor.peek())?;
    }
    for _ in 0..2 {
        let Some(next) = digit(cursor.peek()) else { break };
        code = code * 8 + next;
        cursor.next();
    }
    Some(code)
}

/// `\x41` or `\x{41}`.
fn hexadecimal(cursor: &mut Cursor<'_>) -> Option<u32> {
    if !cursor.eat("{") {
        let high = cursor.next()?.to_digit(16)?;
        return Some(high * 16 + cursor.next()?.to_digit(16)?);
    }
    let mut code = cursor.next()?.to_digit(16)?;
    loop {
        match cursor.next()? {
            '}' => return Some(code),
            digit => code = code.saturating_mul(16).saturating_add(digit.to_digit(16)?),
        }
    }
}
