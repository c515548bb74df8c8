//! What is done to the headers of every service.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::contour_configuration::HeadersPolicy;
use model::{DefaultHeaders, HeaderTexts, Settings};

use crate::fault::Faults;
use crate::key::{Form, Key, key};
use crate::written::Written;

const REQUEST: &str = "spec.policy.requestHeaders";
const RESPONSE: &str = "spec.policy.responseHeaders";

pub(super) const KEYS: &[Key] = &[
    key("spec.policy.requestHeaders.set", Form::TextMap)
        .file("policy.request-headers.set")
        .default("none")
        .means(
            "Headers that requests to services get, with their values, unless an HTTPProxy says otherwise.",
        ),
    key("spec.policy.requestHeaders.remove", Form::Texts)
        .file("policy.request-headers.remove")
        .default("none")
        .means("Headers that are taken away from requests to services."),
    key("spec.policy.responseHeaders.set", Form::TextMap)
        .file("policy.response-headers.set")
        .default("none")
        .means(
            "Headers that responses of services get, with their values, unless an HTTPProxy says otherwise.",
        ),
    key("spec.policy.responseHeaders.remove", Form::Texts)
        .file("policy.response-headers.remove")
        .default("none")
        .means("Headers that are taken away from responses of services."),
    key("spec.policy.applyToIngress", Form::Switch)
        .file("policy.applyToIngress")
        .default("false")
        .means("Does the same for the services of Ingresses."),
];

pub(super) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    let Some(policy) = written.spec.policy.as_ref() else { return };
    settings.default_headers = DefaultHeaders {
        request: texts(REQUEST, policy.request_headers.as_ref(), faults),
        response: texts(RESPONSE, policy.response_headers.as_ref(), faults),
        for_ingresses: policy.apply_to_ingress.unwrap_or_default(),
    };
}

fn texts(path: &str, said: Option<&HeadersPolicy>, faults: &mut Faults) -> HeaderTexts {
    let Some(said) = said else { return HeaderTexts::default() };
    faults.rule(&format!("{path}.set"), rules::edited_headers(said.set.len()));
    faults.rule(&format!("{path}.remove"), rules::edited_headers(said.remove.len()));
    let mut set: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
    for (name, value) in &said.set {
        let path = format!("{path}.set[\"{name}\"]");
        let Some(found) = faults.rule(&path, rules::set_header(name)) else { continue };
        let Some(value) = faults.rule(&path, rules::header_value(value)) else { continue };
        if set.insert(found.as_str().into(), value.into()).is_some() {
            faults.error(path, "is the name of another header, too: names count without their case");
        }
    }
    let mut remove: Vec<Arc<str>> = Vec::new();
    for (index, name) in said.remove.iter().enumerate() {
        let found = faults.rule(&format!("{path}.remove[{index}]"), rules::removed_header(name));
        remove.extend(found.map(|name| Arc::from(name.as_str())));
    }
    remove.sort_unstable();
    remove.dedup();
    HeaderTexts { set: set.into_iter().collect(), remove }
}
