//! One message on its way out.

use std::io::IoSlice;
use std::sync::Arc;

use bytes::{Buf, Bytes};

use super::Block;

/// A framed message, which is read as one buffer although only its head is its own.
#[derive(Clone, Debug)]
pub struct Message {
    head: Bytes,
    shared: Arc<[Bytes]>,
    /// The first of the shared pieces that is not read to its end, and how far it is read.
    place: (usize, usize),
    remaining: usize,
}

impl Message {
    pub(super) fn new(head: Bytes, block: Block) -> Self {
        let remaining = head.len() + block.length;
        Self { head, shared: block.pieces, place: (0, 0), remaining }
    }

    /// What all streams share that get the same resources.
    pub fn shared(&self) -> &[Bytes] {
        &self.shared
    }

    /// What is not yet read, in pieces that are not empty.
    fn unread(&self) -> impl Iterator<Item = &[u8]> {
        let (piece, offset) = self.place;
        let begun = self.shared.get(piece).map(|piece| &piece[offset..]);
        let others = self.shared.iter().skip(piece + 1).map(|piece| &piece[..]);
        let pieces = std::iter::once(&self.head[..]).chain(begun).chain(others);
        pieces.filter(|piece| !piece.is_empty())
    }
}

impl Buf for Message {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        self.unread().next().unwrap_or_default()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut count = 0;
        for (slice, piece) in slices.iter_mut().zip(self.unread()) {
            *slice = IoSlice::new(piece);
            count += 1;
        }
        count
    }

    fn advance(&mut self, count: usize) {
        assert!(count <= self.remaining, "a message is not read beyond its end");
        self.remaining -= count;
        let of_head = count.min(self.head.len());
        self.head.advance(of_head);
        let (mut piece, mut offset) = (self.place.0, self.place.1 + count - of_head);
        while let Some(length) = self.shared.get(piece).map(Bytes::len).filter(|length| offset >= *length) {
            (piece, offset) = (piece + 1, offset - length);
        }
        self.place = (piece, offset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        let pieces = [&b"de"[..], b"fghi", b"j"].map(Bytes::from_static);
        Message::new(Bytes::from_static(b"abc"), Block { pieces: pieces.into(), length: 7 })
    }

    #[test]
    fn message_is_read_in_any_steps() {
        for step in 1..=10 {
            let (mut message, mut read) = (message(), Vec::new());
            while message.has_remaining() {
                let next = message.copy_to_bytes(step.min(message.remaining()));
                read.extend_from_slice(&next);
            }
            assert_eq!(read, b"abcdefghij", "{step}");
        }
    }

    #[test]
    fn slices_are_what_is_not_yet_read() {
        for read in 0..=10 {
            let mut message = message();
            message.advance(read);
            let mut slices = [IoSlice::new(&[]); 4];
            let count = message.chunks_vectored(&mut slices);
            let unread: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
            assert_eq!(unread, b"abcdefghij"[read..], "{read}");
        }
    }
}
