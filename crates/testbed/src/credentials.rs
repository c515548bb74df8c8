//! The certificate of the API server, the key that signs service accounts' tokens, the administrator's kubeconfig.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use kube::config::{KubeConfigOptions, Kubeconfig};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// The API server's address, as clients outside of pods use it.
pub(crate) const SERVER: &str = "https://10.88.0.1:6443";
const TOKEN: &str = "administrator";
/// The first address of the Services' range is the API server's.
const NAMES: &[&str] = &["10.88.0.1", "127.0.0.1", "10.96.0.1", "kubernetes.default.svc", "localhost"];

/// Files, in one folder.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    folder: PathBuf,
}

impl Credentials {
    /// Makes them, and writes them into the folder.
    pub(crate) fn create(folder: &Path) -> Result<Self> {
        let authority_key = KeyPair::generate()?;
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, "testbed");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = parameters.self_signed(&authority_key)?.pem();
        let issuer = Issuer::new(parameters, authority_key);
        let key = KeyPair::generate()?;
        let names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?.pem();
        let accounts = KeyPair::generate()?;
        let credentials = Self { folder: folder.to_path_buf() };
        let files = [
            (credentials.authority(), authority.clone()),
            (credentials.certificate(), certificate),
            (credentials.key(), key.serialize_pem()),
            (credentials.accounts_key(), accounts.serialize_pem()),
            (credentials.accounts_public_key(), accounts.public_key_pem()),
            (credentials.tokens(), format!("{TOKEN},administrator,administrator,\"system:masters\"\n")),
            (credentials.kubeconfig(), kubeconfig(&authority)?),
        ];
        for (path, text) in files {
            fs::write(&path, text).with_context(|| path.display().to_string())?;
        }
        Ok(credentials)
    }

    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.join("api.crt")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.folder.join("api.key")
    }

    pub(crate) fn accounts_key(&self) -> PathBuf {
        self.folder.join("accounts.key")
    }

    pub(crate) fn accounts_public_key(&self) -> PathBuf {
        self.folder.join("accounts.pub")
    }

    pub(crate) fn tokens(&self) -> PathBuf {
        self.folder.join("tokens.csv")
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// The administrator's client. It belongs to the runtime that calls this.
    pub(crate) async fn client(&self) -> Result<kube::Client> {
        let kubeconfig = Kubeconfig::read_from(self.kubeconfig())?;
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        Ok(kube::Client::try_from(config)?)
    }
}

fn kubeconfig(authority: &str) -> Result<String> {
    use base64::Engine as _;
    let authority = base64::engine::general_purpose::STANDARD.encode(authority);
    let value = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "testbed", "cluster": {
            "server": SERVER, "certificate-authority-data": authority,
        }}],
        "users": [{"name": "administrator", "user": {"token": TOKEN}}],
        "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": "administrator"}}],
        "current-context": "testbed",
    });
    // JSON is YAML.
    Ok(serde_json::to_string_pretty(&value)?)
}
