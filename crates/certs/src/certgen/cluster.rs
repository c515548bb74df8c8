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
    let present = Present { options, secrets: present };
    if options.existing == Existing::Keep
        && let Some(kept) = present.kept()?
    {
        return Ok(Deed::Keep(kept));
    }
    let previous = match options.existing {
        Existing::Rotate => present.previous()?,
        Existing::Keep | Existing::Revoke => Previous::default(),
    };
    let (secrets, note) = successors(options, &previous, now)?;
    Ok(Deed::Write(secrets, note))
}

/// The Secrets of the set that follows an earlier one, and what is to be said of it.
pub(super) fn successors(
    options: &CertgenOptions,
    previous: &Previous,
    now: i64,
) -> Result<(Vec<Secret>, Option<&'static str>), CertgenError> {
    let (set, promotion) = follow(options, previous, now)?;
    let CertgenOptions { secrets_format: format, names, namespace, secrets_name_suffix: suffix, .. } =
        options;
    let note = match promotion {
        Some(Promotion::New(why)) => Some(why),
        Some(Promotion::Announced) | None => None,
    };
    Ok((Secret::of_set(&set, *format, *names, namespace, suffix), note))
}

/// The Secrets that are there.
pub(super) struct Present<'a> {
    pub(super) options: &'a CertgenOptions,
    pub(super) secrets: &'a [Secret],
}

impl<'a> Present<'a> {
    /// The one of this name, which has no suffix yet.
    pub(super) fn find(&self, name: &str) -> Option<&'a Secret> {
        let suffix = self.options.secrets_name_suffix.as_str();
        self.secrets.iter().find(|secret| secret.name.strip_suffix(suffix) == Some(name))
    }

    fn full(&self, name: &str) -> String {
        format!("{name}{}", self.options.secrets_name_suffix)
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("secret/{}", self.full(name)))
    }

    /// The names of those that are used, if all are there; nothing if none is.
    fn kept(&self) -> Result<Option<Vec<String>>, CertgenError> {
        let used = used_secrets(self.options);
        let (there, missing): (Vec<_>, Vec<_>) = used.iter().partition(|name| self.find(name).is_some());
        match (there.first(), missing.first()) {
            (Some(there), Some(missing)) => {
                Err(CertgenError::PartialSet { present: self.path(there), missing: self.path(missing) })
            }
            (Some(_), None) => Ok(Some(used.iter().map(|name| self.full(name)).collect())),
            (None, _) => Ok(None),
        }
    }

    /// What they leave to the set that follows.
    pub(super) fn previous(&self) -> Result<Previous, CertgenError> {
        let mut previous = Previous::default();
        for (name, key) in trusted_by(self.options) {
            if let Some(text) = self.find(&name).and_then(|secret| secret.data.get(key)) {
                previous.trusted.push(bundle(Path::new(&self.path(&name)), text)?);
            }
        }
        previous.next = self.find(secrets::NEXT).and_then(|secret| next_of_secret(self.options, secret));
        Ok(previous)
    }
}
