//! Finds serialized `FileDescriptorProto`s among other bytes.

use prost::Message;
use prost_types::FileDescriptorProto;

use crate::Files;

/// The fields of a descriptor that its writer emits, by number. `syntax` comes last.
const SYNTAX: u64 = 12;
/// Fields that are lists of numbers, and so need not come in order.
const UNORDERED: [u64; 2] = [10, 11];

/// All descriptors in `bytes`, the longest of each name.
pub fn descriptors(bytes: &[u8]) -> Files {
    let mut found = Files::new();
    for start in memchr_all(bytes, 0x0a) {
        let Some(end) = end(bytes, start) else { continue };
        let Ok(file) = FileDescriptorProto::decode(&bytes[start..end]) else { continue };
        let name = file.name().to_owned();
        let known = found.get(&name).map_or(0, Message::encoded_len);
        if file.encoded_len() > known {
            found.insert(name, file);
        }
    }
    found
}

fn memchr_all(bytes: &[u8], wanted: u8) -> impl Iterator<Item = usize> {
    bytes.iter().enumerate().filter(move |(_, byte)| **byte == wanted).map(|(place, _)| place)
}

/// Where the descriptor that starts here ends; `None` when there is none.
fn end(bytes: &[u8], start: usize) -> Option<usize> {
    let length = usize::from(*bytes.get(start + 1)?);
    let name = bytes.get(start + 2..start + 2 + length)?;
    if length < 7 || !name.ends_with(b".proto") || !name.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let mut at = start;
    let mut last = 0;
    loop {
        let (tag, after) = varint(bytes, at)?;
        let (field, wire) = (tag >> 3, tag & 7);
        let known = (1..=SYNTAX).contains(&field) || field == 14;
        if !known || (field < last && !UNORDERED.contains(&field)) {
            return Some(at);
        }
        at = match wire {
            0 => varint(bytes, after)?.1,
            2 => {
                let (length, content) = varint(bytes, after)?;
                content.checked_add(usize::try_from(length).ok()?).filter(|end| *end <= bytes.len())?
            }
            _ => return Some(at),
        };
        if field == SYNTAX {
            return Some(at);
        }
        last = if UNORDERED.contains(&field) { last } else { field };
    }
}

fn varint(bytes: &[u8], mut at: usize) -> Option<(u64, usize)> {
    let mut value = 0;
    for shift in (0..35).step_by(7) {
        let byte = *bytes.get(at)?;
        at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 128 {
            return Some((value, at));
        }
    }
    None
}
