//! The page for users.

use super::Proven;
use super::proofs::Proof;
use super::rows::{Row, Rows};

const HEAD: &str = "\
# Compatibility with Contour

What users of Contour rely on, row by row, and what proves that it holds here.
Each link is a test of every run: a case is a manifest with what comes of it; most tests send requests through a real Envoy.
This page is made of the tests (`UPDATE=1 cargo test -p isobath-translate --test cases`); a row without a proof fails them unless it is known to be missing.
";

const INSTEAD: &str = "
## What is done instead

Where Contour does what nobody can want, this is done here.

";

/// How many proofs of a row are shown.
const SHOWN: usize = 3;

pub(super) fn page(rows: &Rows, proven: &Proven<'_>) -> String {
    let mut page = HEAD.to_owned();
    page.push_str(&summary(rows, proven));
    page.push_str(
        "\n## Fields\n\nA structure that stands in several places is listed where it stands first.\n\n",
    );
    page.push_str(&table("field", None, &rows.fields, rows, proven));
    page.push_str("\n## Annotations\n\n");
    page.push_str(&table("annotation", Some("meaning"), &rows.annotations, rows, proven));
    page.push_str("\n## Status conditions\n\nKind, type and reason, as Contour writes them.\n\n");
    page.push_str(&table("condition", Some("when"), &rows.conditions, rows, proven));
    page.push_str("\n## What clients see\n\n");
    page.push_str(&table("row", Some("what"), &rows.behaviours, rows, proven));
    page.push_str(INSTEAD);
    page.push_str(&table("row", Some("what"), &rows.instead, rows, proven));
    page
}

fn summary(rows: &Rows, proven: &Proven<'_>) -> String {
    let all = rows.all().count();
    let later = rows.all().filter(|row| !proven.contains_key(&*row.id)).count();
    format!("\n{} of {all} rows are proven, {later} are still missing.\n", all - later)
}

fn table(title: &str, says: Option<&str>, list: &[Row], rows: &Rows, proven: &Proven<'_>) -> String {
    let about = says.map(|says| format!(" {says} |")).unwrap_or_default();
    let rule = says.map_or("", |_| "---|");
    let mut table = format!("| {title} |{about} here | proof |\n|---|{rule}---|---|\n");
    for row in list {
        let about = says.map(|_| format!(" {} |", row.says.replace('|', "\\|"))).unwrap_or_default();
        let here = if rows.is_later(&row.id) { "not yet" } else { "supported" };
        let proofs = proven.get(&*row.id).into_iter().flatten().take(SHOWN).map(|proof| link(proof));
        let proofs = proofs.collect::<Vec<_>>().join(", ");
        table.push_str(&format!("| `{}` |{about} {here} | {proofs} |\n", row.id));
    }
    table
}

fn link(proof: &Proof) -> String {
    match proof {
        Proof::Case { name, .. } => format!("[{name}](../testdata/cases/{name}.yaml)"),
        Proof::Test { name, file } => format!("[{name}](../{file})"),
    }
}
