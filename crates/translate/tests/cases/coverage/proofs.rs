//! What cases and tests say that they prove.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{documents, root};

/// Somebody says that a row holds.
pub(super) struct Claim {
    pub(super) row: String,
    pub(super) proof: Proof,
}

/// Who says it; ordered and shown by name.
#[derive(Clone)]
pub(super) enum Proof {
    /// A case.
    Case { name: String, objects: Vec<Value>, problems: BTreeSet<String> },
    /// A test, and the file that it stands in, from the root of the repository.
    Test { name: String, file: String },
}

impl Proof {
    fn name(&self) -> &str {
        match self {
            Self::Case { name, .. } | Self::Test { name, .. } => name,
        }
    }
}

impl std::fmt::Display for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for Proof {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Proof {}

impl PartialOrd for Proof {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Proof {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name().cmp(other.name())
    }
}

/// Where tests that prove something stand.
const TESTS: [&str; 7] = [
    "tests/envoy/tests/it",
    "crates/certs/tests/it",
    "crates/engine",
    "crates/model",
    "crates/status/tests/it",
    "crates/store",
    "crates/x509",
];

/// All claims: of the cases, and of the tests.
pub(super) fn all() -> Vec<Claim> {
    let mut claims = Vec::new();
    let cases = root().join("testdata/cases");
    for file in files(&cases, "yaml") {
        claims.extend(of_case(&file, name(&cases, &file)));
    }
    for folder in TESTS {
        let folder = root().join(folder);
        for file in files(&folder, "rs") {
            let text = fs::read_to_string(&file).expect("a test can be read");
            let path = file.strip_prefix(root()).expect("it is in the repository").to_string_lossy();
            claims.extend(of_tests(&text, &name(&folder, &file), &path));
        }
    }
    claims
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    crate::collect(folder, extension, &mut found).expect("the folder can be read");
    found
}

/// The path below a folder, without extension.
fn name(folder: &Path, file: &Path) -> String {
    let below = file.strip_prefix(folder).expect("it is below").with_extension("");
    below.to_string_lossy().into_owned()
}

fn of_case(file: &Path, name: String) -> Vec<Claim> {
    let mut objects = documents(&fs::read_to_string(file).expect("a case can be read"));
    let Some(expected) = objects.pop().filter(|last| last["kind"] == "Expect") else { return Vec::new() };
    let rows: Vec<_> =
        expected["proves"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let problems = reasons(&expected["problems"]);
    let proof = Proof::Case { name, objects, problems };
    rows.iter().map(|row| Claim { row: (*row).to_owned(), proof: proof.clone() }).collect()
}

/// The types and reasons of all problems, each after the kind of the object that has it.
fn reasons(problems: &Value) -> BTreeSet<String> {
    let mut reasons = BTreeSet::new();
    for (object, verdict) in problems.as_object().into_iter().flatten() {
        let kind = object.split(' ').next().unwrap_or_default();
        let lists = verdict.as_object().into_iter().flat_map(|verdict| verdict.values());
        for problem in lists.filter_map(Value::as_array).flatten() {
            let reason = problem["error"].as_str().or(problem["warning"].as_str());
            reasons.extend(reason.map(|reason| format!("{kind} {reason}")));
        }
    }
    reasons
}

/// Lines `/// Proves ROW, ROW`, up to the function that they stand above.
fn of_tests(text: &str, topic: &str, file: &str) -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut rows: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(named) = line.strip_prefix("/// Proves ") {
            rows.extend(named.trim_end_matches('.').split(", ").map(str::to_owned));
        } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| !rows.is_empty()) {
            let name = format!("{topic}: {}", rest.split('(').next().unwrap_or_default());
            let proof = Proof::Test { name, file: file.to_owned() };
            claims.extend(rows.drain(..).map(|row| Claim { row, proof: proof.clone() }));
        }
    }
    claims
}
