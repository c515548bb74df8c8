//! Secrets that are read and written one by one.

use api::core::Secret;
use kube::api::PostParams;
use kube::{Api, Client};

use crate::Error;

/// A Secret, if there is one of that name.
///
/// # Errors
/// When the API server cannot be asked, or refuses.
pub async fn secret(client: &Client, namespace: &str, name: &str) -> Result<Option<Secret>, Error> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
    Ok(secrets.get_opt(name).await?)
}

/// Writes a Secret: a new one when it has no `resourceVersion`, else in place of the one that it was read from, and
/// only of that one.
///
/// # Errors
/// When the API server cannot be asked, or refuses: somebody else was faster, perhaps.
pub async fn put_secret(client: &Client, secret: &Secret) -> Result<(), Error> {
    let namespace = secret.metadata.namespace.as_deref().unwrap_or_default();
    let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let params = PostParams { field_manager: Some("isobath-certgen".to_owned()), ..PostParams::default() };
    match (&secret.metadata.name, &secret.metadata.resource_version) {
        (Some(name), Some(_)) => secrets.replace(name, &params, secret).await?,
        (_, _) => secrets.create(&params, secret).await?,
    };
    Ok(())
}
