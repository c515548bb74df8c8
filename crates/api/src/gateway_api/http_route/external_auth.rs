//! A service that is asked whether a request may pass (experimental).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Choice;
use crate::choice::choices;
use crate::gateway_api::Check;
use crate::gateway_api::check::check_union;
use crate::gateway_api::references::BackendObjectReference;
use crate::schema::forms;
use crate::validate::{At, Findings};

choices! {
    /// How the service is asked; the field of the same name says more.
    ExternalAuthProtocol {
        /// By a request with method and headers of the original.
        Http = "HTTP",
        /// By Envoy's protocol for external authorization.
        Grpc = "GRPC",
    }
}

/// Asks a service whether a request may pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpExternalAuthFilter {
    /// Required.
    pub protocol: Choice<ExternalAuthProtocol>,
    /// Required.
    pub backend_ref: BackendObjectReference,
    /// Required for the protocol `GRPC`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpc: Option<GrpcAuthConfig>,
    /// Required for the protocol `HTTP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpAuthConfig>,
    /// Sends the body too. Default: does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_body: Option<ForwardBodyConfig>,
}

/// What a service gets by gRPC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GrpcAuthConfig {
    /// At most 64, each once. Default: all headers.
    #[serde(rename = "allowedHeaders", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "set"))]
    pub allowed_request_headers: Vec<String>,
}

/// What a service gets by HTTP, and what of its answer goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpAuthConfig {
    /// At most 1,024 characters; stands before the path of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024), regex(pattern = forms::PATH_CHARACTERS))]
    pub path: Option<String>,
    /// At most 64, each once; sent beside those that a service always needs.
    #[serde(rename = "allowedHeaders", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "set"))]
    pub allowed_request_headers: Vec<String>,
    /// At most 64, each once; what of the answer is put into the request. Default: all headers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "set"))]
    pub allowed_response_headers: Vec<String>,
}

/// How much of the body is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ForwardBodyConfig {
    /// In bytes; larger bodies are refused. Default 0: no body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size: Option<i64>,
}

impl Check for HttpExternalAuthFilter {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        use ExternalAuthProtocol::{Grpc, Http};
        self.backend_ref.check(&at.field("backendRef"), out);
        let fields = [("grpc", Grpc, self.grpc.is_some()), ("http", Http, self.http.is_some())];
        check_union(("protocol", &self.protocol), &fields, at, out);
    }
}
