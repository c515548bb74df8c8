//! The page that tells how the last `make test-long` ended.

use std::process::Command;

use crate::Failed;
use crate::repository::root;
use crate::suite::{Ran, left_out};

const FILE: &str = "docs/test-long.md";
const HEAD: &str = "# The last long run

Written by `make test-long`; do not edit. It runs what `make test` has no time for: the property tests with 100 times \
as many cases, all tests that need a real Envoy in each layout, outages that last.
";

/// Writes [`FILE`].
pub(crate) fn write(ran: &[Ran]) -> Result<(), Failed> {
    let text = page(&tree()?, ran);
    std::fs::write(root().join(FILE), text).map_err(|error| Failed(format!("{FILE}: {error}")))
}

/// The commit that was tested, its day, and whether files differ from it.
fn tree() -> Result<String, Failed> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(root()).output();
        let output = output.map_err(|error| Failed(format!("git: {error}")))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["log", "-1", "--format=%h of %cs"])?;
    let changed = git(&["status", "--porcelain"])?;
    Ok(if changed.is_empty() { commit } else { format!("{commit}, with changes") })
}

fn page(tree: &str, ran: &[Ran]) -> String {
    let row = |step: &Ran| {
        let Ran { name, took, passed, failed, .. } = step;
        format!("| {name} | {} s | {passed} | {failed} |\n", took.as_secs())
    };
    let rows: String = ran.iter().map(row).collect();
    let reasons: String = left_out(ran).iter().map(|reason| format!("\nLeft out: {reason}\n")).collect();
    format!(
        "{HEAD}\nCommit {tree}.\n\n| step | took | passed | failed |\n|---|---:|---:|---:|\n{rows}{reasons}"
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_page_has_a_row_for_each_step_and_says_once_why_something_was_left_out() {
        let step = |name, passed, failed| {
            let left_out = vec!["a: no root".to_owned()];
            Ran { name, took: Duration::from_millis(1900), passed, failed, left_out }
        };
        let page = page("abc of 2026-11-30", &[step("one", 5, 0), step("two", 3, 1)]);
        let written = page.strip_prefix(HEAD).expect("the page begins as all do");
        assert_eq!(
            written,
            "\nCommit abc of 2026-11-30.\n\n| step | took | passed | failed |\n|---|---:|---:|---:|\n\
             | one | 1 s | 5 | 0 |\n| two | 1 s | 3 | 1 |\n\nLeft out: a: no root\n"
        );
    }
}
