//! Traces of requests.

use crate::key::{Form, Key, Standing, key};

pub(super) const KEYS: &[Key] = &[
    key("spec.tracing.extensionService", Form::Reference)
        .file("tracing.extensionService")
        .standing(Standing::Missing)
        .means("The ExtensionService of the collector."),
    key("spec.tracing.includePodDetail", Form::Switch)
        .file("tracing.includePodDetail")
        .default("true")
        .standing(Standing::Missing)
        .means("Tells the name and namespace of Envoy's Pod."),
    key("spec.tracing.serviceName", Form::Text)
        .file("tracing.serviceName")
        .default("contour")
        .standing(Standing::Missing)
        .means("The name of the service in traces."),
    key("spec.tracing.overallSampling", Form::Text)
        .file("tracing.overallSampling")
        .default("100")
        .standing(Standing::Missing)
        .means("How many percent of requests are traced at most."),
    key("spec.tracing.clientSampling", Form::Text)
        .file("tracing.clientSampling")
        .default("100")
        .standing(Standing::Missing)
        .means("How many percent of the requests are traced for which a client asks it."),
    key("spec.tracing.randomSampling", Form::Text)
        .file("tracing.randomSampling")
        .default("100")
        .standing(Standing::Missing)
        .means("How many percent of the other requests are traced."),
    key("spec.tracing.maxPathTagLength", Form::Number)
        .file("tracing.maxPathTagLength")
        .default("256")
        .standing(Standing::Missing)
        .means("How many letters of the path are told."),
    key("spec.tracing.customTags", Form::Structure)
        .file("tracing.customTags")
        .standing(Standing::Missing)
        .means("Tags with `tagName` and either `literal` or `requestHeaderName`."),
];
