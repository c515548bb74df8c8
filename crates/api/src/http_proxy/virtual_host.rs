//! What belongs to the host as a whole: name, TLS, authorization, CORS, JWT providers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::policy::{IpFilterPolicy, RateLimitPolicy};
use super::service::UpstreamValidation;
use crate::Choice;
use crate::choice::choices;
use crate::schema::{forms, rules};

/// A host name and what holds for all of its routes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct VirtualHost {
    /// Required; lower-case DNS name without port, one leading `*.` allowed (matches exactly one label).
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::FQDN))]
    pub fqdn: String,
    /// Serves the host over TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Box<Tls>>,
    /// External authorization for all routes; `extensionRef` needs terminated TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Box<AuthorizationServer>>,
    /// Answers preflight requests and adds the CORS headers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cors_policy: Option<Box<CorsPolicy>>,
    /// Rate limits for all routes that have none of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit_policy: Option<Box<RateLimitPolicy>>,
    /// Providers that routes may require; needs terminated TLS; names unique, at most one default.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jwt_providers: Vec<JwtProvider>,
    /// Addresses that may send requests; not together with `ipDenyPolicy`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ip_allow_policy: Vec<IpFilterPolicy>,
    /// Addresses that may not; not together with `ipAllowPolicy`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ip_deny_policy: Vec<IpFilterPolicy>,
}

/// TLS of a host: terminated with a certificate, or passed through by SNI; exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct Tls {
    /// `name` or `namespace/name` of a TLS Secret; another namespace must delegate it. Not with `passthrough`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_name: Option<String>,
    /// `1.2` (default) or `1.3`; anything else counts as the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_protocol_version: Option<String>,
    /// `1.2` or `1.3` (default); anything else counts as the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_protocol_version: Option<String>,
    /// Forwards the encrypted bytes to `tcpproxy`. Not with `secretName`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub passthrough: bool,
    /// Asks clients for a certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_validation: Option<Box<DownstreamValidation>>,
    /// Also serves the host to clients without SNI, with the operator's fallback certificate.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub enable_fallback_certificate: bool,
}

/// Client certificates (reference contour.md 3.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct DownstreamValidation {
    /// Secret with `ca.crt`; required unless `skipClientCertValidation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub ca_secret: Option<String>,
    /// Accepts any certificate without checking it; one must be offered unless it is optional.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub skip_client_cert_validation: bool,
    /// What of the certificate goes to the backend in `x-forwarded-client-cert`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_client_certificate: Option<Box<ClientCertificateDetails>>,
    /// Secret with `crl.pem`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub crl_secret: Option<String>,
    /// Checks only the leaf against the CRL; else the CRL must cover the whole chain.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub crl_only_verify_leaf_cert: bool,
    /// Lets clients in that offer no certificate; an offered one is still checked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional_client_certificate: bool,
}

/// Parts of the client certificate that are forwarded; all default to false.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ClientCertificateDetails {
    /// Subject.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub subject: bool,
    /// The certificate in PEM.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cert: bool,
    /// The chain in PEM.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub chain: bool,
    /// DNS names.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dns: bool,
    /// URI name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub uri: bool,
}

choices! {
    /// How the authorization service is asked.
    AuthorizationServiceType {
        /// Envoy's gRPC protocol (default).
        Grpc = "grpc",
        /// A plain HTTP request.
        Http = "http",
    }
}

/// External authorization (reference contour.md 3.18).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default, extend("x-kubernetes-validations" = [rules::HTTP_SETTINGS]))]
pub struct AuthorizationServer {
    /// The ExtensionService to ask; without it, the operator's global service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension_ref: Option<Box<ExtensionServiceReference>>,
    /// `grpc` (default) or `http`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "grpc"))]
    pub service_type: Option<Choice<AuthorizationServiceType>>,
    /// Only with `serviceType: http`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_settings: Option<Box<HttpAuthorizationServerSettings>>,
    /// What routes do when they say nothing themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_policy: Option<Box<AuthorizationPolicy>>,
    /// Go duration or `infinity`; how long to wait for the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = forms::TIMEOUT))]
    pub response_timeout: Option<String>,
    /// Lets requests pass when the service does not answer; default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fail_open: bool,
    /// Sends the body (up to a size) to the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_request_body: Option<Box<AuthorizationServerBufferSettings>>,
}

/// Names an ExtensionService.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ExtensionServiceReference {
    /// Default `projectcontour.io/v1alpha1`; nothing else is supported; not empty when given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub api_version: Option<String>,
    /// Default: the namespace of the HTTPProxy; not empty when given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub namespace: Option<String>,
    /// Not empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub name: Option<String>,
}

