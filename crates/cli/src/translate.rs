//! `isobath translate`: the Envoy configuration that manifests become.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use engine::Publication;
use envoy::XdsMode;
use envoy::bootstrap::{BootstrapOptions, bootstrap};
use files::{Severity, Style, render};
use model::{FleetOwner, GatewayName, Settings};
use serde_json::{Value, json};

use crate::configuration::{self, ConfigurationArguments};
use crate::layout::LayoutArguments;
use crate::manifests::{self, Translation};
use crate::output::Outcome;

/// Prints the Envoy configuration that manifests become. Private keys are left out.
///
/// Problems go to standard error; exit code 1 when there is an error among them.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Manifests: files, or folders that are walked for .yaml, .yml and .json.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value_t = Form::Yaml)]
    output: Form,
    /// Adds the configuration that Envoy starts from.
    #[arg(long)]
    bootstrap: bool,
    #[command(flatten)]
    layout: LayoutArguments,
    #[command(flatten)]
    configuration: ConfigurationArguments<configuration::Manifests>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Yaml,
    Json,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let mode = XdsMode::default();
    let settings = Settings { layout: arguments.layout.layout(mode)?, ..arguments.configuration.settings()? };
    let Translation { diagnostics, publications, .. } =
        manifests::translate(&arguments.paths, settings, mode)?;
    let mut err = io::stderr().lock();
    for diagnostic in diagnostics.iter().filter(|each| each.severity != Severity::Note) {
        writeln!(err, "{}\n", render(diagnostic, Style::Plain).trim_end())?;
    }
    let mut answer = resources(&publications);
    if arguments.bootstrap {
        answer["bootstrap"] = envoy::message_to_json(&bootstrap(&BootstrapOptions::new()));
    }
    writeln!(io::stdout(), "{}", written(&answer, arguments.output)?.trim_end())?;
    let has_errors = diagnostics.iter().any(|each| each.severity == Severity::Error);
    Ok(if has_errors { Outcome::Problems } else { Outcome::Good })
}

/// The resources of the ingress, and those of each Gateway, or of a class whose Gateways share Envoys, under its name.
fn resources(publications: &[Publication]) -> Value {
    let list = |publication: &Publication| publication.set.iter().map(envoy::to_json).collect::<Vec<_>>();
    let mut answer = json!({"resources": []});
    for publication in publications {
        match publication.fleet.owner() {
            None => answer["resources"] = list(publication).into(),
            Some(FleetOwner::Gateway(GatewayName { namespace, name })) => {
                answer["gateways"][format!("{namespace}/{name}")] = list(publication).into();
            }
            Some(FleetOwner::Class(name)) => answer["gatewayClasses"][&**name] = list(publication).into(),
        }
    }
    answer
}

fn written(answer: &Value, form: Form) -> anyhow::Result<String> {
    Ok(match form {
        Form::Json => serde_json::to_string_pretty(answer)?,
        Form::Yaml => serde_saphyr::to_string(answer)?,
    })
}
