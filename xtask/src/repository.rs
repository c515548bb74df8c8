//! This repository: where it is, what files it has, what crates, and who depends on whom.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::Failed;

/// The files and crates of a repository, as the tidy rules see them.
#[derive(Debug, Default, Clone)]
pub(crate) struct Repository {
    /// By path from the root, with `/`; only files that are UTF-8.
    pub(crate) files: BTreeMap<String, String>,
    /// The members of the workspace, by package name.
    pub(crate) crates: BTreeMap<String, Crate>,
}

/// One member of the workspace. Dependencies for tests and build scripts do not count.
#[derive(Debug, Default, Clone)]
pub(crate) struct Crate {
    /// The folder, from the root.
    pub(crate) folder: String,
    /// The packages that it names itself.
    pub(crate) direct: BTreeSet<String>,
    /// Those, and what they pull in.
    pub(crate) closure: BTreeSet<String>,
}

/// The root of the workspace that this program was built in.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.to_path_buf(), Path::to_path_buf)
}

impl Repository {
    /// Reads the files that git knows or would add, and `cargo metadata`.
    pub(crate) fn read() -> Result<Self, Failed> {
        Ok(Self { files: files()?, crates: crates(&metadata()?, &root()) })
    }

    /// The files of a crate's folder that end in `.rs`.
    pub(crate) fn sources<'a>(&'a self, member: &'a Crate) -> impl Iterator<Item = (&'a String, &'a String)> {
        let prefix = format!("{}/", member.folder);
        self.files.iter().filter(move |(path, _)| path.starts_with(&prefix) && path.ends_with(".rs"))
    }
}

/// What `cargo metadata` says: all packages, the members of the workspace, who depends on whom.
fn metadata() -> Result<Value, Failed> {
    let text = output("cargo", &["metadata", "--format-version", "1"])?;
    serde_json::from_str(&text).map_err(|error| Failed(format!("cargo metadata: {error}")))
}

fn files() -> Result<BTreeMap<String, String>, Failed> {
    let root = root();
    let listed = output("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    // What is listed and cannot be read as text was deleted and not yet committed, or is no text.
    let read = |path: &str| Some((path.to_owned(), std::fs::read_to_string(root.join(path)).ok()?));
    Ok(listed.split('\0').filter(|path| !path.is_empty()).filter_map(read).collect())
}

fn output(program: &str, arguments: &[&str]) -> Result<String, Failed> {
    let command = format!("{program} {}", arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .output()
        .map_err(|error| Failed(format!("{command}: {error}")))?;
    if !output.status.success() {
        return Err(Failed(format!("{command}: {}", String::from_utf8_lossy(&output.stderr).trim())));
    }
    String::from_utf8(output.stdout).map_err(|_| Failed(format!("{command}: its output is not UTF-8")))
}

/// The members of the workspace that `cargo metadata` describes.
fn crates(metadata: &Value, root: &Path) -> BTreeMap<String, Crate> {
    let names = package_names(metadata);
    let edges = normal_edges(metadata);
    let name = |id: &&str| names.get(*id).map(|name| (*name).to_owned());
    let member = |package: &Value| {
        let id = package["id"].as_str()?;
        let direct = edges.get(id).cloned().unwrap_or_default();
        let manifest = Path::new(package["manifest_path"].as_str()?);
        let folder = manifest.parent()?.strip_prefix(root).ok()?.to_str()?.to_owned();
        let found = Crate {
            folder,
            direct: direct.iter().filter_map(name).collect(),
            closure: reachable(&edges, direct).iter().filter_map(name).collect(),
        };
        Some((package["name"].as_str()?.to_owned(), found))
    };
    let members: BTreeSet<&str> =
        list(&metadata["workspace_members"]).iter().filter_map(Value::as_str).collect();
    let is_member = |package: &&Value| package["id"].as_str().is_some_and(|id| members.contains(id));
    list(&metadata["packages"]).iter().filter(is_member).filter_map(member).collect()
}

/// The elements of a JSON list; none for what is no list.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn package_names(metadata: &Value) -> BTreeMap<&str, &str> {
    list(&metadata["packages"])
        .iter()
        .filter_map(|package| Some((package["id"].as_str()?, package["name"].as_str()?)))
        .collect()
}

/// From each package id to those that it needs when it is not tested.
fn normal_edges(metadata: &Value) -> BTreeMap<&str, BTreeSet<&str>> {
    let is_normal = |edge: &&Value| list(&edge["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
    list(&metadata["resolve"]["nodes"])
        .iter()
        .filter_map(|node| {
            let edges = list(&node["deps"]).iter().filter(is_normal).filter_map(|edge| edge["pkg"].as_str());
            Some((node["id"].as_str()?, edges.collect()))
        })
        .collect()
}

fn reachable<'a>(edges: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let mut seen = from.clone();
    let mut open: Vec<&str> = from.into_iter().collect();
    while let Some(id) = open.pop() {
        let next = edges.get(id).into_iter().flatten();
        open.extend(next.filter(|id| seen.insert(id)));
    }
    seen
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str) -> Value {
        json!({"id": name, "name": name, "manifest_path": format!("/r/crates/{name}/Cargo.toml")})
    }

    fn node(name: &str, normal: &[&str], for_tests: &[&str]) -> Value {
        let edge = |kind: Value| move |to: &&str| json!({"pkg": to, "dep_kinds": [{"kind": kind.clone()}]});
        let normal = normal.iter().map(edge(Value::Null));
        let deps: Vec<Value> = normal.chain(for_tests.iter().map(edge(json!("dev")))).collect();
        json!({"id": name, "deps": deps})
    }

    #[test]
    fn dependencies_are_followed_and_those_of_tests_are_not() {
        let metadata = json!({
            "packages": [package("a"), package("b"), package("c"), package("d")],
            "workspace_members": ["a"],
            "resolve": {"nodes": [node("a", &["b"], &["d"]), node("b", &["c"], &[]), node("c", &["b"], &[])]},
        });
        let crates = crates(&metadata, Path::new("/r"));
        let names = |of: &BTreeSet<String>| of.iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(crates.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(crates["a"].folder, "crates/a");
        assert_eq!(names(&crates["a"].direct), "b");
        assert_eq!(names(&crates["a"].closure), "b c");
    }
}
