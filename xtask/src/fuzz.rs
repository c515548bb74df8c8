//! Runs of every fuzz target in `fuzz/` under libFuzzer. The test suite runs the same targets without it, shortly
//! and repeatably (`tests/fuzz-smoke`); this is for looking longer.
//!
//! `cargo-fuzz` is built once into `.tools/` if the machine has none. The compiler's coverage switches are for
//! nightly toolchains; `RUSTC_BOOTSTRAP` lets the pinned stable one take them.

use std::path::PathBuf;
use std::process::Command;

use crate::Failed;
use crate::repository::root;

const VERSION: &str = "0.13.2";
const DEFAULT_SECONDS: &str = "10";

/// `cargo xtask fuzz [SECONDS]`: so many seconds for each target.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failed> {
    let seconds = arguments.first().map_or(DEFAULT_SECONDS, String::as_str);
    seconds.parse::<u32>().map_err(|_| Failed(format!("expected a number of seconds, not `{seconds}`")))?;
    let targets = targets()?;
    let program = program()?;
    for target in &targets {
        println!("fuzzing {target} for {seconds} s");
        succeed(Command::new(&program).args(fuzz_arguments(target, seconds)).env("RUSTC_BOOTSTRAP", "1"))?;
    }
    println!("{} fuzz targets ran without a crash", targets.len());
    Ok(())
}

/// The names of the files in `fuzz/fuzz_targets`, sorted; none is an error, or the step would prove nothing.
fn targets() -> Result<Vec<String>, Failed> {
    let folder = root().join("fuzz/fuzz_targets");
    let entries =
        std::fs::read_dir(&folder).map_err(|error| Failed(format!("{}: {error}", folder.display())))?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let names = paths.filter_map(|path| Some(path.file_name()?.to_str()?.strip_suffix(".rs")?.to_owned()));
    let mut names: Vec<String> = names.collect();
    names.sort();
    if names.is_empty() { Err(Failed(format!("{}: no targets", folder.display()))) } else { Ok(names) }
}

/// What cargo-fuzz gets. No sanitizer: our code has no `unsafe`, and panics and hangs are found without.
fn fuzz_arguments(target: &str, seconds: &str) -> Vec<String> {
    let limits = ["-timeout=10", "-rss_limit_mb=2048", "-verbosity=0"];
    let run = ["fuzz", "run", "--sanitizer", "none", target, "--"];
    let all = run.into_iter().chain(limits).map(str::to_owned);
    all.chain([format!("-max_total_time={seconds}")]).collect()
}

/// The installed cargo-fuzz, or one built into `.tools/`.
fn program() -> Result<PathBuf, Failed> {
    let own = root().join(".tools/bin/cargo-fuzz");
    let is_installed =
        Command::new("cargo-fuzz").arg("--version").output().is_ok_and(|it| it.status.success());
    if is_installed {
        return Ok("cargo-fuzz".into());
    }
    if !own.exists() {
        println!("building cargo-fuzz {VERSION} into .tools/");
        let arguments =
            ["install", "--quiet", "--locked", "--version", VERSION, "--root", ".tools", "cargo-fuzz"];
        succeed(Command::new("cargo").args(arguments))?;
    }
    Ok(own)
}

fn succeed(command: &mut Command) -> Result<(), Failed> {
    let status = command.current_dir(root()).status();
    let shown = || format!("{command:?}");
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failed(format!("{}: {status}", shown()))),
        Err(error) => Err(Failed(format!("{}: {error}", shown()))),
    }
}
