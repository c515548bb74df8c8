//! What the statuses of objects of the Gateway API are going to say, for machines that look at manifests.

use model::{Condition, GatewayApiStatus, Holds, ListenerStatus, ParentRef, Report};
use serde_json::{Value, json};

/// The object, and what its status is going to say; `None` of objects of other kinds.
pub(crate) fn status(report: &Report) -> Option<Value> {
    let mut status = match report.gateway_api.as_deref()? {
        GatewayApiStatus::Class(own) => json!({"conditions": conditions(own)}),
        GatewayApiStatus::Gateway(status) => {
            json!({"conditions": conditions(&status.conditions), "listeners": listeners(&status.listeners)})
        }
        GatewayApiStatus::ListenerSet(status) => {
            json!({"conditions": conditions(&status.conditions), "listeners": listeners(&status.listeners)})
        }
        GatewayApiStatus::Route(parents) => {
            let entries = parents.iter().map(|each| entry("parentRef", &each.parent, &each.conditions));
            json!({"parents": entries.collect::<Vec<_>>()})
        }
        GatewayApiStatus::Policy(ancestors) => {
            let entries = ancestors.iter().map(|each| entry("ancestorRef", &each.ancestor, &each.conditions));
            json!({"ancestors": entries.collect::<Vec<_>>()})
        }
    };
    status["object"] = report.object.to_string().into();
    Some(status)
}

/// What only Envoys can tell is not known without them.
fn conditions(conditions: &[Condition]) -> Value {
    let condition = |each: &Condition| {
        let status = match each.holds {
            Holds::Yes => "True",
            Holds::No => "False",
            Holds::WhenAcknowledged => "Unknown",
        };
        json!({"type": each.name, "status": status, "reason": each.reason, "message": each.message})
    };
    conditions.iter().map(condition).collect()
}

fn listeners(listeners: &[ListenerStatus]) -> Value {
    let listener = |each: &ListenerStatus| {
        let kinds = each.supported_kinds.iter().map(|kind| json!({"group": kind.group, "kind": kind.kind}));
        json!({
            "name": *each.name,
            "supportedKinds": kinds.collect::<Vec<_>>(),
            "attachedRoutes": each.attached_routes,
            "conditions": conditions(&each.conditions),
        })
    };
    listeners.iter().map(listener).collect()
}

fn entry(name: &str, reference: &ParentRef, own: &[Condition]) -> Value {
    let ParentRef { group, kind, namespace, name: object, section_name, port } = reference;
    let mut fields = json!({"group": **group, "kind": **kind, "name": **object});
    let optional = [
        ("namespace", namespace.as_deref().map(Value::from)),
        ("sectionName", section_name.as_deref().map(Value::from)),
        ("port", port.map(Value::from)),
    ];
    for (field, value) in optional {
        if let Some(value) = value {
            fields[field] = value;
        }
    }
    json!({name: fields, "conditions": conditions(own)})
}
