//! `isobath certgen`: a set of certificates into a folder, as PEM files, Secret manifests or both.

mod cluster;
mod renewal;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use x509::{CaBundle, InvalidCaBundle};

use crate::generate::{Generated, InvalidOptions, KeyType, Options};
use crate::rotation::{CertificateSet, Previous, Promotion};
use crate::secrets::{self, InvalidManifest, Names, Secret, SecretsFormat};
use crate::write;

pub use cluster::{Deed, in_cluster, secret_names};
pub use renewal::{Renewal, renewal};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Output {
    /// `cacert.pem`, `isobathcert.pem`, `isobathkey.pem`, `envoycert.pem`, `envoykey.pem`, and the announced
    /// set under the same names in `next/`.
    Pem,
    /// One manifest for each Secret, `NAME.yaml`.
    Yaml,
}

/// What happens to a set that is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// It is said and left alone.
    #[default]
    Keep,
    /// `--overwrite`: replaced; every unexpired CA stays trusted. Both sides must have read one set before the
    /// next is made: a set trusts the leaves of its neighbours, not of those two steps away.
    Rotate,
    /// `--overwrite --drop-old-ca`: replaced; nothing older is trusted any more.
    Revoke,
}

/// The flags of `isobath certgen`; `default()` gives the documented defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertgenOptions {
    /// Where to; `certs`. Made if it is not there.
    pub output_dir: PathBuf,
    /// What is written; empty, and then an error.
    pub outputs: BTreeSet<Output>,
    /// `--namespace` of the Secrets and in the DNS names; `isobath`.
    pub namespace: String,
    /// `--certificate-lifetime` in days; 365. Leaves that an earlier run announced have what is left of twice
    /// that, and at least half.
    pub certificate_lifetime: u32,
    /// `--secrets-format`; legacy.
    pub secrets_format: SecretsFormat,
    /// `--secrets-name-suffix`; empty.
    pub secrets_name_suffix: String,
    /// `--overwrite` and `--drop-old-ca`; neither.
    pub existing: Existing,
    /// ECDSA on P-256.
    pub key_type: KeyType,
    /// `--names`; those of Isobath.
    pub names: Names,
}

impl Default for CertgenOptions {
    fn default() -> Self {
        Self {
            output_dir: "certs".into(),
            outputs: BTreeSet::new(),
            namespace: "isobath".to_owned(),
            certificate_lifetime: 365,
            secrets_format: SecretsFormat::default(),
            secrets_name_suffix: String::new(),
            existing: Existing::default(),
            key_type: KeyType::default(),
            names: Names::default(),
        }
    }
}

/// Why certgen ends without a set.
#[derive(Debug, thiserror::Error)]
pub enum CertgenError {
    /// No kind of output is asked for.
    #[error("nothing to write: choose --pem, --yaml or both")]
    NoOutput,
    /// A name that Kubernetes would not take.
    #[error("{flag}: {value:?} is not valid, want lower-case letters, digits and dashes, at most 63")]
    Name {
        /// The flag.
        flag: &'static str,
        /// Its value.
        value: String,
    },
    /// Some files of a set are there and some are not: new ones would not match the old ones.
    #[error(
        "{present} exists, but {missing} does not: a new one would not match the others, use --overwrite"
    )]
    PartialSet {
        /// A file that exists.
        present: PathBuf,
        /// A file that does not.
        missing: PathBuf,
    },
    /// The CA bundle that must stay trusted is damaged.
    #[error("{path}: {why}; use --drop-old-ca to give it up")]
    PreviousCa {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: InvalidCaBundle,
    },
    /// A manifest that must be read before it is replaced is damaged.
    #[error("{path}: {why}; use --drop-old-ca to give it up")]
    PreviousManifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: InvalidManifest,
    },
    /// The certificates cannot be made.
    #[error(transparent)]
    Options(#[from] InvalidOptions),
    /// A file cannot be read or written.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: io::Error,
    },
    /// The report cannot be written.
    #[error("cannot write to the terminal: {0}")]
    Report(io::Error),
}

