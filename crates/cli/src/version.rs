//! `isobath version`.

use std::io::{self, Write};

use crate::output::Outcome;

/// The branch that was built, and its commit, as whoever built it says in the environment of the build.
const BRANCH: Option<&str> = option_env!("ISOBATH_BUILD_BRANCH");
const SHA: Option<&str> = option_env!("ISOBATH_BUILD_SHA");

pub(crate) fn run() -> anyhow::Result<Outcome> {
    write!(io::stdout(), "{}", text(BRANCH, SHA))?;
    Ok(Outcome::Good)
}

/// YAML; what the build does not know is left out.
fn text(branch: Option<&str>, sha: Option<&str>) -> String {
    let known = |name, value: Option<&str>| {
        value.filter(|value| !value.is_empty()).map(|value| format!("{name}: {value}\n")).unwrap_or_default()
    };
    format!(
        "{}{}version: {}\nenvoy: {}\n",
        known("branch", branch),
        known("sha", sha),
        env!("CARGO_PKG_VERSION"),
        launcher::ENVOY_VERSION
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branch_and_commit_are_told_where_the_build_knows_them() {
        let rest = format!("version: {}\nenvoy: {}\n", env!("CARGO_PKG_VERSION"), launcher::ENVOY_VERSION);
        assert_eq!(text(Some("main"), Some("0aa2476")), format!("branch: main\nsha: 0aa2476\n{rest}"));
        assert_eq!(text(None, Some("")), rest);
    }
}
