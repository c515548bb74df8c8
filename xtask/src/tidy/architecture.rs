//! `ARCHITECTURE.md`: short, and with every crate in its map.

use crate::repository::Repository;

const FILE: &str = "ARCHITECTURE.md";
const LONGEST: usize = 400;

pub(super) fn is_complete(repository: &Repository) -> Vec<String> {
    let text = repository.files.get(FILE).map_or("", String::as_str);
    let names = repository.crates.keys().map(|package| package.strip_prefix("isobath-").unwrap_or(package));
    let missing = names.filter(|name| !text.contains(&format!("`{name}`")));
    missing.map(|name| format!("{FILE}: has no `{name}`")).collect()
}

pub(super) fn is_short(repository: &Repository) -> Vec<String> {
    let lines = repository.files.get(FILE).map_or(0, |text| text.lines().count());
    if lines > LONGEST { vec![format!("{FILE}: {lines} lines")] } else { Vec::new() }
}
