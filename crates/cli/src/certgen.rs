//! `isobath certgen`: certificates for the mutual TLS between the controller and its Envoys.

pub(crate) mod cluster;

use std::io;
use std::path::PathBuf;

use anyhow::Context;
use certs::certgen::{self, CertgenOptions, Existing, Output};
use certs::{KeyType, Names, SecretsFormat};
use clap::{Args, ValueEnum};
use kubernetes::Access;

use crate::output::{Outcome, unix_time};

/// Writes certificates for the mutual TLS between the controller and its Envoys.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where to.
    #[arg(default_value = "certs", value_name = "DIRECTORY")]
    output_dir: PathBuf,
    /// Writes PEM files (the default when no form is chosen).
    #[arg(long)]
    pem: bool,
    /// Writes Secret manifests.
    #[arg(long)]
    yaml: bool,
    /// Writes Secrets into a cluster.
    #[arg(long)]
    kube: bool,
    /// Finds the cluster as a Pod does.
    #[arg(long)]
    incluster: bool,
    /// The file that says where the cluster is; in a Pod, its own cluster is the default.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The namespace of the Secrets, and in the DNS names of the controller.
    #[arg(long, env = "ISOBATH_NAMESPACE", default_value = "isobath")]
    namespace: String,
    /// How long the certificates are valid.
    #[arg(long, default_value_t = 365, value_name = "DAYS")]
    certificate_lifetime: u32,
    /// The form of the Secrets.
    #[arg(long, value_enum, default_value_t = Format::Legacy)]
    secrets_format: Format,
    /// What the names of the Secrets end in.
    #[arg(long, default_value = "", value_name = "SUFFIX")]
    secrets_name_suffix: String,
    /// Replaces what is there; every unexpired CA stays trusted.
    #[arg(long)]
    overwrite: bool,
    /// With --overwrite: trusts no older CA any more.
    #[arg(long, requires = "overwrite")]
    drop_old_ca: bool,
    /// The kind of keys.
    #[arg(long, value_enum, default_value_t = Key::Ecdsa)]
    key_type: Key,
    /// How the controller's files and Secrets are called.
    #[arg(long, value_enum, default_value_t = Naming::Isobath)]
    names: Naming,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Naming {
    /// isobathcert.
    Isobath,
    /// contourcert.
    Contour,
}

impl From<Naming> for Names {
    fn from(naming: Naming) -> Self {
        match naming {
            Naming::Isobath => Self::Isobath,
            Naming::Contour => Self::Contour,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// cacert, isobathcert and envoycert.
    Legacy,
    /// isobathcert and envoycert, each with the CA.
    Compact,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Key {
    /// ECDSA on P-256.
    Ecdsa,
    /// RSA of 2048 bits.
    Rsa,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    let (kube, access) = (arguments.kube, arguments.access());
    let options = arguments.options();
    if !options.outputs.is_empty() {
        certgen::run(&options, unix_time(), &mut io::stdout())?;
    }
    if kube {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(cluster::write(&access?, &options))?;
    }
    Ok(Outcome::Good)
}

impl Arguments {
    fn access(&self) -> anyhow::Result<Access> {
        match (&self.kubeconfig, self.incluster) {
            (_, true) => Ok(Access::InCluster),
            (Some(path), false) => Ok(Access::Kubeconfig(path.clone())),
            (None, false) if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() => Ok(Access::InCluster),
            (None, false) => {
                let home =
                    std::env::var_os("HOME").context("--kubeconfig: is not given, and there is no $HOME")?;
                Ok(Access::Kubeconfig(PathBuf::from(home).join(".kube/config")))
            }
        }
    }

    fn options(self) -> CertgenOptions {
        let pem = self.pem || !(self.yaml || self.kube);
        let outputs = [(pem, Output::Pem), (self.yaml, Output::Yaml)];
        CertgenOptions {
            output_dir: self.output_dir,
            outputs: outputs.into_iter().filter(|(wanted, _)| *wanted).map(|(_, output)| output).collect(),
            namespace: self.namespace,
            certificate_lifetime: self.certificate_lifetime,
            secrets_format: match self.secrets_format {
                Format::Legacy => SecretsFormat::Legacy,
                Format::Compact => SecretsFormat::Compact,
            },
            secrets_name_suffix: self.secrets_name_suffix,
            existing: match (self.overwrite, self.drop_old_ca) {
                (false, _) => Existing::Keep,
                (true, false) => Existing::Rotate,
                (true, true) => Existing::Revoke,
            },
            key_type: match self.key_type {
                Key::Ecdsa => KeyType::EcdsaP256,
                Key::Rsa => KeyType::Rsa2048,
            },
            names: self.names.into(),
        }
    }
}