/// Makes or rotates the set in `options.output_dir` and reports each file on `out`. `now` in unix seconds.
///
/// Files have mode 0600 and are replaced atomically, CA first: a reader sees an old or a new file, never half
/// of one, and no leaf before the CA that signed it.
///
/// # Errors
/// See [`CertgenError`]. A set that exists is not an error.
pub fn run(options: &CertgenOptions, now: i64, out: &mut dyn Write) -> Result<(), CertgenError> {
    if options.outputs.is_empty() {
        return Err(CertgenError::NoOutput);
    }
    check(options)?;
    let mut report = |line: String| writeln!(out, "{line}").map_err(CertgenError::Report);
    if options.existing == Existing::Keep && set_exists(options)? {
        return paths(options)
            .iter()
            .try_for_each(|path| report(format!("{} already exists", subject(path))));
    }
    let (set, promotion) = make(options, now)?;
    for (path, content) in files(options, &set) {
        let folder = path.parent().unwrap_or(&options.output_dir);
        write::private_folder(folder).map_err(file_error(folder))?;
        write::replace_private(&path, content.as_bytes()).map_err(file_error(&path))?;
        report(format!("{} written", subject(&path)))?;
    }
    if let Some(Promotion::New(why)) = promotion {
        report(format!(
            "note: {why}: until both sides have read the new files, new connections between them fail"
        ))?;
    }
    Ok(())
}

/// Makes a set, and says how it followed an earlier one.
fn make(options: &CertgenOptions, now: i64) -> Result<(CertificateSet, Option<Promotion>), CertgenError> {
    let previous = match options.existing {
        Existing::Rotate => previous(options)?,
        Existing::Keep | Existing::Revoke => Previous::default(),
    };
    follow(options, &previous, now)
}

/// Makes the set that follows what is left of an earlier one.
fn follow(
    options: &CertgenOptions,
    previous: &Previous,
    now: i64,
) -> Result<(CertificateSet, Option<Promotion>), CertgenError> {
    let generate = Options {
        now,
        lifetime_days: options.certificate_lifetime,
        key_type: options.key_type,
        namespace: options.namespace.clone(),
        extra_server_names: vec![],
    };
    if previous.trusted.is_empty() {
        return Ok((CertificateSet::fresh(&generate)?, None));
    }
    let (set, promotion) = CertificateSet::rotate(previous, &generate)?;
    Ok((set, Some(promotion)))
}

fn check(options: &CertgenOptions) -> Result<(), CertgenError> {
    let well_formed =
        |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let invalid = |flag, value: &str| Err(CertgenError::Name { flag, value: value.to_owned() });
    let CertgenOptions { namespace, secrets_name_suffix: suffix, .. } = options;
    let edges_are_dashes = namespace.starts_with('-') || namespace.ends_with('-');
    if namespace.is_empty() || namespace.len() > 63 || edges_are_dashes || !well_formed(namespace) {
        return invalid("--namespace", namespace);
    }
    if suffix.len() > 63 || suffix.ends_with('-') || !well_formed(suffix) {
        return invalid("--secrets-name-suffix", suffix);
    }
    Ok(())
}

/// `secret/NAME` for a manifest, as kubectl and Contour write it, and the path for any other file.
fn subject(path: &Path) -> String {
    match (path.extension(), path.file_stem()) {
        (Some(extension), Some(name)) if extension == "yaml" => format!("secret/{}", name.display()),
        _ => path.display().to_string(),
    }
}

fn files(options: &CertgenOptions, set: &CertificateSet) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    if options.outputs.contains(&Output::Pem) {
        let current = secrets::pem_files(&set.current, &set.trusted, options.names).into_iter();
        files.extend(current.map(|(name, text)| (options.output_dir.join(name), text.to_owned())));
        let next = secrets::pem_files(&set.next, &set.next.ca, options.names).into_iter();
        files.extend(next.map(|(name, text)| (next_folder(options).join(name), text.to_owned())));
    }
    if options.outputs.contains(&Output::Yaml) {
        let CertgenOptions { namespace, secrets_name_suffix: suffix, secrets_format: format, .. } = options;
        let secrets = Secret::of_set(set, *format, options.names, namespace, suffix);
        files.extend(secrets.iter().map(|secret| {
            (options.output_dir.join(format!("{}.yaml", secret.name)), secret.to_yaml(options.names))
        }));
    }
    files
}

