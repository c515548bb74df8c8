//! Which path is which method; everything else answers UNIMPLEMENTED.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use h2::RecvStream;
use h2::server::SendResponse;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use tonic::Status;

use super::stream::Carrier;
use crate::fleet::FleetId;
use crate::hub::Hub;
use crate::identity::Refused;
use crate::resource::ResourceType;
use crate::session::Scope;
use crate::wire::{Message, Protocol};

/// Service, state-of-the-world method, delta method, types.
const METHODS: [(&str, &str, &str, Scope); 8] = [
    (
        "envoy.service.discovery.v3.AggregatedDiscoveryService",
        "StreamAggregatedResources",
        "DeltaAggregatedResources",
        Scope::Aggregated,
    ),
    (
        "envoy.service.listener.v3.ListenerDiscoveryService",
        "StreamListeners",
        "DeltaListeners",
        Scope::Single(ResourceType::Listener),
    ),
    (
        "envoy.service.route.v3.RouteDiscoveryService",
        "StreamRoutes",
        "DeltaRoutes",
        Scope::Single(ResourceType::RouteConfiguration),
    ),
    (
        "envoy.service.route.v3.ScopedRoutesDiscoveryService",
        "StreamScopedRoutes",
        "DeltaScopedRoutes",
        Scope::Single(ResourceType::ScopedRouteConfiguration),
    ),
    (
        "envoy.service.cluster.v3.ClusterDiscoveryService",
        "StreamClusters",
        "DeltaClusters",
        Scope::Single(ResourceType::Cluster),
    ),
    (
        "envoy.service.endpoint.v3.EndpointDiscoveryService",
        "StreamEndpoints",
        "DeltaEndpoints",
        Scope::Single(ResourceType::ClusterLoadAssignment),
    ),
    (
        "envoy.service.secret.v3.SecretDiscoveryService",
        "StreamSecrets",
        "DeltaSecrets",
        Scope::Single(ResourceType::Secret),
    ),
    (
        "envoy.service.runtime.v3.RuntimeDiscoveryService",
        "StreamRuntime",
        "DeltaRuntime",
        Scope::Single(ResourceType::Runtime),
    ),
];

/// The method of a path, which must be spelled exactly so.
fn method(path: &str) -> Option<(Protocol, Scope)> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    let (_, sotw, delta, scope) = METHODS.iter().find(|(name, ..)| *name == service)?;
    match method {
        _ if method == *sotw => Some((Protocol::Sotw, *scope)),
        _ if method == *delta => Some((Protocol::Delta, *scope)),
        _ => None,
    }
}

/// The methods for one connection.
pub(super) struct Methods {
    hub: Arc<Hub>,
    fleet: Result<Option<FleetId>, Refused>,
    leaving: Arc<AtomicBool>,
}

impl Methods {
    pub(super) fn new(hub: Arc<Hub>, fleet: Result<Option<FleetId>, Refused>) -> Self {
        Self { hub, fleet, leaving: Arc::default() }
    }

    /// All streams end when they are polled next.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// Answers a request; returns what serves its stream, unless it is refused.
    pub(super) fn answer(
        &self,
        request: Request<RecvStream>,
        mut respond: SendResponse<Message>,
    ) -> Option<impl Future<Output = ()> + use<>> {
        let carrier = self.carrier(&request);
        let mut response = Response::new(());
        if let Err(status) = &carrier {
            tracing::info!(code = ?status.code(), reason = status.message(), "xds stream refused");
            *response.headers_mut() = trailers(status);
        }
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        // Who asked may be gone.
        let sending = respond.send_response(response, carrier.is_err()).ok()?;
        Some(carrier.ok()?.run(request.into_body(), sending))
    }

    fn carrier(&self, request: &Request<RecvStream>) -> Result<Carrier, Status> {
        let fleet = self.fleet.clone().map_err(|refused| Status::permission_denied(refused.to_string()))?;
        let unknown = || Status::unimplemented("this method is not served");
        if request.method() != Method::POST {
            return Err(unknown());
        }
        let (protocol, scope) = method(request.uri().path()).ok_or_else(unknown)?;
        if request.headers().get("grpc-encoding").is_some_and(|encoding| encoding != "identity") {
            return Err(Status::unimplemented("compressed requests are not served"));
        }
        Ok(Carrier { hub: Arc::clone(&self.hub), fleet, protocol, scope, leaving: Arc::clone(&self.leaving) })
    }
}

/// A status as the last headers of a stream.
pub(super) fn trailers(status: &Status) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if status.add_header(&mut headers).is_err() {
        // The text cannot be a header; the code always can.
        headers.clear();
        headers.insert("grpc-status", (status.code() as i32).into());
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x_004_paths_are_matched_exactly() {
        let ads = "/envoy.service.discovery.v3.AggregatedDiscoveryService";
        assert_eq!(
            method(&format!("{ads}/DeltaAggregatedResources")),
            Some((Protocol::Delta, Scope::Aggregated))
        );
        for tail in ["", "/", "/deltaAggregatedResources", "//DeltaAggregatedResources", "/DeltaClusters"] {
            assert_eq!(method(&format!("{ads}{tail}")), None, "{tail}");
        }
    }

    #[test]
    fn x_002_fetch_methods_are_not_served() {
        for (service, stream, ..) in METHODS {
            let fetch = stream.replacen("Stream", "Fetch", 1);
            assert_eq!(method(&format!("/{service}/{fetch}")), None);
        }
    }
}
