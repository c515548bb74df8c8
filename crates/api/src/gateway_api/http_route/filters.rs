//! What happens to requests and answers of a rule or a backend.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cors::HttpCorsFilter;
use super::external_auth::HttpExternalAuthFilter;
use super::headers::HttpHeaderFilter;
use super::mirror::HttpRequestMirrorFilter;
use super::redirect::{HttpRequestRedirectFilter, HttpUrlRewriteFilter};
use crate::Choice;
use crate::choice::choices;
use crate::gateway_api::Check;
use crate::gateway_api::check::{check_once, check_union};
use crate::gateway_api::references::LocalObjectReference;
use crate::validate::{At, Findings};

choices! {
    /// What a filter does; the field of the same name says how.
    HttpRouteFilterType {
        /// Changes headers of requests.
        RequestHeaderModifier = "RequestHeaderModifier",
        /// Changes headers of answers.
        ResponseHeaderModifier = "ResponseHeaderModifier",
        /// Sends a copy of requests to another backend.
        RequestMirror = "RequestMirror",
        /// Answers with a redirect.
        RequestRedirect = "RequestRedirect",
        /// Changes host and path of requests.
        UrlRewrite = "URLRewrite",
        /// What an implementation defines.
        ExtensionRef = "ExtensionRef",
        /// Answers preflight requests and adds the headers of CORS.
        Cors = "CORS",
        /// Asks a service whether a request may pass (experimental).
        ExternalAuth = "ExternalAuth",
    }
}

/// One filter: the field that its type names, and no other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpRouteFilter {
    /// Required.
    pub r#type: Choice<HttpRouteFilterType>,
    /// Changes headers of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_header_modifier: Option<Box<HttpHeaderFilter>>,
    /// Changes headers of answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_header_modifier: Option<Box<HttpHeaderFilter>>,
    /// Sends a copy of requests to another backend; may be there several times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_mirror: Option<Box<HttpRequestMirrorFilter>>,
    /// Answers with a redirect; not together with `urlRewrite`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_redirect: Option<Box<HttpRequestRedirectFilter>>,
    /// Changes host and path of requests; not together with `requestRedirect`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_rewrite: Option<Box<HttpUrlRewriteFilter>>,
    /// Answers preflight requests and adds the headers of CORS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cors: Option<Box<HttpCorsFilter>>,
    /// Asks a service whether a request may pass (experimental).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_auth: Option<Box<HttpExternalAuthFilter>>,
    /// What an implementation defines; may be there several times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension_ref: Option<Box<LocalObjectReference>>,
}

impl HttpRouteFilter {
    /// The field in which a path replaces the prefix that was matched.
    pub(super) fn replaced_prefix(&self) -> Option<&'static str> {
        let redirect = self.request_redirect.as_ref().and_then(|redirect| redirect.path.as_ref());
        let rewrite = self.url_rewrite.as_ref().and_then(|rewrite| rewrite.path.as_ref());
        [("requestRedirect", redirect), ("urlRewrite", rewrite)]
            .into_iter()
            .find(|(_, path)| path.is_some_and(|path| path.replaces_prefix()))
            .map(|(field, _)| field)
    }
}

impl Check for HttpRouteFilter {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        use HttpRouteFilterType as Type;
        let fields = [
            ("requestHeaderModifier", Type::RequestHeaderModifier, self.request_header_modifier.is_some()),
            ("responseHeaderModifier", Type::ResponseHeaderModifier, self.response_header_modifier.is_some()),
            ("requestMirror", Type::RequestMirror, self.request_mirror.is_some()),
            ("requestRedirect", Type::RequestRedirect, self.request_redirect.is_some()),
            ("urlRewrite", Type::UrlRewrite, self.url_rewrite.is_some()),
            ("cors", Type::Cors, self.cors.is_some()),
            ("externalAuth", Type::ExternalAuth, self.external_auth.is_some()),
            ("extensionRef", Type::ExtensionRef, self.extension_ref.is_some()),
        ];
        check_union(("type", &self.r#type), &fields, at, out);
        self.request_mirror.check(&at.field("requestMirror"), out);
        self.request_redirect.check(&at.field("requestRedirect"), out);
        self.url_rewrite.check(&at.field("urlRewrite"), out);
        self.cors.check(&at.field("cors"), out);
        self.external_auth.check(&at.field("externalAuth"), out);
    }
}

/// Types that may be there once.
const ONCE: [HttpRouteFilterType; 5] = [
    HttpRouteFilterType::Cors,
    HttpRouteFilterType::RequestHeaderModifier,
    HttpRouteFilterType::ResponseHeaderModifier,
    HttpRouteFilterType::RequestRedirect,
    HttpRouteFilterType::UrlRewrite,
];

/// Each filter for itself, and what cannot be together.
pub(super) fn check_filters(filters: &[HttpRouteFilter], at: &At<'_>, out: &mut Findings) {
    use HttpRouteFilterType::{RequestRedirect, UrlRewrite};
    filters.check(at, out);
    check_once(filters.iter().map(|filter| &filter.r#type), &ONCE, at, out);
    let place = |own: HttpRouteFilterType| filters.iter().position(|filter| filter.r#type == own.into());
    if let (Some(redirect), Some(rewrite)) = (place(RequestRedirect), place(UrlRewrite)) {
        let (first, second) = (redirect.min(rewrite), redirect.max(rewrite));
        let message = format!(
            "is one of RequestRedirect and URLRewrite, filters[{first}] is the other; only one of them can be used"
        );
        out.add(&At::Index(at, second), message);
    }
}