fn next_folder(options: &CertgenOptions) -> PathBuf {
    options.output_dir.join("next")
}

fn manifest(options: &CertgenOptions, secret: &str) -> PathBuf {
    options.output_dir.join(format!("{secret}{}.yaml", options.secrets_name_suffix))
}

/// The files of the set that is in use; what is announced for later may be missing.
fn paths(options: &CertgenOptions) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    if options.outputs.contains(&Output::Pem) {
        paths.extend(options.names.pem_files().map(|name| options.output_dir.join(name)));
    }
    if options.outputs.contains(&Output::Yaml) {
        paths.extend(used_secrets(options).iter().map(|name| manifest(options, name)));
    }
    paths
}

fn set_exists(options: &CertgenOptions) -> Result<bool, CertgenError> {
    let (present, missing): (Vec<_>, Vec<_>) = paths(options).into_iter().partition(|path| path.exists());
    match (present.into_iter().next(), missing.into_iter().next()) {
        (Some(present), Some(missing)) => Err(CertgenError::PartialSet { present, missing }),
        (present, _) => Ok(present.is_some()),
    }
}

/// Everything in the folder that an earlier run left, in whichever format.
fn previous(options: &CertgenOptions) -> Result<Previous, CertgenError> {
    let mut previous = Previous::default();
    if options.outputs.contains(&Output::Pem) {
        let path = options.output_dir.join("cacert.pem");
        if let Some(text) = write::read_optional(&path).map_err(file_error(&path))? {
            previous.trusted.push(bundle(&path, &text)?);
        }
        previous.next = next_of_folder(options);
    }
    if options.outputs.contains(&Output::Yaml) {
        for (name, key) in trusted_by(options) {
            let path = manifest(options, &name);
            if let Some(text) = read_secret(&path)?.and_then(|secret| secret.data.get(key).cloned()) {
                previous.trusted.push(bundle(&path, &text)?);
            }
        }
        let next = read_secret(&manifest(options, secrets::NEXT))?;
        previous.next = previous.next.or_else(|| next_of_secret(options, &next?));
    }
    Ok(previous)
}

/// The announced set of PEM files. One that cannot be read is none: a new one is made.
fn next_of_folder(options: &CertgenOptions) -> Option<Generated> {
    let folder = next_folder(options);
    secrets::from_pem_files(options.names, |name| std::fs::read_to_string(folder.join(name)).ok())
}

fn next_of_secret(options: &CertgenOptions, secret: &Secret) -> Option<Generated> {
    secrets::from_pem_files(options.names, |name| secret.text(name))
}

/// The Secrets that must be there, all or none, without their suffix.
fn used_secrets(options: &CertgenOptions) -> Vec<String> {
    let ca = (options.secrets_format == SecretsFormat::Legacy).then(|| secrets::CA.to_owned());
    ca.into_iter().chain([options.names.server_secret(), secrets::CLIENT_CERT.to_owned()]).collect()
}

/// The Secrets that hold a bundle of what is trusted, in one of the formats, and where.
fn trusted_by(options: &CertgenOptions) -> [(String, &'static str); 3] {
    [
        (secrets::CA.to_owned(), "cacert.pem"),
        (options.names.server_secret(), "ca.crt"),
        (secrets::CLIENT_CERT.to_owned(), "ca.crt"),
    ]
}

fn read_secret(path: &Path) -> Result<Option<Secret>, CertgenError> {
    let Some(text) = write::read_optional(path).map_err(file_error(path))? else { return Ok(None) };
    let secret = Secret::from_yaml(&String::from_utf8_lossy(&text));
    secret.map(Some).map_err(|why| CertgenError::PreviousManifest { path: path.to_owned(), why })
}

fn bundle(path: &Path, text: &[u8]) -> Result<CaBundle, CertgenError> {
    CaBundle::parse(text).map_err(|why| CertgenError::PreviousCa { path: path.to_owned(), why })
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> CertgenError {
    let path = path.to_owned();
    move |why| CertgenError::File { path, why }
}
