//! The steps of `make test`, in order, and the commands that are one step of it.
//!
//! Cargo runs one build at a time; a step that fails does not keep the others from running, so that one run
//! tells everything. The last line says how many checks passed, failed and were left out: each test counts, and each
//! step that is not made of tests. Before it stands why some were left out.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::Failed;
use crate::record;
use crate::repository::root;

/// A step: a program that succeeds or fails, and sometimes counts tests.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
    /// Run only if this program answers `--version`; the step is named as left out when it does not.
    only_with: Option<&'static str>,
}

const STEP: Step = Step { name: "", program: "cargo", arguments: &[], environment: &[], only_with: None };

const FETCH: Step = Step { name: "fetch tools", program: "hack/fetch-tools", ..STEP };
/// What the tests in a cluster run; a test would build it too, in its own time.
const CLUSTER: Step =
    Step { name: "test cluster", program: "hack/build-cluster", arguments: &["--where-possible"], ..STEP };
const DOCS: Step = Step {
    name: "docs",
    // The generated crate's comments are those of the protobuf files, with links of their own.
    arguments: &["doc", "--quiet", "--no-deps", "--workspace", "--exclude", "isobath-envoy-protos"],
    environment: &[("RUSTDOCFLAGS", "-D warnings")],
    ..STEP
};
const CONFORMANCE: Step =
    Step { name: "conformance", program: "hack/run-conformance", arguments: &["--short"], ..STEP };
const QUICKSTART: Step = Step { name: "quickstart", program: "hack/run", arguments: &["--once"], ..STEP };

/// Chooses the layout of those tests with a real Envoy that do not choose one themselves. Without it they run with the
/// default, which is that of the step "tests": when the default changes, so do the steps for the others.
const LAYOUT: &str = "ISOBATH_TEST_LAYOUT";
/// What a layout can change: not the tests that choose their layouts themselves, nor those of the connection between
/// Envoy and controller. Of the whole workspace, so that nothing is built again with other features.
const LAYOUT_TESTS: &[&str] = &[
    "test",
    "--workspace",
    "--no-fail-fast",
    "--test",
    "real-envoy",
    "--",
    "--skip",
    "layouts::",
    "--skip",
    "rotation::",
    "--skip",
    "strangers::",
];

const STEPS: &[Step] = &[
    FETCH,
    Step { name: "format", arguments: &["fmt", "--all", "--check"], ..STEP },
    Step { name: "tidy", arguments: &["xtask", "tidy"], ..STEP },
    Step {
        name: "clippy",
        arguments: &["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"],
        ..STEP
    },
    CLUSTER,
    Step { name: "tests", arguments: &["test", "--workspace", "--no-fail-fast"], ..STEP },
    Step { name: "tests with tables", arguments: LAYOUT_TESTS, environment: &[(LAYOUT, "table")], ..STEP },
    Step { name: "tests on demand", arguments: LAYOUT_TESTS, environment: &[(LAYOUT, "on-demand")], ..STEP },
    CONFORMANCE,
    QUICKSTART,
    DOCS,
    Step { name: "generated files", program: "hack/check-generated", ..STEP },
    Step {
        name: "licences and sources",
        arguments: &["deny", "--offline", "check", "bans", "licenses", "sources"],
        only_with: Some("cargo-deny"),
        ..STEP
    },
];

/// With 100 times as many cases. The second is for properties that have as many as proptest gives them.
const MANY: &[(&str, &str)] = &[("ISOBATH_TEST_CASES_FACTOR", "100"), ("PROPTEST_CASES", "25600")];

/// For the random traces of the xDS server, of which there are many anyhow: 100 times as many would take half an hour.
const MORE: &[(&str, &str)] = &[("ISOBATH_TEST_CASES_FACTOR", "20")];

/// All that runs with the layout that is chosen for it, whether a layout can change it or not.
const LONG_LAYOUT_TESTS: &[&str] = &[
    "test",
    "--workspace",
    "--no-fail-fast",
    "--profile",
    "long",
    "--test=real-envoy",
    "--",
    "--skip",
    "layouts::",
];

