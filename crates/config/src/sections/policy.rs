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
            "Headers that requests to services get, with their values, unless an HTTPProxy says otherwise. `Host` is the host that services are asked for.",
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
    let mut request = policy.request_headers.clone().unwrap_or_default();
    let response = policy.response_headers.clone().unwrap_or_default();
    settings.default_headers = DefaultHeaders {
        host: host(&mut request, faults),
        request: texts(REQUEST, &request, faults),
        response: texts(RESPONSE, &response, faults),
        for_ingresses: policy.apply_to_ingress.unwrap_or_default(),
    };
}

const SAME_NAME: &str = "is the name of another header, too: names count without their case";

/// The host that services are asked for, taken out of the headers of requests.
fn host(said: &mut HeadersPolicy, faults: &mut Faults) -> Option<Arc<str>> {
    let all = std::mem::take(&mut said.set).into_iter();
    let (hosts, others): (BTreeMap<_, _>, _) = all.partition(|(name, _)| name.eq_ignore_ascii_case("host"));
    said.set = others;
    let place = |name: &str| format!("{REQUEST}.set[\"{name}\"]");
    let mut hosts = hosts.into_iter();
    let (name, value) = hosts.next()?;
    hosts.for_each(|(other, _)| faults.error(place(&other), SAME_NAME));
    if rules::host_from_header(&value).is_some() {
        let why = "takes the host from another header, which is not possible for a service";
        faults.error_with(place(&name), why, "write a host, or let routes do it (requestHeadersPolicy)");
        return None;
    }
    faults.rule(&place(&name), rules::authority(&value)).map(Into::into)
}

fn texts(path: &str, said: &HeadersPolicy, faults: &mut Faults) -> HeaderTexts {
    faults.rule(&format!("{path}.set"), rules::edited_headers(said.set.len()));
    faults.rule(&format!("{path}.remove"), rules::edited_headers(said.remove.len()));
    let mut set: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
    for (name, value) in &said.set {
        let path = format!("{path}.set[\"{name}\"]");
        let Some(found) = faults.rule(&path, rules::set_header(name)) else { continue };
        let Some(value) = faults.rule(&path, rules::header_value(value)) else { continue };
        if set.insert(found.as_str().into(), value.into()).is_some() {
            faults.error(path, SAME_NAME);
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
