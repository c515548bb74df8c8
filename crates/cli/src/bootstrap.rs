//! `isobath bootstrap`: the configuration that an Envoy starts from.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use envoy::XdsMode;
use envoy::bootstrap::{AdminAddress, BootstrapOptions, XdsTls, bootstrap, secret_files};
use model::DnsFamily;

use crate::output::Outcome;

/// Writes the configuration that an Envoy starts from.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file to write; `-` for standard output.
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// The path of the unix socket of Envoy's administration interface.
    #[arg(long, default_value = "/admin/admin.sock", value_name = "PATH")]
    admin_address: String,
    /// Does nothing; there was a port once.
    #[arg(long, hide = true)]
    admin_port: Option<u16>,
    /// Where the controller serves xDS.
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    xds_address: String,
    /// The port where the controller serves xDS.
    #[arg(long, default_value_t = 8001, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    xds_port: u16,
    /// How Envoy asks for its configuration.
    #[arg(long, value_enum, default_value_t = Mode::AdsDelta)]
    xds_mode: Mode,
    /// The version of the xDS API; only v3.
    #[arg(long, default_value = "v3", hide = true)]
    xds_resource_version: String,
    /// Which addresses of the controller's name are used.
    #[arg(long, value_enum, default_value_t = Family::Auto)]
    dns_lookup_family: Family,
    /// The CA that signed the controller's certificate.
    #[arg(long, env = "ENVOY_CAFILE", value_name = "FILE")]
    envoy_cafile: Option<PathBuf>,
    /// Envoy's certificate.
    #[arg(long, env = "ENVOY_CERT_FILE", value_name = "FILE")]
    envoy_cert_file: Option<PathBuf>,
    /// The key of Envoy's certificate.
    #[arg(long, env = "ENVOY_KEY_FILE", value_name = "FILE")]
    envoy_key_file: Option<PathBuf>,
    /// A folder for files through which Envoy notices new certificates.
    #[arg(long, value_name = "DIRECTORY")]
    resources_dir: Option<PathBuf>,
    /// The namespace that names in statistics start with.
    #[arg(long, env = "ISOBATH_NAMESPACE", default_value = "isobath")]
    namespace: String,
    /// From how many bytes of heap Envoy sheds load; 0 for never.
    #[arg(long, default_value_t = 0, value_name = "BYTES")]
    overload_max_heap: u64,
    /// How many connections of clients Envoy takes in all; 0 for any number.
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    overload_downstream_max_conn: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// One stream for all types, changes only.
    AdsDelta,
    /// One stream for all types, the state of the world.
    AdsSotw,
    /// A stream for each type, changes only.
    Delta,
    /// A stream for each type, the state of the world.
    Sotw,
}

impl From<Mode> for XdsMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::AdsDelta => Self::AdsDelta,
            Mode::AdsSotw => Self::AdsSotw,
            Mode::Delta => Self::Delta,
            Mode::Sotw => Self::Sotw,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Family {
    Auto,
    V4,
    V6,
    All,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    if arguments.xds_resource_version != "v3" {
        bail!("--xds-resource-version: {} is not v3", arguments.xds_resource_version);
    }
    if !Path::new(&arguments.admin_address).is_absolute() {
        bail!("--admin-address: {} is not the path of a unix socket", arguments.admin_address);
    }
    if arguments.xds_address.trim().is_empty() {
        bail!("--xds-address: is empty; write a DNS name or an IP address");
    }
    let options = BootstrapOptions {
        node: None,
        mode: arguments.xds_mode.into(),
        xds_address: arguments.xds_address.as_str().into(),
        xds_port: arguments.xds_port,
        tls: tls(arguments)?,
        admin: AdminAddress::Pipe(arguments.admin_address.as_str().into()),
        dns_family: match arguments.dns_lookup_family {
            Family::Auto => DnsFamily::Auto,
            Family::V4 => DnsFamily::V4,
            Family::V6 => DnsFamily::V6,
            Family::All => DnsFamily::All,
        },
        namespace: arguments.namespace.as_str().into(),
        max_heap_bytes: Some(arguments.overload_max_heap).filter(|bytes| *bytes > 0),
        max_downstream_connections: Some(arguments.overload_downstream_max_conn).filter(|max| *max > 0),
    };
    if let Some(folder) = &arguments.resources_dir {
        write_secret_files(folder, &options)?;
    }
    let json = serde_json::to_string_pretty(&envoy::message_to_json(&bootstrap(&options)))?;
    if arguments.path == Path::new("-") {
        writeln!(io::stdout(), "{json}")?;
    } else {
        write(&arguments.path, &json)?;
    }
    Ok(Outcome::Good)
}

/// The three files, all or none of which must be named and hold something.
fn tls(arguments: &Arguments) -> anyhow::Result<Option<XdsTls>> {
    let files = [&arguments.envoy_cafile, &arguments.envoy_cert_file, &arguments.envoy_key_file];
    let [Some(ca), Some(certificate), Some(key)] = files else {
        if files.iter().any(|file| file.is_some()) {
            bail!("--envoy-cafile, --envoy-cert-file and --envoy-key-file: name all three, or none");
        }
        if arguments.resources_dir.is_some() {
            bail!(
                "--resources-dir: is of use with --envoy-cafile, --envoy-cert-file and --envoy-key-file only"
            );
        }
        return Ok(None);
    };
    Ok(Some(XdsTls {
        ca: existing(ca)?,
        certificate: existing(certificate)?,
        key: existing(key)?,
        resources_dir: arguments.resources_dir.as_ref().map(|folder| text(folder)).transpose()?,
    }))
}

fn existing(path: &Path) -> anyhow::Result<Arc<str>> {
    let length = fs::metadata(path).with_context(|| path.display().to_string())?.len();
    if length == 0 {
        bail!("{}: is empty", path.display());
    }
    text(path)
}

fn text(path: &Path) -> anyhow::Result<Arc<str>> {
    let text = path.to_str().with_context(|| format!("{}: is not UTF-8", path.display()))?;
    Ok(text.into())
}

/// Writes the files through which Envoy notices new certificates, below `folder`.
pub(crate) fn write_secret_files(folder: &Path, options: &BootstrapOptions) -> anyhow::Result<()> {
    for file in secret_files(options) {
        write(&folder.join(file.path), &serde_json::to_string_pretty(&file.content)?)?;
    }
    Ok(())
}

fn write(path: &Path, content: &str) -> anyhow::Result<()> {
    let cannot = |path: &Path| format!("{}: cannot be written", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| cannot(folder))?;
    }
    fs::write(path, content).with_context(|| cannot(path))
}
