//! The least that a server can do: answers subscriptions with resources that it was given, and writes
//! prepared messages when it is told to.
//!
//! Delta ADS in clear text, one Envoy, no store, no sessions, no order, no versions that mean anything:
//! what is left is Envoy's own part of a change.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{BufMut, Bytes, BytesMut};
use envoy::{Resource, ResourceType};
use envoy_protos::envoy::service::discovery::v3 as discovery;
use envoy_protos::envoy::service::discovery::v3::{DeltaDiscoveryRequest, DeltaDiscoveryResponse};
use envoy_protos::google::protobuf::Any;
use futures::StreamExt;
use http_body_util::StreamBody;
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::codec::Streaming;
use tonic_prost::ProstDecoder;

/// An Envoy lists all the names that it wants.
const REQUEST_BYTES: usize = 64 * 1024 * 1024;

/// The running server; it ends with the process.
pub(crate) struct Floor {
    pub(crate) address: SocketAddr,
    newest: Newest,
    resources: Resources,
}

/// What the newest stream is to write.
type Newest = Arc<Mutex<Option<UnboundedSender<Bytes>>>>;

/// The resources by type and name.
type Resources = Arc<Mutex<ByType>>;
type ByType = BTreeMap<&'static str, BTreeMap<Arc<str>, Resource>>;

impl Floor {
    /// Serves these resources on a free port.
    pub(crate) async fn start(resources: Vec<Resource>) -> Self {
        let by_type = Resources::default();
        put(&by_type, &resources);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let newest = Newest::default();
        tokio::spawn(accept(listener, Arc::clone(&by_type), Arc::clone(&newest)));
        Self { address, newest, resources: by_type }
    }

    /// Answers with these from now on, and no more with those; says nothing by itself.
    pub(crate) fn change(&self, set: &[Resource], removed: &[(ResourceType, Arc<str>)]) {
        put(&self.resources, set);
        let mut resources = lock(&self.resources);
        for (resource_type, name) in removed {
            if let Some(of_type) = resources.get_mut(resource_type.type_url()) {
                of_type.remove(name);
            }
        }
    }

    /// Writes a message to the Envoy.
    pub(crate) fn send(&self, message: &Bytes) {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = newest.as_ref().expect("an Envoy is connected");
        stream.send(message.clone()).expect("the Envoy is still connected");
    }
}

fn put(resources: &Resources, set: &[Resource]) {
    let mut by_type = lock(resources);
    for resource in set {
        let of_type = by_type.entry(resource.resource_type.type_url()).or_default();
        of_type.insert(Arc::clone(&resource.name), resource.clone());
    }
}

fn lock(resources: &Resources) -> MutexGuard<'_, ByType> {
    resources.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A message that these are gone, as it goes over the wire.
pub(crate) fn removal(resource_type: ResourceType, names: Vec<String>, nonce: &str) -> Bytes {
    framed(&DeltaDiscoveryResponse {
        removed_resources: names,
        type_url: resource_type.type_url().to_owned(),
        nonce: nonce.to_owned(),
        ..Default::default()
    })
}

/// A message with these resources of one type, as it goes over the wire.
pub(crate) fn message<'a>(
    resource_type: ResourceType,
    resources: impl Iterator<Item = &'a Resource>,
    nonce: &str,
) -> Bytes {
    framed(&response_with(resource_type, resources, nonce))
}

fn response_with<'a>(
    resource_type: ResourceType,
    resources: impl Iterator<Item = &'a Resource>,
    nonce: &str,
) -> DeltaDiscoveryResponse {
    let url = resource_type.type_url();
    DeltaDiscoveryResponse {
        resources: resources.map(|resource| entry(url, resource, nonce)).collect(),
        type_url: url.to_owned(),
        nonce: nonce.to_owned(),
        ..Default::default()
    }
}

fn entry(url: &str, resource: &Resource, version: &str) -> discovery::Resource {
    discovery::Resource {
        name: resource.name.to_string(),
        version: version.to_owned(),
        resource: Some(Any { type_url: url.to_owned(), value: resource.message() }),
        ..Default::default()
    }
}

/// The five bytes before each gRPC message, and the message.
fn framed(response: &DeltaDiscoveryResponse) -> Bytes {
    let length = response.encoded_len();
    let mut bytes = BytesMut::with_capacity(5 + length);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(length).expect("messages are smaller than 4 GiB"));
    response.encode(&mut bytes).expect("there is room");
    bytes.freeze()
}

async fn accept(listener: TcpListener, resources: Resources, newest: Newest) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(serve(socket, Arc::clone(&resources), Arc::clone(&newest)));
    }
}

async fn serve(socket: TcpStream, resources: Resources, newest: Newest) {
    socket.set_nodelay(true).expect("a connected socket");
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (outlet, outgoing) = unbounded_channel();
        *newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(outlet.clone());
        tokio::spawn(answer(request.into_body(), Arc::clone(&resources), outlet));
        std::future::ready(Ok::<_, Infallible>(response(outgoing)))
    });
    let mut http2 = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    http2.initial_stream_window_size(1024 * 1024).initial_connection_window_size(16 * 1024 * 1024);
    // Its Envoy has gone: so has what was to be measured, and whoever measures will say so.
    let _ = http2.serve_connection(TokioIo::new(socket), service).await;
}

fn response(
    outgoing: UnboundedReceiver<Bytes>,
) -> http::Response<impl hyper::body::Body<Data = Bytes, Error = Infallible>> {
    let frames = UnboundedReceiverStream::new(outgoing).map(|bytes| Ok(Frame::data(bytes)));
    let mut response = http::Response::new(StreamBody::new(frames));
    let grpc = http::HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(http::header::CONTENT_TYPE, grpc);
    response
}

/// Answers each request that asks for something new; acknowledgements do not.
async fn answer(body: Incoming, resources: Resources, outlet: UnboundedSender<Bytes>) {
    let decoder = ProstDecoder::<DeltaDiscoveryRequest>::default();
    let mut requests = Streaming::new_request(decoder, body, None, Some(REQUEST_BYTES));
    let mut answered = 0;
    while let Ok(Some(request)) = requests.message().await {
        assert!(request.error_detail.is_none(), "rejected: {:?}", request.error_detail);
        answered += 1;
        let reply = reply(&lock(&resources), &request, &format!("answer-{answered}"));
        if reply.is_some_and(|message| outlet.send(message).is_err()) {
            return;
        }
    }
}

/// What a request asks for, and which of that there is not; `None` if it asks for nothing.
fn reply(resources: &ByType, request: &DeltaDiscoveryRequest, nonce: &str) -> Option<Bytes> {
    let resource_type = ResourceType::ALL.into_iter().find(|kind| kind.type_url() == request.type_url)?;
    let none = BTreeMap::new();
    let of_type = resources.get(resource_type.type_url()).unwrap_or(&none);
    let named = &request.resource_names_subscribe;
    if named.iter().any(|name| name == "*") || (named.is_empty() && request.response_nonce.is_empty()) {
        return Some(message(resource_type, of_type.values(), nonce));
    }
    let (known, unknown): (Vec<_>, Vec<_>) =
        named.iter().partition(|name| of_type.contains_key(name.as_str()));
    let wanted = known.into_iter().filter_map(|name| of_type.get(name.as_str()));
    let response = response_with(resource_type, wanted, nonce);
    let removed_resources = unknown.into_iter().cloned().collect();
    (!named.is_empty()).then(|| framed(&DeltaDiscoveryResponse { removed_resources, ..response }))
}
