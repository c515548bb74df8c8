//! One stream: its requests go to the session of its Envoy, the answers come back, until either side ends it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures::future::OptionFuture;
use h2::{RecvStream, SendStream};
use prost::Message as _;
use tokio::sync::mpsc;
use tonic::{Code, Status};

use super::messages::Messages;
use super::methods::trailers;
use crate::discovery::{DeltaRequest, Node, Request, SotwRequest};
use crate::fleet::FleetId;
use crate::hub::{Clock, Failed, Hub, Opening, Outgoing};
use crate::identity;
use crate::resource::ResourceType;
use crate::session::Scope;
use crate::wire::{Message, Protocol};

/// Carries one stream.
pub(super) struct Carrier {
    pub(super) hub: Arc<Hub>,
    pub(super) fleet: Option<FleetId>,
    pub(super) protocol: Protocol,
    pub(super) scope: Scope,
    /// Whether the connection has asked the client to leave; who sets it polls the stream.
    pub(super) leaving: Arc<AtomicBool>,
}

/// The requests of a stream of either variant.
struct Requests<'c> {
    messages: Messages,
    carrier: &'c Carrier,
}

impl Requests<'_> {
    async fn next(&mut self) -> Result<Request, Ended> {
        let message = self.messages.next().await?.ok_or(Ended::ByClient)?;
        let bytes = message.len();
        let request = match self.carrier.protocol {
            Protocol::Delta => DeltaRequest::decode(message).map(Request::Delta),
            Protocol::Sotw => SotwRequest::decode(message).map(Request::Sotw),
        };
        let request = request.map_err(|error| Status::internal(format!("not a request: {error}")))?;
        let resource_type = match self.carrier.scope {
            Scope::Single(resource_type) => Some(resource_type),
            Scope::Aggregated => ResourceType::from_url(request.type_url()),
        };
        self.carrier.hub.received(resource_type, bytes);
        Ok(request)
    }
}

/// Why a stream needs no more reading.
enum Ended {
    /// The client has closed its side, or is gone.
    ByClient,
    /// It is told why.
    With(Status),
}

impl From<Failed> for Ended {
    fn from(_: Failed) -> Self {
        Self::With(Status::unavailable("the session has ended"))
    }
}

impl From<Status> for Ended {
    fn from(status: Status) -> Self {
        Self::With(status)
    }
}

impl Carrier {
    pub(super) async fn run(self, body: RecvStream, mut sending: SendStream<Message>) {
        let messages = Messages::new(body, self.hub.settings().request_bytes);
        let mut requests = Requests { messages, carrier: &self };
        let status = match self.serve(&mut requests, &mut sending).await {
            Ended::ByClient => Status::ok(""),
            Ended::With(status) => status,
        };
        if !matches!(status.code(), Code::Ok | Code::Unavailable) {
            tracing::info!(code = ?status.code(), reason = status.message(), "xds stream ended");
        }
        // Who should read it may be gone.
        let _ = sending.send_trailers(trailers(&status));
    }

    async fn serve(&self, requests: &mut Requests<'_>, sending: &mut SendStream<Message>) -> Ended {
        let leaving = poll_fn(|_| match self.leaving.load(Ordering::Relaxed) {
            true => Poll::Ready(Ended::With(Status::unavailable("the server asks to connect again"))),
            false => Poll::Pending,
        });
        let served = async {
            match self.first(requests).await {
                Ok((node, request)) => self.join(requests, &node, request, sending).await,
                Err(ended) => ended,
            }
        };
        tokio::select! {
            biased;
            ended = served => ended,
            ended = leaving => ended,
        }
    }

    /// The first request, with the node that it must name.
    async fn first(&self, requests: &mut Requests<'_>) -> Result<(Node, Request), Ended> {
        let deadline = self.hub.settings().first_request_deadline;
        let first = tokio::time::timeout(deadline, requests.next()).await;
        let request = first.map_err(|_| Status::deadline_exceeded("no request within the deadline"))??;
        let node = request.node().filter(|node| !node.id.is_empty()).cloned();
        let nameless = || Status::invalid_argument("node.id: required in the first request of a stream");
        Ok((node.ok_or_else(nameless)?, request))
    }

    /// Joins the session and carries requests and responses until either side ends the stream.
    async fn join(
        &self,
        requests: &mut Requests<'_>,
        node: &Node,
        first: Request,
        sending: &mut SendStream<Message>,
    ) -> Ended {
        let fleet = match self.admit(node) {
            Ok(fleet) => fleet,
            Err(status) => return Ended::With(status),
        };
        let (outlet, mut outgoing) = mpsc::unbounded_channel();
        let opening = Opening { protocol: self.protocol, scope: self.scope, outlet };
        let (member, clock) = self.hub.join(&fleet, node, opening);
        let mut clock = pin!(OptionFuture::from(clock.map(Clock::run)));
        let mut request = Ok(first);
        loop {
            if let Err(ended) = request.and_then(|request| Ok(member.request(request)?)) {
                return ended;
            }
            request = tokio::select! {
                // A change is written when it was looked at.
                biased;
                Some(failed) = clock.as_mut() => return failed.into(),
                ended = write_all(&mut outgoing, sending) => return ended,
                request = requests.next() => request,
            };
        }
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

/// Writes what the session sends, until there is no more.
async fn write_all(
    outgoing: &mut mpsc::UnboundedReceiver<Outgoing>,
    sending: &mut SendStream<Message>,
) -> Ended {
    loop {
        match outgoing.recv().await {
            Some(Outgoing::Response(message)) => match sending.send_data(message, false) {
                Ok(()) => {}
                Err(_) => return Ended::ByClient,
            },
            Some(Outgoing::End(status)) => return Ended::With(status),
            None => return Failed.into(),
        }
    }
}
