//! Bytes in shared pieces, with a hash of their content: the body of a resource.
//!
//! A table of 100,000 hosts is one message of 27 MB, of which a change touches 300 bytes. As a [`Rope`] it is
//! made of some thousand [`Piece`]s; the next version shares all of them but one, and its hash is made from
//! theirs. Nothing is copied from here to the connection.
//!
//! Not here: what the bytes mean, and where one piece ends and the next begins. The hash depends on the
//! boundaries, so whoever makes pieces must put them where the *content* says, never where a history of changes
//! happened to leave them.
//!
//! The two types to know: [`Rope`], [`Piece`].

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// Bytes that are hashed once and shared.
#[derive(Clone)]
pub struct Piece {
    bytes: Bytes,
    digest: u128,
}

impl Piece {
    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Their hash (XXH3, 128 bits).
    #[must_use]
    pub const fn digest(&self) -> u128 {
        self.digest
    }
}

impl<B: Into<Bytes>> From<B> for Piece {
    fn from(bytes: B) -> Self {
        let bytes = bytes.into();
        let digest = xxh3_128(&bytes);
        Self { bytes, digest }
    }
}

/// Equal hashes of 128 bits are taken for equal bytes, as the versions of resources are.
impl PartialEq for Piece {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest && self.bytes.len() == other.bytes.len()
    }
}

impl Eq for Piece {}

/// Bytes in pieces. A clone shares everything.
///
/// Equality and [`digest`](Self::digest) are those of the pieces: the same bytes in other pieces are another rope.
#[derive(Clone, PartialEq, Eq)]
pub struct Rope(Arc<Form>);

enum Form {
    /// What nearly all resources are.
    One(Piece),
    Many {
        pieces: Box<[Piece]>,
        length: usize,
        digest: u128,
    },
}

impl Rope {
    /// A rope of these pieces, in order; empty ones are left out.
    #[must_use]
    pub fn of(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut pieces: Vec<_> = pieces.into_iter().filter(|piece| !piece.bytes.is_empty()).collect();
        if pieces.len() == 1 {
            return Self(Arc::new(Form::One(pieces.swap_remove(0))));
        }
        let length = pieces.iter().map(|piece| piece.bytes.len()).sum();
        let digest = digest_of(&pieces);
        Self(Arc::new(Form::Many { pieces: pieces.into(), length, digest }))
    }

    /// The number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match &*self.0 {
            Form::One(piece) => piece.bytes.len(),
            Form::Many { length, .. } => *length,
        }
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The hash of the content: for one piece that of its bytes, for several that of their hashes.
    #[must_use]
    pub fn digest(&self) -> u128 {
        match &*self.0 {
            Form::One(piece) => piece.digest,
            Form::Many { digest, .. } => *digest,
        }
    }

    /// The pieces, in order.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        match &*self.0 {
            Form::One(piece) => std::slice::from_ref(piece),
            Form::Many { pieces, .. } => pieces,
        }
    }

    /// All bytes in one stretch: shared if there is one piece, else a copy.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match &*self.0 {
            Form::One(piece) => piece.bytes.clone(),
            Form::Many { pieces, length, .. } => {
                let mut all = BytesMut::with_capacity(*length);
                pieces.iter().for_each(|piece| all.extend_from_slice(&piece.bytes));
                all.freeze()
            }
        }
    }
}

fn digest_of(pieces: &[Piece]) -> u128 {
    let mut all = Xxh3::new();
    pieces.iter().for_each(|piece| all.update(&piece.digest.to_le_bytes()));
    all.digest128()
}

impl PartialEq for Form {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One(a), Self::One(b)) => a == b,
            (Self::Many { length: a, digest: x, .. }, Self::Many { length: b, digest: y, .. }) => {
                (a, x) == (b, y)
            }
            (Self::One(_), Self::Many { .. }) | (Self::Many { .. }, Self::One(_)) => false,
        }
    }
}

impl Eq for Form {}

impl<B: Into<Bytes>> From<B> for Rope {
    fn from(bytes: B) -> Self {
        Self(Arc::new(Form::One(Piece::from(bytes))))
    }
}

/// Bodies may be keys: they are never printed.
impl fmt::Debug for Rope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, {:032x}", self.len(), self.digest())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rope(pieces: &[Vec<u8>]) -> Rope {
        Rope::of(pieces.iter().cloned().map(Piece::from))
    }

    proptest! {
        #[test]
        fn the_bytes_are_those_of_the_pieces(pieces: Vec<Vec<u8>>) {
            let rope = rope(&pieces);
            prop_assert_eq!(rope.to_bytes(), pieces.concat());
            prop_assert_eq!(rope.len(), pieces.concat().len());
        }

        #[test]
        fn equal_pieces_are_equal_ropes(pieces: Vec<Vec<u8>>) {
            prop_assert_eq!(rope(&pieces), rope(&pieces));
            prop_assert_eq!(rope(&pieces).digest(), rope(&pieces).digest());
        }

        #[test]
        fn another_byte_is_another_rope(mut pieces: Vec<Vec<u8>>, at: prop::sample::Index) {
            let before = rope(&pieces);
            prop_assume!(!before.is_empty());
            let at = at.index(before.len());
            *pieces.iter_mut().flatten().nth(at).expect("it is below the length") ^= 1;
            prop_assert_ne!(rope(&pieces).digest(), before.digest());
            prop_assert_ne!(rope(&pieces), before);
        }
    }

    #[test]
    fn one_piece_hashes_as_its_bytes_and_empty_ones_do_not_count() {
        let one = Rope::from("abc");
        assert_eq!(one.digest(), xxh3_128(b"abc"));
        assert_eq!(Rope::of(["", "abc", ""].map(Piece::from)), one);
    }

    #[test]
    fn clones_and_single_pieces_share_their_bytes() {
        let rope = Rope::of(["abc", "def"].map(Piece::from));
        assert_eq!(rope.clone().pieces()[0].bytes().as_ptr(), rope.pieces()[0].bytes().as_ptr());
        let bytes = Bytes::from(vec![1, 2, 3]);
        assert_eq!(Rope::from(bytes.clone()).to_bytes().as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn debug_output_never_shows_content() {
        assert!(!format!("{:?}", Rope::from("-----BEGIN PRIVATE KEY-----")).contains("PRIVATE"));
    }
}
