//! Kubernetes Events: what is wrong, where `kubectl describe` shows it. For an Ingress there is no other place.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use api::http_proxy::status::SubCondition;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::statement::cut;
use crate::{Statement, Target};

/// The limit of `events.k8s.io/v1` for a note.
const NOTE_BYTES: usize = 1024;

/// What an Event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regarding {
    /// Group and version.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// Its namespace; empty for an object of the whole cluster.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid: `kubectl describe` shows no Events without it.
    pub uid: String,
}

impl Regarding {
    /// Where its Events live.
    #[must_use]
    pub fn namespace_of_events(&self) -> &str {
        if self.namespace.is_empty() { "default" } else { &self.namespace }
    }
}

impl fmt::Display for Regarding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            return write!(f, "{} {}", self.kind, self.name);
        }
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// An Event to create (`events.k8s.io/v1`). One of its name is the same one: it was told before.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What it is about.
    pub regarding: Regarding,
    /// The whole Event.
    pub body: Value,
}

impl Event {
    /// What is wrong with an object, as told by `identity`; `None` when nothing is.
    pub(crate) fn new(said: &Statement, uid: &str, identity: &str, now: Timestamp) -> Option<Self> {
        let Target { kind, namespace, name } = &said.target;
        let mut problems = said.errors.iter().chain(&said.warnings);
        let first = problems.next()?;
        let note = note(first, problems.count());
        let regarding = Regarding {
            api_version: kind.api_version(),
            kind: kind.as_str().to_owned(),
            namespace: namespace.to_string(),
            name: name.to_string(),
            uid: uid.to_owned(),
        };
        Some(Self::warning(regarding, ("Translate", &first.reason), &note, identity, now))
    }

    /// A warning: what was done and the reason, each a word, and the whole in a sentence.
    #[must_use]
    pub fn warning(
        regarding: Regarding,
        (action, reason): (&str, &str),
        note: &str,
        identity: &str,
        now: Timestamp,
    ) -> Self {
        let name = event_name(&regarding, reason, note);
        let body = json!({
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"namespace": regarding.namespace_of_events(), "name": name},
            "eventTime": format!("{now:.6}"),
            "reportingController": "isobath",
            "reportingInstance": identity,
            "action": action,
            "reason": reason,
            "regarding": {
                "apiVersion": regarding.api_version,
                "kind": regarding.kind,
                "namespace": regarding.namespace,
                "name": regarding.name,
                "uid": regarding.uid,
            },
            "note": note,
            "type": "Warning",
        });
        Self { regarding, body }
    }
}

fn note(first: &SubCondition, more: usize) -> String {
    let rest = match more {
        0 => String::new(),
        1 => " (and 1 more)".to_owned(),
        more => format!(" (and {more} more)"),
    };
    let mut note = first.message.clone();
    cut(&mut note, NOTE_BYTES - rest.len());
    note + &rest
}

/// A name that is the same whenever the same is told about an object, whoever tells it.
fn event_name(regarding: &Regarding, reason: &str, note: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (regarding.uid.as_str(), reason, note).hash(&mut hasher);
    // Names have 253 characters at most.
    let mut name = regarding.name.clone();
    cut(&mut name, 230);
    format!("{name}.{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use model::{ObjectId, Problem, Report, Severity, Verdict};

    use super::*;

    fn event(messages: &[&str]) -> Option<Event> {
        let problem = |message: &&str| Problem {
            severity: Severity::Error,
            kind: "RouteError",
            reason: "Odd",
            path: String::new(),
            message: (*message).to_owned(),
            help: None,
        };
        let object = ObjectId::new(model::Kind::Ingress, "shop", "web");
        let problems = messages.iter().map(problem).collect();
        let report = Report::new(object, 1, Verdict::Invalid, problems);
        let said = Statement::of(&report, 1).expect("an Ingress has a status");
        let now = Timestamp::from_millisecond(1_500).expect("a time");
        Event::new(&said, "uid-1", "isobath-0", now)
    }

    #[test]
    fn an_event_has_what_the_api_server_asks_for() {
        let event = event(&["first", "second"]).expect("something is wrong");
        let name = event.body["metadata"]["name"].as_str().unwrap().to_owned();
        assert_eq!((name.len(), name.starts_with("web.")), (20, true), "{name}");
        let wanted = json!({
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"namespace": "shop", "name": name},
            "eventTime": "1970-01-01T00:00:01.500000Z",
            "reportingController": "isobath",
            "reportingInstance": "isobath-0",
            "action": "Translate",
            "reason": "Odd",
            "regarding": {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "namespace": "shop",
                "name": "web",
                "uid": "uid-1",
            },
            "note": "first (and 1 more)",
            "type": "Warning",
        });
        assert_eq!(event.body, wanted);
    }

    #[test]
    fn the_same_has_the_same_name_and_something_else_another() {
        let name = |messages| event(messages).map(|event| event.body["metadata"]["name"].to_string());
        assert_eq!(name(&["first"]), name(&["first"]));
        assert_ne!(name(&["first"]), name(&["second"]));
        assert_eq!(name(&[]), None);
    }

    #[test]
    fn a_long_note_is_cut() {
        let event = event(&["x".repeat(2_000).as_str(), "y", "z"]).expect("something is wrong");
        let note = event.body["note"].as_str().unwrap().to_owned();
        assert_eq!((note.len(), note.ends_with("xx (and 2 more)")), (1024, true));
    }
}
