//! Secrets with certificates of every kind: those that the checks of certificates are tested with.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::Dice;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/x509/testdata/envoy")
}

/// A Secret, without metadata and type, with the files of one case.
pub(super) fn of(case: &str) -> Value {
    let mut data = Map::new();
    for file in fs::read_dir(folder().join(case)).expect("the case is there") {
        let file = file.expect("the case is readable");
        if let (Ok(name), Ok(text)) = (file.file_name().into_string(), fs::read_to_string(file.path())) {
            data.insert(name, Value::from(text));
        }
    }
    json!({"apiVersion": "v1", "kind": "Secret", "stringData": data})
}

/// One of any case.
pub(super) fn any(dice: &mut Dice) -> Value {
    one(dice, |_| true)
}

/// Mostly one with a CA or a revocation list.
pub(super) fn authority(dice: &mut Dice) -> Value {
    if dice.chance(15) {
        return any(dice);
    }
    one(dice, |name| name.starts_with("ca-") || name.starts_with("crl-"))
}

fn one(dice: &mut Dice, is_meant: fn(&str) -> bool) -> Value {
    let cases = fs::read_dir(folder()).expect("the cases are there");
    let names = cases.filter_map(|case| case.ok()?.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| is_meant(name)).collect();
    names.sort();
    of(&names[dice.below(names.len())])
}
