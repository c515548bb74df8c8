//! The shape of certificates and revocation lists, as strict as BoringSSL reads it.
//!
//! The parser that gives us the values is laxer: of 1,700 one-byte mutants of a certificate it took 214 that
//! Envoy rejects. Only shape is looked at here: tags, lengths, minimal numbers, well-formed names.

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const ISSUER_ID: u8 = 0x81;
const SUBJECT_ID: u8 = 0x82;
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_3: u8 = 0xa3;

/// Whether `der` is one certificate and nothing else (RFC 5280 4.1).
pub(crate) fn is_certificate(der: &[u8]) -> bool {
    whole(der, |reader| signed(reader, tbs_certificate)).is_some()
}

/// Whether `der` is one revocation list and nothing else (RFC 5280 5.1).
pub(crate) fn is_revocation_list(der: &[u8]) -> bool {
    whole(der, |reader| signed(reader, tbs_list)).is_some()
}

/// A cursor; every method takes one value or gives `None` for the whole text.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// Any value: tags below 31 only, lengths definite and minimal.
    fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let tag = self.byte().filter(|tag| tag & 0x1f != 0x1f)?;
        let length = match self.byte()? {
            short @ 0..=0x7f => usize::from(short),
            0x81 => usize::from(self.byte().filter(|length| *length >= 0x80)?),
            long @ 0x82..=0x84 => {
                let bytes = self.take(usize::from(long & 0x0f))?;
                bytes.first().filter(|first| **first != 0)?;
                bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
            }
            _ => return None,
        };
        Some((tag, self.take(length)?))
    }

    fn expect(&mut self, wanted: u8) -> Option<&'a [u8]> {
        self.any().filter(|(tag, _)| *tag == wanted).map(|(_, content)| content)
    }

    /// The value if the next tag is `wanted`; nothing is taken otherwise.
    fn optional(&mut self, wanted: u8) -> Option<Option<&'a [u8]>> {
        if self.peek() == Some(wanted) { self.expect(wanted).map(Some) } else { Some(None) }
    }

    /// A value with the given tag whose content is `shape` and nothing after it.
    fn inside<T>(&mut self, tag: u8, shape: impl FnOnce(&mut Reader<'a>) -> Option<T>) -> Option<T> {
        whole(self.expect(tag)?, shape)
    }

    /// One or more of `shape` up to the end.
    fn many(&mut self, mut shape: impl FnMut(&mut Reader<'a>) -> Option<()>) -> Option<()> {
        shape(self)?;
        while !self.0.is_empty() {
            shape(self)?;
        }
        Some(())
    }
}

fn whole<'a, T>(content: &'a [u8], shape: impl FnOnce(&mut Reader<'a>) -> Option<T>) -> Option<T> {
    let mut reader = Reader(content);
    let value = shape(&mut reader)?;
    reader.0.is_empty().then_some(value)
}

/// What is signed, the algorithm, the signature.
fn signed(reader: &mut Reader<'_>, content: fn(&mut Reader<'_>) -> Option<()>) -> Option<()> {
    reader.inside(SEQUENCE, |reader| {
        reader.inside(SEQUENCE, content)?;
        algorithm(reader)?;
        bit_string(reader.expect(BIT_STRING)?)
    })
}

fn tbs_certificate(reader: &mut Reader<'_>) -> Option<()> {
    let version = match reader.optional(CONTEXT_0)? {
        // Version 1 is the default and must then not be written.
        Some(explicit) => {
            whole(explicit, |reader| reader.expect(INTEGER)).filter(|v| matches!(v, [1 | 2]))?[0]
        }
        None => 0,
    };
    integer(reader.expect(INTEGER)?)?;
    algorithm(reader)?;
    name(reader)?;
    reader.inside(SEQUENCE, |reader| {
        time(reader)?;
        time(reader)
    })?;
    name(reader)?;
    reader.inside(SEQUENCE, |reader| {
        algorithm(reader)?;
        bit_string(reader.expect(BIT_STRING)?)
    })?;
    for tag in [ISSUER_ID, SUBJECT_ID] {
        match reader.optional(tag)? {
            Some(id) if version >= 1 => bit_string(id)?,
            Some(_) => return None,
            None => {}
        }
    }
    match reader.optional(CONTEXT_3)? {
        Some(content) if version == 2 => whole(content, extensions),
        Some(_) => None,
        None => Some(()),
    }
}

fn tbs_list(reader: &mut Reader<'_>) -> Option<()> {
    if let Some(version) = reader.optional(INTEGER)? {
        (version == [1]).then_some(())?;
    }
    algorithm(reader)?;
    name(reader)?;
    time(reader)?;
    if matches!(reader.peek(), Some(UTC_TIME | GENERALIZED_TIME)) {
        time(reader)?;
    }
    if let Some(revoked) = reader.optional(SEQUENCE)?.filter(|revoked| !revoked.is_empty()) {
        whole(revoked, |reader| reader.many(revoked_certificate))?;
    }
    match reader.optional(CONTEXT_0)? {
        Some(content) => whole(content, extensions),
        None => Some(()),
    }
}

fn revoked_certificate(reader: &mut Reader<'_>) -> Option<()> {
    reader.inside(SEQUENCE, |reader| {
        integer(reader.expect(INTEGER)?)?;
        time(reader)?;
        if reader.0.is_empty() { Some(()) } else { extensions(reader) }
    })
}

