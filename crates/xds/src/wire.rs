//! Responses as bytes: bodies are shared among all streams, only a short head is made for each.
//!
//! Field numbers: `envoy/service/discovery/v3/discovery.proto`, `google/protobuf/any.proto`.

mod message;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::{BufMut, Bytes, BytesMut};
use prost::encoding::{encode_varint, encoded_len_varint};
use rope::{Piece, Rope};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

pub use message::Message;

use crate::resource::{Name, OwnName, Resource, ResourceType, Version};
use crate::snapshot::Entry;

/// A piece of a body from this size on is passed along as it is; smaller ones are copied together, because to pass
/// each would cost more than the copy.
const SHARED_FROM: usize = 8 * 1024;
/// gRPC frames begin with a flag byte and four bytes of length.
pub(crate) const FRAME_HEAD: usize = 5;
/// How much the cache of encoded blocks holds on to, beside the newest. Streams ask for the same within moments; what
/// nobody asks for any more would only take room.
const CACHE_BYTES: usize = 2 * 1024 * 1024;
/// What a block costs besides its bytes: a client may make many that hold one name.
const BLOCK_COST: usize = 256;
/// `DeltaDiscoveryResponse.removed_resources`.
const REMOVED_TAG: u32 = 6;

/// The two variants of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Incremental.
    Delta,
    /// State of the world.
    Sotw,
}

/// A response as a session decides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The variant of the stream.
    pub protocol: Protocol,
    /// The type of all resources in it.
    pub resource_type: ResourceType,
    /// `version_info` or `system_version_info`.
    pub version: String,
    /// Unique within the session, so also within the stream.
    pub nonce: String,
    /// What is new or changed; in a full set, everything.
    pub resources: Vec<Arc<Entry>>,
    /// What is gone (delta only).
    pub removed: Vec<Name>,
    /// Names, as they were asked for, that are answered as gone and not remembered (delta only).
    pub refused: Vec<Bytes>,
}

impl Response {
    /// The number of bytes of all bodies.
    pub fn body_bytes(&self) -> usize {
        self.resources.iter().map(|entry| entry.resource().body.len()).sum()
    }
}

fn length_field(out: &mut impl BufMut, tag: u32, length: usize) {
    encode_varint(u64::from(tag << 3 | 2), out);
    encode_varint(length as u64, out);
}

fn text_field(out: &mut impl BufMut, tag: u32, text: &str) {
    if !text.is_empty() {
        bytes_field(out, tag, text.as_bytes());
    }
}

fn bytes_field(out: &mut impl BufMut, tag: u32, bytes: &[u8]) {
    length_field(out, tag, bytes.len());
    out.put_slice(bytes);
}

/// The size of a field of bytes with a tag below 16.
fn field_len(length: usize) -> usize {
    1 + encoded_len_varint(length as u64) + length
}

/// The first field of a message that is a text: its name.
pub(crate) fn name_field(name: &str) -> Bytes {
    let mut field = BytesMut::with_capacity(field_len(name.len()));
    bytes_field(&mut field, 1, name.as_bytes());
    field.freeze()
}

/// `Any` up to the body: type URL, the tag and length of the value, and the value's name if it is not in the body.
fn any_head(kind: ResourceType, resource: &Resource) -> BytesMut {
    let own_name = match resource.own_name {
        OwnName::InBody => Bytes::new(),
        OwnName::BeforeBody => name_field(&resource.name),
    };
    let mut head = BytesMut::with_capacity(96 + own_name.len());
    text_field(&mut head, 1, kind.url());
    length_field(&mut head, 2, own_name.len() + resource.body.len());
    head.put_slice(&own_name);
    head
}

/// One `resources` entry of a delta response up to the body: name, version, and the beginning of the `Any`.
fn delta_head(kind: ResourceType, resource: &Resource) -> Bytes {
    let body = resource.body.len();
    let any = any_head(kind, resource);
    let version = resource.version.to_string();
    let any_len = any.len() + body;
    let entry_len = field_len(resource.name.len()) + field_len(version.len()) + field_len(any_len);
    let mut head = BytesMut::with_capacity(entry_len - body + 8);
    length_field(&mut head, 2, entry_len);
    length_field(&mut head, 3, resource.name.len());
    head.put_slice(resource.name.as_bytes());
    text_field(&mut head, 1, &version);
    length_field(&mut head, 2, any_len);
    head.put_slice(&any);
    head.freeze()
}

