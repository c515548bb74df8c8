//! `GRPCRoute`: calls by host, method and headers, what happens to them, and where they go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Check;
use super::check::{check_once, check_union};
use super::forwarding::UseDefaultGateways;
use super::http_route::check_rules;
use super::http_route::headers::HttpHeaderFilter;
use super::http_route::matches::ValueMatchType;
use super::http_route::mirror::HttpRequestMirrorFilter;
use super::references::{FilteredBackendRef, LocalObjectReference, ParentReference, check_parents};
use super::session_persistence::SessionPersistence;
use super::status::RouteStatus;
use crate::Choice;
use crate::choice::choices;
use crate::meta::ObjectMeta;
use crate::schema::{self, forms};
use crate::validate::{At, Findings};

/// One GRPCRoute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GrpcRoute {
    /// Name, namespace, creation time (of equal matches the oldest wins).
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: GrpcRouteSpec,
    /// What controllers say about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<RouteStatus>>,
}

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GrpcRouteSpec {
    /// At most 32.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub parent_refs: Vec<ParentReference>,
    /// Attaches the route to default Gateways (experimental). Default `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_default_gateways: Option<Choice<UseDefaultGateways>>,
    /// At most 16; one leading `*.` matches one or more labels. Default: every host of the listener.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 253), regex(pattern = forms::FQDN)))]
    pub hostnames: Vec<String>,
    /// At most 16, with at most 128 matches together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub rules: Vec<GrpcRouteRule>,
}

/// A backend with filters for gRPC.
pub type GrpcBackendRef = FilteredBackendRef<GrpcRouteFilter>;

/// What happens to calls that match, and where they go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GrpcRouteRule {
    /// A name for policies and for people; unique within the route.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::DNS_NAME))]
    pub name: Option<String>,
    /// At most 64, any of which must match. Default: every call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub matches: Vec<GrpcRouteMatch>,
    /// At most 16; what happens to the calls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub filters: Vec<GrpcRouteFilter>,
    /// At most 16, by weight. Without one calls get UNAVAILABLE.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub backend_refs: Vec<GrpcBackendRef>,
    /// Calls of one client that go to one backend (experimental).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_persistence: Option<Box<SessionPersistence>>,
}

/// Calls that have everything of this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GrpcRouteMatch {
    /// Default: every method of every service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<GrpcMethodMatch>,
    /// At most 16, with different names; all must match.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub headers: Vec<GrpcHeaderMatch>,
}

/// A method, a service, or both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GrpcMethodMatch {
    /// Default `Exact`.
    #[schemars(extend("default" = "Exact"))]
    pub r#type: Choice<ValueMatchType>,
    /// At most 1,024 characters, with the package. Default: every service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub service: Option<String>,
    /// At most 1,024 characters. Default: every method.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub method: Option<String>,
}

impl Default for GrpcMethodMatch {
    fn default() -> Self {
        Self { r#type: ValueMatchType::Exact.into(), service: None, method: None }
    }
}

/// A header. Unlike in an HTTPRoute its value may be any text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GrpcHeaderMatch {
    /// Default `Exact`.
    #[schemars(extend("default" = "Exact"))]
    pub r#type: Choice<ValueMatchType>,
    /// Required; of equal names in different case the first counts.
    #[schemars(length(min = 1, max = 256), regex(pattern = forms::TOKEN))]
    pub name: String,
    /// Required; 1 to 4,096 characters.
    #[schemars(length(min = 1, max = 4096))]
    pub value: String,
}

impl Default for GrpcHeaderMatch {
    fn default() -> Self {
        Self { r#type: ValueMatchType::Exact.into(), name: String::new(), value: String::new() }
    }
}

choices! {
    /// What a filter does; the field of the same name says how.
    GrpcRouteFilterType {
        /// Changes headers of calls.
        RequestHeaderModifier = "RequestHeaderModifier",
        /// Changes headers of answers.
        ResponseHeaderModifier = "ResponseHeaderModifier",
        /// Sends a copy of calls to another backend.
        RequestMirror = "RequestMirror",
        /// What an implementation defines.
        ExtensionRef = "ExtensionRef",
    }
}

/// One filter: the field that its type names, and no other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GrpcRouteFilter {
    /// Required.
    pub r#type: Choice<GrpcRouteFilterType>,
    /// Changes headers of calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_header_modifier: Option<Box<HttpHeaderFilter>>,
    /// Changes headers of answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_header_modifier: Option<Box<HttpHeaderFilter>>,
    /// Sends a copy of calls to another backend; may be there several times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_mirror: Option<Box<HttpRequestMirrorFilter>>,
    /// What an implementation defines; may be there several times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension_ref: Option<Box<LocalObjectReference>>,
}

impl Check for GrpcRoute {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        let (at, spec) = (at.field("spec"), &self.spec);
        check_parents(&spec.parent_refs, &at.field("parentRefs"), out);
        let at = at.field("rules");
        spec.rules.check(&at, out);
        let rules = spec.rules.iter().map(|rule| (rule.name.as_deref(), rule.matches.len()));
        check_rules(rules, &at, out);
    }
}

impl Check for GrpcRouteRule {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        self.matches.check(&at.field("matches"), out);
        check_filters(&self.filters, &at.field("filters"), out);
        let at_backends = at.field("backendRefs");
        for (index, backend) in self.backend_refs.iter().enumerate() {
            let at = At::Index(&at_backends, index);
            backend.object().check(&at, out);
            check_filters(&backend.filters, &at.field("filters"), out);
        }
        self.session_persistence.check(&at.field("sessionPersistence"), out);
    }
}

impl Check for GrpcRouteMatch {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        self.method.check(&at.field("method"), out);
    }
}

impl Check for GrpcMethodMatch {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        if self.service.is_none() && self.method.is_none() {
            out.add(at, "none is given of service, method; at least one is needed");
        }
        if self.r#type != ValueMatchType::Exact.into() {
            return;
        }
        let names =
            [("service", &self.service, forms::GRPC_SERVICE), ("method", &self.method, forms::GRPC_METHOD)];
        for (field, name, form) in names {
            let Some(name) = name else { continue };
            if let Some(why) = forms::refusal(form, name) {
                out.add(&at.field(field), format!("found {name:?}, {why}"));
            }
        }
    }
}

impl Check for GrpcRouteFilter {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        use GrpcRouteFilterType as Type;
        let fields = [
            ("requestHeaderModifier", Type::RequestHeaderModifier, self.request_header_modifier.is_some()),
            ("responseHeaderModifier", Type::ResponseHeaderModifier, self.response_header_modifier.is_some()),
            ("requestMirror", Type::RequestMirror, self.request_mirror.is_some()),
            ("extensionRef", Type::ExtensionRef, self.extension_ref.is_some()),
        ];
        check_union(("type", &self.r#type), &fields, at, out);
        self.request_mirror.check(&at.field("requestMirror"), out);
    }
}

/// Types that may be there once.
const ONCE: [GrpcRouteFilterType; 2] =
    [GrpcRouteFilterType::RequestHeaderModifier, GrpcRouteFilterType::ResponseHeaderModifier];

/// Each filter for itself, and what cannot be together.
fn check_filters(filters: &[GrpcRouteFilter], at: &At<'_>, out: &mut Findings) {
    filters.check(at, out);
    check_once(filters.iter().map(|filter| &filter.r#type), &ONCE, at, out);
}
