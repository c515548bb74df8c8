//! What users of Contour rely on, row by row, with what proves each: `testdata/coverage.yaml` and the fields of
//! our kinds on one side, cases and tests with a real Envoy on the other. `docs/compatibility.md` is made of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

mod fields;
mod page;
mod proofs;
mod rows;

use fields::Fields;
use proofs::{Claim, Proof};
use rows::Rows;

#[test]
fn every_row_has_a_proof_or_says_that_there_is_none_yet() {
    let rows = Rows::read();
    let claims = proofs::all();
    let mut wrong: Vec<String> = claims.iter().filter_map(|claim| rows.wrong(claim)).collect();
    let proven = proven(&claims);
    wrong.extend(rows.all().filter_map(|row| {
        match (proven.contains_key(&*row.id), rows.is_later(&row.id)) {
            (false, false) => {
                Some(format!("{}: nothing proves it, and it is not in the list `not yet`", row.id))
            }
            (true, true) => Some(format!("{}: is proven; take it out of the list `not yet`", row.id)),
            (true, false) | (false, true) => None,
        }
    }));
    wrong.extend(rows.stale());
    assert!(wrong.is_empty(), "testdata/coverage.yaml, cases and tests disagree:\n{}", wrong.join("\n"));
}

#[test]
fn the_page_says_what_the_tests_prove() {
    let path = root().join("docs/compatibility.md");
    let wanted = page::page(&Rows::read(), &proven(&proofs::all()));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &wanted).expect("the page can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/compatibility.md is old: UPDATE=1 cargo test -p isobath-translate --test cases"
    );
}

/// The proofs of each row that has any.
type Proven<'a> = BTreeMap<&'a str, BTreeSet<&'a Proof>>;

fn proven(claims: &[Claim]) -> Proven<'_> {
    let mut proven = Proven::new();
    for claim in claims {
        proven.entry(&claim.row).or_default().insert(&claim.proof);
    }
    proven
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Reads YAML of one or several documents.
fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).expect("YAML")
}
