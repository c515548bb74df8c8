//! Certificates as Secrets of a cluster.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anyhow::Context;
use api::ByteString;
use api::core::Secret;
use api::meta::ObjectMeta;
use certs::certgen::{CertgenOptions, Deed, in_cluster, secret_names};
use kubernetes::{Access, Client, put_secret, secret};

use crate::output::unix_time;

/// The Secrets of a cluster that matter to a set.
pub(crate) struct Found {
    pub(crate) secrets: Vec<certs::Secret>,
    /// Their resource versions, by their names.
    versions: BTreeMap<String, String>,
    names: certs::Names,
}

impl Found {
    /// Reads those that are there.
    pub(crate) async fn read(client: &Client, options: &CertgenOptions) -> anyhow::Result<Self> {
        let mut found = Self { secrets: vec![], versions: BTreeMap::new(), names: options.names };
        for name in secret_names(options) {
            let read = secret(client, &options.namespace, &name).await;
            let Some(read) = read.with_context(|| format!("secret/{name}"))? else { continue };
            let version = read.metadata.resource_version.clone();
            found.versions.extend(version.map(|version| (name.clone(), version)));
            found.secrets.push(known(name, read));
        }
        Ok(found)
    }

    /// Writes one, in place of what was read under its name and of nothing else.
    pub(crate) async fn put(&self, client: &Client, secret: certs::Secret) -> anyhow::Result<()> {
        let what = format!("secret/{}", secret.name);
        let version = self.versions.get(&secret.name).cloned();
        put_secret(client, &object(secret, version, self.names)).await.context(what)
    }
}

/// Writes the Secrets that are missing, or all of them in place of what is there.
pub(super) async fn write(access: &Access, options: &CertgenOptions) -> anyhow::Result<()> {
    let client = kubernetes::connect(access).await?;
    let found = Found::read(&client, options).await?;
    let mut out = io::stdout();
    let (secrets, note) = match in_cluster(options, &found.secrets, unix_time())? {
        Deed::Write(secrets, note) => (secrets, note),
        Deed::Keep(names) => {
            for name in names {
                writeln!(out, "secret/{name} already exists")?;
            }
            return Ok(());
        }
    };
    for each in secrets {
        let name = each.name.clone();
        found.put(&client, each).await?;
        writeln!(out, "secret/{name} written")?;
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

fn object(secret: certs::Secret, version: Option<String>, names: certs::Names) -> Secret {
    let labels = BTreeMap::from([("app".to_owned(), names.server().to_owned())]);
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
