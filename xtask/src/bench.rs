//! `make bench`: every bench target of the workspace, one after another.

use std::process::Command;

use serde_json::Value;

use crate::Failed;
use crate::repository::{list, metadata, root};

/// `cargo xtask bench [ARGUMENTS]`: the arguments go to each bench target.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failed> {
    let targets = targets(&metadata()?);
    if targets.is_empty() {
        return Err(Failed("the workspace has no bench target".to_owned()));
    }
    targets.iter().try_for_each(|(package, target)| bench(package, target, arguments))
}

/// Package and name of each bench target.
fn targets(metadata: &Value) -> Vec<(String, String)> {
    let is_bench = |target: &&Value| list(&target["kind"]).iter().any(|kind| kind == "bench");
    let of_package = |package: &Value| -> Vec<(String, String)> {
        let name = package["name"].as_str().unwrap_or_default();
        let benches = list(&package["targets"]).iter().filter(is_bench);
        benches.filter_map(|target| Some((name.to_owned(), target["name"].as_str()?.to_owned()))).collect()
    };
    let packages = list(&metadata["packages"]).iter();
    packages.filter(|package| package["source"].is_null()).flat_map(of_package).collect()
}

fn bench(package: &str, target: &str, arguments: &[String]) -> Result<(), Failed> {
    println!("\n== {package}: {target}");
    let mut command = Command::new("cargo");
    command.args(["bench", "--quiet", "--package", package, "--bench", target, "--"]).args(arguments);
    match command.current_dir(root()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failed(format!("{target}: {status}"))),
        Err(error) => Err(Failed(format!("{target}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_bench_targets_of_this_workspace_run() {
        let target = |kind: &str, name: &str| json!({"kind": [kind], "name": name});
        let ours =
            json!({"name": "a", "source": null, "targets": [target("lib", "a"), target("bench", "b")]});
        let theirs = json!({"name": "c", "source": "registry", "targets": [target("bench", "d")]});
        let found = targets(&json!({"packages": [ours, theirs]}));
        assert_eq!(found, [("a".to_owned(), "b".to_owned())]);
    }
}
