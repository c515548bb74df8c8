//! A collector of traces that speaks OpenTelemetry's protocol over gRPC.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use prost::Message;

use crate::grpc::{Answers, Call, Code, GrpcServer};

/// A collector that keeps what it is told.
pub struct Collector {
    server: GrpcServer,
    spans: Arc<Spans>,
}

/// A piece of a trace: a request as it came to Envoy, or as it went on to a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The host of the call that told it.
    pub authority: String,
    /// The name of the service that told it.
    pub service: String,
    /// The name of the trace, in hexadecimal digits.
    pub trace: String,
    /// Whether it is of a request as it came.
    pub is_server: bool,
    /// What is said about it.
    pub tags: BTreeMap<String, String>,
}

impl Span {
    /// A text that is said about it.
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.tags.get(name).map(String::as_str)
    }
}

impl Collector {
    /// Speaks HTTP/2 in clear text.
    pub async fn start() -> Self {
        let spans = Arc::new(Spans::default());
        Self { server: GrpcServer::start(spans.clone()).await, spans }
    }

    /// The same over TLS, with a certificate for `host` that it makes itself.
    pub async fn start_tls(host: &str) -> Self {
        let spans = Arc::new(Spans::default());
        Self { server: GrpcServer::start_tls(spans.clone(), host).await, spans }
    }

    /// All that it was told.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The certificate that clients have to trust, in PEM; None without TLS.
    pub fn certificate(&self) -> Option<&str> {
        self.server.certificate()
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.server.fmt(f)
    }
}

#[derive(Default)]
struct Spans(Mutex<Vec<Span>>);

const UNIMPLEMENTED: Code = 12;
const INVALID_ARGUMENT: Code = 3;

impl Answers for Spans {
    fn answer(&self, call: &Call) -> Result<Bytes, Code> {
        if call.path != "/opentelemetry.proto.collector.trace.v1.TraceService/Export" {
            return Err(UNIMPLEMENTED);
        }
        let told = proto::Request::decode(call.message.clone()).map_err(|_| INVALID_ARGUMENT)?;
        let spans = told.resources.iter().flat_map(|resource| spans(&call.authority, resource));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(spans);
        Ok(Bytes::new())
    }
}

fn spans<'a>(authority: &'a str, told: &'a proto::ResourceSpans) -> impl Iterator<Item = Span> + 'a {
    let of_service = told.resource.iter().flat_map(|resource| tags(&resource.attributes));
    let service =
        of_service.filter(|(name, _)| name == "service.name").map(|(_, name)| name).collect::<String>();
    told.scopes.iter().flat_map(|scope| &scope.spans).map(move |span| Span {
        authority: authority.to_owned(),
        service: service.clone(),
        trace: span.trace.iter().map(|byte| format!("{byte:02x}")).collect(),
        is_server: span.kind == proto::SERVER,
        tags: tags(&span.attributes).collect(),
    })
}

fn tags(attributes: &[proto::Attribute]) -> impl Iterator<Item = (String, String)> + '_ {
    let text = |attribute: &proto::Attribute| attribute.value.as_ref().map(|value| value.text.clone());
    attributes.iter().map(move |attribute| (attribute.key.clone(), text(attribute).unwrap_or_default()))
}

/// The messages, with the fields that are looked at. Envoy writes all values as texts.
mod proto {
    use prost::Message;

    pub(super) const SERVER: i32 = 2;

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Request {
        #[prost(message, repeated, tag = "1")]
        pub(super) resources: Vec<ResourceSpans>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct ResourceSpans {
        #[prost(message, optional, tag = "1")]
        pub(super) resource: Option<Resource>,
        #[prost(message, repeated, tag = "2")]
        pub(super) scopes: Vec<ScopeSpans>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Resource {
        #[prost(message, repeated, tag = "1")]
        pub(super) attributes: Vec<Attribute>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct ScopeSpans {
        #[prost(message, repeated, tag = "2")]
        pub(super) spans: Vec<Span>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Span {
        #[prost(bytes = "vec", tag = "1")]
        pub(super) trace: Vec<u8>,
        #[prost(int32, tag = "6")]
        pub(super) kind: i32,
        #[prost(message, repeated, tag = "9")]
        pub(super) attributes: Vec<Attribute>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Attribute {
        #[prost(string, tag = "1")]
        pub(super) key: String,
        #[prost(message, optional, tag = "2")]
        pub(super) value: Option<Value>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Value {
        #[prost(string, tag = "1")]
        pub(super) text: String,
    }
}
