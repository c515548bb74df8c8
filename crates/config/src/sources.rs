//! What was written where: the file, the environment, the flags, each before the one that was told earlier.

use std::collections::BTreeMap;

use api::decode::part;
use files::{Document, Severity, Target};
use serde_json::{Map, Value, json};

use crate::configuration::{self, Checked};
use crate::fault::Fault;
use crate::finding::Finding;
use crate::key::Key;
use crate::sections::keys;
use crate::{decode, written::Written};

/// Where something was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Behind a flag of the command line.
    Flag,
    /// In an environment variable.
    Variable,
}

/// All that was written. What is told later goes before what was told earlier.
#[derive(Debug, Default)]
pub struct Sources {
    document: Option<Document>,
    /// By the place in a ContourConfiguration.
    said: BTreeMap<&'static str, Said>,
    /// What could not even be read.
    findings: Vec<Finding>,
}

#[derive(Debug)]
struct Said {
    value: Value,
    /// `--flag` or the variable; `None` for the file.
    name: Option<String>,
    key: &'static Key,
}

impl Sources {
    /// Takes the file, which goes before nothing but defaults: tell it first.
    pub fn file(&mut self, document: Document) {
        let value = document.value().clone();
        match &value {
            Value::Null => {}
            Value::Object(fields) => self.fields(fields, "", &document),
            _ => self.in_file(&document, "", Target::Value, "expected an object with fields", None),
        }
        self.document = Some(document);
    }

    /// Takes what stands behind a flag or in a variable.
    pub fn say(&mut self, key: &'static Key, texts: &[String], origin: Origin) {
        let name = match origin {
            Origin::Flag => format!("--{}", key.flag.unwrap_or_default()),
            Origin::Variable => key.variable.unwrap_or_default().to_owned(),
        };
        match decode::of_texts(key.form, texts) {
            Ok(value) => {
                for path in [Some(key.path), key.also].into_iter().flatten() {
                    self.said.insert(path, Said { value: value.clone(), name: Some(name.clone()), key });
                }
            }
            Err(message) => {
                let severity = Severity::Error;
                self.findings.push(Finding::Said { severity, name, message, help: None });
            }
        }
    }

    /// What comes of it all.
    pub fn check(mut self) -> Checked {
        let told: Vec<_> =
            self.said.values().filter(|said| !said.value.is_null()).map(|said| said.key).collect();
        let (configuration, faults) = match part::<Written>(self.value()) {
            Ok((written, unknown)) => {
                let (configuration, mut faults) = configuration::of(&written, &told);
                faults.extend(unknown.into_iter().map(unknown_field));
                (Some(configuration), faults)
            }
            Err(problem) => (None, vec![error(problem.path, problem.message, false)]),
        };
        let findings: Vec<_> = faults.iter().map(|fault| self.finding(fault)).collect();
        self.findings.extend(findings);
        let is_bad = self.findings.iter().any(|finding| finding.severity() == Severity::Error);
        Checked { configuration: configuration.filter(|_| !is_bad), findings: self.findings }
    }

    /// All fields of one map of the file.
    fn fields(&mut self, fields: &Map<String, Value>, above: &str, document: &Document) {
        for (name, value) in fields {
            let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
            let below = format!("{path}.");
            match keys().find(|key| key.file == Some(path.as_str())) {
                Some(key) => self.leaf(key, value, &path, document),
                None if keys().any(|key| key.file.is_some_and(|file| file.starts_with(&below))) => {
                    match value {
                        Value::Null => {}
                        Value::Object(inner) => self.fields(inner, &path, document),
                        _ => self.in_file(
                            document,
                            &path,
                            Target::Value,
                            "expected an object with fields",
                            None,
                        ),
                    }
                }
                None => {
                    let help = nearest(above, name);
                    self.in_file(
                        document,
                        &path,
                        Target::Key,
                        "is not a key of the configuration",
                        Some(help),
                    );
                }
            }
        }
    }

    fn leaf(&mut self, key: &'static Key, value: &Value, path: &str, document: &Document) {
        match decode::of_file(key.form, value, path, document) {
            Ok(value) => {
                self.said.insert(key.path, Said { value, name: None, key });
            }
            Err(message) => self.in_file(document, path, Target::Value, &message, None),
        }
    }

    fn in_file(
        &mut self,
        document: &Document,
        path: &str,
        target: Target,
        message: &str,
        help: Option<String>,
    ) {
        let diagnostic = document.diagnostic(Severity::Error, path, target, message, help);
        self.findings.push(Finding::File(Box::new(diagnostic)));
    }

    /// Everything as one value.
    fn value(&self) -> Value {
        let mut all = json!({});
        for (path, said) in &self.said {
            let mut place = &mut all;
            for step in path.split('.') {
                if place.is_null() {
                    *place = json!({});
                }
                place = &mut place[step];
            }
            *place = said.value.clone();
        }
        all
    }

    /// A fault where it was written.
    fn finding(&self, fault: &Fault) -> Finding {
        let above = self.said.iter().filter(|(path, _)| is_below(&fault.path, path));
        let above =
            above.max_by_key(|(path, _)| path.len()).map(|(path, said)| (said, &fault.path[path.len()..], 0));
        // What is said of a structure stands where something in it was written.
        let inside = || self.said.iter().find(|(path, _)| is_below(path, &fault.path));
        let inside =
            || inside().map(|(path, said)| (said, "", path[fault.path.len()..].matches('.').count()));
        let Fault { severity, message, help, .. } = fault.clone();
        match (above.or_else(inside), &self.document) {
            (Some((Said { name: None, key, .. }, rest, up)), Some(document)) => {
                let place = format!("{}{rest}", without_last(key.file.unwrap_or_default(), up));
                let target = if fault.about_name { Target::Key } else { Target::Value };
                Finding::File(Box::new(document.diagnostic(severity, &place, target, message, help)))
            }
            (Some((Said { name: Some(name), .. }, _, _)), _) => {
                Finding::Said { severity, name: name.clone(), message, help }
            }
            (_, _) => Finding::Said { severity, name: fault.path.clone(), message, help },
        }
    }
}

/// A path without its last steps.
fn without_last(path: &str, steps: usize) -> &str {
    (0..steps).fold(path, |path, _| path.rsplit_once('.').map_or("", |(above, _)| above))
}

fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn error(path: String, message: String, about_name: bool) -> Fault {
    Fault { severity: Severity::Error, path, message, help: None, about_name }
}

fn unknown_field(path: String) -> Fault {
    error(path, "is not a key of the configuration".into(), true)
}

/// The way out for a key that is none: the one that it was meant to be, or those that there are.
fn nearest(above: &str, name: &str) -> String {
    let plain = |name: &str| name.replace(['-', '_'], "").to_lowercase();
    let mut beside: Vec<&str> = keys()
        .filter_map(|key| match above {
            "" => key.file,
            above => key.file?.strip_prefix(above)?.strip_prefix('.'),
        })
        .map(|path| path.split('.').next().unwrap_or(path))
        .collect();
    beside.sort_unstable();
    beside.dedup();
    match beside.iter().find(|other| plain(other) == plain(name)) {
        Some(other) => format!("write {other}"),
        None => format!("keys are {}", beside.join(", ")),
    }
}
