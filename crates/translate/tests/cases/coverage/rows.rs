//! The rows, and what a proof of each must show.

use serde_json::Value;

use super::proofs::{Claim, Proof};
use super::{Fields, documents, root};

/// One thing that users rely on.
pub(super) struct Row {
    /// How cases and tests call it.
    pub(super) id: String,
    /// What it is about, for people.
    pub(super) says: String,
}

/// All rows, by the tables that they stand in.
pub(super) struct Rows {
    pub(super) conditions: Vec<Row>,
    pub(super) annotations: Vec<Row>,
    pub(super) behaviours: Vec<Row>,
    pub(super) instead: Vec<Row>,
    pub(super) fields: Vec<Row>,
    by_schema: Fields,
    later: Vec<String>,
}

impl Rows {
    pub(super) fn read() -> Self {
        let text =
            std::fs::read_to_string(root().join("testdata/coverage.yaml")).expect("the rows are there");
        let data = documents(&text).swap_remove(0);
        let later = data["not yet"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let by_schema = Fields::of_our_kinds();
        Self {
            conditions: listed(&data["conditions"], |row| text_of(row, "when")),
            annotations: listed(&data["annotations"], |row| text_of(row, "means")),
            behaviours: listed(&data["behaviours"], |row| {
                format!("{}: {}", text_of(row, "when"), text_of(row, "sees"))
            }),
            instead: listed(&data["instead"], |row| {
                format!("{}; here: {}", text_of(row, "contour"), text_of(row, "here"))
            }),
            fields: by_schema
                .ids()
                .into_iter()
                .map(|id| Row { id: id.to_owned(), says: String::new() })
                .collect(),
            later: later.map(str::to_owned).collect(),
            by_schema,
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Row> {
        let tables = [&self.conditions, &self.annotations, &self.behaviours, &self.instead, &self.fields];
        tables.into_iter().flatten()
    }

    /// Whether a row is said to have no proof until now.
    pub(super) fn is_later(&self, id: &str) -> bool {
        self.later.iter().any(|entry| is_meant(entry, id))
    }

    /// Entries of the list `not yet` that mean no row.
    pub(super) fn stale(&self) -> Vec<String> {
        let means_nothing = |entry: &&String| !self.all().any(|row| is_meant(entry, &row.id));
        let stale = self.later.iter().filter(means_nothing);
        stale.map(|entry| format!("{entry}: stands in the list `not yet` and is no row")).collect()
    }

    /// What is wrong with a claim: a case must show what it says that it proves.
    pub(super) fn wrong(&self, claim: &Claim) -> Option<String> {
        let Claim { row, proof } = claim;
        if !self.all().any(|known| known.id == *row) {
            return Some(format!("{proof}: proves {row}, which is no row"));
        }
        let Proof::Case { objects, problems, .. } = proof else { return None };
        let is_in = |rows: &[Row]| rows.iter().any(|known| known.id == *row);
        let shown = if is_in(&self.conditions) {
            problems.contains(row)
        } else if is_in(&self.annotations) {
            objects.iter().any(|object| has_annotation(object, row))
        } else if is_in(&self.fields) {
            objects.iter().any(|object| self.by_schema.used(object).contains(row.as_str()))
        } else {
            is_in(&self.instead)
        };
        (!shown).then(|| format!("{proof}: says that it proves {row}, and does not show it"))
    }
}

fn is_meant(entry: &str, id: &str) -> bool {
    match entry.strip_suffix('*') {
        Some(start) => id.starts_with(start),
        None => entry == id,
    }
}

fn listed(rows: &Value, says: impl Fn(&Value) -> String) -> Vec<Row> {
    let rows = rows.as_array().expect("a list of rows");
    rows.iter().map(|row| Row { id: text_of(row, "row"), says: says(row) }).collect()
}

fn text_of(row: &Value, key: &str) -> String {
    row[key].as_str().unwrap_or_else(|| panic!("{key} of {row} is no text")).to_owned()
}

/// Whether an object has the annotation that a row names after the kind.
fn has_annotation(object: &Value, row: &str) -> bool {
    let Some((kind, key)) = row.split_once(' ') else { return false };
    object["kind"] == kind && object["metadata"]["annotations"].get(key).is_some()
}
