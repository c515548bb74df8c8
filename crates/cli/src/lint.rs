//! `isobath lint`: everything that is wrong with manifests, where, and the way out.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use envoy::XdsMode;
use files::{Diagnostic, Severity, Style, render};
use serde_json::Value;

use crate::configuration::{self, ConfigurationArguments};
use crate::manifests;
use crate::output::Outcome;

/// Says everything that is wrong with manifests, without an Envoy or a cluster.
///
/// Exit code 0 when there is no error (warnings are shown, and fine), 1 when there is one, 2 for wrong usage.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Manifests: files, or folders that are walked for .yaml, .yml and .json.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
    #[command(flatten)]
    configuration: ConfigurationArguments<configuration::Manifests>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people: each problem with an excerpt of the source.
    Text,
    /// For machines: {"problems": [...], "errors": N, "warnings": N, "statuses": [...]}, the last for objects of the
    /// Gateway API.
    Json,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let translation =
        manifests::translate(&arguments.paths, arguments.configuration.settings()?, XdsMode::default())?;
    let (diagnostics, statuses) = (translation.diagnostics, translation.statuses);
    let count = |severity| diagnostics.iter().filter(|each| each.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    match arguments.output {
        Form::Text => text(&diagnostics, errors, warnings)?,
        Form::Json => json(&diagnostics, errors, warnings, &statuses)?,
    }
    Ok(if errors > 0 { Outcome::Problems } else { Outcome::Good })
}

fn text(diagnostics: &[Diagnostic], errors: usize, warnings: usize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let style = if out.is_terminal() { Style::Coloured } else { Style::Plain };
    for diagnostic in diagnostics {
        writeln!(out, "{}\n", render(diagnostic, style).trim_end())?;
    }
    writeln!(out, "{}", summary(errors, warnings))
}

fn summary(errors: usize, warnings: usize) -> String {
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    format!("{}, {}", count(errors, "error"), count(warnings, "warning"))
}

fn json(
    diagnostics: &[Diagnostic],
    errors: usize,
    warnings: usize,
    statuses: &[Value],
) -> anyhow::Result<()> {
    let problems: Vec<_> = diagnostics.iter().map(Diagnostic::to_json).collect();
    let answer = serde_json::json!({
        "problems": problems,
        "errors": errors,
        "warnings": warnings,
        "statuses": statuses,
    });
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&answer)?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn one_is_not_plural() {
        assert_eq!(summary(1, 0), "1 error, 0 warnings");
        assert_eq!(summary(2, 1), "2 errors, 1 warning");
    }
}
