//! `isobath convert`: objects of one API written in another.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use convert::{Conversion, Finding};
use files::{Diagnostic, Folder, Loaded, Severity, Style, render};

use crate::output::Outcome;

/// Writes objects of one API in another, with comments and the order of their files kept.
///
/// Documents that are not concerned stay byte for byte. What is converted does the same as before; what cannot be
/// converted is said, object by object, stays as it is, and makes the exit code 1.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What to convert.
    #[arg(long, value_enum)]
    from: From,
    /// What to make of it.
    #[arg(long, value_enum)]
    to: To,
    /// Manifests: files, or folders that are walked for .yaml, .yml and .json. Objects that belong together are
    /// converted together: give all of them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where to write files of the same names; without it, all goes to standard output.
    #[arg(short, long, value_name = "FOLDER")]
    output_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum From {
    /// IngressRoutes and TLSCertificateDelegations of contour.heptio.com/v1beta1.
    #[value(name = "ingressroute")]
    IngressRoute,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    /// HTTPProxies and TLSCertificateDelegations of projectcontour.io/v1.
    #[value(name = "httpproxy")]
    HttpProxy,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    for path in &arguments.paths {
        if !path.exists() {
            bail!("{}: no such file or folder", path.display());
        }
    }
    let (folder, Loaded { diagnostics, .. }) = Folder::load(&arguments.paths);
    let files: Vec<(&Path, &str)> = folder.texts().collect();
    let texts: Vec<&str> = files.iter().map(|(_, text)| *text).collect();
    let Conversion { texts, findings, .. } = match (arguments.from, arguments.to) {
        (From::IngressRoute, To::HttpProxy) => convert::ingress_routes(&texts),
    };
    let unread = diagnostics.into_iter().filter(|each| each.severity == Severity::Error);
    let mut said: Vec<Diagnostic> = unread.collect();
    said.extend(findings.iter().filter_map(|finding| diagnostic(&folder, finding)));
    let texts = files.into_iter().map(|(path, _)| path).zip(texts);
    match &arguments.output_dir {
        Some(output) => write_files(output, &arguments.paths, texts)?,
        None => print(texts)?,
    }
    say(&said)?;
    let refuses = findings.iter().any(|finding| finding.refuses);
    let unread = said.iter().any(|each| each.severity == Severity::Error);
    Ok(if refuses || unread { Outcome::Problems } else { Outcome::Good })
}

/// A finding with its place.
fn diagnostic(folder: &Folder, finding: &Finding) -> Option<Diagnostic> {
    let (severity, what) = match finding.refuses {
        true => (Severity::Error, "cannot be converted: "),
        false => (Severity::Warning, ""),
    };
    let path = if finding.path.is_empty() { "it" } else { &finding.path };
    let message = format!("{} {what}{path} {}", finding.object, finding.message);
    folder.diagnostic(severity, &finding.object, &finding.path, message, finding.help.clone())
}

fn say(diagnostics: &[Diagnostic]) -> io::Result<()> {
    let mut err = io::stderr().lock();
    let style = if err.is_terminal() { Style::Coloured } else { Style::Plain };
    diagnostics.iter().try_for_each(|each| writeln!(err, "{}\n", render(each, style).trim_end()))
}

/// All files as one: a separator stands where a document does not bring its own.
fn print<'f>(texts: impl Iterator<Item = (&'f Path, String)>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (number, (_, text)) in texts.enumerate() {
        let begins = text.lines().find(|line| !line.is_empty() && !line.starts_with('#'));
        if number > 0 && !begins.is_some_and(|line| line.starts_with("---")) {
            writeln!(out, "---")?;
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

/// Files of the same names: below the paths that were given, or in the folder itself.
fn write_files<'f>(
    output: &Path,
    roots: &[PathBuf],
    texts: impl Iterator<Item = (&'f Path, String)>,
) -> anyhow::Result<()> {
    let mut written: BTreeMap<PathBuf, &Path> = BTreeMap::new();
    let mut all = Vec::new();
    for (path, text) in texts {
        let below = roots.iter().filter(|root| root.is_dir()).find_map(|root| path.strip_prefix(root).ok());
        let name = below.or_else(|| path.file_name().map(Path::new)).unwrap_or(path);
        let target = output.join(name);
        if let Some(other) = written.insert(target.clone(), path) {
            bail!("{} and {} would both be written to {}", other.display(), path.display(), target.display());
        }
        if target
            .canonicalize()
            .ok()
            .is_some_and(|target| path.canonicalize().is_ok_and(|path| path == target))
        {
            bail!("{} would be overwritten by what it becomes; name another folder", path.display());
        }
        all.push((target, text));
    }
    for (target, text) in all {
        let folder = target.parent().unwrap_or(output);
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        fs::write(&target, text).with_context(|| target.display().to_string())?;
    }
    Ok(())
}
