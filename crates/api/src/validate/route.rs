//! Routes and includes.

use super::at::At;
use super::conditions::conditions;
use super::finding::Findings;
use super::{pattern, policy, rate_limit, service};
use crate::http_proxy::route::{HttpInternalRedirectPolicy, HttpRequestRedirectPolicy};
use crate::http_proxy::{Include, Route};

const REDIRECT_CODES: &[i64] = &[301, 302, 303, 307, 308];

pub(super) fn include(include: &Include, at: &At<'_>, out: &mut Findings) {
    out.required(&at.field("name"), &include.name);
    out.pattern_if_given(&at.field("namespace"), include.namespace.as_deref(), pattern::LABEL);
    conditions(&include.conditions, at, out);
}

pub(super) fn route(route: &Route, at: &At<'_>, out: &mut Findings) {
    conditions(&route.conditions, at, out);
    at.each("services", &route.services, |service, at| service::service(service, at, out));
    if let Some(timeouts) = &route.timeout_policy {
        policy::timeouts(timeouts, &at.field("timeoutPolicy"), out);
    }
    if let Some(retries) = &route.retry_policy {
        policy::retries(retries, &at.field("retryPolicy"), out);
    }
    if let Some(check) = &route.health_check_policy {
        policy::health_check(check, &at.field("healthCheckPolicy"), out);
    }
    if let Some(rewrite) = &route.path_rewrite_policy {
        policy::path_rewrite(rewrite, &at.field("pathRewritePolicy"), out);
    }
    policy::cookies(&route.cookie_rewrite_policies, at, out);
    if let Some(limits) = &route.rate_limit_policy {
        rate_limit::rate_limit(limits, &at.field("rateLimitPolicy"), out);
    }
    if let Some(redirect) = &route.request_redirect_policy {
        request_redirect(redirect, &at.field("requestRedirectPolicy"), out);
    }
    if let Some(answer) = &route.direct_response_policy {
        out.range(&at.field("directResponsePolicy").field("statusCode"), answer.status_code, 200..=599);
    }
    if let Some(redirect) = &route.internal_redirect_policy {
        internal_redirect(redirect, &at.field("internalRedirectPolicy"), out);
    }
    policy::addresses("ipAllowPolicy", &route.ip_allow_policy, at, out);
    policy::addresses("ipDenyPolicy", &route.ip_deny_policy, at, out);
}

fn request_redirect(redirect: &HttpRequestRedirectPolicy, at: &At<'_>, out: &mut Findings) {
    out.choice_if_given(&at.field("scheme"), redirect.scheme.as_ref());
    if let Some(hostname) = &redirect.hostname {
        out.length(&at.field("hostname"), hostname, 253);
        out.pattern(&at.field("hostname"), hostname, pattern::DNS_NAME);
    }
    out.range_if_given(&at.field("port"), redirect.port, 1..=65535);
    if let Some(code) = redirect.status_code {
        out.one_of(&at.field("statusCode"), code, REDIRECT_CODES);
    }
    out.pattern_if_given(&at.field("path"), redirect.path.as_deref(), pattern::PATH);
    out.pattern_if_given(&at.field("prefix"), redirect.prefix.as_deref(), pattern::PATH);
}

fn internal_redirect(redirect: &HttpInternalRedirectPolicy, at: &At<'_>, out: &mut Findings) {
    out.range_if_given(&at.field("maxInternalRedirects"), redirect.max_internal_redirects, 0..=i64::MAX);
    at.each("redirectResponseCodes", &redirect.redirect_response_codes, |code, at| {
        out.one_of(at, *code, REDIRECT_CODES);
    });
    out.choice_if_given(&at.field("allowCrossSchemeRedirect"), redirect.allow_cross_scheme_redirect.as_ref());
}
