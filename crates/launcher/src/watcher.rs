//! A shell that kills a program's process group when we end.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// Built-in commands only, so that there is one process to kill. The signals are those that its group may
/// get for other reasons: from a program that signals its whole group, or from the kernel when we go and
/// somebody in the group stands still.
const SCRIPT: &str = "trap '' HUP INT TERM; echo; read -r _; kill -KILL 0";

/// A running watcher. It leads the process group that the program is put in; dropping it ends it alone.
///
/// It is there before the program is, and it sees the end of its standard input only when nobody has the
/// other side any more: neither we, nor a child of ours that has not become the program yet and joins the
/// group before it does. So there is no moment at which our end would leave the program behind.
#[derive(Debug)]
pub(crate) struct Watcher {
    process: Child,
}

impl Watcher {
    /// Starts it, and returns once it watches.
    pub(crate) fn start() -> io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT]).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut watcher = Self { process: command.spawn()? };
        match watcher.process.stdout.take() {
            Some(mut ready) => ready.read_exact(&mut [0])?,
            None => return Err(io::Error::other("the watcher has no output")),
        }
        Ok(watcher)
    }

    /// The process group that it kills.
    pub(crate) fn group(&self) -> i32 {
        self.process.id().cast_signed()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // Errors mean that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
