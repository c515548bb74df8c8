//! The clients: each a connection of its own with mutual TLS, which is sent changes and acknowledges them.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use certs::Material;
use envoy_protos::envoy::config::core::v3::node::UserAgentVersionType;
use envoy_protos::envoy::config::core::v3::{BuildVersion, Node};
use envoy_protos::envoy::service::discovery::v3::{DeltaDiscoveryRequest, DeltaDiscoveryResponse};
use envoy_protos::envoy::r#type::v3::SemanticVersion;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic_prost::ProstCodec;
use xds::ResourceType;

use super::least;

const METHOD: &str = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";
/// Connections that are being made at one time.
const OPENING: usize = 32;
/// How long all of them may take to get something, from one time to the next.
const LIMIT: Duration = Duration::from_secs(120);

/// What clients talk.
#[derive(Debug, Clone)]
pub(crate) enum Talk {
    /// Delta ADS: they ask for all listeners, and for the endpoints of one cluster.
    Xds { endpoints: String },
    /// Bytes of a fixed number each way.
    Least,
}

/// Runs `count` clients until standard input ends. Says `all` whenever each of them has got a change
/// once more.
pub(crate) fn clients(address: &str, count: usize, talk: &Talk, folder: &Path) {
    std::thread::spawn(|| {
        // Whoever started us has ended, or wants us to.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("threads can be started").block_on(run(address, count, talk, folder));
}

async fn run(address: &str, count: usize, talk: &Talk, folder: &Path) {
    let connector = connector(folder);
    let (got, mut gets) = mpsc::unbounded_channel();
    let opening = Arc::new(Semaphore::new(OPENING));
    for index in 0..count {
        let client = Client {
            address: address.to_owned(),
            talk: talk.clone(),
            connector: connector.clone(),
            got: got.clone(),
        };
        tokio::spawn(client.run(index, Arc::clone(&opening)));
    }
    loop {
        for _ in 0..count {
            let get = tokio::time::timeout(LIMIT, gets.recv()).await;
            get.expect("every client gets it").expect("the clients run");
        }
        let mut output = std::io::stdout();
        writeln!(output, "all").and_then(|()| output.flush()).expect("whoever started us reads");
    }
}

fn connector(folder: &Path) -> TlsConnector {
    let read = |name: &str| std::fs::read(folder.join(name)).expect("the credentials were written");
    let material = Material::parse(&read("ca.crt"), &read("tls.crt"), &read("tls.key"));
    let config = material.and_then(|material| material.client_config()).expect("made just now");
    TlsConnector::from(Arc::new(config))
}

struct Client {
    address: String,
    talk: Talk,
    connector: TlsConnector,
    got: mpsc::UnboundedSender<()>,
}

impl Client {
    async fn run(self, index: usize, opening: Arc<Semaphore>) {
        match &self.talk {
            Talk::Xds { endpoints } => self.talk_xds(index, endpoints, &opening).await,
            Talk::Least => self.talk_least(&opening).await,
        }
    }

    async fn talk_xds(&self, index: usize, endpoints: &str, opening: &Semaphore) {
        let turn = opening.acquire().await.expect("it is never closed");
        let channel = self.connect().await;
        drop(turn);
        let (requests, outgoing) = mpsc::unbounded_channel();
        let mut grpc = tonic::client::Grpc::new(channel);
        grpc.ready().await.expect("the connection is there");
        subscribe(index, endpoints, &requests);
        let codec: ProstCodec<DeltaDiscoveryRequest, DeltaDiscoveryResponse> = ProstCodec::default();
        let body = tonic::Request::new(UnboundedReceiverStream::new(outgoing));
        let stream = grpc.streaming(body, PathAndQuery::from_static(METHOD), codec).await;
        let mut responses = stream.expect("the server answers").into_inner();
        while let Some(response) = responses.message().await.expect("the stream goes on") {
            let is_endpoints = response.type_url == ResourceType::ClusterLoadAssignment.url();
            requests.send(acknowledgement(response)).expect("the stream goes on");
            if is_endpoints && self.got.send(()).is_err() {
                return;
            }
        }
    }

    async fn talk_least(&self, opening: &Semaphore) {
        let turn = opening.acquire().await.expect("it is never closed");
        let mut stream = dial(&self.address, &self.connector).await.expect("the server takes the connection");
        drop(turn);
        let mut change = [0; least::CHANGE];
        while stream.read_exact(&mut change).await.is_ok() {
            stream.write_all(&[0; least::ACKNOWLEDGEMENT]).await.expect("the stream goes on");
            stream.flush().await.expect("the stream goes on");
            if self.got.send(()).is_err() {
                return;
            }
        }
    }

    async fn connect(&self) -> Channel {
        let (address, connector) = (self.address.clone(), self.connector.clone());
        let connect = tower::service_fn(move |_: Uri| {
            let (address, connector) = (address.clone(), connector.clone());
            async move { dial(&address, &connector).await.map(TokioIo::new) }
        });
        let channel = Endpoint::from_static("http://localhost").connect_with_connector(connect).await;
        channel.expect("the server takes the connection")
    }
}

async fn dial(address: &str, connector: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let name = "localhost".try_into().map_err(std::io::Error::other)?;
    connector.connect(name, socket).await
}

/// Asks for all listeners, as every Envoy does, and for the endpoints of one cluster.
fn subscribe(index: usize, endpoints: &str, requests: &mpsc::UnboundedSender<DeltaDiscoveryRequest>) {
    let listeners = DeltaDiscoveryRequest {
        node: Some(node(format!("client-{index}"))),
        type_url: ResourceType::Listener.url().to_owned(),
        ..Default::default()
    };
    let endpoints = DeltaDiscoveryRequest {
        type_url: ResourceType::ClusterLoadAssignment.url().to_owned(),
        resource_names_subscribe: vec![endpoints.to_owned()],
        ..Default::default()
    };
    for request in [listeners, endpoints] {
        requests.send(request).expect("the stream will read it");
    }
}

/// With a release, as every Envoy has one: the controller waits for nobody without.
fn node(id: String) -> Node {
    let version = SemanticVersion { major_number: 1, minor_number: 40, patch: 0 };
    let build = BuildVersion { version: Some(version), ..Default::default() };
    let release = UserAgentVersionType::UserAgentBuildVersion(build);
    Node { id, user_agent_version_type: Some(release), ..Default::default() }
}

fn acknowledgement(response: DeltaDiscoveryResponse) -> DeltaDiscoveryRequest {
    DeltaDiscoveryRequest {
        type_url: response.type_url,
        response_nonce: response.nonce,
        ..Default::default()
    }
}
