//! Certificates as Secrets of a cluster.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anyhow::Context;
use api::ByteString;
use api::core::Secret;
use api::meta::ObjectMeta;
use certs::certgen::{CertgenOptions, Deed, in_cluster, secret_names};
use kubernetes::{Access, put_secret, secret};

use crate::output::unix_time;

/// Writes the Secrets that are missing, or all of them in place of what is there.
pub(super) async fn write(access: &Access, options: &CertgenOptions) -> anyhow::Result<()> {
    let client = kubernetes::connect(access).await?;
    let mut versions = BTreeMap::new();
    let mut present = Vec::new();
    for name in secret_names(options) {
        let found =
            secret(&client, &options.namespace, &name).await.with_context(|| format!("secret/{name}"))?;
        if let Some(found) = found {
            versions.insert(name.clone(), found.metadata.resource_version.clone());
            present.push(known(name, found));
        }
    }
    let mut out = io::stdout();
    let (secrets, note) = match in_cluster(options, &present, unix_time())? {
        Deed::Write(secrets, note) => (secrets, note),
        Deed::Keep(names) => {
            for name in names {
                writeln!(out, "secret/{name} already exists")?;
            }
            return Ok(());
        }
    };
    for each in secrets {
        let what = format!("secret/{}", each.name);
        let version = versions.get(&each.name).cloned().flatten();
        put_secret(&client, &object(each, version)).await.with_context(|| what.clone())?;
        writeln!(out, "{what} written")?;
    }
    if let Some(note) = note {
        writeln!(
            out,
            "note: {note}: until both sides have read the new Secrets, new connections between them fail"
        )?;
    }
    Ok(())
}

fn known(name: String, found: Secret) -> certs::Secret {
    let data = found.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0)).collect();
    certs::Secret {
        name,
        namespace: found.metadata.namespace.unwrap_or_default(),
        kind: found.type_.unwrap_or_default(),
        data,
    }
}

fn object(secret: certs::Secret, version: Option<String>) -> Secret {
    let labels = BTreeMap::from([("app".to_owned(), "isobath".to_owned())]);
    Secret {
        metadata: ObjectMeta {
            name: Some(secret.name),
            namespace: Some(secret.namespace),
            resource_version: version,
            labels: Some(labels),
            ..ObjectMeta::default()
        },
        type_: Some(secret.kind),
        data: Some(secret.data.into_iter().map(|(key, value)| (key, ByteString(value))).collect()),
        ..Secret::default()
    }
}
