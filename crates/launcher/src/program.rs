//! What to run, and how it is looked after.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::{Backoff, guard};

/// A program to run. Its standard input is empty, its environment is ours.
#[derive(Clone, Debug)]
pub struct Program {
    /// The executable.
    pub path: PathBuf,
    /// Its arguments, without the name of the program.
    pub arguments: Vec<OsString>,
    /// How the program is bound to our life.
    pub guard: Guard,
    /// What happens when it ends by itself.
    pub restart: Restart,
}

/// How a program is bound to the life of our process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// It is started through our own executable, which must call
    /// [`guard::become_program_if_asked`] first in its `main`.
    OwnExecutable,
    /// By a shell that waits until we are gone, whatever the reason, and then kills it. For executables
    /// whose `main` is not ours, as in tests: the kernel is quicker and cannot be killed itself.
    Watcher,
    /// Not at all.
    Nothing,
}

/// What happens when a program ends without having been asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// It stays down.
    Never,
    /// It is started again after a pause.
    After(Backoff),
}

impl Program {
    pub(crate) fn command(&self) -> Command {
        let mut command = match self.guard {
            Guard::OwnExecutable => guarded(self),
            Guard::Watcher | Guard::Nothing => plain(self),
        };
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own: the terminal sends Ctrl-C to our whole group, and an Envoy that gets
        // it with us would exit at once instead of being drained.
        command.process_group(0);
        command
    }
}

/// Kills the process when we end or drop the watcher's standard input. To be killed itself before the
/// process is reaped: afterwards the id may be another's.
pub(crate) fn watcher(pid: u32) -> io::Result<Child> {
    let mut command = Command::new("/bin/sh");
    // Built-in commands only, so that there is one process to kill.
    command.args(["-c", "read -r _; kill -KILL \"$1\"", "sh", &pid.to_string()]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn()
}

fn plain(program: &Program) -> Command {
    let mut command = Command::new(&program.path);
    command.args(&program.arguments);
    command
}

fn guarded(program: &Program) -> Command {
    let mut command = Command::new(own_executable());
    command.args(guard::arguments(&program.path, &program.arguments));
    command
}

/// The link stays right when the file was replaced while we run, as a rebuild does.
fn own_executable() -> PathBuf {
    let link = PathBuf::from("/proc/self/exe");
    if link.exists() { link } else { std::env::current_exe().unwrap_or(link) }
}
