//! The service that counts requests.

use std::sync::Arc;

use api::contour_configuration::{NamespacedName, RateLimitServiceConfig};
use model::{Asked, ExtensionName, GlobalRateLimit, RateLimitService, Settings};

use crate::fault::Faults;
use crate::key::{Form, Key, key};
use crate::written::Written;

const AT: &str = "spec.rateLimitService";
const SERVICE: &str = "spec.rateLimitService.extensionService";
const DOMAIN: &str = "spec.rateLimitService.domain";
const DEFAULT: &str = "spec.rateLimitService.defaultGlobalRateLimitPolicy";

pub(super) const KEYS: &[Key] = &[
    key(SERVICE, Form::Reference)
        .file("rateLimitService.extensionService")
        .means("The ExtensionService that counts requests, by gRPC. While it is not there, `failOpen` decides."),
    key(DOMAIN, Form::Text)
        .file("rateLimitService.domain")
        .default("contour")
        .means("Sent with every question to it."),
    key("spec.rateLimitService.failOpen", Form::Switch)
        .file("rateLimitService.failOpen")
        .default("false")
        .means("Lets requests pass when it does not answer."),
    key("spec.rateLimitService.enableXRateLimitHeaders", Form::Switch)
        .file("rateLimitService.enableXRateLimitHeaders")
        .default("false")
        .means("Tells clients in `x-ratelimit-…` headers how much is left."),
    key("spec.rateLimitService.enableResourceExhaustedCode", Form::Switch)
        .file("rateLimitService.enableResourceExhaustedCode")
        .default("false")
        .means("Answers gRPC clients with RESOURCE_EXHAUSTED."),
    key(DEFAULT, Form::Structure)
        .file("rateLimitService.defaultGlobalRateLimitPolicy")
        .means("Descriptors for HTTPProxies whose hosts say nothing about it, in the form of `rateLimitPolicy.global`."),
];

pub(super) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    let Some(service) = written.spec.rate_limit_service.as_deref() else { return };
    let (domain, default) = (domain(service, faults), default(service, faults));
    let Some(extension) = extension(service, faults) else { return };
    settings.rate_limit_service = Some(RateLimitService {
        asked: Asked::new(extension),
        domain,
        fail_open: service.fail_open.unwrap_or_default(),
        limit_headers: service.enable_x_rate_limit_headers.unwrap_or_default(),
        resource_exhausted: service.enable_resource_exhausted_code.unwrap_or_default(),
        default,
    });
}

fn extension(service: &RateLimitServiceConfig, faults: &mut Faults) -> Option<ExtensionName> {
    let said = service.extension_service.as_ref();
    let found = faults.name(SERVICE, said);
    if found.is_none() && said.is_none_or(|name| *name == NamespacedName::default()) {
        faults.error_with(AT, "has no extensionService", "name the ExtensionService that counts requests");
    }
    found.map(|name| ExtensionName::new(name.namespace, name.name))
}

fn domain(service: &RateLimitServiceConfig, faults: &mut Faults) -> Arc<str> {
    let domain = service.domain.as_deref().filter(|domain| !domain.is_empty()).unwrap_or("contour");
    if domain.chars().any(char::is_control) {
        faults.error(DOMAIN, format!("found {domain:?}, expected text without control characters"));
    }
    domain.into()
}

fn default(service: &RateLimitServiceConfig, faults: &mut Faults) -> Option<Arc<GlobalRateLimit>> {
    let policy = service.default_global_rate_limit_policy.as_deref()?;
    match translate::default_rate_limit(DEFAULT, policy) {
        Ok(limit) => limit.map(Arc::new),
        Err(problem) => {
            faults.error(problem.path, problem.message);
            None
        }
    }
}
