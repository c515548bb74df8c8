//! Kubernetes manifests in files and folders: objects with file, line and column for every field, reloaded when
//! the files change.
//!
//! Does: reads YAML and JSON as `kubectl` reads them, several documents and lists per file, keeps the last good
//! objects while a file is broken, says what is wrong with a source excerpt, and watches for changes.
//!
//! Does not: know what an object means, look at references between objects, or serve anything.
//!
//! Start with [`Folder`] (load, reload), [`Diagnostic`] with [`render`](render()), and [`watch`](watch()).

mod comments;
mod diagnostic;
mod document;
mod field_path;
mod folder;
mod json;
mod manifest;
mod pieces;
mod render;
mod settle;
mod source;
mod watch;
mod yaml;

pub use comments::{Comment, comments, push_field};
pub use diagnostic::{Diagnostic, Excerpt, JsonDiagnostic, Severity};
pub use document::Document;
pub use folder::{Folder, FolderChange, Loaded, Reload, Scan, Sourced};
pub use render::{Style, render};
pub use settle::{Settle, Signal};
pub use source::{Location, Source, SourceFile, Target};
pub use watch::{WatchProblem, WatchSettings, watch};

/// Where the documents of a file are; what is between them has nothing but comments, blanks and separators.
pub fn documents(text: &str) -> Vec<std::ops::Range<usize>> {
    pieces::split(text).into_iter().map(|piece| piece.range).collect()
}

/// What a document says; `None` where it cannot be read.
pub fn value(document: &str) -> Option<serde_json::Value> {
    manifest::value(document).ok()
}

/// Reads arbitrary bytes as a manifest file and shows everything that is wrong with them: for fuzzing. Never
/// panics.
pub fn read_any(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let file = std::sync::Arc::new(SourceFile { path: "fuzz.yaml".into(), text: text.into_owned() });
    let mut shown = 0;
    for piece in pieces::split(&file.text) {
        let locator = source::Locator::new(&Source::new(std::sync::Arc::clone(&file), &piece, None));
        for finding in manifest::read(&file.text[piece.range]).findings {
            shown += render(&finding.diagnostic(&locator), Style::Plain).len();
        }
    }
    shown
}
