//! Real children: shells, and what becomes of them.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use isobath_launcher::{Backoff, Event, Guard, Program, Restart, Signal, Stopped, Stream, Supervised};

const LIMIT: Duration = Duration::from_secs(30);

fn shell(script: &str, restart: Restart) -> Program {
    let arguments = ["-c".into(), script.into()].into();
    Program { path: "/bin/sh".into(), arguments, guard: Guard::Nothing, restart }
}

/// Starts it and gives each event as one line of text.
fn start(program: Program) -> (Supervised, Receiver<String>) {
    let (sender, events) = mpsc::channel();
    let child = Supervised::start(program, move |event| {
        let text = match event {
            Event::Started { .. } => "started".to_owned(),
            Event::Line(Stream::Output, line) => format!("out {line}"),
            Event::Line(Stream::Error, line) => format!("err {line}"),
            Event::Ended(status) => format!("ended {status}"),
            Event::CannotStart(error) => format!("cannot start {error}"),
            Event::Restarting { after } => format!("restarting after {after:?}"),
        };
        let _ = sender.send(text);
    });
    (child.unwrap(), events)
}

fn wait_for(events: &Receiver<String>, wanted: &str) {
    let deadline = Instant::now() + LIMIT;
    let mut before = Vec::new();
    while let Ok(event) = events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        if event == wanted {
            return;
        }
        before.push(event);
    }
    panic!("no event {wanted:?}, only {before:?}");
}

/// Stopping is not done when the signal is sent.
fn wait_until_frozen(child: &Supervised) {
    let stat = format!("/proc/{}/stat", child.pid().unwrap());
    while !std::fs::read_to_string(&stat).unwrap().contains(") T ") {
        std::thread::yield_now();
    }
}

fn at_once() -> Restart {
    let first = Duration::from_millis(1);
    Restart::After(Backoff { first, longest: Duration::from_millis(2), forgiven_after: LIMIT })
}

#[test]
fn lines_come_before_the_end_of_the_program() {
    let (child, events) = start(shell("echo one; printf last; exit 3", Restart::Never));
    assert_eq!(child.wait(LIMIT).and_then(|status| status.code()), Some(3));
    let events: Vec<_> = events.try_iter().collect();
    assert_eq!(events, ["started", "out one", "out last", "ended exit status: 3"]);
}

#[test]
fn standard_error_is_told_apart() {
    let (child, events) = start(shell("echo oops >&2", Restart::Never));
    child.wait(LIMIT).unwrap();
    assert!(events.try_iter().any(|event| event == "err oops"));
}

#[test]
fn a_program_that_dies_is_started_again_with_growing_pauses() {
    let (child, events) = start(shell("exit 1", at_once()));
    wait_for(&events, "restarting after 1ms");
    wait_for(&events, "restarting after 2ms");
    wait_for(&events, "started");
    assert!(child.starts() >= 3);
}

#[test]
fn a_program_that_is_killed_is_started_again_as_another_process() {
    let (child, events) = start(shell("echo up; exec sleep 600", at_once()));
    wait_for(&events, "out up");
    let first = child.pid();
    assert!(child.signal(Signal::Kill));
    wait_for(&events, "ended signal: 9 (SIGKILL)");
    wait_for(&events, "out up");
    assert_ne!(child.pid(), first);
}

#[test]
fn a_stop_lets_the_program_end_in_order_and_is_no_reason_to_restart() {
    let (child, events) =
        start(shell("trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.01; done", at_once()));
    wait_for(&events, "out up");
    match child.stop(LIMIT) {
        Stopped::InTime(status) => assert_eq!(status.code(), Some(5)),
        other => panic!("{other:?}"),
    }
    let rest: Vec<_> = events.try_iter().collect();
    assert_eq!(rest, ["out bye", "ended exit status: 5"]);
    assert_eq!((child.pid(), child.starts()), (None, 1));
}

#[test]
fn a_program_that_will_not_end_is_killed() {
    let (child, events) = start(shell("trap '' TERM; echo up; while :; do sleep 0.01; done", at_once()));
    wait_for(&events, "out up");
    assert_eq!(child.stop(Duration::from_millis(1)), Stopped::Killed);
    assert_eq!(child.pid(), None);
}

#[test]
fn a_frozen_program_can_be_killed() {
    let (child, events) = start(shell("echo up; exec sleep 600", Restart::Never));
    wait_for(&events, "out up");
    assert!(child.signal(Signal::Freeze));
    wait_until_frozen(&child);
    assert_eq!(child.stop(Duration::from_millis(1)), Stopped::Killed);
}

#[test]
fn a_stop_during_the_pause_starts_nothing() {
    let long = Backoff { first: LIMIT, longest: LIMIT, forgiven_after: LIMIT };
    let (child, events) = start(shell("exit 1", Restart::After(long)));
    wait_for(&events, "restarting after 30s");
    assert_eq!(child.stop(LIMIT), Stopped::WasDown);
    assert_eq!(child.starts(), 1);
}

#[test]
fn a_missing_program_is_an_error_at_the_start() {
    let program = Program { path: "/no/such/program".into(), ..shell("", at_once()) };
    let error = Supervised::start(program, |_| {}).unwrap_err().to_string();
    assert!(error.starts_with("cannot start /no/such/program: "), "{error}");
}

#[test]
fn a_watcher_is_there_before_its_program_and_ends_with_it() {
    let program = Program { guard: Guard::Watcher, ..shell("exec sleep 600", Restart::Never) };
    let (child, _events) = start(program);
    let watcher = group_of(child.pid().unwrap()).unwrap();
    assert_ne!(Some(watcher), child.pid());
    assert_eq!(group_of(watcher), Some(watcher));
    child.kill();
    assert_eq!(group_of(watcher), None);
}

/// The process group of a process; none when there is no such process.
fn group_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The state, the parent, the group: behind the name, which may hold anything.
    stat.rsplit_once(") ")?.1.split(' ').nth(2)?.parse().ok()
}

#[test]
fn dropping_the_handle_ends_the_program() {
    let (child, events) = start(shell("echo up; exec sleep 600", at_once()));
    wait_for(&events, "out up");
    drop(child);
    let rest: Vec<_> = events.iter().collect();
    assert_eq!(rest, ["ended signal: 9 (SIGKILL)"]);
}
