//! How everything stands, as JSON: what `isobath status` shows.

use kubernetes::watch::{State, Tally};
use serde_json::{Value, json};
use xds::{HeldResource, NodeStatus, TypeStatus};

use super::metrics::judged::{severity, word};
use super::metrics::{Metrics, group, lag};

/// How everything stands.
pub(super) fn summary(metrics: &Metrics, ready: bool) -> Value {
    let nodes = metrics.hub.status();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "ready": ready,
        "watches": metrics.tallies.iter().map(watch).collect::<Vec<_>>(),
        "envoys": nodes.iter().map(|node| envoy(metrics, node)).collect::<Vec<_>>(),
        "problems": problems(metrics),
    })
}

fn watch(tally: &Tally) -> Value {
    let state = match tally.state() {
        State::Waiting => "waiting",
        State::Current => "current",
        State::Absent => "absent",
        State::Failing => "failing",
    };
    json!({
        "kind": tally.kind().name(),
        "group": group(tally.kind()),
        "state": state,
        "objects": tally.objects(),
        "failures": tally.failures(),
    })
}

fn envoy(metrics: &Metrics, node: &NodeStatus) -> Value {
    let release =
        node.release.map(|release| format!("{}.{}.{}", release.major, release.minor, release.patch));
    json!({
        "fleet": node.fleet.to_string(),
        "node": &*node.node,
        "release": release,
        "streams": node.streams,
        "lag": lag(&metrics.hub, node),
        "types": node.types.iter().map(of_type).collect::<Vec<_>>(),
        "rejects": node.held.iter().map(held).collect::<Vec<_>>(),
    })
}

fn of_type(status: &TypeStatus) -> Value {
    json!({
        "type": status.resource_type.to_string(),
        "resources": status.resources,
        "version": status.version.to_string(),
        "pending": status.pending,
        "unanswered": status.outstanding,
        "stuck": status.stuck,
        "acknowledged": status.acks,
        "rejected": status.nacks,
        "lastError": status.last_error,
    })
}

fn held(held: &HeldResource) -> Value {
    json!({"type": held.resource_type.to_string(), "name": &*held.name, "message": held.message})
}

/// Everything that users are told about.
fn problems(metrics: &Metrics) -> Vec<Value> {
    let objects = metrics.happened.judged.objects();
    let told = objects.iter().flat_map(|(object, judgement)| {
        judgement.problems.iter().map(move |problem| (object, judgement.verdict, problem))
    });
    let one = |(object, verdict, problem): (&model::ObjectId, _, &model::Problem)| {
        json!({
            "object": object.to_string(),
            "verdict": word(verdict),
            "severity": severity(problem.severity),
            "field": problem.path,
            "message": problem.message,
            "help": problem.help,
        })
    };
    told.map(one).collect()
}
