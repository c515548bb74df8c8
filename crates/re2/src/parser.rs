//! The outer syntax: groups, alternatives, anchors, literals.

use crate::class;
use crate::cursor::Cursor;
use crate::escape::{self, Escape};
use crate::group::{self, Opening};
use crate::repeat;
use crate::size::Node;
use crate::{InvalidKind, InvalidRegex};

/// The flags that change a program's size; `m` and `U` do not.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flags {
    /// `i`.
    pub(crate) fold: bool,
    /// `s`: a dot matches newlines too.
    pub(crate) dot_newline: bool,
}

/// What the expression is as a whole, and how many groups it captures.
pub(crate) fn parse(pattern: &str) -> Result<(Node, u32), InvalidRegex> {
    let mut parser = Parser::new(pattern);
    while let Some(next) = parser.cursor.peek() {
        let repeated = parser.step(next)?;
        parser.last_repeat = repeated;
    }
    parser.finish()
}

struct Parser<'p> {
    cursor: Cursor<'p>,
    flags: Flags,
    captures: u32,
    /// Where the repetition began that was read just now; none may follow it.
    last_repeat: Option<usize>,
    /// The group being read, and those around it, innermost last.
    group: Group,
    outer: Vec<Group>,
}

/// An open group.
struct Group {
    start: usize,
    captures: bool,
    /// The flags to go back to when it is closed.
    flags: Flags,
    /// The alternatives that are complete.
    alternatives: Option<Node>,
    /// The pieces of the alternative being read, without the last.
    sequence: Option<Node>,
    /// The last piece, which a repetition would apply to.
    last: Option<Node>,
}

impl Group {
    fn new(start: usize, captures: bool, flags: Flags) -> Self {
        Self { start, captures, flags, alternatives: None, sequence: None, last: None }
    }

    fn push(&mut self, node: Node) {
        if let Some(last) = self.last.replace(node) {
            self.sequence = Some(self.sequence.map_or(last, |before| before.then(last)));
        }
    }

    fn end_alternative(&mut self) {
        let last = self.last.take();
        let sequence = match (self.sequence.take(), last) {
            (Some(before), Some(last)) => before.then(last),
            (_, last) => last.unwrap_or_else(Node::empty),
        };
        self.alternatives = Some(self.alternatives.map_or(sequence, |before| before.or(sequence)));
    }

    fn close(mut self) -> Node {
        self.end_alternative();
        let node = self.alternatives.unwrap_or_else(Node::empty);
        if self.captures { node.captured() } else { node }
    }
}

impl<'p> Parser<'p> {
    fn new(pattern: &'p str) -> Self {
        let flags = Flags::default();
        Self {
            cursor: Cursor::new(pattern),
            flags,
            captures: 0,
            last_repeat: None,
            group: Group::new(0, false, flags),
            outer: Vec::new(),
        }
    }

    /// Reads one token; returns its start if it was a repetition.
    fn step(&mut self, next: char) -> Result<Option<usize>, InvalidRegex> {
        match next {
            '(' => self.open()?,
            ')' => self.close()?,
            '|' => {
                self.cursor.next();
                self.group.end_alternative();
            }
            '^' | '$' => {
                self.cursor.next();
                self.group.push(Node::of(1));
            }
            '.' => {
                self.cursor.next();
                self.group.push(class::dot(self.flags));
            }
            '[' => {
                let node = class::parse(&mut self.cursor, self.flags)?;
                self.group.push(node);
            }
            '\\' => self.escape()?,
            '*' | '+' | '?' | '{' => return self.repeat(next),
            literal => {
                self.cursor.next();
                self.literal(literal);
            }
        }
        Ok(None)
    }

    fn literal(&mut self, c: char) {
        self.group.push(Node::literal(c, self.flags.fold));
    }

    fn open(&mut self) -> Result<(), InvalidRegex> {
        let start = self.cursor.at();
        let before = self.flags;
        match group::parse(&mut self.cursor, &mut self.flags)? {
            Opening::Capturing => {
                self.captures += 1;
                self.enter(Group::new(start, true, before));
            }
            Opening::Plain => self.enter(Group::new(start, false, before)),
            Opening::FlagsOnly => {}
        }
        Ok(())
    }

    fn enter(&mut self, group: Group) {
        self.outer.push(std::mem::replace(&mut self.group, group));
    }

    fn close(&mut self) -> Result<(), InvalidRegex> {
        let start = self.cursor.at();
        self.cursor.next();
        let Some(outer) = self.outer.pop() else {
            return Err(self.cursor.fault(InvalidKind::UnexpectedParenthesis, start));
        };
        let closed = std::mem::replace(&mut self.group, outer);
        self.flags = closed.flags;
        self.group.push(closed.close());
        Ok(())
    }

    fn escape(&mut self) -> Result<(), InvalidRegex> {
        match escape::parse(&mut self.cursor, self.flags)? {
            Escape::Node(node) => self.group.push(node),
            Escape::Rune(rune) => self.literal(rune.character()),
            Escape::Quoted(text) => text.chars().for_each(|c| self.literal(c)),
        }
        Ok(())
    }

    fn repeat(&mut self, operator: char) -> Result<Option<usize>, InvalidRegex> {
        let start = self.cursor.at();
        let Some(repetition) = repeat::parse(&mut self.cursor) else {
            // A brace that is no count stands for itself.
            self.cursor.next();
            self.literal(operator);
            return Ok(None);
        };
        if let Some(before) = self.last_repeat {
            return Err(self.cursor.fault(InvalidKind::DoubledRepeat, before));
        }
        let fault = |kind| self.cursor.fault(kind, start);
        if !repetition.is_in_range() {
            return Err(fault(InvalidKind::RepeatTooLarge));
        }
        let Some(operand) = self.group.last else {
            return Err(fault(InvalidKind::NothingToRepeat));
        };
        let node = repetition.apply(operand).ok_or_else(|| fault(InvalidKind::RepeatTooLarge))?;
        self.group.last = Some(node);
        Ok(Some(start))
    }

    fn finish(self) -> Result<(Node, u32), InvalidRegex> {
        if !self.outer.is_empty() {
            return Err(self.cursor.fault_to_end(InvalidKind::MissingParenthesis, self.group.start));
        }
        Ok((self.group.close(), self.captures))
    }
}
