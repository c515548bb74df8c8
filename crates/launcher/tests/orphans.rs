//! Nothing is left behind when the parent is killed with `SIGKILL`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use isobath_launcher::Search;

const LIMIT: Duration = Duration::from_secs(30);

struct Parent {
    process: Child,
    output: BufReader<ChildStdout>,
    child: String,
}

fn parent(guard: &str, program: &Path, arguments: &[&str]) -> Parent {
    let mut command = Command::new(env!("CARGO_BIN_EXE_isobath-launcher-parent"));
    command.arg(guard).arg(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let output = BufReader::new(process.stdout.take().unwrap());
    let mut parent = Parent { process, output, child: String::new() };
    parent.child = parent.line_with("pid ");
    parent
}

impl Parent {
    fn line_with(&mut self, part: &str) -> String {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            if line.contains(part) {
                return line.trim().trim_start_matches("pid ").to_owned();
            }
            line.clear();
        }
        panic!("the parent's output ended without {part:?}");
    }

    /// Kills the parent and gives the child up to the limit to go.
    fn kill_and_wait_for_child(&mut self) {
        assert!(is_alive(&self.child));
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let deadline = Instant::now() + LIMIT;
        while is_alive(&self.child) {
            assert!(Instant::now() < deadline, "process {} is an orphan", self.child);
            std::thread::yield_now();
        }
    }
}

/// A zombie is dead: whoever inherited it only has not looked yet.
fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}

const GUARDS: [&str; 2] = ["own-executable", "watcher"];

#[test]
fn a_guarded_program_goes_when_its_parent_is_killed() {
    for guard in GUARDS {
        let script = "trap '' TERM HUP INT; echo up; while :; do sleep 0.01; done";
        let mut parent = parent(guard, Path::new("/bin/sh"), &["-c", script]);
        parent.line_with("line up");
        parent.kill_and_wait_for_child();
    }
}

#[test]
fn a_frozen_program_goes_too() {
    for guard in GUARDS {
        let mut parent = parent(guard, Path::new("/bin/sh"), &["-c", "echo up; kill -STOP $$"]);
        parent.line_with("line up");
        parent.kill_and_wait_for_child();
    }
}

#[test]
fn envoy_goes_when_its_parent_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let bootstrap = folder.path().join("bootstrap.json");
    std::fs::write(&bootstrap, "{}").unwrap();
    let bootstrap = bootstrap.to_str().unwrap();
    for guard in GUARDS {
        let arguments = ["-c", bootstrap, "--disable-hot-restart", "--concurrency", "1"];
        let mut parent = parent(guard, &envoy(), &arguments);
        parent.line_with("starting main dispatch loop");
        parent.kill_and_wait_for_child();
    }
}

#[test]
fn a_program_that_does_not_exist_ends_with_a_line_that_says_so() {
    let mut parent = parent("own-executable", Path::new("/no/such/program"), &[]);
    parent.line_with("line cannot run /no/such/program: No such file");
    parent.line_with("ended exit status: 127");
}

#[test]
fn a_guard_whose_parent_is_gone_does_not_start_the_program() {
    let guard = Command::new(env!("CARGO_BIN_EXE_isobath-launcher-parent"))
        .args(["__guard", "1", "/bin/echo", "started"])
        .output()
        .unwrap();
    assert_eq!(guard.status.code(), Some(127));
    assert_eq!(String::from_utf8_lossy(&guard.stdout), "");
}

fn envoy() -> PathBuf {
    let tools_above = vec![env!("CARGO_MANIFEST_DIR").into()];
    Search { path: None, tools_above }.envoy().unwrap_or_else(|error| panic!("{error}"))
}
