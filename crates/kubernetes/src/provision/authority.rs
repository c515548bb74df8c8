//! The CA of Gateways, in a Secret beside the controllers.

use std::collections::BTreeMap;

use api::ByteString;
use api::core::Secret;
use api::meta::ObjectMeta;
use certs::{GatewayCa, Identity};
use kube::Client;
use model::FleetOwner;
use provisioner::Certificate;
use serde_json::Value;

use crate::{Error, put_secret, secret};

/// The Secret with the CA of Gateways.
pub const GATEWAY_CA: &str = "gatewayca";

/// Why there is no CA.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAuthority {
    /// The API server says so.
    #[error(transparent)]
    Cluster(#[from] Error),
    /// Something else is in the Secret.
    #[error("Secret {GATEWAY_CA}: {0}")]
    Invalid(#[from] certs::InvalidGatewayCa),
    /// None can be made.
    #[error(transparent)]
    Unmade(#[from] certs::InvalidOptions),
}

/// The CA as it is to be at `now`: made if there is none, replaced if it is time.
pub(super) async fn authority(client: &Client, namespace: &str, now: i64) -> Result<GatewayCa, NoAuthority> {
    let Some(found) = secret(client, namespace, GATEWAY_CA).await? else {
        let new = GatewayCa::new(now)?;
        put_secret(client, &object(&new, namespace, None)).await?;
        tracing::info!(namespace, secret = GATEWAY_CA, "the CA of Gateways was made");
        return Ok(new);
    };
    let data = found.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0)).collect();
    let there = GatewayCa::parse(&data)?;
    let Some(successor) = there.successor(now)? else { return Ok(there) };
    // Only in place of what was read.
    put_secret(client, &object(&successor, namespace, found.metadata.resource_version)).await?;
    tracing::info!(namespace, secret = GATEWAY_CA, "the CA of Gateways gave way to its successor");
    Ok(successor)
}

fn object(ca: &GatewayCa, namespace: &str, version: Option<String>) -> Secret {
    let labels = [("app.kubernetes.io/part-of", "isobath")];
    Secret {
        metadata: ObjectMeta {
            name: Some(GATEWAY_CA.to_owned()),
            namespace: Some(namespace.to_owned()),
            resource_version: version,
            labels: Some(labels.map(|(label, value)| (label.to_owned(), value.to_owned())).into()),
            ..ObjectMeta::default()
        },
        type_: Some("Opaque".to_owned()),
        data: Some(ca.data().into_iter().map(|(key, value)| (key, ByteString(value))).collect()),
        ..Secret::default()
    }
}

/// The certificate of a fleet's Envoys: the one in its Secret as long as it is good.
pub(super) fn certificate(
    ca: &GatewayCa,
    owner: &FleetOwner,
    secret: Option<&Value>,
    trusted: &str,
    now: i64,
) -> Result<Certificate, certs::InvalidOptions> {
    let path = owner.path();
    let there = secret.and_then(|secret| identity(&secret["data"])).filter(|[certificate, key]| {
        ca.renewal(certificate.as_bytes(), key.as_bytes(), &path).is_some_and(|from| now < from)
    });
    let [certificate, key] = match there {
        Some(there) => there,
        None => {
            let Identity { certificate, key } = ca.issue(&path, now)?;
            [certificate, key.expose().to_owned()]
        }
    };
    Ok(Certificate { trusted: trusted.to_owned(), certificate, key })
}

fn identity(data: &Value) -> Option<[String; 2]> {
    let data: BTreeMap<String, ByteString> = serde_json::from_value(data.clone()).ok()?;
    let text = |key: &str| String::from_utf8(data.get(key)?.0.clone()).ok();
    Some([text("tls.crt")?, text("tls.key")?])
}
