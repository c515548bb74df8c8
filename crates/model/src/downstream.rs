//! What all connections of clients have in common.

use std::num::NonZeroU32;

/// What all connections of clients have in common. Defaults are Contour's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Downstream {
    /// What is spoken. Default both.
    pub versions: HttpVersions,
    /// How responses are compressed for clients that accept it; `None` for not at all. Default gzip.
    pub compression: Option<Compression>,
    /// The header `server` of responses.
    pub server_header: ServerHeader,
    /// Whether the dot at the end of a host is taken away before a backend sees it.
    pub strip_trailing_dot: bool,
    /// Whether HTTP/1 requests may have a `content-length` beside `transfer-encoding: chunked`; Envoy then drops it.
    /// Default true.
    pub allow_chunked_length: bool,
    /// How many requests a connection may bring; `None` for any number.
    pub max_requests: Option<NonZeroU32>,
    /// How many requests of an HTTP/2 connection may be under way; `None` for Envoy's default.
    pub max_streams: Option<NonZeroU32>,
    /// How many requests of a connection are begun before others have their turn; `None` for all.
    pub requests_at_once: Option<NonZeroU32>,
    /// How many connections each listener takes; `None` for any number.
    pub max_connections: Option<NonZeroU32>,
    /// How many bytes Envoy holds back for a connection; `None` for Envoy's default.
    pub buffer_limit: Option<NonZeroU32>,
    /// Whether connections are spread evenly over Envoy's threads.
    pub balanced: bool,
    /// How many waiting connections are taken at once; `None` for all.
    pub accepted_at_once: Option<NonZeroU32>,
    /// The type of service of IPv4 packets; 0 for none.
    pub type_of_service: u8,
    /// The traffic class of IPv6 packets; 0 for none.
    pub traffic_class: u8,
    /// Which fingerprints Envoy makes of how clients greet.
    pub fingerprints: Fingerprints,
}

impl Default for Downstream {
    fn default() -> Self {
        Self {
            versions: HttpVersions::Both,
            compression: Some(Compression::Gzip),
            server_header: ServerHeader::Overwrite,
            strip_trailing_dot: false,
            allow_chunked_length: true,
            max_requests: None,
            max_streams: None,
            requests_at_once: None,
            max_connections: None,
            buffer_limit: None,
            balanced: false,
            accepted_at_once: None,
            type_of_service: 0,
            traffic_class: 0,
            fingerprints: Fingerprints::default(),
        }
    }
}

/// The versions of HTTP that are spoken with clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HttpVersions {
    /// HTTP/1.0 and 1.1.
    Http1,
    /// HTTP/2.
    Http2,
    /// Both, as the client likes.
    Both,
}

/// How responses are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// By gzip.
    Gzip,
    /// By Brotli.
    Brotli,
    /// By Zstandard.
    Zstd,
}

/// The header `server` of responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServerHeader {
    /// Always `envoy`.
    Overwrite,
    /// `envoy` where the backend says nothing.
    AppendIfAbsent,
    /// What the backend says.
    PassThrough,
}

/// Which fingerprints Envoy makes of how clients greet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Fingerprints {
    /// JA3.
    pub ja3: bool,
    /// JA4.
    pub ja4: bool,
}
