//! One case: its objects and settings, and what comes of them.

use std::path::Path;

use model::{CircuitBreakers, SecretName, Settings};
use serde_json::Value;

use crate::render;
use crate::world::{World, consistent};

/// Runs a case: the order in which its objects arrive must make no difference.
pub(crate) fn run(text: &str) -> Result<Value, String> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(text).map_err(|error| format!("the objects are no YAML: {error}"))?;
    let mut settings = Settings::default();
    let mut objects: Vec<api::Object> = Vec::new();
    for document in documents.into_iter().filter(|document| !document.is_null()) {
        match document["kind"].as_str() {
            Some("Settings") => settings = read_settings(&document)?,
            Some("Configuration") => settings = read_configuration(document)?,
            _ => objects.push(read_object(document)?),
        }
        if let Some((last, others)) = objects.split_last()
            && others.iter().any(|other| other.id() == last.id())
        {
            return Err(format!("{} stands there twice", last.id()));
        }
    }
    let found = come_of(&settings, objects.clone())?;
    objects.reverse();
    if come_of(&settings, objects)? != found {
        return Err("another order of arrival gives another result".into());
    }
    Ok(found)
}

fn come_of(settings: &Settings, objects: Vec<api::Object>) -> Result<Value, String> {
    let world = World::new(settings.clone(), objects);
    for (id, contribution) in world.contributions() {
        consistent(&contribution).map_err(|why| format!("{id}: {why}"))?;
    }
    Ok(render::world(&world))
}

fn read_object(document: Value) -> Result<api::Object, String> {
    let word = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
    let (version, name) = (word("apiVersion"), word("kind"));
    let kind = api::Kind::find(&version, &name).ok_or_else(|| format!("no kind {name} of {version}"))?;
    let decoded = api::decode(kind, document).map_err(|problem| format!("{name}: {problem}"))?;
    if !decoded.unknown.is_empty() {
        return Err(format!("{name} has unknown fields: {:?}", decoded.unknown));
    }
    let mut object = decoded.object;
    if kind.scope() == api::Scope::Namespaced {
        object.metadata_mut().namespace.get_or_insert_with(|| "default".into());
    }
    Ok(object)
}

/// The settings of a configuration file: the document is one, beside its kind.
fn read_configuration(mut document: Value) -> Result<Settings, String> {
    document.as_object_mut().ok_or("a configuration is a map")?.shift_remove("kind");
    let parsed = files::Document::parse(Path::new("configuration"), &document.to_string());
    let mut sources = config::Sources::default();
    sources.file(parsed.map_err(|fault| fault.title())?);
    let config::Checked { configuration, findings } = sources.check();
    let wrong: Vec<_> = findings.iter().map(|finding| finding.render(files::Style::Plain)).collect();
    configuration.map(|configuration| configuration.settings).ok_or_else(|| wrong.join("\n"))
}

/// The settings that cases may override.
fn read_settings(document: &Value) -> Result<Settings, String> {
    let mut settings = Settings::default();
    for (key, value) in document.as_object().into_iter().flatten() {
        let flag = || value.as_bool().ok_or_else(|| format!("{key} must be true or false"));
        let items = value.as_array().into_iter().flatten();
        let words = items.filter_map(Value::as_str).map(Into::into);
        match key.as_str() {
            "kind" => {}
            "rootNamespaces" => settings.root_namespaces = words.collect(),
            "ingressClasses" => settings.ingress_classes = words.collect(),
            "externalNames" => settings.external_names = flag()?,
            "disablePermitInsecure" => settings.disable_permit_insecure = flag()?,
            "clientCertificate" => {
                let name = value.as_str().and_then(|name| name.split_once('/'));
                let (namespace, name) = name.ok_or("clientCertificate must be namespace/name")?;
                settings.upstream.client_certificate = Some(SecretName::new(namespace, name));
            }
            "circuitBreakers" => {
                let limit = |key: &str| value[key].as_u64().and_then(|limit| u32::try_from(limit).ok());
                settings.upstream.circuit_breakers = CircuitBreakers {
                    max_connections: limit("maxConnections"),
                    max_pending_requests: limit("maxPendingRequests"),
                    max_requests: limit("maxRequests"),
                    max_retries: limit("maxRetries"),
                    retry_budget: None,
                    per_host_max_connections: limit("perHostMaxConnections"),
                };
            }
            "fallbackCertificate" => {
                let name = value.as_str().and_then(|name| name.split_once('/'));
                let (namespace, name) = name.ok_or("fallbackCertificate must be namespace/name")?;
                settings.fallback_certificate = Some(SecretName::new(namespace, name));
            }
            "tlsMinimum" if value == "1.3" => settings.tls_minimum = model::TlsVersion::V1_3,
            "duplicateFqdn" if value == "InvalidAll" => {
                settings.duplicate_fqdn = model::DuplicateFqdn::InvalidAll;
            }
            _ => return Err(format!("{key} cannot be set to {value} in a case")),
        }
    }
    Ok(settings)
}
