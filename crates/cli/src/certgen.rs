//! `isobath certgen`: certificates for the mutual TLS between the controller and its Envoys.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use certs::certgen::{self, CertgenOptions, Existing, Output};
use certs::{KeyType, SecretsFormat};
use clap::{Args, ValueEnum};

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
    let mut outputs = BTreeSet::new();
    if arguments.pem || !arguments.yaml {
        outputs.insert(Output::Pem);
    }
    if arguments.yaml {
        outputs.insert(Output::Yaml);
    }
    let existing = match (arguments.overwrite, arguments.drop_old_ca) {
        (false, _) => Existing::Keep,
        (true, false) => Existing::Rotate,
        (true, true) => Existing::Revoke,
    };
    let options = CertgenOptions {
        output_dir: arguments.output_dir,
        outputs,
        namespace: arguments.namespace,
        certificate_lifetime: arguments.certificate_lifetime,
        secrets_format: match arguments.secrets_format {
            Format::Legacy => SecretsFormat::Legacy,
            Format::Compact => SecretsFormat::Compact,
        },
        secrets_name_suffix: arguments.secrets_name_suffix,
        existing,
        key_type: match arguments.key_type {
            Key::Ecdsa => KeyType::EcdsaP256,
            Key::Rsa => KeyType::Rsa2048,
        },
    };
    certgen::run(&options, unix_time(), &mut io::stdout())?;
    Ok(Outcome::Good)
}
