//! What the sources of the core must not mention: files, environment, processes, sockets, clocks.

use super::source::{code_without_tests, is_test_file};
use crate::repository::Repository;

/// The crates that compute and do nothing else, without the package prefix.
pub(super) const CORE: &[&str] = &[
    "model",
    "store",
    "translate",
    "engine",
    "envoy",
    "re2",
    "rules",
    "x509",
    "explain",
    "status",
    "provisioner",
];

/// Modules of std that touch the world.
const MODULES: &[&str] = &["fs", "env", "process", "thread"];

/// Names that touch the world wherever they were imported from.
const NAMES: &[&str] = &[
    "SystemTime::now",
    "Instant::now",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
    "UnixDatagram",
    "ToSocketAddrs",
];

pub(super) fn core_does_no_io(repository: &Repository) -> Vec<String> {
    let members = CORE.iter().filter_map(|name| repository.crates.get(&format!("isobath-{name}")));
    let sources = members.flat_map(|member| {
        let own = format!("{}/src/", member.folder);
        repository.sources(member).filter(move |(path, _)| path.starts_with(&own))
    });
    let sources = sources.filter(|(path, _)| !is_test_file(path));
    sources.flat_map(|(path, text)| mentions(path, text)).collect()
}

fn mentions(path: &str, text: &str) -> Vec<String> {
    let code = code_without_tests(text);
    let lines = code.lines().enumerate();
    let by_line = lines.filter_map(|(index, line)| {
        let what = first_mention(line)?;
        Some(format!("{path}:{}: mentions {what}", index + 1))
    });
    let grouped = grouped_imports(&code).map(|module| format!("{path}: imports std::{module}"));
    by_line.chain(grouped).collect()
}

fn first_mention(line: &str) -> Option<String> {
    let modules = MODULES.iter().map(|module| format!("std::{module}"));
    modules.chain(NAMES.iter().map(|name| (*name).to_owned())).find(|what| contains_word(line, what))
}

/// The forbidden modules inside `use std::{a, fs::File, b}`.
fn grouped_imports(code: &str) -> impl Iterator<Item = &'static str> {
    let groups = code.split("std::{").skip(1).filter_map(|rest| rest.split(';').next()).collect::<Vec<_>>();
    MODULES.iter().copied().filter(move |module| groups.iter().any(|group| contains_word(group, module)))
}

/// Whether `text` has `word` with no letter, digit or `_` on either side.
fn contains_word(text: &str, word: &str) -> bool {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_name) && !after.is_some_and(is_name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(mentions("a.rs", text), expected, "{text}");
    }

    #[test]
    fn the_world_is_found_in_every_spelling() {
        check("let x = std::env::var(\"A\");", &["a.rs:1: mentions std::env"]);
        check("\nuse std::time::Instant;\nfn f() { Instant::now(); }", &["a.rs:3: mentions Instant::now"]);
        check("use std::net::{IpAddr, TcpStream};", &["a.rs:1: mentions TcpStream"]);
        check("use std::{\n    collections::BTreeMap,\n    fs,\n};", &["a.rs: imports std::fs"]);
    }

    #[test]
    fn what_only_looks_like_it_passes() {
        check("use std::net::IpAddr; // not std::fs\n/// `Instant::now` is for the shell", &[]);
        check("use std::envelope; const A: &str = env!(\"CARGO_PKG_NAME\");", &[]);
        check("fn f() {}\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n", &[]);
        check("use std::{collections::BTreeMap, fmt};\nlet fs = 1;", &[]);
    }
}
