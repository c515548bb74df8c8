//! One stream: its requests go to the session of its Envoy until either side ends it.

use std::sync::Arc;

use hyper::body::Incoming;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::codec::Streaming;
use tonic::{Code, Status};
use tonic_prost::ProstDecoder;

use crate::discovery::{DeltaRequest, Node, Request, SotwRequest};
use crate::fleet::FleetId;
use crate::hub::{Hub, Message, Opened, Outgoing};
use crate::identity;
use crate::session::Scope;
use crate::wire::Protocol;

/// Carries the requests of one stream.
pub(super) struct Carrier {
    pub(super) hub: Arc<Hub>,
    pub(super) fleet: Option<FleetId>,
    pub(super) protocol: Protocol,
    pub(super) scope: Scope,
    pub(super) outlet: mpsc::UnboundedSender<Outgoing>,
    pub(super) leave: CancellationToken,
}

/// The requests of a stream of either variant.
enum Requests {
    Delta(Streaming<DeltaRequest>),
    Sotw(Streaming<SotwRequest>),
}

impl Requests {
    fn new(protocol: Protocol, body: Incoming, limit: usize) -> Self {
        match protocol {
            Protocol::Delta => {
                Self::Delta(Streaming::new_request(ProstDecoder::default(), body, None, Some(limit)))
            }
            Protocol::Sotw => {
                Self::Sotw(Streaming::new_request(ProstDecoder::default(), body, None, Some(limit)))
            }
        }
    }

    async fn next(&mut self) -> Result<Option<Request>, Status> {
        match self {
            Self::Delta(requests) => Ok(requests.message().await?.map(Request::Delta)),
            Self::Sotw(requests) => Ok(requests.message().await?.map(Request::Sotw)),
        }
    }
}

/// Why a stream needs no more reading.
enum Ended {
    /// The client has closed its side, or is gone.
    ByClient,
    /// It is told why.
    With(Status),
}

impl Carrier {
    pub(super) async fn run(self, body: Incoming) {
        let mut requests = Requests::new(self.protocol, body, self.hub.settings().request_bytes);
        let ended = match self.first(&mut requests).await {
            Ok((node, request)) => self.join(&mut requests, &node, request).await,
            Err(ended) => ended,
        };
        let status = match ended {
            Ended::ByClient => Status::ok(""),
            Ended::With(status) => status,
        };
        if !matches!(status.code(), Code::Ok | Code::Unavailable) {
            tracing::info!(code = ?status.code(), reason = status.message(), "xds stream ended");
        }
        let _ = self.outlet.send(Outgoing::End(status));
    }

    /// The first request, with the node that it must name.
    async fn first(&self, requests: &mut Requests) -> Result<(Node, Request), Ended> {
        let deadline = self.hub.settings().first_request_deadline;
        let first = tokio::time::timeout(deadline, self.next(requests)).await;
        let late = |_| Ended::With(Status::deadline_exceeded("no request within the deadline"));
        let request = first.map_err(late)??;
        let node = request.node().filter(|node| !node.id.is_empty()).cloned();
        let nameless = || Status::invalid_argument("node.id: required in the first request of a stream");
        let node = node.ok_or_else(nameless).map_err(Ended::With)?;
        Ok((node, request))
    }

    async fn next(&self, requests: &mut Requests) -> Result<Request, Ended> {
        tokio::select! {
            request = requests.next() => request.map_err(Ended::With)?.ok_or(Ended::ByClient),
            () = self.outlet.closed() => Err(Ended::ByClient),
            () = self.leave.cancelled() => {
                Err(Ended::With(Status::unavailable("the server asks to connect again")))
            }
        }
    }

    async fn join(&self, requests: &mut Requests, node: &Node, request: Request) -> Ended {
        let fleet = match self.admit(node) {
            Ok(fleet) => fleet,
            Err(status) => return Ended::With(status),
        };
        let stream = self.hub.next_stream();
        let opened = Opened {
            stream,
            protocol: self.protocol,
            scope: self.scope,
            request,
            outlet: self.outlet.clone(),
        };
        let session = self.hub.join(&fleet, node, opened);
        let ended = loop {
            let request = match self.next(requests).await {
                Ok(request) => request,
                Err(ended) => break ended,
            };
            if session.send(Message::Request(stream, request)).await.is_err() {
                return Ended::With(Status::unavailable("the session has ended"));
            }
        };
        let _ = session.send(Message::Closed(stream)).await;
        ended
    }

    fn admit(&self, node: &Node) -> Result<FleetId, Status> {
        let refused = |why: identity::Refused| Status::permission_denied(why.to_string());
        let fleet = identity::admit(self.fleet.as_ref(), node).map_err(refused)?;
        match (self.hub.settings().minimum_envoy, node.release()) {
            (Some(minimum), Some(release)) if release < minimum => {
                let (is, least) = (shown(release), shown(minimum));
                Err(Status::failed_precondition(format!("envoy {is}: at least {least} is needed")))
            }
            (Some(_) | None, _) => Ok(fleet),
        }
    }
}

fn shown(version: crate::discovery::SemanticVersion) -> String {
    format!("{}.{}.{}", version.major, version.minor, version.patch)
}
