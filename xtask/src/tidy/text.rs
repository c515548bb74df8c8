//! What no tracked text file may have: tabs, trailing blanks, paths of one machine, hosts of registries.

use super::source::is_generated;
use crate::repository::Repository;

/// Kinds of files in which a tab is a mistake.
const NO_TABS: &[&str] = &[".rs", ".toml", ".md", ".yaml", ".yml", ".json"];

// Written in pieces, or this file would break its own rules.
const MACHINE_PATHS: &[&str] = &[
    concat!("/", "work/"),
    concat!("/", "root/"),
    concat!("/", "tmp/"),
    concat!("/", "home/"),
    concat!("/", "Users/"),
];
const REGISTRIES: &[&str] = &[
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("proxy.golang", ".org"),
    concat!("registry.npmjs", ".org"),
];

pub(super) fn no_tabs(repository: &Repository) -> Vec<String> {
    let is_checked = |path: &str| NO_TABS.iter().any(|end| path.ends_with(end)) && !is_input(path);
    lines(repository, is_checked, |line| line.contains('\t').then(|| "has a tab".to_owned()))
}

pub(super) fn no_trailing_blanks(repository: &Repository) -> Vec<String> {
    let is_checked = |path: &str| !is_input(path);
    lines(repository, is_checked, |line| (line.trim_end() != line).then(|| "ends in a blank".to_owned()))
}

pub(super) fn no_machine_paths(repository: &Repository) -> Vec<String> {
    lines(
        repository,
        |_| true,
        |line| {
            let found = MACHINE_PATHS.iter().find(|path| begins_a_path(line, path))?;
            Some(format!("names {found}"))
        },
    )
}

pub(super) fn no_registry_hosts(repository: &Repository) -> Vec<String> {
    lines(
        repository,
        |_| true,
        |line| {
            let found = REGISTRIES.iter().find(|host| line.contains(*host))?;
            Some(format!("names {found}"))
        },
    )
}

/// Inputs of tests may be broken on purpose.
fn is_input(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "testdata" | "snapshots" | "seeds" | "corpus"))
}

/// Whether the path stands there by itself, and not as the middle of a longer one.
fn begins_a_path(line: &str, path: &str) -> bool {
    let continues =
        |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '-' | '*' | '}' | ')');
    line.match_indices(path).any(|(at, _)| !line[..at].chars().next_back().is_some_and(continues))
}

/// One finding for each line that `find` objects to. Lock files are cargo's, generated files a program's.
fn lines(
    repository: &Repository,
    is_checked: fn(&str) -> bool,
    find: fn(&str) -> Option<String>,
) -> Vec<String> {
    let is_ours = |path: &str| !path.ends_with("Cargo.lock") && !is_generated(path) && path != "LICENSE";
    let files = repository.files.iter().filter(|(path, _)| is_ours(path) && is_checked(path));
    let found = files.flat_map(|(path, text)| {
        let numbered = text.lines().enumerate();
        numbered.filter_map(move |(index, line)| Some(format!("{path}:{}: {}", index + 1, find(line)?)))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(rule: fn(&Repository) -> Vec<String>, path: &str, text: &str) -> Vec<String> {
        rule(&Repository { files: [(path.to_owned(), text.to_owned())].into(), ..Repository::default() })
    }

    #[test]
    fn a_finding_names_the_file_and_the_line() {
        assert_eq!(findings(no_trailing_blanks, "a.md", "x\ny \n"), ["a.md:2: ends in a blank"]);
    }

    #[test]
    fn the_middle_of_a_longer_path_is_no_machine_path() {
        assert_eq!(
            findings(no_machine_paths, "a.md", concat!("see docs/", "work/x and $HOME/", "tmp/x\n")),
            [""; 0]
        );
        assert_eq!(findings(no_machine_paths, "a.md", concat!("(/", "work/x)\n")).len(), 1);
    }

    #[test]
    fn shell_scripts_lock_files_and_test_inputs_are_let_be() {
        assert_eq!(findings(no_tabs, "hack/fetch", "\tx\n"), [""; 0]);
        assert_eq!(findings(no_trailing_blanks, "testdata/broken.yaml", "a: \n"), [""; 0]);
        assert_eq!(findings(no_registry_hosts, "Cargo.lock", concat!("index.crates", ".io")), [""; 0]);
    }
}
