//! Rate limits.

use super::at::At;
use super::finding::Findings;
use crate::http_proxy::policy::rate_limit::{
    LocalRateLimitPolicy, RateLimitDescriptor, RateLimitDescriptorEntry, RateLimitPolicy,
};

pub(super) fn rate_limit(policy: &RateLimitPolicy, at: &At<'_>, out: &mut Findings) {
    if let Some(limit) = &policy.local {
        local(limit, &at.field("local"), out);
    }
    if let Some(global) = &policy.global {
        let at = at.field("global");
        at.each("descriptors", &global.descriptors, |descriptor, at| self::descriptor(descriptor, at, out));
    }
}

fn local(limit: &LocalRateLimitPolicy, at: &At<'_>, out: &mut Findings) {
    out.range(&at.field("requests"), limit.requests, 1..=i64::MAX);
    out.choice(&at.field("unit"), &limit.unit);
    out.range(&at.field("burst"), limit.burst, 0..=i64::MAX);
    // Zero stands for the default here, as in Contour's type.
    if limit.response_status_code != 0 {
        out.range(&at.field("responseStatusCode"), limit.response_status_code, 400..=599);
    }
    at.each("responseHeadersToAdd", &limit.response_headers_to_add, |header, at| {
        out.required(&at.field("name"), &header.name);
    });
}

fn descriptor(descriptor: &RateLimitDescriptor, at: &At<'_>, out: &mut Findings) {
    out.at_least_one(&at.field("entries"), &descriptor.entries);
    at.each("entries", &descriptor.entries, |entry, at| self::entry(entry, at, out));
}

fn entry(entry: &RateLimitDescriptorEntry, at: &At<'_>, out: &mut Findings) {
    out.exactly_one(
        at,
        &[
            ("genericKey", entry.generic_key.is_some()),
            ("requestHeader", entry.request_header.is_some()),
            ("requestHeaderValueMatch", entry.request_header_value_match.is_some()),
            ("remoteAddress", entry.remote_address.is_some()),
        ],
    );
    if let Some(key) = &entry.generic_key {
        out.required(&at.field("genericKey").field("value"), &key.value);
    }
    if let Some(header) = &entry.request_header {
        let at = at.field("requestHeader");
        out.required(&at.field("headerName"), &header.header_name);
        out.required(&at.field("descriptorKey"), &header.descriptor_key);
    }
    if let Some(value_match) = &entry.request_header_value_match {
        let at = at.field("requestHeaderValueMatch");
        out.at_least_one(&at.field("headers"), &value_match.headers);
        at.each("headers", &value_match.headers, |header, at| out.required(&at.field("name"), &header.name));
        out.required(&at.field("value"), &value_match.value);
    }
}
