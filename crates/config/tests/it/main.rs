//! What files and flags become.

mod documentation;
mod everything;
mod flags;
mod object;
mod serving;
mod wrong;

use std::path::Path;

use config::{Checked, Configuration, Key, Origin, Sources};
use files::{Document, Style};

/// A file.
fn document(text: &str) -> Document {
    Document::parse(Path::new("config.yaml"), text).expect("YAML")
}

/// What a file comes to.
fn file(text: &str) -> Checked {
    let mut sources = Sources::default();
    sources.file(document(text));
    sources.check()
}

/// What a file comes to, where nothing is wrong.
fn good(text: &str) -> Configuration {
    let checked = file(text);
    assert_eq!(rendered(&checked), "", "{text}");
    checked.configuration.expect("nothing is wrong")
}

/// Everything that is wrong, as people see it.
fn rendered(checked: &Checked) -> String {
    checked.findings.iter().map(|finding| format!("{}\n", finding.render(Style::Plain))).collect()
}

fn key(flag: &str) -> &'static Key {
    config::keys().find(|key| key.flag == Some(flag)).expect("a flag")
}

/// Tells something that stands behind a flag.
fn say(sources: &mut Sources, flag: &str, texts: &[&str], origin: Origin) {
    sources.say(key(flag), &texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>(), origin);
}
