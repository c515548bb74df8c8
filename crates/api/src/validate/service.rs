//! Backends.

use super::at::At;
use super::finding::Findings;
use super::{pattern, policy};
use crate::http_proxy::Service;
use crate::http_proxy::service::{SlowStartPolicy, UpstreamValidation};

pub(super) fn service(service: &Service, at: &At<'_>, out: &mut Findings) {
    out.required(&at.field("name"), &service.name);
    out.range(&at.field("port"), service.port, 1..=65535);
    out.range_if_given(&at.field("healthPort"), service.health_port, 1..=65535);
    out.choice_if_given(&at.field("protocol"), service.protocol.as_ref());
    out.range(&at.field("weight"), service.weight, 0..=i64::MAX);
    if let Some(validation) = &service.validation {
        upstream_validation(validation, &at.field("validation"), out);
    }
    policy::cookies(&service.cookie_rewrite_policies, at, out);
    if let Some(slow_start) = &service.slow_start_policy {
        slow_start_policy(slow_start, &at.field("slowStartPolicy"), out);
    }
}

pub(super) fn upstream_validation(validation: &UpstreamValidation, at: &At<'_>, out: &mut Findings) {
    out.length(&at.field("caSecret"), &validation.ca_secret, 317);
    out.length(&at.field("subjectName"), &validation.subject_name, 250);
    let names = at.field("subjectNames");
    if validation.subject_names.len() > 8 {
        out.add(&names, format!("has {} names, allowed are 1 to 8", validation.subject_names.len()));
    }
    at.each("subjectNames", &validation.subject_names, |name, at| out.length(at, name, 250));
    if let Some(first) = validation.subject_names.first().filter(|first| **first != validation.subject_name) {
        let message = format!("found {first:?}, must equal subjectName ({:?})", validation.subject_name);
        out.add(&At::Index(&names, 0), message);
    }
}

fn slow_start_policy(policy: &SlowStartPolicy, at: &At<'_>, out: &mut Findings) {
    out.required(&at.field("window"), &policy.window);
    out.duration(&at.field("window"), Some(policy.window.as_str()).filter(|window| !window.is_empty()));
    out.pattern_if_given(&at.field("aggression"), policy.aggression.as_deref(), pattern::DECIMAL);
    out.range_if_given(&at.field("minWeightPercent"), policy.min_weight_percent, 0..=100);
}
