//! A folder of manifests for tests.

use std::fs;
use std::path::{Path, PathBuf};

use files::{Diagnostic, Folder, FolderChange, Reload};
use tempfile::TempDir;

/// A temporary folder.
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        files.iter().for_each(|(name, text)| world.write(name, text));
        world
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.file(name)).unwrap();
    }

    /// A folder that was never looked at.
    pub(crate) fn fresh(&self) -> Folder {
        Folder::new([self.path()])
    }

    /// Ids and diagnostics of one look.
    pub(crate) fn load(&self) -> (Vec<String>, Vec<String>) {
        let (folder, loaded) = Folder::load([self.path()]);
        assert_eq!(folder.ids().collect::<Vec<_>>(), loaded.objects.keys().collect::<Vec<_>>());
        (loaded.objects.keys().map(ToString::to_string).collect(), self.shown(&loaded.diagnostics))
    }

    /// Changes and diagnostics of a reload.
    pub(crate) fn reload(&self, folder: &mut Folder) -> (Vec<String>, Vec<String>) {
        let reload = folder.reload();
        (changes(&reload), self.shown(&reload.diagnostics))
    }

    /// `severity file:line:column path: message` with file names relative to the folder.
    pub(crate) fn shown(&self, diagnostics: &[Diagnostic]) -> Vec<String> {
        let prefix = format!("{}/", self.path().display());
        let line = |found: &Diagnostic| format!("{} {} {}", found.severity, found.place(), found.title());
        diagnostics.iter().map(|found| line(found).replace(&prefix, "")).collect()
    }
}

/// `+` and `-` with the id.
pub(crate) fn changes(reload: &Reload) -> Vec<String> {
    let line = |change: &FolderChange| match change {
        FolderChange::Applied(object) => format!("+ {}", object.id()),
        FolderChange::Removed(id) => format!("- {id}"),
    };
    reload.changes.iter().map(line).collect()
}

/// A Service with a port.
pub(crate) fn service(name: &str, port: u16) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{ports: [{{port: {port}}}]}}\n"
    )
}

/// Several documents.
pub(crate) fn documents(texts: &[String]) -> String {
    texts.join("---\n")
}
