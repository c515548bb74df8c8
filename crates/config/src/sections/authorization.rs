//! External authorization of all hosts.

use crate::key::{Form, Key, Standing, key};

pub(super) const KEYS: &[Key] = &[
    key("spec.globalExtAuth.extensionRef", Form::Reference)
        .file("globalExtAuth.extensionService")
        .standing(Standing::Closes)
        .means("The ExtensionService that is asked about every request."),
    key("spec.globalExtAuth.serviceType", Form::Text)
        .file("globalExtAuth.serviceType")
        .default("grpc")
        .standing(Standing::Closes)
        .means("How it is asked: `grpc` or `http`."),
    key("spec.globalExtAuth.httpSettings", Form::Structure)
        .file("globalExtAuth.httpSettings")
        .standing(Standing::Closes)
        .means("The form of the question by `http`, as in an HTTPProxy."),
    key("spec.globalExtAuth.authPolicy", Form::Structure)
        .file("globalExtAuth.authPolicy")
        .standing(Standing::Closes)
        .means("What holds where hosts and routes say nothing, as in an HTTPProxy."),
    key("spec.globalExtAuth.responseTimeout", Form::Text)
        .file("globalExtAuth.responseTimeout")
        .standing(Standing::Closes)
        .means("How long its answer is waited for."),
    key("spec.globalExtAuth.failOpen", Form::Switch)
        .file("globalExtAuth.failOpen")
        .default("false")
        .standing(Standing::Closes)
        .means("Lets requests pass when it does not answer."),
    key("spec.globalExtAuth.withRequestBody", Form::Structure)
        .file("globalExtAuth.withRequestBody")
        .standing(Standing::Closes)
        .means("How much of a request's body it is told, as in an HTTPProxy."),
];
