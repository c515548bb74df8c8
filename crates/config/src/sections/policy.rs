//! Header policies of all routes.

use crate::key::{Form, Key, Standing, key};

pub(super) const KEYS: &[Key] = &[
    key("spec.policy.requestHeaders.set", Form::TextMap)
        .file("policy.request-headers.set")
        .standing(Standing::Missing)
        .means("Headers that requests to backends get, with their values."),
    key("spec.policy.requestHeaders.remove", Form::Texts)
        .file("policy.request-headers.remove")
        .standing(Standing::Missing)
        .means("Headers that are taken away from requests to backends."),
    key("spec.policy.responseHeaders.set", Form::TextMap)
        .file("policy.response-headers.set")
        .standing(Standing::Missing)
        .means("Headers that responses get, with their values."),
    key("spec.policy.responseHeaders.remove", Form::Texts)
        .file("policy.response-headers.remove")
        .standing(Standing::Missing)
        .means("Headers that are taken away from responses."),
    key("spec.policy.applyToIngress", Form::Switch)
        .file("policy.applyToIngress")
        .default("false")
        .standing(Standing::Missing)
        .means("Does the same for the backends of Ingresses."),
];
