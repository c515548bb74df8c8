//! A change of a status, as the operations of a JSON Patch (RFC 6902).

use serde::Serialize;
use serde_json::{Value, json};

use super::GatewayApi;
use super::ours::Beside;

/// What makes a status say what is wanted, and leaves everything else as it was seen.
pub(crate) fn operations(wanted: &GatewayApi, beside: &Beside) -> Vec<Value> {
    let mut operations = Operations(vec![]);
    if beside.is_bare {
        // One that could not be read looks as if there were none: it must not be written over.
        operations.0.push(json!({"op": "test", "path": "/status", "value": null}));
        operations.set("/status", &json!({}));
    }
    match wanted {
        GatewayApi::Class(status) => {
            operations.list("/status/conditions", &status.conditions, &beside.is_ours);
            operations.set("/status/supportedFeatures", &status.supported_features);
        }
        GatewayApi::Gateway(status) => {
            operations.set("/status/addresses", &status.addresses);
            operations.list("/status/conditions", &status.conditions, &beside.is_ours);
            operations.set("/status/listeners", &status.listeners);
            match status.attached_listener_sets {
                Some(count) => operations.set("/status/attachedListenerSets", &count),
                None if beside.counts_sets => operations.remove("/status/attachedListenerSets"),
                None => {}
            }
        }
        GatewayApi::ListenerSet(status) => {
            operations.list("/status/conditions", &status.conditions, &beside.is_ours);
            operations.set("/status/listeners", &status.listeners);
        }
        GatewayApi::Route(status) => operations.list("/status/parents", &status.parents, &beside.is_ours),
        GatewayApi::Policy(status) => {
            operations.list("/status/ancestors", &status.ancestors, &beside.is_ours);
        }
    }
    operations.0
}

struct Operations(Vec<Value>);

impl Operations {
    /// A field is this, whether it was there or not.
    fn set(&mut self, path: &str, value: &impl Serialize) {
        self.0.push(json!({"op": "add", "path": path, "value": value}));
    }

    fn remove(&mut self, path: &str) {
        self.0.push(json!({"op": "remove", "path": path}));
    }

    /// Our entries of a list are these. They take the places of those that were ours, in their order; what there is no
    /// place for is added at the end.
    fn list<T: Serialize>(&mut self, path: &str, wanted: &[T], is_ours: &[bool]) {
        if is_ours.is_empty() {
            self.set(path, &wanted);
            return;
        }
        let places: Vec<usize> = (0..is_ours.len()).filter(|index| is_ours[*index]).collect();
        for (index, value) in places.iter().zip(wanted) {
            self.0.push(json!({"op": "replace", "path": format!("{path}/{index}"), "value": value}));
        }
        // From the end, so that the others stay where they are meanwhile.
        for index in places.iter().skip(wanted.len()).rev() {
            self.remove(&format!("{path}/{index}"));
        }
        for value in wanted.iter().skip(places.len()) {
            self.set(&format!("{path}/-"), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(wanted: &[&str], is_ours: &[bool]) -> Vec<String> {
        let mut operations = Operations(vec![]);
        operations.list("/l", wanted, is_ours);
        let line = |each: &Value| {
            let value = each.get("value").map(Value::to_string).unwrap_or_default();
            format!("{} {} {value}", each["op"].as_str().unwrap(), each["path"].as_str().unwrap())
        };
        operations.0.iter().map(line).collect()
    }

    #[test]
    fn a_list_that_is_ours_alone_is_replaced() {
        assert_eq!(list(&["a", "b"], &[]), [r#"add /l ["a","b"]"#]);
        assert_eq!(list(&[], &[]), ["add /l []"]);
    }

    #[test]
    fn of_a_list_that_others_write_in_only_our_entries_change() {
        let is_ours = [true, false, true, true, false];
        assert_eq!(list(&["a"], &is_ours), [r#"replace /l/0 "a""#, "remove /l/3 ", "remove /l/2 "]);
        assert_eq!(
            list(&["a", "b", "c", "d"], &is_ours),
            [r#"replace /l/0 "a""#, r#"replace /l/2 "b""#, r#"replace /l/3 "c""#, r#"add /l/- "d""#]
        );
        assert_eq!(list(&["a"], &[false]), [r#"add /l/- "a""#]);
    }
}
