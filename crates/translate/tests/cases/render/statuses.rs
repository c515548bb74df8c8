//! Statuses of the Gateway API.

use model::{Condition, GatewayApiStatus, Holds, ListenerStatus, ParentRef};
use serde_json::{Map, Value, json};

/// The conditions of an object of the Gateway API, one line for each place.
pub(super) fn conditions(status: &GatewayApiStatus) -> Value {
    let line = |conditions: &[Condition]| {
        let each = conditions.iter().map(|condition| {
            let sign = match condition.holds {
                Holds::Yes => "",
                Holds::No => "not ",
                Holds::WhenAcknowledged => "soon ",
            };
            let line = match (condition.name == condition.reason, condition.holds) {
                (true, _) | (false, Holds::WhenAcknowledged) => format!("{sign}{}", condition.name),
                (false, _) => format!("{sign}{} ({})", condition.name, condition.reason),
            };
            // What does not hold is told as a problem.
            match (condition.holds, &*condition.message) {
                (Holds::Yes, message) if !message.is_empty() => format!("{line}: {message}"),
                _ => line,
            }
        });
        each.collect::<Vec<_>>().join(", ")
    };
    let listeners = |listeners: &[ListenerStatus]| {
        let each = listeners.iter().map(|listener| {
            let routes = listener.attached_routes;
            (listener.name.to_string(), json!(format!("{routes} routes, {}", line(&listener.conditions))))
        });
        each.collect::<Map<_, _>>()
    };
    let at = |parent: &ParentRef, conditions: &[Condition]| {
        let section = parent.section_name.as_deref().map(|section| format!("/{section}")).unwrap_or_default();
        let port = parent.port.map(|port| format!(":{port}")).unwrap_or_default();
        (format!("{} {}{section}{port}", parent.kind, parent.name), json!(line(conditions)))
    };
    match status {
        GatewayApiStatus::Class(conditions) => json!(line(conditions)),
        GatewayApiStatus::Gateway(gateway) => {
            let sets = gateway.attached_listener_sets.map(|sets| format!(", {sets} ListenerSets"));
            let whole = line(&gateway.conditions) + &sets.unwrap_or_default();
            json!({"whole": whole, "listeners": listeners(&gateway.listeners)})
        }
        GatewayApiStatus::ListenerSet(set) => {
            json!({"whole": line(&set.conditions), "listeners": listeners(&set.listeners)})
        }
        GatewayApiStatus::Route(parents) => {
            parents.iter().map(|each| at(&each.parent, &each.conditions)).collect::<Map<_, _>>().into()
        }
        GatewayApiStatus::Policy(ancestors) => {
            ancestors.iter().map(|each| at(&each.ancestor, &each.conditions)).collect::<Map<_, _>>().into()
        }
    }
}
