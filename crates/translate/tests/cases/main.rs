//! Every file below `testdata/cases`: objects as a user could have written them, then a last document of
//! kind `Expect` with what comes of them. An optional document of kind `Settings` holds what the operator
//! decided.
//!
//! `CASE=word` runs the cases whose path holds the word; `UPDATE=1` writes what came out into the files,
//! to be read by a person before it is committed.

extern crate isobath_translate as translate;

mod case;
mod coverage;
mod document;
mod render;
#[path = "../shared/world.rs"]
mod world;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What stands before the expectation in a file.
const MARK: &str = "---\nkind: Expect\n";

#[test]
fn every_case_comes_out_as_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/cases");
    let filter = std::env::var("CASE").unwrap_or_default();
    let mut files = Vec::new();
    collect(&root, "yaml", &mut files).expect("the folder of cases can be read");
    files.retain(|file| file.to_string_lossy().contains(&filter));
    assert!(!files.is_empty(), "no case below {} has \"{filter}\" in its path", root.display());
    let failed: Vec<_> = files
        .iter()
        .filter_map(|file| check(file).err().map(|why| format!("{}\n{why}", file.display())))
        .collect();
    assert!(failed.is_empty(), "{} of {} cases:\n{}", failed.len(), files.len(), failed.join("\n"));
}

fn collect(folder: &Path, wanted: &str, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries: io::Result<Vec<_>> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut entries = entries?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, wanted, files)?;
        } else if path.extension().is_some_and(|extension| extension == wanted) {
            files.push(path);
        }
    }
    Ok(())
}

/// Runs one case; an error says what is wrong with it.
fn check(file: &Path) -> Result<(), String> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    let (objects, expected) = match text.find(MARK) {
        Some(place) => text.split_at(place),
        None => (text.as_str(), ""),
    };
    let mut expected = document::read(expected.strip_prefix(MARK).unwrap_or_default())?;
    let mut found = case::run(objects)?;
    keep_proves(&mut expected, &mut found);
    let rendered = format!("{MARK}{}", document::write(&found));
    if std::env::var_os("UPDATE").is_some() {
        let separator = if objects.ends_with('\n') { "" } else { "\n" };
        return fs::write(file, format!("{objects}{separator}{rendered}")).map_err(|error| error.to_string());
    }
    if expected == found {
        return Ok(());
    }
    Err(format!("expected:\n{}\nfound:\n{rendered}", document::write(&expected)))
}

/// What a case proves is said by people, and stands first.
fn keep_proves(expected: &mut Value, found: &mut Value) {
    let (Some(expected), Some(found)) = (expected.as_object_mut(), found.as_object_mut()) else { return };
    if let Some(proves) = expected.get("proves").cloned() {
        found.shift_insert(0, "proves".to_owned(), proves);
    }
}
