//! Character classes: `[...]`, `\d`, `[:alpha:]`, `\p{Greek}` and the dot.

use crate::cursor::Cursor;
use crate::escape::{self, Rune};
use crate::groups;
use crate::parser::Flags;
use crate::size::Node;
use crate::{InvalidKind, InvalidRegex};

/// Code points from and to, both included.
type Range = (u32, u32);

const MAX_CODE: u32 = 0x0010_ffff;

/// No class that case folding adds is larger.
const MAX_FOLDED: u64 = 1300;

/// The letters, counted from `a`, that have a third form: k (the Kelvin sign) and s (the long s).
const BEYOND_ASCII: [(u32, u32); 2] = [(10, 0x212a), (18, 0x17f)];

/// The members of a class, as far as its size needs them.
pub(crate) struct Class {
    fold: bool,
    ranges: Vec<Range>,
    /// Instructions of the members that are not in `ranges`.
    opaque: u64,
    beyond_ascii: bool,
}

impl Class {
    pub(crate) fn new(flags: Flags) -> Self {
        Self { fold: flags.fold, ranges: Vec::new(), opaque: 0, beyond_ascii: false }
    }

    pub(crate) fn node(mut self) -> Node {
        normalize(&mut self.ranges);
        self.sized()
    }

    fn negated_node(mut self) -> Node {
        normalize(&mut self.ranges);
        self.ranges = complement(&self.ranges);
        self.sized()
    }

    fn sized(&self) -> Node {
        let explicit: u64 = self.ranges.iter().map(|&range| instructions(range)).sum();
        Node::of(explicit.saturating_add(self.opaque).max(1)).with_beyond_ascii(self.beyond_ascii)
    }

    fn add(&mut self, low: u32, high: u32) {
        self.ranges.push((low, high));
        if !self.fold {
            return;
        }
        self.add_shifted(low, high, ('a', 'z'), 'A');
        self.add_shifted(low, high, ('A', 'Z'), 'a');
        if high >= 0x80 {
            let members = u64::from(high - low.max(0x80)) + 1;
            self.opaque = self.opaque.saturating_add((members * 20).min(MAX_FOLDED));
        }
    }

    /// Adds the other case of those of `low..=high` that are within `letters`.
    fn add_shifted(&mut self, low: u32, high: u32, letters: (char, char), to: char) {
        let (first, last) = (u32::from(letters.0), u32::from(letters.1));
        let (low, high) = (low.max(first), high.min(last));
        if low > high {
            return;
        }
        let to = u32::from(to);
        self.ranges.push((low - first + to, high - first + to));
        for (letter, beyond) in BEYOND_ASCII {
            if (low..=high).contains(&(first + letter)) {
                self.ranges.push((beyond, beyond));
            }
        }
    }

    fn add_all(&mut self, ranges: &[Range]) {
        ranges.iter().for_each(|&(low, high)| self.add(low, high));
    }
}

/// The dot.
pub(crate) fn dot(flags: Flags) -> Node {
    let mut class = Class::new(Flags { fold: false, ..flags });
    if !flags.dot_newline {
        class.add(0x0a, 0x0a);
    }
    class.negated_node()
}

/// Reads `[...]`.
pub(crate) fn parse(cursor: &mut Cursor<'_>, flags: Flags) -> Result<Node, InvalidRegex> {
    let start = cursor.at();
    cursor.eat("[");
    let negated = cursor.eat("^");
    let mut class = Class::new(flags);
    let mut first = true;
    while first || cursor.peek() != Some(']') {
        if cursor.is_done() {
            return Err(cursor.fault(InvalidKind::MissingBracket, start));
        }
        first = false;
        if !posix(cursor, &mut class)? && !named(cursor, &mut class)? {
            range(cursor, &mut class, start)?;
        }
    }
    cursor.eat("]");
    Ok(if negated { class.negated_node() } else { class.node() })
}

/// Reads `x` or `x-y`.
fn range(cursor: &mut Cursor<'_>, class: &mut Class, class_start: usize) -> Result<(), InvalidRegex> {
    let start = cursor.at();
    let low = member(cursor, class, class_start)?;
    let is_range = matches!(cursor.rest().as_bytes(), [b'-', after, ..] if *after != b']');
    if !is_range {
        class.add(low.code, low.code);
        return Ok(());
    }
    cursor.eat("-");
    let high = member(cursor, class, class_start)?;
    let in_order = low.code <= high.code && low.last_byte <= high.first_byte;
    if !in_order || (high.is_several_bytes() && !may_follow(*cursor, high)) {
        return Err(cursor.fault(InvalidKind::ReversedRange, start));
    }
    class.add(low.code, high.code);
    Ok(())
}

/// Whether what comes next is in order. Read as Latin-1, the last byte of `[a-é` begins a second range
/// if a hyphen follows.
fn may_follow(mut cursor: Cursor<'_>, high: Rune) -> bool {
    if !cursor.eat("-") || cursor.peek() == Some(']') {
        return true;
    }
    let mut ignored = Class::new(Flags::default());
    member(&mut cursor, &mut ignored, 0).is_ok_and(|next| next.first_byte >= high.last_byte)
}

