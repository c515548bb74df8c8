//! The page that tells how the last `make test-long` ended.

use std::process::Command;

use crate::Failed;
use crate::repository::root;
use crate::suite::{Ran, left_out};

const FILE: &str = "docs/test-long.md";
const HEAD: &str = "# The last long run

Written by `make test-long`; do not edit. It runs what `make test` has no time for: the property tests with 100 times \
as many cases (20 times as many traces of the xDS server), all tests that need a real Envoy in each layout, outages that last. \
`make test-long PARTS=\"engine xds\"` runs some parts, and leaves the rows of the others.

| part | commit | took | passed | failed | left out |
|---|---|---:|---:|---:|---|
";

/// Writes the rows of these parts into [`FILE`]; of `all` parts, in their order, the others keep theirs.
pub(crate) fn write(all: impl Iterator<Item = &'static str>, ran: &[Ran]) -> Result<(), Failed> {
    let path = root().join(FILE);
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let text = page(&before, &tree()?, all, ran);
    std::fs::write(path, text).map_err(|error| Failed(format!("{FILE}: {error}")))
}

/// The commit that was tested, its day, and whether files other than the page differ from it.
fn tree() -> Result<String, Failed> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(root()).output();
        let output = output.map_err(|error| Failed(format!("git: {error}")))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["log", "-1", "--format=%h of %cs"])?;
    let others = format!(":!{FILE}");
    let changed = git(&["status", "--porcelain", "--", ".", &others])?;
    Ok(if changed.is_empty() { commit } else { format!("{commit}, with changes") })
}

fn page(before: &str, tree: &str, all: impl Iterator<Item = &'static str>, ran: &[Ran]) -> String {
    let kept = |name: &str| {
        let row = before.lines().find(|line| line.starts_with(&format!("| {name} |")))?;
        Some(format!("{row}\n"))
    };
    let rows = all.filter_map(|name| match ran.iter().find(|step| step.name == name) {
        Some(step) => Some(row(tree, step)),
        None => kept(name),
    });
    HEAD.to_owned() + &rows.collect::<String>()
}

fn row(tree: &str, step: &Ran) -> String {
    let Ran { name, took, passed, failed, .. } = step;
    let reasons: Vec<_> = left_out(std::slice::from_ref(step)).into_iter().collect();
    let (took, reasons) = (took.as_secs(), reasons.join("; "));
    format!("| {name} | {tree} | {took} s | {passed} | {failed} | {reasons} |\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ran(name: &'static str, failed: u64, left_out: &[&str]) -> Ran {
        let left_out = left_out.iter().map(|reason| (*reason).to_owned()).collect();
        Ran { name, took: Duration::from_millis(1900), passed: 5, failed, left_out }
    }

    #[test]
    fn the_page_has_a_row_for_each_part_and_keeps_those_that_were_not_run() {
        let all = || ["one", "two", "three"].into_iter();
        let first = page("", "abc of 2026-11-30", all(), &[ran("one", 0, &[]), ran("three", 1, &[])]);
        let second =
            page(&first, "def of 2026-12-01", all(), &[ran("two", 0, &["a: no root", "a: no root"])]);
        assert_eq!(
            second.strip_prefix(HEAD).expect("the page begins as all do"),
            "| one | abc of 2026-11-30 | 1 s | 5 | 0 |  |\n\
             | two | def of 2026-12-01 | 1 s | 5 | 0 | a: no root |\n\
             | three | abc of 2026-11-30 | 1 s | 5 | 1 |  |\n"
        );
    }
}