/// The HTTP form of the authorization request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpAuthorizationServerSettings {
    /// Put before the path of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_prefix: Option<String>,
    /// Request headers that the service gets besides the standard ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_authorization_headers: Vec<HttpAuthorizationServerAllowedHeaders>,
    /// Headers of the service's answer that go to the backend.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_upstream_headers: Vec<HttpAuthorizationServerAllowedHeaders>,
}

/// A set of header names: exactly one of `exact`, `prefix`, `suffix`, `contains`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default, extend("x-kubernetes-validations" = [rules::ALLOWED_HEADER]))]
pub struct HttpAuthorizationServerAllowedHeaders {
    /// The whole name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    /// How the name begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// How the name ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// A part of the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// Compares without case; default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignore_case: bool,
}

/// Whether, and with what context, requests are authorized; of a host or of a route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct AuthorizationPolicy {
    /// Turns authorization off; route before host before global.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// Key-value pairs for the service; gRPC only. Those of a route win over those of the host.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<String, String>,
}

/// How much of the body the authorization service sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct AuthorizationServerBufferSettings {
    /// Bytes, at least 1; default 1024.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = i32::MAX), extend("default" = 1024))]
    pub max_request_bytes: Option<i64>,
    /// Sends the first bytes of a longer body instead of refusing it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_partial_message: bool,
    /// Sends bytes instead of UTF-8 text.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pack_as_bytes: bool,
}

/// Cross-origin requests (reference contour.md 3.16).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct CorsPolicy {
    /// Lets scripts send cookies.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_credentials: bool,
    /// Required, at least one: `*`, `scheme://host[:port]`, or a regular expression.
    #[schemars(length(min = 1))]
    pub allow_origin: Vec<String>,
    /// Required, at least one; header tokens.
    #[schemars(length(min = 1), inner(regex(pattern = forms::TOKEN)))]
    pub allow_methods: Vec<String>,
    /// Header tokens.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1), inner(regex(pattern = forms::TOKEN)))]
    pub allow_headers: Vec<String>,
    /// Header tokens.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1), inner(regex(pattern = forms::TOKEN)))]
    pub expose_headers: Vec<String>,
    /// How long a preflight answer may be cached: Go duration, or `0` for not at all. Unset: browsers decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = forms::MAX_AGE))]
    pub max_age: Option<String>,
    /// Answers private network preflights.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_private_network: bool,
}

/// One issuer of tokens; exactly one of `remoteJWKS` and `localJWKS`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default, extend("x-kubernetes-validations" = [rules::JWKS_SOURCE]))]
pub struct JwtProvider {
    /// Required; unique in the host.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Applies to routes that name no provider; at most one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
    /// The token's `iss` must equal it when given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The token's `aud` must be one of these when given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// Keys fetched over HTTP.
    #[serde(rename = "remoteJWKS", skip_serializing_if = "Option::is_none")]
    pub remote_jwks: Option<Box<RemoteJwks>>,
    /// Keys in a Secret.
    #[serde(rename = "localJWKS", skip_serializing_if = "Option::is_none")]
    pub local_jwks: Option<Box<LocalJwks>>,
    /// Leaves the token in the request to the backend; default false.
    #[serde(rename = "forwardJWT", skip_serializing_if = "std::ops::Not::not")]
    pub forward_jwt: bool,
}

choices! {
    /// Which addresses a DNS look-up asks for.
    DnsLookupFamily {
        /// IPv6, else IPv4.
        Auto = "auto",
        /// IPv4 only.
        V4 = "v4",
        /// IPv6 only.
        V6 = "v6",
    }
}

/// Keys fetched over HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct RemoteJwks {
    /// Required; `http` or `https`.
    #[schemars(length(min = 1))]
    pub uri: String,
    /// Checks the server's certificate; `https` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<Box<UpstreamValidation>>,
    /// Go duration; default 1 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = forms::DURATION))]
    pub timeout: Option<String>,
    /// Go duration; default 5 min.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = forms::DURATION))]
    pub cache_duration: Option<String>,
    /// `auto`, `v4`, `v6`; default: the operator's setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_lookup_family: Option<Choice<DnsLookupFamily>>,
}

/// Keys in a Secret of the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct LocalJwks {
    /// Required; an Opaque Secret.
    #[schemars(length(min = 1))]
    pub secret_name: String,
    /// Required; the key in it whose value is a JSON object with `keys`.
    #[schemars(length(min = 1))]
    pub key: String,
}
