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
    /// Nowhere: it is what a flag means that is not there.
    Default,
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
    place: Place,
    key: &'static Key,
}

/// Where something was written.
#[derive(Debug, Clone)]
enum Place {
    /// In the file, at this path.
    File(&'static str),
    /// By a flag or a variable of this name.
    Outside(String),
}

/// How keys are called in a file: by Contour's names, or as in a ContourConfiguration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    File,
    Object,
}

impl Names {
    fn of(self, key: &Key) -> Option<&'static str> {
        match self {
            Self::File => key.file,
            Self::Object => key.path.starts_with("spec.").then_some(key.path),
        }
    }
}

impl Sources {
    /// Takes the file, which goes before nothing but defaults: tell it first. It may be a manifest of one
    /// ContourConfiguration, too.
    pub fn file(&mut self, document: Document) {
        let value = document.value().clone();
        match &value {
            Value::Null => {}
            Value::Object(fields) if fields.contains_key("kind") => self.object(fields, &document),
            Value::Object(fields) => self.fields(fields, "", &document, Names::File),
            _ => self.in_file(&document, "", Target::Value, "expected an object with fields", None),
        }
        self.document = Some(document);
    }

    /// Takes what stands behind a flag or in a variable; what a flag means by default, before the file.
    pub fn say(&mut self, key: &'static Key, texts: &[String], origin: Origin) {
        let name = match origin {
            Origin::Flag | Origin::Default => format!("--{}", key.flag.unwrap_or_default()),
            Origin::Variable => key.variables.map_or("", |[ours, _]| ours).to_owned(),
        };
        match decode::of_texts(key.form, texts) {
            Ok(value) => {
                for path in [Some(key.path), key.also].into_iter().flatten() {
                    self.said.insert(
                        path,
                        Said { value: value.clone(), place: Place::Outside(name.clone()), key },
                    );
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

    /// A manifest: what is decided is in its `spec`.
    fn object(&mut self, fields: &Map<String, Value>, document: &Document) {
        for (name, expected) in
            [("apiVersion", "projectcontour.io/v1alpha1"), ("kind", "ContourConfiguration")]
        {
            if fields.get(name).and_then(Value::as_str) != Some(expected) {
                let message = format!("expected {expected}");
                self.in_file(document, name, Target::Value, &message, None);
            }
        }
        let known = ["apiVersion", "kind", "metadata", "status"];
        let fields = fields.iter().filter(|(name, _)| !known.contains(&name.as_str()));
        let fields = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
        self.fields(&fields, "", document, Names::Object);
    }

    /// All fields of one map of the file.
    fn fields(&mut self, fields: &Map<String, Value>, above: &str, document: &Document, names: Names) {
        for (name, value) in fields {
            let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
            let below = format!("{path}.");
            match keys().find(|key| names.of(key) == Some(path.as_str())) {
                Some(key) => self.leaf(key, value, &path, document, names),
                None if keys().any(|key| names.of(key).is_some_and(|file| file.starts_with(&below))) => {
                    match value {
                        Value::Null => {}
                        Value::Object(inner) => self.fields(inner, &path, document, names),
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
                    let help = nearest(above, name, names);
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

    fn leaf(&mut self, key: &'static Key, value: &Value, path: &str, document: &Document, names: Names) {
        let value = match names {
            Names::File => decode::of_file(key.form, value, path, document),
            Names::Object => Ok(value.clone()),
        };
        match value {
            Ok(value) => {
                let place = Place::File(names.of(key).unwrap_or_default());
                self.said.insert(key.path, Said { value, place, key });
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
            (Some((Said { place: Place::File(place), .. }, rest, up)), Some(document)) => {
                let place = format!("{}{rest}", without_last(place, up));
                let target = if fault.about_name { Target::Key } else { Target::Value };
                Finding::File(Box::new(document.diagnostic(severity, &place, target, message, help)))
            }
            (Some((Said { place: Place::Outside(name), .. }, _, _)), _) => {
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
fn nearest(above: &str, name: &str, names: Names) -> String {
    let plain = |name: &str| name.replace(['-', '_'], "").to_lowercase();
    let mut beside: Vec<&str> = keys()
        .filter_map(|key| match above {
            "" => names.of(key),
            above => names.of(key)?.strip_prefix(above)?.strip_prefix('.'),
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