/// One `resources` entry of a state-of-the-world response up to the body.
fn sotw_head(kind: ResourceType, resource: &Resource) -> Bytes {
    let any = any_head(kind, resource);
    let mut head = BytesMut::with_capacity(any.len() + 8);
    length_field(&mut head, 2, any.len() + resource.body.len());
    head.put_slice(&any);
    head.freeze()
}

/// The hash over names and versions, in the given order.
pub(crate) fn digest<'a>(entries: impl IntoIterator<Item = &'a Arc<Entry>>) -> Version {
    let mut hash = Xxh3::new();
    for entry in entries {
        hash.update(&(entry.name().len() as u64).to_le_bytes());
        hash.update(entry.name().as_bytes());
        hash.update(&entry.version().0.to_le_bytes());
    }
    Version(hash.digest128())
}

/// The part of a response that is the same for every stream: its resources and removals.
#[derive(Clone, Debug)]
struct Block {
    pieces: Arc<[Bytes]>,
    length: usize,
}

fn encode_block(response: &Response) -> Block {
    let mut pieces = Pieces::default();
    for entry in &response.resources {
        let head = match response.protocol {
            Protocol::Delta => delta_head(entry.resource_type(), entry.resource()),
            Protocol::Sotw => sotw_head(entry.resource_type(), entry.resource()),
        };
        pieces.copy(&head);
        pieces.body(&entry.resource().body);
    }
    for name in &response.removed {
        bytes_field(&mut pieces.open, REMOVED_TAG, name.as_bytes());
    }
    pieces.close()
}

#[derive(Default)]
struct Pieces {
    done: Vec<Bytes>,
    open: BytesMut,
}

impl Pieces {
    fn copy(&mut self, bytes: &[u8]) {
        self.open.put_slice(bytes);
    }

    fn body(&mut self, body: &Rope) {
        for piece in body.pieces().iter().map(Piece::bytes) {
            if piece.len() < SHARED_FROM {
                self.copy(piece);
            } else {
                self.flush();
                self.done.push(piece.clone());
            }
        }
    }

    fn flush(&mut self) {
        if !self.open.is_empty() {
            self.done.push(self.open.split().freeze());
        }
    }

    fn close(mut self) -> Block {
        self.flush();
        let length = self.done.iter().map(Bytes::len).sum();
        Block { pieces: self.done.into(), length }
    }
}

/// Encodes responses, once for all streams that get the same resources.
#[derive(Debug, Default)]
pub struct Encoder {
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    /// Empty as long as the first that needs it encodes it; others wait for that.
    blocks: BTreeMap<u128, Arc<OnceLock<Block>>>,
    order: VecDeque<u128>,
    bytes: usize,
}

impl Encoder {
    /// One gRPC message: its five-byte frame head, the fields that differ between streams, and the shared rest.
    pub fn encode(&self, response: &Response) -> Message {
        let block = self.block(response);
        Message::new(head(response, block.length), block)
    }

    fn block(&self, response: &Response) -> Block {
        let key = block_key(response);
        let slot = Arc::clone(self.lock().blocks.entry(key).or_default());
        let mut is_new = false;
        let encode = || {
            is_new = true;
            encode_block(response)
        };
        let block = slot.get_or_init(encode).clone();
        if is_new {
            self.lock().count(key, block.length + BLOCK_COST);
        }
        block
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    /// Counts a block that was encoded with all that it costs, and lets go of the oldest beyond the limit. The newest
    /// stays however large it is: the other streams are about to ask for it.
    fn count(&mut self, key: u128, length: usize) {
        while self.bytes + length > CACHE_BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            let block = self.blocks.remove(&oldest);
            let length = block.as_deref().and_then(OnceLock::get).map(|block| block.length + BLOCK_COST);
            self.bytes -= length.unwrap_or_default();
        }
        self.order.push_back(key);
        self.bytes += length;
    }
}

fn block_key(response: &Response) -> u128 {
    let mut id = vec![response.protocol as u8, response.resource_type as u8];
    id.put_u64_le(response.resources.len() as u64);
    for entry in &response.resources {
        id.put_u128_le(entry.version().0);
    }
    for name in response.resources.iter().map(|entry| entry.name()).chain(&response.removed) {
        id.put_u64_le(name.len() as u64);
        id.put_slice(name.as_bytes());
    }
    xxh3_128(&id)
}

