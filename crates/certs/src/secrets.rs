//! The Kubernetes Secrets that hold a set, in Contour's two formats (reference 1.3), and their manifests.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::generate::Generated;
use crate::private::PrivateKeyPem;
use crate::rotation::CertificateSet;

pub(crate) const CA: &str = "cacert";
pub(crate) const CLIENT_CERT: &str = "envoycert";
/// Mounted nowhere: it only carries the announced set to the next rotation.
pub(crate) const NEXT: &str = "nextcerts";

/// How the Secrets are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecretsFormat {
    /// `cacert` (Opaque, `cacert.pem`), `isobathcert` and `envoycert` (`kubernetes.io/tls`).
    #[default]
    Legacy,
    /// `isobathcert` and `envoycert`, each with `ca.crt`, `tls.crt` and `tls.key`.
    Compact,
}

/// One Secret. `Debug` shows the keys of its data, never the values.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// `metadata.name`, suffix included.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `type`.
    pub kind: String,
    /// `data`, decoded.
    pub data: BTreeMap<String, Vec<u8>>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.data.keys().collect();
        f.debug_struct("Secret")
            .field("name", &self.name)
            .field("namespace", &self.namespace)
            .field("keys", &keys)
            .finish()
    }
}

/// A text that is no manifest of a Secret.
#[derive(Debug, thiserror::Error)]
pub enum InvalidManifest {
    /// Not YAML of the expected shape. The parser's own words would quote the text.
    #[error("is not the YAML manifest of a Secret")]
    Yaml,
    /// A value that is not base64.
    #[error("data.{0}: is not base64")]
    Base64(String),
}

/// How files and Secrets are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Names {
    /// `isobathcert`.
    #[default]
    Isobath,
    /// `contourcert`, as in Contour's manifests.
    Contour,
}

impl Names {
    /// What the controller's names begin with, and the label `app` of all Secrets.
    #[must_use]
    pub const fn server(self) -> &'static str {
        match self {
            Self::Isobath => "isobath",
            Self::Contour => "contour",
        }
    }

    /// The Secret of the controller.
    pub(crate) fn server_secret(self) -> String {
        format!("{}cert", self.server())
    }

    /// The five PEM files, in the order in which they are written.
    pub(crate) fn pem_files(self) -> [String; 5] {
        let server = self.server();
        [
            "cacert.pem".to_owned(),
            format!("{server}cert.pem"),
            format!("{server}key.pem"),
            "envoycert.pem".to_owned(),
            "envoykey.pem".to_owned(),
        ]
    }
}

impl Secret {
    /// The Secrets of a set in the order in which they are written: what is trusted before what is used.
    #[must_use]
    pub fn of_set(
        set: &CertificateSet,
        format: SecretsFormat,
        names: Names,
        namespace: &str,
        suffix: &str,
    ) -> Vec<Self> {
        let secret = |name: &str, kind: &str, data: &[(&str, &str)]| Self {
            name: format!("{name}{suffix}"),
            namespace: namespace.to_owned(),
            kind: kind.to_owned(),
            data: data.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect(),
        };
        let (ca, server_secret) = (set.trusted.as_str(), names.server_secret());
        let (server, client) = (&set.current.server, &set.current.client);
        let server = [("tls.crt", server.certificate.as_str()), ("tls.key", server.key.expose())];
        let client = [("tls.crt", client.certificate.as_str()), ("tls.key", client.key.expose())];
        let mut secrets = match format {
            SecretsFormat::Legacy => vec![
                secret(CA, "Opaque", &[("cacert.pem", ca)]),
                secret(&server_secret, "kubernetes.io/tls", &server),
                secret(CLIENT_CERT, "kubernetes.io/tls", &client),
            ],
            SecretsFormat::Compact => vec![
                secret(&server_secret, "kubernetes.io/tls", &[&[("ca.crt", ca)], &server[..]].concat()),
                secret(CLIENT_CERT, "kubernetes.io/tls", &[&[("ca.crt", ca)], &client[..]].concat()),
            ],
        };
        let next = pem_files(&set.next, &set.next.ca, names);
        let next: Vec<_> = next.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        secrets.push(secret(NEXT, "Opaque", &next));
        secrets
    }

    /// The manifest. Names must have been checked; everything else is base64.
    #[must_use]
    pub fn to_yaml(&self, names: Names) -> String {
        let (Self { name, namespace, kind, data }, app) = (self, names.server());
        let data: String =
            data.iter().map(|(key, value)| format!("  {key}: {}\n", STANDARD.encode(value))).collect();
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: {namespace}\n  labels:\n    \
             app: {app}\ntype: {kind}\ndata:\n{data}"
        )
    }

    /// Reads a manifest back.
    ///
    /// # Errors
    /// If it is not the manifest of one Secret with base64 data.
    pub fn from_yaml(text: &str) -> Result<Self, InvalidManifest> {
        let manifest: Manifest = serde_saphyr::from_str(text).map_err(|_| InvalidManifest::Yaml)?;
        if manifest.kind != "Secret" {
            return Err(InvalidManifest::Yaml);
        }
        let decode = |(key, value): (String, String)| match STANDARD.decode(value.as_bytes().trim_ascii()) {
            Ok(value) => Ok((key, value)),
            Err(_) => Err(InvalidManifest::Base64(key)),
        };
        Ok(Self {
            name: manifest.metadata.name,
            namespace: manifest.metadata.namespace,
            kind: manifest.r#type,
            data: manifest.data.into_iter().map(decode).collect::<Result<_, _>>()?,
        })
    }

    /// The value as text, if the key is there.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.data.get(key).map(|value| String::from_utf8_lossy(value).into_owned())
    }
}

#[derive(Deserialize)]
struct Manifest {
    kind: String,
    metadata: Metadata,
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    data: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    #[serde(default)]
    namespace: String,
}

/// The five PEM files of a set, in the order in which they are written: what is trusted before what is used.
pub(crate) fn pem_files<'a>(set: &'a Generated, trusted: &'a str, names: Names) -> Vec<(String, &'a str)> {
    let contents = [
        trusted,
        &set.server.certificate,
        set.server.key.expose(),
        &set.client.certificate,
        set.client.key.expose(),
    ];
    names.pem_files().into_iter().zip(contents).collect()
}

/// Puts a set together from its five PEM files; nothing if one is missing.
pub(crate) fn from_pem_files(names: Names, read: impl FnMut(&str) -> Option<String>) -> Option<Generated> {
    let texts: Vec<_> = names.pem_files().iter().map(String::as_str).map(read).collect::<Option<_>>()?;
    let [ca, certificate, key, client_certificate, client_key] = <[String; 5]>::try_from(texts).ok()?;
    let identity = |certificate, key| crate::Identity { certificate, key: PrivateKeyPem::new(key) };
    Some(Generated {
        ca,
        server: identity(certificate, key),
        client: identity(client_certificate, client_key),
    })
}