/// The tests of `make test-long`, each with a row of its own in the page about it.
const LONG_STEPS: &[Step] = &[
    Step {
        name: "engine",
        arguments: &["test", "--workspace", "--no-fail-fast", "--profile", "long", "--test=engine"],
        environment: MANY,
        ..STEP
    },
    Step {
        name: "xds",
        arguments: &["test", "--workspace", "--no-fail-fast", "--profile", "long", "--test=model"],
        environment: MORE,
        ..STEP
    },
    Step {
        name: "envoy",
        arguments: &["test", "--workspace", "--no-fail-fast", "--profile", "long", "--test=real-envoy"],
        environment: MANY,
        ..STEP
    },
    Step { name: "tables", arguments: LONG_LAYOUT_TESTS, environment: &[(LAYOUT, "table")], ..STEP },
    Step { name: "on-demand", arguments: LONG_LAYOUT_TESTS, environment: &[(LAYOUT, "on-demand")], ..STEP },
    Step {
        name: "cluster",
        arguments: &["test", "--workspace", "--no-fail-fast", "--profile", "long", "--test=cluster"],
        environment: MANY,
        ..STEP
    },
    Step {
        // Those that wait for something that lasts.
        name: "outages",
        arguments: &[
            "test",
            "--workspace",
            "--no-fail-fast",
            "--profile",
            "long",
            "--test=cluster",
            "--",
            "--ignored",
        ],
        ..STEP
    },
    Step {
        name: "others",
        arguments: &[
            "test",
            "--workspace",
            "--no-fail-fast",
            "--profile",
            "long",
            "--lib",
            "--bins",
            "--test=backends",
            "--test=cases",
            "--test=checklist",
            "--test=cli",
            "--test=corpus",
            "--test=envoy",
            "--test=envoy_verdicts",
            "--test=exchange",
            "--test=facts",
            "--test=files",
            "--test=it",
            "--test=orphans",
            "--test=packing",
            "--test=properties",
            "--test=server",
            "--test=smoke",
            "--test=supervision",
            "--test=watch",
            "--test=writing",
        ],
        environment: MANY,
        ..STEP
    },
];

/// How a step ended.
struct Outcome {
    status: Result<ExitStatus, String>,
    passed: u64,
    failed: u64,
    /// What was left out, and why; the tests themselves count as passed.
    left_out: Vec<String>,
}

/// A step that has been run, or was left out as a whole.
pub(crate) struct Ran {
    pub(crate) name: &'static str,
    pub(crate) took: Duration,
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) left_out: Vec<String>,
}

/// How a step or a test begins what it has to say when this machine does not let it do its work.
const LEFT_OUT: &str = "left out: ";

/// `cargo xtask test`.
pub(crate) fn test(_arguments: &[String]) -> Result<(), Failed> {
    run_all(STEPS)
}

/// `cargo xtask test-long`: writes down how it ended, too. With names of steps, only these are run, and the rows of the
/// others stay as they are.
pub(crate) fn test_long(wanted: &[String]) -> Result<(), Failed> {
    if let Some(unknown) = wanted.iter().find(|name| LONG_STEPS.iter().all(|step| step.name != **name)) {
        let names: Vec<_> = LONG_STEPS.iter().map(|step| step.name).collect();
        return Err(Failed(format!("there is no part {unknown}; there are {}", names.join(", "))));
    }
    let tools: Vec<_> = [FETCH, CLUSTER].iter().map(run).collect();
    let mut ran = Vec::new();
    for step in
        LONG_STEPS.iter().filter(|step| wanted.is_empty() || wanted.iter().any(|name| name == step.name))
    {
        ran.push(run(step));
        // After each, for the run may be ended before its end.
        record::write(LONG_STEPS.iter().map(|step| step.name), &ran)?;
    }
    end(&tools.into_iter().chain(ran).collect::<Vec<_>>())
}

/// `cargo xtask docs`.
pub(crate) fn docs(_arguments: &[String]) -> Result<(), Failed> {
    run_all(&[DOCS])
}

/// `cargo xtask quickstart-check`.
pub(crate) fn quickstart_check(_arguments: &[String]) -> Result<(), Failed> {
    run_all(&[QUICKSTART])
}

fn run_all(steps: &[Step]) -> Result<(), Failed> {
    end(&steps.iter().map(run).collect::<Vec<_>>())
}

/// Tells how it ended.
fn end(ran: &[Ran]) -> Result<(), Failed> {
    print_summary(ran);
    let broken: Vec<_> = ran.iter().filter(|step| step.failed > 0).map(|step| step.name).collect();
    if broken.is_empty() { Ok(()) } else { Err(Failed(format!("failed: {}", broken.join(", ")))) }
}

fn print_summary(ran: &[Ran]) {
    println!();
    for reason in left_out(ran) {
        println!("{LEFT_OUT}{reason}");
    }
    let sum = |count: fn(&Ran) -> u64| ran.iter().map(count).sum::<u64>();
    let skipped = sum(|step| step.left_out.len() as u64);
    let (passed, failed) = (sum(|step| step.passed).saturating_sub(skipped), sum(|step| step.failed));
    match skipped {
        0 => println!("{passed} passed, {failed} failed"),
        skipped => println!("{passed} passed, {failed} failed, {skipped} skipped"),
    }
}

