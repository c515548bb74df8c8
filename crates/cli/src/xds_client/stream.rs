//! One stream: a question, and answers until somebody ends it.

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::Context;
use certs::TlsFiles;
use envoy_protos::envoy::config::core::v3::Node;
use envoy_protos::envoy::service::discovery::v3::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse,
};
use envoy_protos::google::protobuf::Any;
use envoy_protos::google::rpc::Status;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic_prost::ProstCodec;

const ALL: &str = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";
const CHANGES: &str = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";

/// What is asked.
pub(super) struct Question {
    pub(super) node_id: String,
    pub(super) type_url: &'static str,
    pub(super) names: Vec<String>,
    /// With which words each answer is rejected; it is accepted without any.
    pub(super) rejection: Option<String>,
}

impl Question {
    fn node(&self) -> Option<Node> {
        Some(Node { id: self.node_id.clone(), ..Node::default() })
    }

    fn rejection(&self) -> Option<Status> {
        self.rejection.clone().map(|message| Status { message, ..Status::default() })
    }
}

/// Opens a connection.
pub(super) async fn connect(server: String, name: String, tls: Option<TlsFiles>) -> anyhow::Result<Channel> {
    let connector = match tls {
        None => None,
        Some(files) => {
            let name = ServerName::try_from(name).context("--server-name")?;
            Some((TlsConnector::from(Arc::new(files.client_config()?)), name))
        }
    };
    let address = server.clone();
    let connect = tower::service_fn(move |_: Uri| {
        let (address, connector) = (address.clone(), connector.clone());
        async move {
            let socket = TcpStream::connect(address).await?;
            let stream: Box<dyn xds::server::Io> = match connector {
                None => Box::new(socket),
                Some((connector, name)) => Box::new(connector.connect(name, socket).await?),
            };
            io::Result::Ok(TokioIo::new(stream))
        }
    });
    let endpoint = Endpoint::from_static("http://controller");
    endpoint.connect_with_connector(connect).await.with_context(|| server)
}

/// Asks for the state of the world, again and again.
pub(super) async fn ask_for_all(channel: Channel, question: Question, once: bool) -> anyhow::Result<()> {
    let (requests, receiver) = mpsc::unbounded_channel();
    let request = |version_info: String, response_nonce: String, error_detail| DiscoveryRequest {
        version_info,
        node: question.node(),
        resource_names: question.names.clone(),
        type_url: question.type_url.to_owned(),
        response_nonce,
        error_detail,
        ..DiscoveryRequest::default()
    };
    requests.send(request(String::new(), String::new(), None))?;
    let codec = ProstCodec::<DiscoveryRequest, DiscoveryResponse>::default();
    let mut grpc = tonic::client::Grpc::new(channel).max_decoding_message_size(usize::MAX);
    grpc.ready().await?;
    let body = tonic::Request::new(UnboundedReceiverStream::new(receiver));
    let mut responses = grpc.streaming(body, PathAndQuery::from_static(ALL), codec).await?.into_inner();
    let mut accepted = String::new();
    while let Some(response) = responses.message().await? {
        print(&json!({
            "version_info": response.version_info,
            "type_url": response.type_url,
            "nonce": response.nonce,
            "resources": response.resources.iter().map(resource).collect::<Vec<_>>(),
        }))?;
        if question.rejection.is_none() {
            accepted = response.version_info;
        }
        // The server may have ended the stream: then there is no next answer.
        let _ = requests.send(request(accepted.clone(), response.nonce, question.rejection()));
        if once {
            break;
        }
    }
    Ok(())
}

/// Asks for changes.
pub(super) async fn ask_for_changes(channel: Channel, question: Question, once: bool) -> anyhow::Result<()> {
    let (requests, receiver) = mpsc::unbounded_channel();
    requests.send(DeltaDiscoveryRequest {
        node: question.node(),
        type_url: question.type_url.to_owned(),
        resource_names_subscribe: question.names.clone(),
        ..DeltaDiscoveryRequest::default()
    })?;
    let codec = ProstCodec::<DeltaDiscoveryRequest, DeltaDiscoveryResponse>::default();
    let mut grpc = tonic::client::Grpc::new(channel).max_decoding_message_size(usize::MAX);
    grpc.ready().await?;
    let body = tonic::Request::new(UnboundedReceiverStream::new(receiver));
    let mut responses = grpc.streaming(body, PathAndQuery::from_static(CHANGES), codec).await?.into_inner();
    while let Some(response) = responses.message().await? {
        let resources = response.resources.iter().map(|each| {
            let content = each.resource.as_ref().map(resource);
            json!({"name": each.name, "version": each.version, "resource": content})
        });
        print(&json!({
            "type_url": response.type_url,
            "nonce": response.nonce,
            "resources": resources.collect::<Vec<_>>(),
            "removed_resources": response.removed_resources,
        }))?;
        // The server may have ended the stream: then there is no next answer.
        let _ = requests.send(DeltaDiscoveryRequest {
            type_url: question.type_url.to_owned(),
            response_nonce: response.nonce,
            error_detail: question.rejection(),
            ..DeltaDiscoveryRequest::default()
        });
        if once {
            break;
        }
    }
    Ok(())
}

/// A resource as JSON; one that cannot be read is said to be so.
fn resource(any: &Any) -> Value {
    envoy::received(any).unwrap_or_else(|why| json!({"@type": any.type_url, "unreadable": why}))
}

fn print(answer: &Value) -> io::Result<()> {
    writeln!(io::stdout(), "{answer:#}")
}
