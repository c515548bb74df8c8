//! Kubernetes Events: what is wrong, where `kubectl describe` shows it. For an Ingress there is no other place.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use api::http_proxy::status::SubCondition;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::statement::cut;
use crate::{Statement, Target};

/// The limit of `events.k8s.io/v1` for a note.
const NOTE_BYTES: usize = 1024;

/// An Event to create (`events.k8s.io/v1`). One of its name is the same one: it was told before.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The object that it is about, whose namespace it lives in.
    pub target: Target,
    /// The whole Event.
    pub body: Value,
}

impl Event {
    /// What is wrong with an object, as told by `identity`; `None` when nothing is.
    pub(crate) fn new(said: &Statement, uid: &Arc<str>, identity: &str, now: Timestamp) -> Option<Self> {
        let target = said.target.clone();
        let mut problems = said.errors.iter().chain(&said.warnings);
        let first = problems.next()?;
        let note = note(first, problems.count());
        let body = json!({
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"namespace": target.namespace, "name": name(&target, uid, &first.reason, &note)},
            "eventTime": format!("{now:.6}"),
            "reportingController": "isobath",
            "reportingInstance": identity,
            "action": "Translate",
            "reason": first.reason,
            "regarding": {
                "apiVersion": target.kind.api_version(),
                "kind": target.kind.as_str(),
                "namespace": target.namespace,
                "name": target.name,
                "uid": uid,
            },
            "note": note,
            "type": "Warning",
        });
        Some(Self { target, body })
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
fn name(target: &Target, uid: &Arc<str>, reason: &str, note: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (uid, reason, note).hash(&mut hasher);
    // Names have 253 characters at most.
    let mut name = target.name.to_string();
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
        let report = Report { object, generation: 1, verdict: Verdict::Invalid, problems };
        let said = Statement::of(&report, 1).expect("an Ingress has a status");
        let now = Timestamp::from_millisecond(1_500).expect("a time");
        Event::new(&said, &"uid-1".into(), "isobath-0", now)
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
