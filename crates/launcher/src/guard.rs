//! The step between our process and the program: asks the kernel to be killed with its parent, then
//! becomes the program. The process id stays the same, so nothing stands between us and the child.
//!
//! An executable that uses [`crate::Guard::OwnExecutable`] calls [`become_program_if_asked`] as the
//! first thing in `main`. The request survives `exec` (except into a binary with set-user-id or file
//! capabilities, where the kernel drops it). A program may replace the signal with its own: Envoy
//! with hot restart asks for `SIGTERM`; without (`--disable-hot-restart`) it asks for none.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::process::{Pid, getppid};

/// The hidden first argument. The rest is: the parent's process id, the program, its arguments.
pub const ARGUMENT: &str = "__guard";

/// Exit code when the program could not be started, as shells use it.
const CANNOT_START: i32 = 127;

/// Becomes the program when the process was started as a guard, and returns at once when not.
///
/// Does not return in the first case: a failure is written to standard error and ends the process
/// with code 127.
pub fn become_program_if_asked() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() == Some(OsStr::new(ARGUMENT)) {
        let failure = become_program(arguments);
        eprintln!("{failure}");
        std::process::exit(CANNOT_START);
    }
}

/// The guard's whole command line, without the executable.
pub(crate) fn arguments(program: &Path, arguments: &[OsString]) -> Vec<OsString> {
    let head = [ARGUMENT.into(), std::process::id().to_string().into(), program.into()];
    head.into_iter().chain(arguments.iter().cloned()).collect()
}

#[derive(Debug, thiserror::Error)]
enum GuardFailed {
    #[error("{ARGUMENT}: expected a process id and a program, this is for internal use only")]
    Usage,
    #[error("{ARGUMENT}: the parent has ended already")]
    ParentGone,
    #[error("cannot ask to end with the parent: {0}")]
    Request(io::Error),
    #[error("cannot run {program}: {source}")]
    Exec { program: String, source: io::Error },
}

/// Returns only when it fails.
fn become_program(mut arguments: impl Iterator<Item = OsString>) -> GuardFailed {
    let (Some(parent), Some(program)) = (arguments.next(), arguments.next()) else {
        return GuardFailed::Usage;
    };
    let Some(parent) = parse_pid(&parent) else { return GuardFailed::Usage };
    if let Err(error) = end_with_parent() {
        return GuardFailed::Request(error);
    }
    // The parent may have died before the request: then no signal will ever come.
    if getppid() != Some(parent) {
        return GuardFailed::ParentGone;
    }
    let source = Command::new(&program).args(arguments).exec();
    GuardFailed::Exec { program: program.to_string_lossy().into_owned(), source }
}

fn parse_pid(text: &OsStr) -> Option<Pid> {
    // Unsigned first: `from_raw` panics at negative numbers.
    let id: u32 = text.to_str()?.parse().ok()?;
    Pid::from_raw(id.try_into().ok()?)
}

#[cfg(target_os = "linux")]
fn end_with_parent() -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(())
}

/// Elsewhere there is no such request: an orphan is possible after `SIGKILL`.
#[cfg(not(target_os = "linux"))]
fn end_with_parent() -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(words: &[&str]) -> String {
        become_program(words.iter().map(OsString::from)).to_string()
    }

    #[test]
    fn a_guard_without_a_program_says_that_it_is_internal() {
        let usage = "__guard: expected a process id and a program, this is for internal use only";
        assert_eq!(failure(&[]), usage);
        assert_eq!(failure(&["12"]), usage);
        assert_eq!(failure(&["twelve", "/bin/true"]), usage);
        assert_eq!(failure(&["-1", "/bin/true"]), usage);
    }

    #[test]
    fn the_command_line_names_the_parent_and_the_program() {
        let line = arguments(Path::new("/bin/envoy"), &["-c".into(), "b.json".into()]);
        let own_id = std::process::id().to_string();
        assert_eq!(line, ["__guard", own_id.as_str(), "/bin/envoy", "-c", "b.json"]);
    }
}
