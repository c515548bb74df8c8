//! `HTTPRoute`: requests by host, path, headers and so on, what happens to them, and where they go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Check;
use super::check::Seen;
use super::forwarding::UseDefaultGateways;
use super::references::{FilteredBackendRef, ParentReference, check_parents};
use super::session_persistence::SessionPersistence;
use super::status::RouteStatus;
use crate::Choice;
use crate::duration;
use crate::meta::ObjectMeta;
use crate::schema::{self, forms};
use crate::validate::{At, Findings};

pub mod cors;
pub mod external_auth;
pub mod filters;
pub mod headers;
pub mod matches;
pub mod mirror;
pub mod redirect;

pub use filters::{HttpRouteFilter, HttpRouteFilterType};
pub use matches::HttpRouteMatch;

/// One HTTPRoute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpRoute {
    /// Name, namespace, creation time (of equal matches the oldest wins).
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: HttpRouteSpec,
    /// What controllers say about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<RouteStatus>>,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpRouteSpec {
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
    /// 1 to 16, with at most 128 matches together. Default: one for every request, without a backend.
    #[schemars(length(min = 1, max = 16), extend("default" = [{}]))]
    pub rules: Vec<HttpRouteRule>,
}

impl Default for HttpRouteSpec {
    fn default() -> Self {
        Self {
            parent_refs: Vec::new(),
            use_default_gateways: None,
            hostnames: Vec::new(),
            rules: vec![HttpRouteRule::default()],
        }
    }
}

/// A backend with filters for HTTP.
pub type HttpBackendRef = FilteredBackendRef<HttpRouteFilter>;

/// What happens to requests that match, and where they go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpRouteRule {
    /// A name for policies and for people; unique within the route.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::DNS_NAME))]
    pub name: Option<String>,
    /// At most 64, any of which must match. Default: one, for every path.
    #[schemars(length(max = 64), extend("default" = [{}]))]
    pub matches: Vec<HttpRouteMatch>,
    /// At most 16; what happens to the requests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub filters: Vec<HttpRouteFilter>,
    /// At most 16, by weight. Without one, and without a filter that answers, requests get 500.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub backend_refs: Vec<HttpBackendRef>,
    /// How long requests may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<HttpRouteTimeouts>,
    /// Which failures are tried again (experimental).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<HttpRouteRetry>,
    /// Requests of one client that go to one backend (experimental).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_persistence: Option<Box<SessionPersistence>>,
}

impl Default for HttpRouteRule {
    fn default() -> Self {
        Self {
            name: None,
            matches: vec![HttpRouteMatch::default()],
            filters: Vec::new(),
            backend_refs: Vec::new(),
            timeouts: None,
            retry: None,
            session_persistence: None,
        }
    }
}

/// How long requests may take; `0s` means no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpRouteTimeouts {
    /// From the client's side, with all tries.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = forms::GATEWAY_DURATION))]
    pub request: Option<String>,
    /// Of each try; not longer than `request`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = forms::GATEWAY_DURATION))]
    pub backend_request: Option<String>,
}

/// Which failures are tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpRouteRetry {
    /// Each once; 400 to 599. Connections that fail are tried again whatever stands here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(range(min = 400, max = 599)), extend("x-kubernetes-list-type" = "set"))]
    pub codes: Vec<i64>,
    /// At least 1; how many tries more. Default: one of the implementation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub attempts: Option<i64>,
    /// The shortest pause between two tries. Default: one of the implementation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = forms::GATEWAY_DURATION))]
    pub backoff: Option<String>,
}

impl Check for HttpRoute {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        let (at, spec) = (at.field("spec"), &self.spec);
        check_parents(&spec.parent_refs, &at.field("parentRefs"), out);
        let at = at.field("rules");
        spec.rules.check(&at, out);
        let rules = spec.rules.iter().map(|rule| (rule.name.as_deref(), rule.matches.len()));
        check_rules(rules, &at, out);
    }
}

/// Names are unique, and matches are not too many: each rule by its name and its number of matches.
pub(super) fn check_rules<'a>(
    rules: impl Iterator<Item = (Option<&'a str>, usize)>,
    at: &At<'_>,
    out: &mut Findings,
) {
    let (mut names, mut total) = (Seen::new(), 0);
    for (index, (name, matches)) in rules.enumerate() {
        if let Some(first) = name.and_then(|name| names.earlier(name, index)) {
            let message = format!("is that of rules[{first}] too; names must differ");
            out.add(&At::Index(at, index).field("name"), message);
        }

        total += matches;
    }
    if total > 128 {
        out.add(at, format!("have {total} matches together, allowed are 128; move some to another route"));
    }
}

impl Check for HttpRouteRule {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        self.matches.check(&at.field("matches"), out);
        filters::check_filters(&self.filters, &at.field("filters"), out);
        self.check_prefixes(&self.filters, &at.field("filters"), out);
        let redirects = |filter: &HttpRouteFilter| filter.request_redirect.is_some();
        if !self.backend_refs.is_empty() && self.filters.iter().any(redirects) {
            out.add(&at.field("backendRefs"), "are for rules without a filter RequestRedirect only");
        }
        let at_backends = at.field("backendRefs");
        for (index, backend) in self.backend_refs.iter().enumerate() {
            let at = At::Index(&at_backends, index);
            backend.object().check(&at, out);
            filters::check_filters(&backend.filters, &at.field("filters"), out);
            self.check_prefixes(&backend.filters, &at.field("filters"), out);
        }
        self.timeouts.check(&at.field("timeouts"), out);
        self.session_persistence.check(&at.field("sessionPersistence"), out);
    }
}

impl HttpRouteRule {
    /// What replaces a prefix needs one that is matched.
    fn check_prefixes(&self, filters: &[HttpRouteFilter], at: &At<'_>, out: &mut Findings) {
        let matches_one_prefix = match self.matches.as_slice() {
            [only] => only.path.r#type == matches::PathMatchType::PathPrefix.into(),
            _ => false,
        };
        for (index, filter) in filters.iter().enumerate().filter(|_| !matches_one_prefix) {
            if let Some(field) = filter.replaced_prefix() {
                let at = At::Index(at, index);
                let message = "needs a rule with exactly one match, which has a path of the type PathPrefix";
                out.add(&at.field(field).field("path").field("replacePrefixMatch"), message);
            }
        }
    }
}

impl Check for HttpRouteTimeouts {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        let length = |text: &Option<String>| text.as_deref().and_then(|text| duration::parse(text).ok());
        let (Some(request), Some(backend)) = (length(&self.request), length(&self.backend_request)) else {
            return;
        };
        if !request.is_zero() && backend > request {
            out.add(&at.field("backendRequest"), "is longer than request");
        }
    }
}
