//! The flags of what the operator decides: one for each key of `config` that has one, and the file.

use std::io::{self, IsTerminal, Write};
use std::marker::PhantomData;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command};
use config::{Checked, Commands, Configuration, Form, Key, Origin, Sources};
use files::{Document, Style};
use model::Settings;

/// What the operator decides, by the flags of a command.
#[derive(Debug, Clone)]
pub(crate) struct ConfigurationArguments<C> {
    path: Option<PathBuf>,
    said: Vec<(&'static Key, Vec<String>, Origin)>,
    command: PhantomData<fn() -> C>,
}

/// A command, by the keys that it has flags for.
pub(crate) trait Reads {
    /// Whether it has flags for keys of these commands.
    fn has(commands: Commands) -> bool;
}

/// A command that looks at manifests.
#[derive(Debug, Clone)]
pub(crate) struct Manifests;

/// The command `up`, which has flags of its own for where Envoy listens.
#[derive(Debug, Clone)]
pub(crate) struct Up;

/// The command `serve`.
#[derive(Debug, Clone)]
pub(crate) struct Serve;

impl Reads for Manifests {
    fn has(commands: Commands) -> bool {
        matches!(commands, Commands::All | Commands::NotUp)
    }
}

impl Reads for Up {
    fn has(commands: Commands) -> bool {
        commands == Commands::All
    }
}

impl Reads for Serve {
    fn has(_: Commands) -> bool {
        true
    }
}

const PATH: &str = "config-path";

impl<C> Default for ConfigurationArguments<C> {
    fn default() -> Self {
        Self { path: None, said: vec![], command: PhantomData }
    }
}

impl<C: Reads> ConfigurationArguments<C> {
    /// The settings, with defaults for all that nobody says. Warnings are shown.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        Ok(self.configuration()?.settings)
    }

    /// The whole configuration, by flags and the file. Warnings are shown.
    pub(crate) fn configuration(&self) -> anyhow::Result<Configuration> {
        usable(self.checked(None)?.configuration)
    }

    /// The whole configuration, and what is wrong with it, which is shown. An object may take the place of the file.
    pub(crate) fn checked(&self, object: Option<Document>) -> anyhow::Result<Checked> {
        let mut err = io::stderr().lock();
        let style = if err.is_terminal() { Style::Coloured } else { Style::Plain };
        let checked = self.sources(object, style)?.check();
        for finding in &checked.findings {
            writeln!(err, "{}", finding.render(style))?;
        }
        Ok(checked)
    }

    fn sources(&self, object: Option<Document>, style: Style) -> anyhow::Result<Sources> {
        let mut sources = Sources::default();
        let file = self.path.as_ref().map(|path| Document::read(path));
        let tell = |sources: &mut Sources, before_file| {
            let said =
                self.said.iter().filter(|(key, _, origin)| goes_before_file(key, *origin) == before_file);
            said.for_each(|(key, texts, origin)| sources.say(key, texts, *origin));
        };
        tell(&mut sources, false);
        match file.or(object.map(Ok)).transpose() {
            Ok(document) => document.into_iter().for_each(|document| sources.file(document)),
            Err(fault) => {
                writeln!(io::stderr(), "{}", files::render(&fault, style).trim_end())?;
                bail!("the configuration cannot be read");
            }
        }
        tell(&mut sources, true);
        Ok(sources)
    }

    fn keys() -> impl Iterator<Item = (&'static Key, &'static str)> {
        config::keys().filter(|key| C::has(key.commands)).filter_map(|key| Some((key, key.flag?)))
    }
}

/// The configuration, where what is wrong was shown.
pub(crate) fn usable(configuration: Option<Configuration>) -> anyhow::Result<Configuration> {
    configuration.context("the configuration has errors")
}

impl<C: Reads> clap::FromArgMatches for ConfigurationArguments<C> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut read = Self::default();
        read.update_from_arg_matches(matches)?;
        Ok(read)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.path = matches.get_one(PATH).cloned();
        self.said = Self::keys().filter_map(|(key, flag)| said(matches, key, flag)).collect();
        Ok(())
    }
}

fn said(
    matches: &ArgMatches,
    key: &'static Key,
    flag: &'static str,
) -> Option<(&'static Key, Vec<String>, Origin)> {
    let origin = match matches.value_source(flag)? {
        ValueSource::EnvVariable => Origin::Variable,
        ValueSource::DefaultValue => Origin::Default,
        _ => Origin::Flag,
    };
    let texts = matches.get_many::<String>(flag)?.cloned().collect();
    Some((key, texts, origin))
}

impl<C: Reads> Args for ConfigurationArguments<C> {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(PATH)
            .short('c')
            .long(PATH)
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .help("A file with what the operator decides, as for Contour; flags go before it");
        let command = command.next_help_heading("Configuration").arg(file);
        Self::keys().fold(command, |command, (key, flag)| command.arg(argument(key, flag)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// Says where a controller runs: ours, and Contour's.
pub(crate) const NAMESPACE: [&str; 2] = ["ISOBATH_NAMESPACE", "CONTOUR_NAMESPACE"];

/// The variable that is looked at: ours goes before Contour's.
pub(crate) fn variable([ours, contours]: [&'static str; 2]) -> &'static str {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !is_set(ours) && is_set(contours) { contours } else { ours }
}

/// Whether what was said outside the file counts, or what the file says.
fn goes_before_file(key: &Key, origin: Origin) -> bool {
    match origin {
        Origin::Flag => true,
        // Where the controller runs is a default for these keys, as in Contour.
        Origin::Variable => key.variables != Some(NAMESPACE),
        Origin::Default => false,
    }
}

/// A flag. What stands behind it is judged with the rest of the configuration.
fn argument(key: &Key, flag: &'static str) -> Arg {
    let meaning = key.meaning.trim_end_matches('.');
    let argument = Arg::new(flag).long(flag).action(ArgAction::Append).help(meaning);
    let argument = match (key.variables, key.default) {
        // Under another name the program means another namespace.
        (Some(NAMESPACE), default) => argument.default_value(default),
        (_, "") => argument,
        (_, default) => argument.help(format!("{meaning} [default: {default}]")),
    };
    let argument = match flag {
        // Contour has a short form of this one.
        "debug" => argument.short('d'),
        "root-namespaces" => argument.alias("ingressroute-root-namespaces"),
        _ => argument,
    };
    let argument = match key.variables {
        Some(variables) => argument.env(variable(variables)),
        None => argument,
    };
    match key.form {
        Form::Switch => {
            argument.num_args(0..=1).require_equals(true).default_missing_value("true").value_name("BOOLEAN")
        }
        Form::Number => argument.value_name("NUMBER").allow_negative_numbers(true),
        Form::Name | Form::Reference => argument.value_name("NAMESPACE/NAME"),
        Form::Texts => argument.value_name("LIST"),
        Form::Text | Form::TextMap | Form::Structure => argument.value_name("TEXT"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_that_says_where_the_controller_runs_is_a_default() {
        let goes_first = |flag: &str| {
            let key = config::keys().find(|key| key.flag == Some(flag)).unwrap();
            [Origin::Flag, Origin::Variable, Origin::Default].map(|origin| goes_before_file(key, origin))
        };
        assert_eq!(goes_first("envoy-service-namespace"), [true, false, false]);
        assert_eq!(goes_first("leader-election-resource-namespace"), [true, false, false]);
        assert_eq!(goes_first("contour-cafile"), [true, true, false]);
    }
}
