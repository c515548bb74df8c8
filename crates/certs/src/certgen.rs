//! `isobath certgen`: a set of certificates into a folder, as PEM files, Secret manifests or both.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use x509::{CaBundle, InvalidCaBundle};

use crate::generate::{Generated, InvalidOptions, KeyType, Options};
use crate::rotation::{CertificateSet, Previous, Promotion};
use crate::secrets::{self, InvalidManifest, Secret, SecretsFormat};
use crate::write;

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

/// The set that is to be written; how it came about is of interest only when it follows an older one.
fn make(options: &CertgenOptions, now: i64) -> Result<(CertificateSet, Option<Promotion>), CertgenError> {
    let generate = Options {
        now,
        lifetime_days: options.certificate_lifetime,
        key_type: options.key_type,
        namespace: options.namespace.clone(),
        extra_server_names: vec![],
    };
    if options.existing != Existing::Rotate {
        return Ok((CertificateSet::fresh(&generate)?, None));
    }
    let previous = previous(options)?;
    if previous.trusted.is_empty() {
        return Ok((CertificateSet::fresh(&generate)?, None));
    }
    let (set, promotion) = CertificateSet::rotate(&previous, &generate)?;
    Ok((set, Some(promotion)))
}

fn check(options: &CertgenOptions) -> Result<(), CertgenError> {
    let well_formed =
        |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let invalid = |flag, value: &str| Err(CertgenError::Name { flag, value: value.to_owned() });
    let CertgenOptions { namespace, secrets_name_suffix: suffix, .. } = options;
    if options.outputs.is_empty() {
        return Err(CertgenError::NoOutput);
    }
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
        let current = secrets::pem_files(&set.current, &set.trusted);
        files.extend(current.map(|(name, text)| (options.output_dir.join(name), text.to_owned())));
        let next = secrets::pem_files(&set.next, &set.next.ca);
        files.extend(next.map(|(name, text)| (next_folder(options).join(name), text.to_owned())));
    }
    if options.outputs.contains(&Output::Yaml) {
        let CertgenOptions { namespace, secrets_name_suffix: suffix, secrets_format: format, .. } = options;
        let secrets = Secret::of_set(set, *format, namespace, suffix);
        files.extend(
            secrets
                .iter()
                .map(|secret| (options.output_dir.join(format!("{}.yaml", secret.name)), secret.to_yaml())),
        );
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
        let names = ["cacert", "isobathcert", "isobathkey", "envoycert", "envoykey"];
        paths.extend(names.map(|name| options.output_dir.join(format!("{name}.pem"))));
    }
    if options.outputs.contains(&Output::Yaml) {
        let ca = (options.secrets_format == SecretsFormat::Legacy).then_some(secrets::CA);
        let names = ca.into_iter().chain([secrets::SERVER_CERT, secrets::CLIENT_CERT]);
        paths.extend(names.map(|name| manifest(options, name)));
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
        previous.next = next_of_folder(&next_folder(options));
    }
    if options.outputs.contains(&Output::Yaml) {
        for (name, key) in
            [(secrets::CA, "cacert.pem"), (secrets::SERVER_CERT, "ca.crt"), (secrets::CLIENT_CERT, "ca.crt")]
        {
            let path = manifest(options, name);
            if let Some(text) = read_secret(&path)?.and_then(|secret| secret.data.get(key).cloned()) {
                previous.trusted.push(bundle(&path, &text)?);
            }
        }
        let next = read_secret(&manifest(options, secrets::NEXT))?;
        let next = next.and_then(|secret| secrets::from_pem_files(|name| secret.text(name)));
        previous.next = previous.next.or(next);
    }
    Ok(previous)
}

/// The announced set of PEM files. One that cannot be read is none: a new one is made.
fn next_of_folder(folder: &Path) -> Option<Generated> {
    secrets::from_pem_files(|name| std::fs::read_to_string(folder.join(name)).ok())
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
