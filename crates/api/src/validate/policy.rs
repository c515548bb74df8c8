//! Policies that routes, services and hosts share.

use super::at::At;
use super::finding::Findings;
use super::pattern;
use crate::http_proxy::policy::{
    CookieRewritePolicy, HealthCheckPolicy, IpFilterPolicy, PathRewritePolicy, RetryPolicy, TimeoutPolicy,
};

pub(super) fn timeouts(policy: &TimeoutPolicy, at: &At<'_>, out: &mut Findings) {
    out.timeout(&at.field("response"), policy.response.as_deref());
    out.timeout(&at.field("idle"), policy.idle.as_deref());
    out.timeout(&at.field("idleConnection"), policy.idle_connection.as_deref());
}

pub(super) fn retries(policy: &RetryPolicy, at: &At<'_>, out: &mut Findings) {
    out.range(&at.field("count"), policy.count, -1..=i64::MAX);
    out.timeout(&at.field("perTryTimeout"), policy.per_try_timeout.as_deref());
    at.each("retryOn", &policy.retry_on, |word, at| out.choice(at, word));
}

pub(super) fn health_check(policy: &HealthCheckPolicy, at: &At<'_>, out: &mut Findings) {
    out.required(&at.field("path"), &policy.path);
    out.range(&at.field("unhealthyThresholdCount"), policy.unhealthy_threshold_count, 0..=i64::MAX);
    out.range(&at.field("healthyThresholdCount"), policy.healthy_threshold_count, 0..=i64::MAX);
    at.each("expectedStatuses", &policy.expected_statuses, |range, at| {
        out.range(&at.field("start"), range.start, 100..=599);
        out.range(&at.field("end"), range.end, 101..=600);
    });
}

pub(super) fn path_rewrite(policy: &PathRewritePolicy, at: &At<'_>, out: &mut Findings) {
    at.each("replacePrefix", &policy.replace_prefix, |replace, at| {
        if replace.prefix.as_deref() == Some("") {
            out.add(&at.field("prefix"), "is empty; leave it away to mean all other prefixes");
        }
        out.required(&at.field("replacement"), &replace.replacement);
    });
}

/// Cookies of a route or service, in field `cookieRewritePolicies` of `at`.
pub(super) fn cookies(policies: &[CookieRewritePolicy], at: &At<'_>, out: &mut Findings) {
    at.each("cookieRewritePolicies", policies, |policy, at| {
        out.length(&at.field("name"), &policy.name, 4096);
        if !policy.name.is_empty() {
            out.pattern(&at.field("name"), &policy.name, pattern::COOKIE_NAME);
        }
        if let Some(path) = &policy.path_rewrite {
            let at = at.field("pathRewrite");
            out.length(&at.field("value"), &path.value, 4096);
            out.pattern(&at.field("value"), &path.value, pattern::COOKIE_VALUE);
        }
        if let Some(domain) = &policy.domain_rewrite {
            let at = at.field("domainRewrite");
            out.length(&at.field("value"), &domain.value, 4096);
            out.pattern(&at.field("value"), &domain.value, pattern::DNS_NAME);
        }
        out.choice_if_given(&at.field("sameSite"), policy.same_site.as_ref());
    });
}

/// Address rules, in the given field of `at`.
pub(super) fn addresses(field: &str, policies: &[IpFilterPolicy], at: &At<'_>, out: &mut Findings) {
    at.each(field, policies, |policy, at| {
        out.choice(&at.field("source"), &policy.source);
        out.required(&at.field("cidr"), &policy.cidr);
    });
}
