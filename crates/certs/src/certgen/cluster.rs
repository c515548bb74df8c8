//! A set of certificates in the Secrets of a cluster.

use std::path::{Path, PathBuf};

use super::{
    CertgenError, CertgenOptions, Existing, bundle, check, follow, next_of_secret, trusted_by, used_secrets,
};
use crate::rotation::{Previous, Promotion};
use crate::secrets::{self, Secret};

/// The Secrets that matter to a set in a cluster, whatever its format: [`in_cluster`] is told those that are there.
#[must_use]
pub fn secret_names(options: &CertgenOptions) -> Vec<String> {
    let names = trusted_by(options).map(|(name, _)| name).into_iter().chain([secrets::NEXT.to_owned()]);
    names.map(|name| format!("{name}{}", options.secrets_name_suffix)).collect()
}

/// What is to be done in a cluster.
#[derive(Debug)]
pub enum Deed {
    /// Everything is there and stays.
    Keep(Vec<String>),
    /// These Secrets are to be written in this order, and this is to be said of it.
    Write(Vec<Secret>, Option<&'static str>),
}

/// What is to be done in a cluster that has these Secrets, at `now`.
///
/// # Errors
/// When an option is out of range, or what is there cannot be used.
pub fn in_cluster(options: &CertgenOptions, present: &[Secret], now: i64) -> Result<Deed, CertgenError> {
    check(options)?;
    let suffix = &options.secrets_name_suffix;
    let find =
        |name: &str| present.iter().find(|secret| secret.name.strip_suffix(suffix.as_str()) == Some(name));
    let used = used_secrets(options);
    let (there, missing): (Vec<_>, Vec<_>) = used.iter().partition(|name| find(name).is_some());
    if options.existing == Existing::Keep {
        match (there.first(), missing.first()) {
            (Some(there), Some(missing)) => {
                let path = |name: &str| PathBuf::from(format!("secret/{name}{suffix}"));
                return Err(CertgenError::PartialSet { present: path(there), missing: path(missing) });
            }
            (Some(_), None) => {
                return Ok(Deed::Keep(used.iter().map(|name| format!("{name}{suffix}")).collect()));
            }
            (None, _) => {}
        }
    }
    let mut previous = Previous::default();
    if options.existing == Existing::Rotate {
        for (name, key) in trusted_by(options) {
            if let Some(text) = find(&name).and_then(|secret| secret.data.get(key)) {
                previous.trusted.push(bundle(Path::new(&format!("secret/{name}{suffix}")), text)?);
            }
        }
        previous.next = find(secrets::NEXT).and_then(|secret| next_of_secret(options, secret));
    }
    let (set, promotion) = follow(options, &previous, now)?;
    let secrets = Secret::of_set(&set, options.secrets_format, options.names, &options.namespace, suffix);
    let note = match promotion {
        Some(Promotion::New(why)) => Some(why),
        Some(Promotion::Announced) | None => None,
    };
    Ok(Deed::Write(secrets, note))
}