/// Why something was left out; each reason once.
pub(crate) fn left_out(ran: &[Ran]) -> BTreeSet<&str> {
    ran.iter().flat_map(|step| &step.left_out).map(String::as_str).collect()
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn run(step: &Step) -> Ran {
    let Step { name, .. } = *step;
    if let Some(program) = step.only_with.filter(|program| !is_there(program)) {
        println!("\n== {name}: left out");
        let left_out = vec![format!("{name}: {program} is not installed")];
        return Ran { name, took: Duration::ZERO, passed: 0, failed: 0, left_out };
    }
    println!("\n== {name}: {} {}", step.program, step.arguments.join(" "));
    let started = Instant::now();
    let Outcome { status, passed, failed, left_out } = count(run_and_repeat(step));
    let took = started.elapsed();
    println!("== {name}: {:.1} s", took.as_secs_f32());
    if let Err(why) = status {
        println!("== {name}: {why}");
    }
    Ran { name, took, passed, failed, left_out }
}

/// Adds the step itself to the counts where its tests do not already tell.
fn count(mut outcome: Outcome) -> Outcome {
    let is_good = outcome.status.as_ref().is_ok_and(ExitStatus::success);
    if !is_good && outcome.failed == 0 {
        outcome.failed = 1;
    } else if is_good && outcome.passed == 0 {
        outcome.passed = 1;
    }
    outcome
}

/// Runs the step, repeats its output line by line, and adds up the results that cargo prints.
fn run_and_repeat(step: &Step) -> Outcome {
    let mut outcome =
        Outcome { status: Err("it did not end".to_owned()), passed: 0, failed: 0, left_out: Vec::new() };
    let program = if step.program.contains('/') { root().join(step.program) } else { step.program.into() };
    let child = Command::new(program)
        .args(step.arguments)
        .envs(step.environment.iter().copied())
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return Outcome { status: Err(error.to_string()), ..outcome },
    };
    for line in child.stdout.take().into_iter().flat_map(lines) {
        println!("{line}");
        let (passed, failed) = test_result(&line).unwrap_or_default();
        outcome.passed += passed;
        outcome.failed += failed;
        // A test harness may have begun the line.
        outcome.left_out.extend(line.split_once(LEFT_OUT).map(|(_, why)| why.to_owned()));
    }
    outcome.status = child.wait().map_err(|error| error.to_string());
    outcome
}

/// The lines of an output; what is not UTF-8 in them is replaced.
fn lines(output: impl Read) -> impl Iterator<Item = String> {
    let lines = BufReader::new(output).split(b'\n').map_while(Result::ok);
    lines.map(|line| String::from_utf8_lossy(&line).into_owned())
}

/// Passed and failed of a line as cargo's test harness prints it.
fn test_result(line: &str) -> Option<(u64, u64)> {
    let rest = line.strip_prefix("test result: ")?;
    let number_before = |word: &str| rest.split(word).next()?.trim_end().rsplit(' ').next()?.parse().ok();
    Some((number_before(" passed")?, number_before(" failed")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_tests_are_read_from_their_closing_lines() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out";
        assert_eq!(test_result(line), Some((12, 3)));
        assert_eq!(test_result("test a::b ... ok"), None);
    }

    fn shell(script: &'static [&'static str]) -> Step {
        Step { name: "example", program: "bash", arguments: script, ..STEP }
    }

    fn counts(script: &'static [&'static str]) -> (u64, u64) {
        let outcome = count(run_and_repeat(&shell(script)));
        (outcome.passed, outcome.failed)
    }

    #[test]
    fn a_step_without_tests_counts_as_one() {
        assert_eq!(counts(&["-c", "echo fine"]), (1, 0));
        assert_eq!(counts(&["-c", "exit 3"]), (0, 1));
    }

    #[test]
    fn a_step_with_tests_counts_them_and_fails_even_if_they_passed() {
        assert_eq!(counts(&["-c", "echo 'test result: ok. 5 passed; 0 failed; 0 ignored'"]), (5, 0));
        assert_eq!(counts(&["-c", "echo 'test result: ok. 5 passed; 0 failed; 0 ignored'; exit 1"]), (5, 1));
    }

    #[test]
    fn what_was_left_out_is_told_with_its_reason() {
        let outcome =
            run_and_repeat(&shell(&["-c", "echo 'test a ... left out: a: no root'; echo 'left, out'"]));
        assert_eq!(outcome.left_out, ["a: no root"]);
    }

    /// The names of all test programs of the workspace.
    fn test_programs() -> BTreeSet<String> {
        let mut cargo = Command::new("cargo");
        cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(root());
        let metadata: serde_json::Value = serde_json::from_slice(&cargo.output().unwrap().stdout).unwrap();
        let packages = metadata["packages"].as_array().unwrap().iter();
        let targets = packages.flat_map(|package| package["targets"].as_array().unwrap());
        let tests = targets.filter(|target| target["kind"][0] == "test");
        tests.map(|target| target["name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_long_run_has_every_test_program() {
        let arguments = LONG_STEPS.iter().flat_map(|step| step.arguments);
        let named = arguments.filter_map(|argument| argument.strip_prefix("--test="));
        assert_eq!(named.map(str::to_owned).collect::<BTreeSet<_>>(), test_programs());
    }

    #[test]
    fn a_program_that_is_not_there_fails_its_step() {
        let step = Step { name: "example", program: "isobath-no-such-program", ..STEP };
        assert_eq!(count(run_and_repeat(&step)).failed, 1);
    }

    #[test]
    fn one_broken_step_breaks_the_run_and_the_others_run() {
        assert!(run_all(&[shell(&["-c", "exit 1"]), shell(&["-c", "true"])]).is_err());
        assert!(run_all(&[shell(&["-c", "true"])]).is_ok());
    }
}
