//! The environment of a container, and what refers to it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVar, EnvVarSource, Secret};
use kube::{Api, Client, ResourceExt as _};

use super::NODE_NAME;
use super::pod::Place;
use crate::network::NODE;

pub(super) type Environment = BTreeMap<String, String>;

/// What every container has.
const FIXED: &[(&str, &str)] = &[
    ("PATH", "/usr/local/sbin:/usr/local/bin:/bin:/usr/sbin:/usr/bin"),
    ("HOME", "/"),
    ("KUBERNETES_SERVICE_HOST", "10.96.0.1"),
    ("KUBERNETES_SERVICE_PORT", "443"),
    ("KUBERNETES_SERVICE_PORT_HTTPS", "443"),
];

/// Fails when something that it refers to is not there (yet).
pub(super) async fn environment(
    client: &Client,
    place: &Place,
    container: &Container,
) -> Result<Environment> {
    let mut environment: Environment = FIXED.iter().map(|(name, value)| own(name, value)).collect();
    environment.insert("HOSTNAME".to_owned(), place.pod.name_any());
    let namespace = place.pod.namespace().unwrap_or_default();
    for source in container.env_from.iter().flatten() {
        let prefix = source.prefix.clone().unwrap_or_default();
        let data = match (&source.config_map_ref, &source.secret_ref) {
            (Some(reference), _) => config_map(client, &namespace, &reference.name).await?,
            (_, Some(reference)) => secret(client, &namespace, &reference.name).await?,
            _ => Environment::new(),
        };
        environment.extend(data.into_iter().map(|(key, value)| (format!("{prefix}{key}"), value)));
    }
    for variable in container.env.iter().flatten() {
        if let Some(value) = value(client, place, container, variable, &environment).await? {
            environment.insert(variable.name.clone(), value);
        }
    }
    Ok(environment)
}

fn own(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

async fn value(
    client: &Client,
    place: &Place,
    container: &Container,
    variable: &EnvVar,
    before: &Environment,
) -> Result<Option<String>> {
    match &variable.value_from {
        Some(source) => referred(client, place, container, source).await.context(variable.name.clone()),
        None => Ok(Some(expand(variable.value.as_deref().unwrap_or_default(), before))),
    }
}

async fn referred(
    client: &Client,
    place: &Place,
    container: &Container,
    source: &EnvVarSource,
) -> Result<Option<String>> {
    let namespace = place.pod.namespace().unwrap_or_default();
    if let Some(field) = &source.field_ref {
        return pod_field(place, &field.field_path).map(Some);
    }
    if let Some(resource) = &source.resource_field_ref {
        return Ok(Some(resource_field(container, &resource.resource)));
    }
    let (data, key, is_optional) = if let Some(reference) = &source.config_map_key_ref {
        (config_map(client, &namespace, &reference.name).await, &reference.key, reference.optional)
    } else if let Some(reference) = &source.secret_key_ref {
        (secret(client, &namespace, &reference.name).await, &reference.key, reference.optional)
    } else {
        bail!("a source of a value that the test bed does not know")
    };
    match data.map(|data| data.get(key).cloned()) {
        Ok(Some(value)) => Ok(Some(value)),
        _ if is_optional == Some(true) => Ok(None),
        Ok(None) => bail!("there is no key {key}"),
        Err(error) => Err(error),
    }
}

fn pod_field(place: &Place, path: &str) -> Result<String> {
    let service_account = || place.spec.service_account_name.clone().unwrap_or_else(|| "default".to_owned());
    Ok(match path {
        "metadata.name" => place.pod.name_any(),
        "metadata.namespace" => place.pod.namespace().unwrap_or_default(),
        "metadata.uid" => place.pod.uid().unwrap_or_default(),
        "spec.nodeName" => NODE_NAME.to_owned(),
        "spec.serviceAccountName" => service_account(),
        "status.hostIP" => NODE.to_owned(),
        "status.podIP" | "status.podIPs" => place.address.clone(),
        other => bail!("a field that the test bed does not know: {other}"),
    })
}

/// The limit, in bytes or whole processors; what the node has when there is none.
fn resource_field(container: &Container, resource: &str) -> String {
    let name = resource.rsplit('.').next().unwrap_or(resource);
    let limits = container.resources.as_ref().and_then(|resources| resources.limits.as_ref());
    let Some(limit) = limits.and_then(|limits| limits.get(name)) else {
        return if name == "cpu" { "2".to_owned() } else { (64_u64 << 30).to_string() };
    };
    whole(&limit.0)
}

/// A quantity as a whole number, rounded up as Kubernetes does for a divisor of one.
fn whole(quantity: &str) -> String {
    let units: [(&str, u64); 6] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("k", 1000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
    ];
    let scaled =
        |(unit, factor): &(&str, u64)| Some(quantity.strip_suffix(unit)?.parse::<u64>().ok()? * factor);
    let thousandths = || Some(quantity.strip_suffix('m')?.parse::<u64>().ok()?.div_ceil(1000));
    let number = units.iter().find_map(scaled).or_else(thousandths);
    number.map_or_else(|| quantity.to_owned(), |number| number.to_string())
}

async fn config_map(client: &Client, namespace: &str, name: &str) -> Result<Environment> {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let map = maps.get(name).await.with_context(|| format!("ConfigMap {name}"))?;
    Ok(map.data.unwrap_or_default())
}

async fn secret(client: &Client, namespace: &str, name: &str) -> Result<Environment> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let secret = secrets.get(name).await.with_context(|| format!("Secret {name}"))?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(secret.data.unwrap_or_default().into_iter().map(|(key, value)| (key, text(value.0))).collect())
}

/// Replaces `$(NAME)`; `$$` is a dollar sign, and names that are not known stay as they are.
pub(super) fn expand(text: &str, environment: &Environment) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let named = after.strip_prefix('(').and_then(|after| after.split_once(')'));
        (rest, _) = match named {
            Some((name, after)) => match environment.get(name) {
                Some(value) => (after, expanded.push_str(value)),
                None => (after, expanded.push_str(&format!("$({name})"))),
            },
            None => (after.strip_prefix('$').unwrap_or(after), expanded.push('$')),
        };
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_refer_to_the_environment() {
        let environment = Environment::from([own("POD", "one"), own("EMPTY", "")]);
        let expanded = |text| expand(text, &environment);
        assert_eq!(expanded("--name=$(POD).$(EMPTY)x"), "--name=one.x");
        assert_eq!(expanded("$(UNKNOWN) $$(POD) $5 $"), "$(UNKNOWN) $(POD) $5 $");
    }

    #[test]
    fn quantities_are_whole_numbers() {
        assert_eq!(
            [whole("128Mi"), whole("1500m"), whole("2"), whole("1G")],
            ["134217728", "2", "2", "1000000000"]
        );
    }
}
