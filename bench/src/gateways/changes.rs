//! Route changes under load: what a route says changes while clients ask for it.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::Load;

use super::Subject;
use super::objects::{PORT, request, route, to, with_endpoints};
use super::propagation::name;
use crate::in_cluster::{SECOND, change, create_all};

/// How many changes there are of each sort, and the time between two.
const CHANGES: usize = 100;
const PERIOD: Duration = Duration::from_millis(50);

/// The Service that the route has beside its own.
const OTHER: &str = "other";

/// A sort of change: the rule of the route after so many changes.
type Rule = fn(usize) -> Value;

const SORTS: [(&str, Rule); 3] = [("backend", backend), ("weights", weights), ("headers", headers)];

/// The first of the routes that were added one by one, among all of these.
fn first() -> String {
    name(0)
}

fn backend(change: usize) -> Value {
    to(if change.is_multiple_of(2) { OTHER } else { "backend" })
}

fn weights(change: usize) -> Value {
    let others = change % 11;
    let backends = json!([
        {"name": first(), "port": 80, "weight": 10 - others},
        {"name": OTHER, "port": 80, "weight": others},
    ]);
    json!({"backendRefs": backends})
}

fn headers(change: usize) -> Value {
    let set = json!([{"name": "x-change", "value": change.to_string()}]);
    let mut rule = to(&first());
    rule["filters"] = json!([
        {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": set}},
        {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": set}},
    ]);
    rule
}

pub(super) async fn measure(subject: &Subject) {
    create_all(&subject.client, std::iter::once(with_endpoints(OTHER, SECOND))).await;
    println!("Route changes under load:\n");
    println!("| changed | changes | requests | failures |");
    println!("|---|---:|---:|---:|");
    for (title, rule) in SORTS {
        let load = Load::new(request(PORT, &first())).start();
        for number in 0..CHANGES {
            change(&subject.client, &route(&first(), &rule(number))).await;
            tokio::time::sleep(PERIOD).await;
        }
        let report = load.stop().await;
        println!("| {title} | {CHANGES} | {} | {} |", report.good() + report.failures, report.failures);
        tell(title, &report.first_failures);
    }
    println!();
}

/// Says what failed to whoever looks on.
pub(super) fn tell(title: &str, failures: &[(Duration, String)]) {
    for (when, what) in failures.iter().take(3) {
        eprintln!("{title}: after {when:?}: {what}");
    }
}