/// The frame head, and the fields that precede the block.
fn head(response: &Response, block: usize) -> Bytes {
    let nonce_tag = 5;
    let mut head = BytesMut::with_capacity(128);
    head.put_bytes(0, FRAME_HEAD);
    text_field(&mut head, 1, &response.version);
    text_field(&mut head, 4, response.resource_type.url());
    text_field(&mut head, nonce_tag, &response.nonce);
    // Not in the shared block: strangers choose these names, and each would take a place in the cache.
    for name in &response.refused {
        bytes_field(&mut head, REMOVED_TAG, name);
    }
    // A message beyond 4 GiB cannot be framed; resources are limited far below that.
    let length = u32::try_from(head.len() - FRAME_HEAD + block).unwrap_or(u32::MAX);
    head[1..FRAME_HEAD].copy_from_slice(&length.to_be_bytes());
    head.freeze()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;
    use bytes::Buf;
    use prost::Message as _;

    #[derive(Clone, PartialEq, prost::Message)]
    struct Any {
        #[prost(string, tag = "1")]
        type_url: String,
        #[prost(bytes = "bytes", tag = "2")]
        value: Bytes,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    struct DeltaEntry {
        #[prost(string, tag = "1")]
        version: String,
        #[prost(message, optional, tag = "2")]
        resource: Option<Any>,
        #[prost(string, tag = "3")]
        name: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    struct DeltaResponse {
        #[prost(string, tag = "1")]
        system_version_info: String,
        #[prost(message, repeated, tag = "2")]
        resources: Vec<DeltaEntry>,
        #[prost(string, tag = "4")]
        type_url: String,
        #[prost(string, tag = "5")]
        nonce: String,
        #[prost(string, repeated, tag = "6")]
        removed_resources: Vec<String>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    struct SotwResponse {
        #[prost(string, tag = "1")]
        version_info: String,
        #[prost(message, repeated, tag = "2")]
        resources: Vec<Any>,
        #[prost(string, tag = "4")]
        type_url: String,
        #[prost(string, tag = "5")]
        nonce: String,
    }

    fn message(message: &Message) -> Bytes {
        let mut message = message.clone();
        let all = message.copy_to_bytes(message.remaining());
        assert_eq!(all[0], 0);
        let length = u32::from_be_bytes([all[1], all[2], all[3], all[4]]);
        assert_eq!(length as usize, all.len() - 5);
        all.slice(5..)
    }

    fn response(protocol: Protocol) -> Response {
        let kind = ResourceType::Cluster;
        Response {
            protocol,
            resource_type: kind,
            version: "v".into(),
            nonce: "7".into(),
            resources: [("a", 3), ("b", SHARED_FROM), ("c", 0), ("d", 2 * SHARED_FROM)]
                .map(|(name, size)| Entry::new(kind, Resource::new(name, vec![7; size])))
                .into(),
            removed: match protocol {
                Protocol::Delta => vec!["x".into(), "y".into()],
                Protocol::Sotw => Vec::new(),
            },
            refused: Vec::new(),
        }
    }

    #[test]
    fn delta_response_decodes_as_it_was_meant() {
        let response = response(Protocol::Delta);
        let decoded = DeltaResponse::decode(message(&Encoder::default().encode(&response))).unwrap();
        let entry = |entry: &Arc<Entry>| DeltaEntry {
            version: entry.version().to_string(),
            name: entry.name().to_string(),
            resource: Some(Any {
                type_url: ResourceType::Cluster.url().into(),
                value: entry.resource().body.to_bytes(),
            }),
        };
        let expected = DeltaResponse {
            system_version_info: "v".into(),
            resources: response.resources.iter().map(entry).collect(),
            type_url: ResourceType::Cluster.url().into(),
            nonce: "7".into(),
            removed_resources: vec!["x".into(), "y".into()],
        };
        assert_eq!(decoded, expected);
    }

    #[test]
    fn x_100_responses_hold_no_time_to_live() {
        // The decoded entries have no such field, and encoding them again gives the same number of bytes.
        let mut response = response(Protocol::Delta);
        response.resources.retain(|entry| !entry.resource().body.is_empty());
        let wire = message(&Encoder::default().encode(&response));
        let length = wire.len();
        assert_eq!(DeltaResponse::decode(wire).unwrap().encoded_len(), length);
    }

    #[test]
    fn sotw_response_decodes_as_it_was_meant() {
        let response = response(Protocol::Sotw);
        let decoded = SotwResponse::decode(message(&Encoder::default().encode(&response))).unwrap();
        let any = |entry: &Arc<Entry>| Any {
            type_url: ResourceType::Cluster.url().into(),
            value: entry.resource().body.to_bytes(),
        };
        let expected = SotwResponse {
            version_info: "v".into(),
            resources: response.resources.iter().map(any).collect(),
            type_url: ResourceType::Cluster.url().into(),
            nonce: "7".into(),
        };
        assert_eq!(decoded, expected);
    }

    #[test]
    fn streams_share_everything_but_the_head() {
        let encoder = Encoder::default();
        let first = response(Protocol::Delta);
        let second = Response { nonce: "8".into(), ..first.clone() };
        let (first, second) = (encoder.encode(&first), encoder.encode(&second));
        assert_ne!(message(&first), message(&second));
        let addresses = |message: &Message| message.shared().iter().map(|p| p.as_ptr()).collect::<Vec<_>>();
        assert_eq!(addresses(&first), addresses(&second));
    }

    #[test]
    fn name_before_the_body_is_part_of_the_message() {
        for protocol in [Protocol::Delta, Protocol::Sotw] {
            let encoded = |resource| {
                let resources = vec![Entry::new(ResourceType::Secret, resource)];
                let response = Response { resources, removed: Vec::new(), ..response(protocol) };
                message(&Encoder::default().encode(&response))
            };
            let named = Resource::named("ab", "rest");
            let whole = Resource { version: named.version, ..Resource::new("ab", "\x0a\x02abrest") };
            assert_eq!(encoded(named), encoded(whole));
        }
    }

    #[test]
    fn refused_names_are_written_as_they_were_asked_for() {
        let refused = Response {
            resources: Vec::new(),
            removed: Vec::new(),
            refused: vec![Bytes::from_static(b"a\xff"), Bytes::new()],
            ..response(Protocol::Delta)
        };
        let all = message(&Encoder::default().encode(&refused));
        assert!(all.ends_with(b"\x32\x02a\xff\x32\x00"), "{all:?}");
    }

    #[test]
    fn refused_names_take_no_place_in_the_cache() {
        let encoder = Encoder::default();
        for number in 0..10 {
            let refused = vec![Bytes::from(format!("{number}.example.com"))];
            encoder.encode(&Response { refused, ..response(Protocol::Delta) });
        }
        assert_eq!(encoder.lock().blocks.len(), 1);
    }

    #[test]
    fn large_bodies_are_never_copied() {
        let response = response(Protocol::Delta);
        let message = Encoder::default().encode(&response);
        for entry in response.resources.iter().filter(|entry| entry.resource().body.len() >= SHARED_FROM) {
            let body = entry.resource().body.to_bytes();
            let is_body = |piece: &Bytes| (piece.as_ptr(), piece.len()) == (body.as_ptr(), body.len());
            assert!(message.shared().iter().any(is_body));
        }
    }

    #[test]
    fn streams_that_ask_at_once_share_one_encoding() {
        // Often, because each time two may just not meet.
        (0..200).for_each(|_| ask_at_once());
    }

    fn ask_at_once() {
        const THREADS: usize = 4;
        let (encoder, together) = (Encoder::default(), Barrier::new(THREADS));
        let response = response(Protocol::Delta);
        let messages: Vec<_> = std::thread::scope(|scope| {
            let encode = || {
                together.wait();
                encoder.encode(&response)
            };
            let threads = [(); THREADS].map(|()| scope.spawn(encode));
            threads.map(|thread| thread.join().unwrap()).into()
        });
        let first_piece = |message: &Message| message.shared()[0].as_ptr();
        assert!(messages.iter().all(|message| first_piece(message) == first_piece(&messages[0])));
    }

    #[test]
    fn cache_holds_a_bounded_number_of_bytes() {
        let mut cache = Cache::default();
        for key in 0..10 {
            let block = Block { pieces: Arc::new([]), length: CACHE_BYTES / 4 - BLOCK_COST };
            cache.blocks.insert(key, Arc::new(block.into()));
            cache.count(key, CACHE_BYTES / 4);
        }
        assert_eq!((cache.bytes, cache.blocks.len(), cache.order.len()), (CACHE_BYTES, 4, 4));
        cache.blocks.insert(10, Arc::new(Block { pieces: Arc::new([]), length: CACHE_BYTES + 1 }.into()));
        cache.count(10, CACHE_BYTES + 1 + BLOCK_COST);
        assert_eq!(
            (cache.bytes, cache.blocks.len(), cache.order.len()),
            (CACHE_BYTES + 1 + BLOCK_COST, 1, 1)
        );
        cache.blocks.insert(11, Arc::new(Block { pieces: Arc::new([]), length: 1 }.into()));
        cache.count(11, 1 + BLOCK_COST);
        assert_eq!((cache.bytes, cache.blocks.len(), cache.order.len()), (1 + BLOCK_COST, 1, 1));
    }
}