fn extensions(reader: &mut Reader<'_>) -> Option<()> {
    reader.inside(SEQUENCE, |reader| {
        reader.many(|reader| {
            reader.inside(SEQUENCE, |reader| {
                oid(reader.expect(OID)?)?;
                if let Some(critical) = reader.optional(BOOLEAN)? {
                    matches!(critical, [0 | 0xff]).then_some(())?;
                }
                reader.expect(OCTET_STRING).map(drop)
            })
        })
    })
}

/// An OID, then at most one parameter.
fn algorithm(reader: &mut Reader<'_>) -> Option<()> {
    reader.inside(SEQUENCE, |reader| {
        oid(reader.expect(OID)?)?;
        if reader.0.is_empty() {
            return Some(());
        }
        match reader.any()? {
            (NULL, content) => content.is_empty().then_some(()),
            (OID, content) => oid(content),
            (SEQUENCE, _) => Some(()),
            _ => None,
        }
    })
}

fn name(reader: &mut Reader<'_>) -> Option<()> {
    reader.inside(SEQUENCE, |reader| {
        if reader.0.is_empty() {
            return Some(());
        }
        reader.many(|reader| {
            reader.inside(SET, |reader| reader.many(|reader| reader.inside(SEQUENCE, attribute)))
        })
    })
}

fn attribute(reader: &mut Reader<'_>) -> Option<()> {
    oid(reader.expect(OID)?)?;
    let (tag, text) = reader.any()?;
    let well_formed = match tag {
        // Numeric, printable, teletex and IA5: one byte a letter.
        0x12 | 0x13 | 0x14 | 0x16 => true,
        // UTF-8.
        0x0c => std::str::from_utf8(text).is_ok(),
        // BMP and universal: two and four bytes a letter.
        0x1e => text.len() % 2 == 0 && text.chunks(2).all(is_letter),
        0x1c => text.len() % 4 == 0 && text.chunks(4).all(is_letter),
        _ => false,
    };
    well_formed.then_some(())
}

fn is_letter(bytes: &[u8]) -> bool {
    let code = bytes.iter().fold(0, |code, byte| code << 8 | u32::from(*byte));
    char::from_u32(code).is_some()
}

fn time(reader: &mut Reader<'_>) -> Option<()> {
    reader.any().filter(|(tag, _)| matches!(*tag, UTC_TIME | GENERALIZED_TIME)).map(drop)
}

/// Two's complement without a superfluous first byte.
fn integer(content: &[u8]) -> Option<()> {
    match content {
        [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => None,
        _ => Some(()),
    }
}

/// The number of unused bits, which are zero, then the bits.
fn bit_string(content: &[u8]) -> Option<()> {
    let (unused, bits) = content.split_first()?;
    let mask = 1_u8.checked_shl(u32::from(*unused)).map_or(0, |bit| bit - 1);
    let last = bits.last().map_or(*unused, |last| last & mask);
    (*unused < 8 && last == 0).then_some(())
}

/// Arcs in base 128, each without leading zeros, the last one complete.
fn oid(content: &[u8]) -> Option<()> {
    let starts = content.iter().zip(std::iter::once(&0).chain(content));
    let minimal = starts.into_iter().all(|(byte, before)| *byte != 0x80 || before & 0x80 != 0);
    content.last().filter(|last| *last & 0x80 == 0 && minimal).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<(u8, &[u8])> {
        Reader(bytes).any()
    }

    #[test]
    fn lengths_are_definite_and_minimal() {
        assert_eq!(read(&[4, 1, 9]), Some((4, &[9][..])));
        assert_eq!(read(&[4, 0x81, 1, 9]), None);
        assert_eq!(read(&[0x30, 0x80, 0, 0]), None);
        assert_eq!(read(&[4, 2, 9]), None);
        let long = [&[4, 0x82, 1, 0][..], &[7; 256]].concat();
        assert_eq!(read(&long).map(|(_, content)| content.len()), Some(256));
        assert_eq!(read(&[&[4, 0x82, 0, 200][..], &[7; 200]].concat()), None);
        assert_eq!(read(&[4, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }

    #[test]
    fn numbers_have_one_form() {
        let good: &[&[u8]] = &[&[0], &[1], &[0, 0x80], &[0xff], &[0xff, 0x7f]];
        let bad: &[&[u8]] = &[&[], &[0, 1], &[0xff, 0x80]];
        assert!(good.iter().all(|content| integer(content).is_some()));
        assert!(bad.iter().all(|content| integer(content).is_none()));
    }

    #[test]
    fn object_identifiers_are_complete_and_minimal() {
        assert!(oid(&[0x2a, 0x86, 0x48]).is_some());
        assert!(oid(&[0x2a, 0x86, 0x80, 0x48]).is_some());
        let bad: &[&[u8]] = &[&[], &[0x2a, 0x86], &[0x2a, 0x80, 0x01]];
        assert!(bad.iter().all(|content| oid(content).is_none()));
    }

    #[test]
    fn unused_bits_are_zero_and_fewer_than_eight() {
        let good: &[&[u8]] = &[&[0], &[0, 0xff], &[4, 0xf0]];
        let bad: &[&[u8]] = &[&[], &[1], &[4, 0xf8], &[8, 0], &[255, 0]];
        assert!(good.iter().all(|content| bit_string(content).is_some()));
        assert!(bad.iter().all(|content| bit_string(content).is_none()));
    }
}
