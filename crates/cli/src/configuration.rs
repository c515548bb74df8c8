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
        match file.or(object.map(Ok)).transpose() {
            Ok(document) => document.into_iter().for_each(|document| sources.file(document)),
            Err(fault) => {
                writeln!(io::stderr(), "{}", files::render(&fault, style).trim_end())?;
                bail!("the configuration cannot be read");
            }
        }
        for (key, texts, origin) in &self.said {
            sources.say(key, texts, *origin);
        }
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

/// The variable that is looked at: Isobath's own name goes before Contour's.
fn own(variable: &'static str) -> &'static str {
    let own = match variable {
        "CONTOUR_NAMESPACE" => "ISOBATH_NAMESPACE",
        "CONTOUR_CAFILE" => "ISOBATH_CAFILE",
        "CONTOUR_CERT_FILE" => "ISOBATH_CERT_FILE",
        "CONTOUR_KEY_FILE" => "ISOBATH_KEY_FILE",
        other => other,
    };
    if std::env::var_os(own).is_some() { own } else { variable }
}

/// A flag. What stands behind it is judged with the rest of the configuration.
fn argument(key: &Key, flag: &'static str) -> Arg {
    let default = match key.default {
        "" => String::new(),
        default => format!(" [default: {default}]"),
    };
    let argument = Arg::new(flag)
        .long(flag)
        .action(ArgAction::Append)
        .help(format!("{}{default}", key.meaning.trim_end_matches('.')));
    // Contour has a short form of this one.
    let argument = if flag == "debug" { argument.short('d') } else { argument };
    let argument = match key.variable {
        Some(variable) => argument.env(own(variable)),
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
