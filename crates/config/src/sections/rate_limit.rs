//! The service that counts requests.

use crate::key::{Form, Key, Standing, key};

pub(super) const KEYS: &[Key] = &[
    key("spec.rateLimitService.extensionService", Form::Reference)
        .file("rateLimitService.extensionService")
        .standing(Standing::Closes)
        .means("The ExtensionService that counts requests."),
    key("spec.rateLimitService.domain", Form::Text)
        .file("rateLimitService.domain")
        .default("contour")
        .standing(Standing::Closes)
        .means("Sent with every question to it."),
    key("spec.rateLimitService.failOpen", Form::Switch)
        .file("rateLimitService.failOpen")
        .default("false")
        .standing(Standing::Closes)
        .means("Lets requests pass when it does not answer."),
    key("spec.rateLimitService.enableXRateLimitHeaders", Form::Switch)
        .file("rateLimitService.enableXRateLimitHeaders")
        .default("false")
        .standing(Standing::Closes)
        .means("Tells clients in `x-ratelimit-…` headers how much is left."),
    key("spec.rateLimitService.enableResourceExhaustedCode", Form::Switch)
        .file("rateLimitService.enableResourceExhaustedCode")
        .default("false")
        .standing(Standing::Closes)
        .means("Answers gRPC clients with RESOURCE_EXHAUSTED."),
    key("spec.rateLimitService.defaultGlobalRateLimitPolicy", Form::Structure)
        .file("rateLimitService.defaultGlobalRateLimitPolicy")
        .standing(Standing::Closes)
        .means("Descriptors for hosts that have none of their own, as in an HTTPProxy."),
];
