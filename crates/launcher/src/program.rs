//! What to run, and how it is looked after.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::watcher::Watcher;
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
    /// By a shell in its process group that waits until we are gone, whatever the reason, and then kills
    /// the group. For executables whose `main` is not ours, as in tests: the kernel is quicker and cannot
    /// be killed itself.
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
    /// The command that starts it, in the process group of its watcher if it has one.
    pub(crate) fn command(&self, watcher: Option<&Watcher>) -> Command {
        let mut command = match self.guard {
            Guard::OwnExecutable => guarded(self),
            Guard::Watcher | Guard::Nothing => plain(self),
        };
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Never in our own group: the terminal sends Ctrl-C to the whole of it, and an Envoy that gets
        // it with us would exit at once instead of being drained.
        command.process_group(watcher.map_or(0, Watcher::group));
        command
    }
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
pub(crate) fn own_executable() -> PathBuf {
    let link = PathBuf::from("/proc/self/exe");
    if link.exists() { link } else { std::env::current_exe().unwrap_or(link) }
}
