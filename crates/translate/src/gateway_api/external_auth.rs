//! Services that are asked whether requests may pass.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use api::gateway_api::http_route::external_auth::{
    ExternalAuthProtocol, ForwardBodyConfig, GrpcAuthConfig, HttpAuthConfig, HttpExternalAuthFilter,
};
use model::{RouteAuthorization, RouteAuthorizationProtocol, Timeout};
use rules::HeaderName;

use super::backend::Speaks;
use super::filters::Filters;
use super::translation::Translation;
use crate::field_path::FieldPath;
use crate::text::{self, quoted};

/// How long a service may take to answer: the specification has no field for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Headers that a service gets whatever is asked for.
const ALWAYS_TOLD: [&str; 3] = ["authorization", "content-length", "host"];

/// Headers of a connection, which end with it.
const OF_A_CONNECTION: [&str; 6] =
    ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

impl Translation<'_, '_> {
    /// Whom a rule asks. Where nobody can be asked, requests may not pass.
    ///
    /// # Errors
    /// What cannot be had.
    pub(super) fn external_auth(
        &mut self,
        at: &FieldPath<'_>,
        filter: &HttpExternalAuthFilter,
        all: &mut Filters<'_>,
    ) -> Result<(), String> {
        if all.authorization.is_some() {
            return Err("a rule can ask one service only".into());
        }
        let (protocol, speaks) = protocol(filter)?;
        let body = filter.forward_body.as_ref().map_or(Ok(None), body)?;
        let backend = at.field("backendRef");
        let cluster = match self.cluster(&backend, &filter.backend_ref, speaks) {
            Ok(cluster) => self.out.add_cluster(cluster),
            Err(failure) => {
                self.unresolved(&backend, failure);
                all.is_broken = true;
                return Ok(());
            }
        };
        let namespace = filter.backend_ref.namespace.as_deref().unwrap_or(&self.id.namespace);
        let authority = format!("{}.{namespace}", filter.backend_ref.name).into();
        let timeout = Timeout::After(PATIENCE);
        all.authorization =
            Some(Arc::new(RouteAuthorization { cluster, protocol, authority, timeout, body }));
        Ok(())
    }
}

fn protocol(filter: &HttpExternalAuthFilter) -> Result<(RouteAuthorizationProtocol, Speaks), String> {
    match filter.protocol.known() {
        Some(ExternalAuthProtocol::Grpc) => {
            let grpc = filter.grpc.as_ref().map_or_else(|| grpc(&GrpcAuthConfig::default()), grpc)?;
            Ok((grpc, Speaks::Grpc))
        }
        Some(ExternalAuthProtocol::Http) => {
            let http = filter.http.as_ref().map_or_else(|| http(&HttpAuthConfig::default()), http)?;
            Ok((http, Speaks::Http))
        }
        None => Err(format!("protocol {} is not known", quoted(filter.protocol.as_str()))),
    }
}

fn grpc(config: &GrpcAuthConfig) -> Result<RouteAuthorizationProtocol, String> {
    let request_headers = match &*config.allowed_request_headers {
        [] => None,
        headers => Some(names("grpc.allowedHeaders", headers)?),
    };
    Ok(RouteAuthorizationProtocol::Grpc { request_headers })
}

fn http(config: &HttpAuthConfig) -> Result<RouteAuthorizationProtocol, String> {
    let path = config.path.as_deref().unwrap_or_default();
    if !path.is_empty() {
        text::path(path).map_err(|why| format!("http.path: {why}"))?;
    }
    let mut request_headers = names("http.allowedHeaders", &config.allowed_request_headers)?;
    request_headers.retain(|name| !ALWAYS_TOLD.contains(&&**name));
    if let Some(name) = request_headers.iter().find(|name| OF_A_CONNECTION.contains(&&***name)) {
        let message = "is about a connection, and not about a request; leave it out";
        return Err(format!("http.allowedHeaders: {} {message}", quoted(name)));
    }
    let answer_headers = match &*config.allowed_response_headers {
        [] => None,
        headers => Some(names("http.allowedResponseHeaders", headers)?),
    };
    Ok(RouteAuthorizationProtocol::Http {
        // What stands before a path that begins with a slash.
        path_prefix: path.trim_end_matches('/').into(),
        request_headers,
        answer_headers,
    })
}

/// Names of headers, which have no case; sorted, each once.
fn names(field: &str, headers: &[String]) -> Result<Vec<Arc<str>>, String> {
    let name = |header: &String| match HeaderName::parse(header) {
        Ok(name) => Ok(name.as_str().into()),
        Err(why) => Err(format!("{field}: {why}")),
    };
    let mut names: Vec<_> = headers.iter().map(name).collect::<Result<_, _>>()?;
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// How much of the body is told.
fn body(config: &ForwardBodyConfig) -> Result<Option<NonZeroU16>, String> {
    let size = config.max_size.unwrap_or_default();
    let size = u16::try_from(size)
        .map_err(|_| format!("forwardBody.maxSize: found {size}, allowed are 0 to {}", u16::MAX))?;
    Ok(NonZeroU16::new(size))
}
