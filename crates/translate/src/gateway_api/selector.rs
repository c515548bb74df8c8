//! Label selectors of Kubernetes.

use std::collections::BTreeMap;

use api::meta::LabelSelector;
use store::Reader;

/// Whether the labels of a Namespace are those that are asked for. One that is not known has none.
pub(super) fn selects_namespace(reader: &Reader<'_>, selector: &LabelSelector, namespace: &str) -> bool {
    let empty = BTreeMap::new();
    let labels = reader.namespace(namespace).map_or(&empty, |fact| &fact.labels);
    selects(selector, labels)
}

/// Whether labels are those that are asked for. An operator that nobody knows selects nothing.
fn selects(selector: &LabelSelector, labels: &BTreeMap<Box<str>, Box<str>>) -> bool {
    let mut wanted = selector.match_labels.iter().flatten();
    let has_all = wanted.all(|(key, value)| labels.get(key.as_str()).is_some_and(|found| **found == **value));
    let mut expressions = selector.match_expressions.iter().flatten();
    has_all
        && expressions.all(|expression| {
            let found = labels.get(expression.key.as_str());
            let mut values = expression.values.iter().flatten();
            let mut is_listed = || found.is_some_and(|found| values.any(|value| **value == **found));
            match expression.operator.as_str() {
                "In" => is_listed(),
                "NotIn" => !is_listed(),
                "Exists" => found.is_some(),
                "DoesNotExist" => found.is_none(),
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(text: serde_json::Value) -> LabelSelector {
        serde_json::from_value(text).expect("a selector")
    }

    #[test]
    fn every_condition_must_hold() {
        let labels: BTreeMap<Box<str>, Box<str>> =
            [("team".into(), "a".into()), ("tier".into(), "web".into())].into();
        let holds = |text| selects(&selector(text), &labels);
        let expression = |operator: &str, key: &str, values: &[&str]| serde_json::json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        assert!(holds(serde_json::json!({})));
        assert!(holds(serde_json::json!({"matchLabels": {"team": "a", "tier": "web"}})));
        assert!(!holds(serde_json::json!({"matchLabels": {"team": "a", "tier": "db"}})));
        assert!(holds(expression("In", "team", &["b", "a"])) && !holds(expression("In", "team", &["b"])));
        assert!(holds(expression("NotIn", "none", &["b"])) && !holds(expression("NotIn", "team", &["a"])));
        assert!(holds(expression("Exists", "team", &[])) && !holds(expression("Exists", "none", &[])));
        assert!(holds(expression("DoesNotExist", "none", &[])));
        assert!(!holds(expression("Near", "team", &["a"])));
    }
}
