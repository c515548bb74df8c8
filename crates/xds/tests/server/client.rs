//! A discovery client over real connections.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use isobath_xds::discovery::{BuildVersion, DeltaRequest, ErrorDetail, Node, SemanticVersion, SotwRequest};
use prost::Message;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Code, Status, Streaming};
use tonic_prost::ProstCodec;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Any {
    #[prost(string, tag = "1")]
    pub(crate) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct DeltaResource {
    #[prost(string, tag = "1")]
    pub(crate) version: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) resource: Option<Any>,
    #[prost(string, tag = "3")]
    pub(crate) name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct DeltaResponse {
    #[prost(message, repeated, tag = "2")]
    pub(crate) resources: Vec<DeltaResource>,
    #[prost(string, tag = "4")]
    pub(crate) type_url: String,
    #[prost(string, tag = "5")]
    pub(crate) nonce: String,
    #[prost(bytes = "vec", repeated, tag = "6")]
    pub(crate) removed: Vec<Vec<u8>>,
}

impl DeltaResponse {
    /// Name and body of each resource.
    pub(crate) fn bodies(&self) -> BTreeMap<&str, &[u8]> {
        let bodies =
            self.resources.iter().map(|r| (r.name.as_str(), r.resource.as_ref().unwrap().value.as_slice()));
        bodies.collect()
    }
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SotwResponse {
    #[prost(string, tag = "1")]
    pub(crate) version: String,
    #[prost(message, repeated, tag = "2")]
    pub(crate) resources: Vec<Any>,
    #[prost(string, tag = "4")]
    pub(crate) type_url: String,
    #[prost(string, tag = "5")]
    pub(crate) nonce: String,
}

/// Without TLS.
pub(crate) async fn plain(addr: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{addr}")).unwrap().connect().await.unwrap()
}

/// With TLS; the handshake may seem to succeed although the server refuses the client's certificate.
pub(crate) async fn secure(
    addr: SocketAddr,
    config: ClientConfig,
) -> Result<Channel, tonic::transport::Error> {
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let connect = tower::service_fn(move |_: Uri| {
        let connector = connector.clone();
        async move {
            let socket = TcpStream::connect(addr).await?;
            let stream = connector.connect("controller".try_into().unwrap(), socket).await?;
            Ok::<_, std::io::Error>(TokioIo::new(stream))
        }
    });
    Endpoint::from_static("http://controller").connect_with_connector(connect).await
}

pub(crate) const DELTA_ADS: &str =
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";
pub(crate) const SOTW_ADS: &str =
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";

/// One open stream.
pub(crate) struct Stream<Q, S> {
    requests: mpsc::UnboundedSender<Q>,
    responses: Streaming<S>,
}

pub(crate) type Delta = Stream<DeltaRequest, DeltaResponse>;
pub(crate) type Sotw = Stream<SotwRequest, SotwResponse>;

impl<Q: Message + Default + 'static, S: Message + Default + std::fmt::Debug + 'static> Stream<Q, S> {
    pub(crate) async fn open(channel: &Channel, path: &'static str) -> Result<Self, Status> {
        let (requests, receiver) = mpsc::unbounded_channel();
        let mut grpc = tonic::client::Grpc::new(channel.clone());
        grpc.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
        let codec: ProstCodec<Q, S> = ProstCodec::default();
        let body = tonic::Request::new(UnboundedReceiverStream::new(receiver));
        let responses = grpc.streaming(body, PathAndQuery::from_static(path), codec).await?;
        Ok(Self { requests, responses: responses.into_inner() })
    }

    pub(crate) fn send(&self, request: Q) {
        self.requests.send(request).unwrap();
    }

    pub(crate) async fn next(&mut self) -> Result<S, Status> {
        self.responses.message().await?.ok_or_else(|| Status::ok("end"))
    }

    pub(crate) async fn end(&mut self) -> Status {
        match self.next().await {
            Err(status) => status,
            Ok(response) => panic!("a response instead of the end: {response:?}"),
        }
    }
}

/// How a refused client learns it: when it opens the stream, or on its first answer.
pub(crate) async fn refusal(channel: Result<Channel, tonic::transport::Error>, path: &'static str) -> Code {
    let Ok(channel) = channel else { return Code::Unavailable };
    match Delta::open(&channel, path).await {
        Err(status) => status.code(),
        Ok(mut stream) => {
            stream.send(subscribe("clusters", &[]));
            stream.end().await.code()
        }
    }
}

pub(crate) fn node(id: &str) -> Node {
    Node {
        id: id.into(),
        user_agent_build_version: Some(BuildVersion {
            version: Some(SemanticVersion { major: 1, minor: 40, patch: 0 }),
        }),
        ..Node::default()
    }
}

pub(crate) fn url(short: &str) -> String {
    let kind = match short {
        "clusters" => isobath_xds::ResourceType::Cluster,
        "listeners" => isobath_xds::ResourceType::Listener,
        "secrets" => isobath_xds::ResourceType::Secret,
        other => panic!("{other}"),
    };
    kind.url().to_owned()
}

pub(crate) fn subscribe(kind: &str, names: &[&str]) -> DeltaRequest {
    DeltaRequest {
        node: Some(node("envoy-1")),
        type_url: url(kind),
        subscribe: names.iter().map(|name| bytes::Bytes::copy_from_slice(name.as_bytes())).collect(),
        ..DeltaRequest::default()
    }
}

pub(crate) fn ack(response: &DeltaResponse) -> DeltaRequest {
    DeltaRequest {
        type_url: response.type_url.clone(),
        nonce: response.nonce.clone(),
        ..DeltaRequest::default()
    }
}

pub(crate) fn nack(response: &DeltaResponse, message: &str) -> DeltaRequest {
    let error = Some(ErrorDetail { code: 13, message: message.into() });
    DeltaRequest { error, ..ack(response) }
}
