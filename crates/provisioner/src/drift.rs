//! Whether an object is still what it is wanted to be.

use serde_json::{Map, Value};

/// Whether everything that is wanted is there. What nobody wanted (a default, somebody else's field) does not matter.
pub(crate) fn has_all(there: &Value, wanted: &Value) -> bool {
    match (there, wanted) {
        (Value::Object(there), Value::Object(wanted)) => {
            wanted.iter().all(|(field, wanted)| there.get(field).is_some_and(|there| has_all(there, wanted)))
        }
        (Value::Array(there), Value::Array(wanted)) => {
            there.len() == wanted.len()
                && there.iter().zip(wanted).all(|(there, wanted)| has_all(there, wanted))
        }
        // Not of one form, or neither has parts.
        (there, wanted) => there == wanted,
    }
}

/// The part of an object that is about what is wanted: an API server writes some values in another form.
pub(crate) fn part(there: &Value, wanted: &Value) -> Value {
    match (there, wanted) {
        (Value::Object(there), Value::Object(wanted)) => {
            let fields = wanted.iter().filter_map(|(field, wanted)| Some((field, there.get(field)?, wanted)));
            let fields = fields.map(|(field, there, wanted)| (field.clone(), part(there, wanted)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        (Value::Array(there), Value::Array(wanted)) if there.len() == wanted.len() => {
            there.iter().zip(wanted).map(|(there, wanted)| part(there, wanted)).collect()
        }
        (there, _) => there.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nobody_wanted_does_not_matter_but_for_further_items() {
        let wanted = json!({"a": 1, "list": [{"b": 1}]});
        for (there, has_it) in [
            (json!({"a": 1, "list": [{"b": 1, "c": 2}], "d": {}}), true),
            (json!({"a": 2, "list": [{"b": 1}]}), false),
            (json!({"list": [{"b": 1}]}), false),
            (json!({"a": 1, "list": [{"b": 1}, {}]}), false),
            (json!({"a": 1, "list": {"b": 1}}), false),
        ] {
            assert_eq!(has_all(&there, &wanted), has_it, "{there}");
        }
    }

    #[test]
    fn the_part_is_what_is_wanted_in_the_form_that_is_there() {
        let there = json!({"cpu": "500m", "other": 1, "list": [{"a": "1", "b": 2}], "long": [1, 2]});
        let wanted = json!({"cpu": "0.5", "list": [{"a": 1}], "long": [1], "missing": 1});
        assert_eq!(part(&there, &wanted), json!({"cpu": "500m", "list": [{"a": "1"}], "long": [1, 2]}));
    }
}
