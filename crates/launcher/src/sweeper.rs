//! Removes the folder of a run when the run ends, also when it is killed and cannot do so itself.
//!
//! An executable that uses [`Sweeper`] calls [`sweep_if_asked`] early in `main`: the sweeper is our own
//! executable once more, which waits until we are gone.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::program::own_executable;

/// The hidden first argument. The second is the folder.
pub const ARGUMENT: &str = "__sweep";

/// How often it is tried: an Envoy that is being killed may still put a file there.
const TRIES: u32 = 50;
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// A process that removes a folder when we are gone, for whatever reason. Dropping it has the folder
/// removed now, and waits for that.
#[derive(Debug)]
pub struct Sweeper {
    process: Child,
}

impl Sweeper {
    /// Starts it; from its return on the folder is removed with everything that is put in it.
    pub fn start(folder: &Path) -> io::Result<Self> {
        let mut command = Command::new(own_executable());
        command.arg(ARGUMENT).arg(folder);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own: Ctrl-C is for us, and Envoy needs its files until it has drained.
        command.process_group(0);
        Ok(Self { process: command.spawn()? })
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // An error means that somebody else has waited for it.
        let _ = self.process.wait();
    }
}

/// Waits for the end of the run and removes its folder when the process was started as a sweeper, and
/// returns at once when not.
///
/// Does not return in the first case: the code is 0 when the folder is gone.
pub fn sweep_if_asked() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() == Some(OsStr::new(ARGUMENT)) {
        std::process::exit(sweep(arguments.next(), io::stdin()));
    }
}

fn sweep(folder: Option<OsString>, mut run: impl io::Read) -> i32 {
    let Some(folder) = folder else { return 2 };
    // Nothing is ever written: this ends when nobody has the other side any more.
    let _ = io::copy(&mut run, &mut io::sink());
    match remove(Path::new(&folder)) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    let mut tries = 1;
    loop {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(_) if tries < TRIES => tries += 1,
            done => return done,
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_removed_with_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join("sub/key"), "secret").unwrap();
        assert_eq!(sweep(Some(folder.path().into()), io::empty()), 0);
        assert!(!folder.path().exists());
    }

    #[test]
    fn a_folder_that_is_gone_already_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(sweep(Some(folder.path().join("gone").into()), io::empty()), 0);
    }

    #[test]
    fn a_sweeper_without_a_folder_is_used_wrongly() {
        assert_eq!(sweep(None, io::empty()), 2);
    }
}
