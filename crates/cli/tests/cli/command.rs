//! A command that runs to its end.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The command, with nothing set from outside that it would read.
pub(crate) fn isobath() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_isobath"));
    for name in ["ISOBATH_NAMESPACE", "ENVOY_CAFILE", "ENVOY_CERT_FILE", "ENVOY_KEY_FILE"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// What a command left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the command in a folder.
pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Ended {
    let output = isobath().args(arguments).current_dir(folder).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs the command in the folder of the workspace.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    run_in(&workspace(), arguments)
}

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// A folder with files in it.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The quickstart's manifests, with one file changed.
pub(crate) fn quickstart_with(changed: &str, change: impl FnOnce(String) -> String) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(workspace().join("examples/quickstart")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    let path = copy.path().join(changed);
    let text = std::fs::read_to_string(&path).unwrap();
    let new = change(text.clone());
    assert_ne!(text, new, "{changed} is as it was");
    std::fs::write(path, new).unwrap();
    copy
}
