//! Traces of requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::contour_configuration::{CustomTag, TracingConfig};
use model::{Asked, ExtensionName, Sampling, Settings, Share, Tag, Tracing};

use crate::fault::Faults;
use crate::key::{Form, Key, key};
use crate::written::Written;

const TRACING: &str = "spec.tracing";
const SERVICE: &str = "spec.tracing.extensionService";
const OVERALL: &str = "spec.tracing.overallSampling";
const CLIENT: &str = "spec.tracing.clientSampling";
const RANDOM: &str = "spec.tracing.randomSampling";
const PATH: &str = "spec.tracing.maxPathTagLength";
const TAGS: &str = "spec.tracing.customTags";

pub(super) const KEYS: &[Key] = &[
    key(SERVICE, Form::Reference)
        .file("tracing.extensionService")
        .default("no traces")
        .means("The ExtensionService of the collector, which speaks OpenTelemetry's protocol over gRPC."),
    key("spec.tracing.includePodDetail", Form::Switch)
        .file("tracing.includePodDetail")
        .default("true")
        .means("Tells the name and namespace of Envoy's Pod, from `HOSTNAME` and `CONTOUR_NAMESPACE` in its environment, as `podName` and `podNamespace`."),
    key("spec.tracing.serviceName", Form::Text)
        .file("tracing.serviceName")
        .default("contour")
        .means("The name of the service in traces."),
    key(OVERALL, Form::Text)
        .file("tracing.overallSampling")
        .default("100")
        .means("How many percent of all requests are traced at most."),
    key(CLIENT, Form::Text)
        .file("tracing.clientSampling")
        .default("100")
        .means("How many percent of the requests are traced for which a client asks it; a whole number."),
    key(RANDOM, Form::Text)
        .file("tracing.randomSampling")
        .default("100")
        .means("How many percent of the other requests are traced."),
    key(PATH, Form::Number)
        .file("tracing.maxPathTagLength")
        .default("256")
        .means("How many bytes of a path are told."),
    key(TAGS, Form::Structure)
        .file("tracing.customTags")
        .default("none")
        .means("What else is told: each with a `tagName` and either a `literal` or a `requestHeaderName`."),
];

/// How many bytes of a path are told where nobody says it.
const PATH_BYTES: u32 = 256;

pub(super) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    let Some(said) = written.spec.tracing.as_deref() else { return };
    let collector = faults.name(SERVICE, said.extension_service.as_ref());
    if collector.is_none() && said.extension_service.is_none() {
        faults.error_with(TRACING, "has no extensionService", "name that of the collector");
    }
    let sampling = sampling(said, faults);
    let path_bytes = faults.number(PATH, said.max_path_tag_length, 0..=u32::MAX).unwrap_or(PATH_BYTES);
    let tags = tags(said, faults);
    settings.tracing = collector.map(|collector| Tracing {
        asked: Asked::new(ExtensionName::new(collector.namespace, collector.name)),
        service: said.service_name.as_deref().filter(|name| !name.is_empty()).unwrap_or("contour").into(),
        sampling,
        path_bytes,
        tags,
    });
}

fn sampling(said: &TracingConfig, faults: &mut Faults) -> Sampling {
    let client = share(CLIENT, said.client_sampling.as_deref(), faults);
    if !client.is_whole() {
        let found = client.percent();
        faults.error(
            CLIENT,
            format!("found {found}, expected whole percents: Envoy counts no parts of them here"),
        );
    }
    Sampling {
        overall: share(OVERALL, said.overall_sampling.as_deref(), faults),
        client,
        random: share(RANDOM, said.random_sampling.as_deref(), faults),
    }
}

fn share(path: &str, said: Option<&str>, faults: &mut Faults) -> Share {
    let found =
        said.filter(|text| !text.is_empty()).and_then(|text| faults.rule(path, rules::hundredths(text)));
    found.and_then(Share::hundredths).unwrap_or(Share::ALL)
}

/// A tag of the operator's stands in place of one of ours with its name.
fn tags(said: &TracingConfig, faults: &mut Faults) -> BTreeMap<Arc<str>, Tag> {
    let mut tags = BTreeMap::new();
    for (index, said) in said.custom_tags.iter().enumerate() {
        let path = format!("{TAGS}[{index}]");
        let name: Arc<str> = said.tag_name.as_deref().unwrap_or_default().into();
        let Some(tag) = tag(&path, said, faults) else { continue };
        if name.is_empty() {
            faults.error(path, "has no tagName");
        } else if tags.insert(name.clone(), tag).is_some() {
            faults.error(format!("{path}.tagName"), format!("{name:?} is the name of another tag, too"));
        }
    }
    if said.include_pod_detail.unwrap_or(true) {
        for (name, variable) in [("podName", "HOSTNAME"), ("podNamespace", "CONTOUR_NAMESPACE")] {
            tags.entry(name.into()).or_insert_with(|| Tag::Environment(variable.into()));
        }
    }
    tags
}

fn tag(path: &str, said: &CustomTag, faults: &mut Faults) -> Option<Tag> {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    match (text(&said.literal), text(&said.request_header_name)) {
        (Some(text), None) => Some(Tag::Literal(text.into())),
        (None, Some(name)) => {
            let name = faults.rule(&format!("{path}.requestHeaderName"), rules::matched_header(&name))?;
            Some(Tag::RequestHeader(name.into()))
        }
        (Some(_), Some(_)) | (None, None) => {
            faults.error(path, "needs exactly one of literal and requestHeaderName");
            None
        }
    }
}
