//! The body of a write: server-side apply on the status subresource, with all that is ours and nothing else.

use api::http_proxy::status::DetailedCondition;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::observation::{Seen, Since};
use crate::wanted::{PROGRAMMED, VALID, Wanted};
use crate::{Kind, Target};

/// What to apply. With the uid: what was meant for an object must not reach another one of its name.
pub(crate) fn body(target: &Target, wanted: &Wanted, seen: &Seen, now: Timestamp) -> Value {
    json!({
        "apiVersion": target.kind.api_version(),
        "kind": target.kind.as_str(),
        "metadata": {"namespace": target.namespace, "name": target.name, "uid": seen.uid},
        "status": status(target.kind, wanted, seen, now),
    })
}

fn status(kind: Kind, wanted: &Wanted, seen: &Seen, now: Timestamp) -> Map<String, Value> {
    let mut status = Map::new();
    if matches!(kind, Kind::HttpProxy | Kind::IngressRoute) {
        status.insert("currentStatus".into(), json!(wanted.current_status));
        status.insert("description".into(), json!(wanted.description));
    }
    if !wanted.conditions.is_empty() {
        let conditions = wanted.conditions.iter().map(|condition| timed(condition, seen, now)).collect();
        status.insert("conditions".into(), conditions);
    }
    if !wanted.load_balancer.is_empty() {
        status.insert("loadBalancer".into(), json!({"ingress": &*wanted.load_balancer}));
    }
    status
}

/// A condition, since the time when its status became what it is.
fn timed(condition: &DetailedCondition, seen: &Seen, now: Timestamp) -> Value {
    let before = match condition.r#type.as_str() {
        VALID => seen.valid.as_ref(),
        PROGRAMMED => seen.programmed.as_ref(),
        _ => None,
    };
    let same = before.filter(|before| *before.status == *condition.status && !before.time.is_empty());
    let since = same.map_or_else(|| seconds(now), |Since { time, .. }| time.to_string());
    let mut timed = json!(DetailedCondition { last_transition_time: since, ..condition.clone() });
    if condition.r#type == VALID {
        clear(&mut timed, "errors", seen.has_errors);
        clear(&mut timed, "warnings", seen.has_warnings);
    }
    timed
}

/// Says that a list is empty where one stands that somebody else (Contour) may have written: what is not mentioned
/// stays.
fn clear(condition: &mut Value, list: &str, is_there: bool) {
    if is_there && condition.get(list).is_none() {
        condition[list] = json!([]);
    }
}

/// As Kubernetes writes times.
fn seconds(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}
