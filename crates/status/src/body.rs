//! What is sent to write a status: all that is ours and nothing else.

use api::http_proxy::status::DetailedCondition;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::gateway_api::{GatewayApi, operations};
use crate::observation::Seen;
use crate::times::Place;
use crate::wanted::{Judgement, Says, VALID};
use crate::{Kind, Target};

/// What is sent to write a status.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// An object to apply on the status subresource, forced: a field is ours whoever wrote it before.
    Apply(Value),
    /// A change of the status as it was seen.
    Patch(Patch),
}

/// A JSON Patch (RFC 6902) of the status subresource, which the API server refuses when the object has changed since.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// The resource version that it is made for.
    pub version: u64,
    /// Its operations.
    pub operations: Value,
}

/// What to send; `None` when it is not known which form of the object was seen.
pub(crate) fn body(target: &Target, says: &Says, seen: &Seen, now: Timestamp) -> Option<Body> {
    match says {
        Says::Judgement(judgement) => Some(Body::Apply(applied(target, judgement, seen, now))),
        Says::GatewayApi(status) => Some(Body::Patch(patch(status.clone(), seen, seen.version?, now))),
    }
}

/// With the uid: what was meant for an object must not reach another one of its name.
fn applied(target: &Target, judgement: &Judgement, seen: &Seen, now: Timestamp) -> Value {
    json!({
        "apiVersion": target.kind.api_version(),
        "kind": target.kind.as_str(),
        "metadata": {"namespace": target.namespace, "name": target.name, "uid": seen.uid},
        "status": status(target.kind, judgement, seen, now),
    })
}

fn patch(mut status: GatewayApi, seen: &Seen, version: u64, now: Timestamp) -> Patch {
    status.for_each(|place, condition| {
        condition.last_transition_time = seen.times.since(place, &condition.r#type, &condition.status, now);
    });
    let path = "/metadata/resourceVersion";
    let mut all = vec![json!({"op": "replace", "path": path, "value": version.to_string()})];
    all.extend(operations(&status, seen.beside()));
    Patch { version, operations: Value::Array(all) }
}

fn status(kind: Kind, judgement: &Judgement, seen: &Seen, now: Timestamp) -> Map<String, Value> {
    let mut status = Map::new();
    if matches!(kind, Kind::HttpProxy | Kind::IngressRoute) {
        status.insert("currentStatus".into(), json!(judgement.current_status));
        status.insert("description".into(), json!(judgement.description));
    }
    if !judgement.conditions.is_empty() {
        let conditions = judgement.conditions.iter().map(|condition| timed(condition, seen, now)).collect();
        status.insert("conditions".into(), conditions);
    }
    if !judgement.load_balancer.is_empty() {
        status.insert("loadBalancer".into(), json!({"ingress": &*judgement.load_balancer}));
    }
    status
}

/// A condition, since the time when its status became what it is.
fn timed(condition: &DetailedCondition, seen: &Seen, now: Timestamp) -> Value {
    let since = seen.times.since(Place::OBJECT, &condition.r#type, &condition.status, now);
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