fn member(cursor: &mut Cursor<'_>, class: &mut Class, class_start: usize) -> Result<Rune, InvalidRegex> {
    match cursor.peek() {
        Some('\\') => escape::rune(cursor),
        Some(c) => {
            cursor.next();
            class.beyond_ascii |= !c.is_ascii();
            Ok(Rune::literal(c))
        }
        None => Err(cursor.fault(InvalidKind::MissingBracket, class_start)),
    }
}

/// Reads `[:name:]` or `[:^name:]` if it comes next; without a `:]` the bracket is a literal.
fn posix(cursor: &mut Cursor<'_>, class: &mut Class) -> Result<bool, InvalidRegex> {
    let start = cursor.at();
    let Some(name) = cursor.class_name() else { return Ok(false) };
    cursor.skip(name.len() + 4);
    let (name, negated) = name.strip_prefix('^').map_or((name, false), |name| (name, true));
    let ranges = groups::posix(name).ok_or_else(|| cursor.fault(InvalidKind::UnknownGroup, start))?;
    add_ascii(class, ranges, negated);
    Ok(true)
}

/// Reads `\d` and its like, or `\p{name}`, if it comes next.
pub(crate) fn named(cursor: &mut Cursor<'_>, class: &mut Class) -> Result<bool, InvalidRegex> {
    for (name, negated_name, ranges) in groups::PERL {
        for (text, negated) in [(name, false), (negated_name, true)] {
            if cursor.eat(text) {
                add_ascii(class, ranges, negated);
                return Ok(true);
            }
        }
    }
    let start = cursor.at();
    if !cursor.eat("\\p") && !cursor.eat("\\P") {
        return Ok(false);
    }
    unicode(cursor, class, start)?;
    Ok(true)
}

fn unicode(cursor: &mut Cursor<'_>, class: &mut Class, start: usize) -> Result<(), InvalidRegex> {
    let rest = cursor.rest();
    let name = if let Some(braced) = rest.strip_prefix('{') {
        let Some(end) = braced.find('}') else {
            return Err(cursor.fault_to_end(InvalidKind::UnknownGroup, start));
        };
        cursor.skip(end + 2);
        braced.get(..end)
    } else {
        let length = cursor.next().map_or(0, char::len_utf8);
        rest.get(..length)
    };
    let name = name.unwrap_or_default();
    let size = groups::unicode(name.strip_prefix('^').unwrap_or(name))
        .ok_or_else(|| cursor.fault(InvalidKind::UnknownGroup, start))?;
    class.opaque = class.opaque.saturating_add(u64::from(size));
    class.beyond_ascii = true;
    Ok(())
}

fn add_ascii(class: &mut Class, ranges: &[Range], negated: bool) {
    if !negated {
        return class.add_all(ranges);
    }
    // Folded before it is negated: (?i)\W has no Kelvin sign.
    let mut group = Class { fold: class.fold, ranges: Vec::new(), opaque: 0, beyond_ascii: false };
    group.add_all(ranges);
    normalize(&mut group.ranges);
    class.ranges.extend(complement(&group.ranges));
}

/// Sorted, disjoint, not touching.
fn normalize(ranges: &mut Vec<Range>) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, before| {
        let joins = next.0 <= before.1.saturating_add(1);
        if joins {
            before.1 = before.1.max(next.1);
        }
        joins
    });
}

/// What sorted ranges leave out.
fn complement(ranges: &[Range]) -> Vec<Range> {
    let mut left = Vec::with_capacity(ranges.len() + 1);
    let mut next = 0;
    for &(low, high) in ranges {
        if next < low {
            left.push((next, low - 1));
        }
        next = high + 1;
    }
    if next <= MAX_CODE {
        left.push((next, MAX_CODE));
    }
    left
}

/// The most instructions that a range of code points takes as ranges of UTF-8 bytes.
fn instructions((low, high): Range) -> u64 {
    const LENGTHS: [(u32, u32); 4] = [(0, 0x7f), (0x80, 0x7ff), (0x800, 0xffff), (0x1_0000, MAX_CODE)];
    if low <= 0x80 && high == MAX_CODE {
        // RE2 folds all that is beyond ASCII into six byte ranges.
        return 9 + u64::from(low < 0x80) * 2;
    }
    (1..)
        .zip(LENGTHS)
        .map(|(bytes, (first, last))| (bytes, low.max(first), high.min(last)))
        .filter(|(_, low, high)| low <= high)
        .map(|(bytes, low, high)| sequences(bytes, low, high) * (u64::from(bytes) + 1))
        .sum()
}

/// How many sequences of byte ranges a range of code points of one encoded length splits into.
fn sequences(bytes: u32, low: u32, high: u32) -> u64 {
    let mut count = 1;
    for byte in 1..bytes {
        let mask = (1u32 << (6 * byte)) - 1;
        if (low & !mask) == (high & !mask) {
            break;
        }
        count += u64::from(low & mask != 0) + u64::from(high & mask != mask);
    }
    count
}
