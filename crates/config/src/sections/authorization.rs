//! External authorization of all hosts.

use api::http_proxy::virtual_host::AuthorizationServer;
use model::{ExtensionName, Settings};

use crate::fault::Faults;
use crate::key::{Form, Key, key};
use crate::written::Written;

const AT: &str = "spec.globalExtAuth";

pub(super) const KEYS: &[Key] = &[
    key("spec.globalExtAuth.extensionRef", Form::Reference)
        .file("globalExtAuth.extensionService")
        .means("The ExtensionService that is asked about every request, with and without TLS, but for hosts that name their own. While it is not there, `failOpen` decides."),
    key("spec.globalExtAuth.serviceType", Form::Text)
        .file("globalExtAuth.serviceType")
        .default("grpc")
        .means("How it is asked: `grpc` or `http`."),
    key("spec.globalExtAuth.httpSettings", Form::Structure)
        .file("globalExtAuth.httpSettings")
        .means("The form of the question by `http`, as in an HTTPProxy."),
    key("spec.globalExtAuth.authPolicy", Form::Structure)
        .file("globalExtAuth.authPolicy")
        .means("What holds where hosts and routes say nothing, as in an HTTPProxy."),
    key("spec.globalExtAuth.responseTimeout", Form::Text)
        .file("globalExtAuth.responseTimeout")
        .means("How long its answer is waited for."),
    key("spec.globalExtAuth.failOpen", Form::Switch)
        .file("globalExtAuth.failOpen")
        .default("false")
        .means("Lets requests pass when it does not answer."),
    key("spec.globalExtAuth.withRequestBody", Form::Structure)
        .file("globalExtAuth.withRequestBody")
        .means("How much of a request's body it is told, as in an HTTPProxy."),
];

pub(super) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    let Some(server) = written.spec.global_ext_auth.as_deref() else { return };
    let extension = extension(server, faults);
    let name = extension.clone().unwrap_or_else(|| ExtensionName::new("", ""));
    match translate::global_authorization(AT, name, server) {
        Ok(authorization) => settings.global_authorization = extension.map(|_| authorization),
        Err(problem) => faults.error(problem.path, problem.message),
    }
}

fn extension(server: &AuthorizationServer, faults: &mut Faults) -> Option<ExtensionName> {
    let said = server.extension_ref.as_deref();
    let part = |part: Option<&String>| part.filter(|text| !text.is_empty()).cloned();
    let namespace = part(said.and_then(|said| said.namespace.as_ref()));
    let name = part(said.and_then(|said| said.name.as_ref()));
    if let (Some(namespace), Some(name)) = (namespace, name) {
        return Some(ExtensionName::new(namespace, name));
    }
    let help = "name the ExtensionService that is asked, with its namespace";
    faults.error_with(AT, "has no extensionService with a namespace and a name", help);
    None
}
