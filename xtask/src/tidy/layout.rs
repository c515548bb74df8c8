//! How files and crates are laid out: names, sizes, manifests, heads.

use super::source::{code_without_tests, is_generated};
use crate::repository::Repository;

const LONGEST: usize = 700;
/// Below this a head says nothing.
const SHORTEST_HEAD: usize = 30;
const VAGUE: &[&str] =
    &["utils", "util", "helpers", "helper", "common", "manager", "processor", "types", "info", "misc"];

pub(super) fn no_mod_rs(repository: &Repository) -> Vec<String> {
    let found = rust_files(repository).filter(|(path, _)| path.ends_with("/mod.rs"));
    found.map(|(path, _)| format!("{path}: move it beside its folder")).collect()
}

pub(super) fn files_stay_short(repository: &Repository) -> Vec<String> {
    let counted = rust_files(repository).map(|(path, text)| (path, text.lines().count()));
    counted
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect()
}

pub(super) fn no_vague_names(repository: &Repository) -> Vec<String> {
    let by_path = rust_files(repository).filter_map(|(path, _)| {
        let vague = path.trim_end_matches(".rs").split('/').find(|part| VAGUE.contains(part))?;
        Some(format!("{path}: `{vague}` says nothing"))
    });
    let by_module = rust_files(repository).flat_map(|(path, text)| vague_modules(path, text));
    by_path.chain(by_module).collect()
}

/// Modules written in place, as `mod helpers {`.
fn vague_modules(path: &str, text: &str) -> Vec<String> {
    let code = code_without_tests(text);
    let named = code.lines().filter_map(|line| {
        let (_, rest) = line.split_once("mod ").filter(|(before, _)| is_visibility(before))?;
        VAGUE.iter().find(|name| rest.trim_end() == format!("{name} {{"))
    });
    named.map(|vague| format!("{path}: `mod {vague}` says nothing")).collect()
}

fn is_visibility(before: &str) -> bool {
    before.trim().is_empty() || before.trim().starts_with("pub")
}

pub(super) fn lints_are_inherited(repository: &Repository) -> Vec<String> {
    let manifests = repository.files.iter().filter(|(path, text)| {
        // Workspaces of their own (tools, fuzz targets) cannot inherit.
        path.ends_with("/Cargo.toml") && text.contains("[package]") && !text.contains("[workspace]")
    });
    let without = manifests.filter(|(_, text)| !inherits_lints(text));
    without.map(|(path, _)| format!("{path}: add `[lints]` with `workspace = true`")).collect()
}

fn inherits_lints(manifest: &str) -> bool {
    let section = manifest.lines().skip_while(|line| line.trim() != "[lints]").skip(1);
    section.take_while(|line| !line.starts_with('[')).any(|line| line.trim() == "workspace = true")
}

pub(super) fn crates_say_what_they_do(repository: &Repository) -> Vec<String> {
    let heads = repository.files.iter().filter(|(path, _)| {
        path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs") && !has_library(repository, path)
    });
    let without = heads.filter(|(_, text)| head(text).len() < SHORTEST_HEAD);
    without.map(|(path, _)| format!("{path}: say what it does and what it does not")).collect()
}

fn has_library(repository: &Repository, main: &str) -> bool {
    repository.files.contains_key(&main.replace("main.rs", "lib.rs"))
}

/// The text of the `//!` lines at the top.
fn head(text: &str) -> String {
    text.lines().map_while(|line| line.strip_prefix("//!")).collect()
}

fn rust_files(repository: &Repository) -> impl Iterator<Item = (&String, &String)> {
    repository.files.iter().filter(|(path, _)| path.ends_with(".rs") && !is_generated(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lints_count_only_in_their_section() {
        assert!(inherits_lints("[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n"));
        assert!(!inherits_lints("[lints]\n\n[dependencies]\nworkspace = true\n"));
    }

    #[test]
    fn a_module_named_in_a_sentence_is_no_module() {
        assert_eq!(vague_modules("a.rs", "// mod utils {\nlet s = \"no mod utils {\";\n"), [""; 0]);
        assert_eq!(vague_modules("a.rs", "    pub(crate) mod utils {\n").len(), 1);
    }
}
