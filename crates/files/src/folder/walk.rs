//! Which files there are.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What tells one state of a file from another, without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: (u64, u64),
    length: u64,
    /// The later of the last write and the last change of the inode, in nanoseconds since 1970.
    changed: i128,
    names: Names,
}

/// Files by device and inode, whatever they are called.
pub(crate) type Inodes = BTreeSet<(u64, u64)>;

/// The file that a path leads to.
pub(crate) fn inode(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Whether other names may lead to the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    One,
    /// It is a symbolic link, or has several hard links.
    Several,
}

/// One file.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
}

/// What a walk found; files once each, however many paths lead to them.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) files: Vec<Listed>,
    /// Paths that could not be looked at.
    pub(super) blocked: Vec<(PathBuf, io::Error)>,
    seen: BTreeSet<(u64, u64)>,
}

impl Listed {
    /// One file, or nothing when there is none or it may be known by another name: then only a look at all
    /// files tells which of them count.
    pub(super) fn alone(path: &Path) -> Option<Self> {
        let metadata = fs::symlink_metadata(path).ok().filter(Metadata::is_file)?;
        let stamp = Stamp::new(&metadata, Entry::Direct);
        stamp.has_one_name().then(|| Self { path: path.to_owned(), stamp })
    }
}

impl Stamp {
    fn new(metadata: &Metadata, entry: Entry) -> Self {
        let nanos = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        let written = nanos(metadata.mtime(), metadata.mtime_nsec());
        let changed = nanos(metadata.ctime(), metadata.ctime_nsec());
        Self {
            inode: (metadata.dev(), metadata.ino()),
            length: metadata.len(),
            changed: written.max(changed),
            names: if entry == Entry::Direct && metadata.nlink() == 1 { Names::One } else { Names::Several },
        }
    }

    /// Whether no other name leads to the same file.
    pub(super) fn has_one_name(&self) -> bool {
        self.names == Names::One
    }

    /// Whether it is the state of one of these files.
    pub(super) fn is_of(&self, files: &Inodes) -> bool {
        files.contains(&self.inode)
    }

    /// How long the file is, in bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Whether the file was last changed so long before `now` that a later change must have another stamp; clocks
    /// of file systems are coarse.
    pub(super) fn is_settled(&self, now: std::time::SystemTime) -> bool {
        let now = now.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128);
        now - self.changed > 2_000_000_000
    }
}

/// How a folder leads to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    Direct,
    Link,
}

impl Entry {
    fn of(is_link: bool) -> Self {
        if is_link { Self::Link } else { Self::Direct }
    }
}

/// Whether a file of this name in a folder is read: YAML and JSON, but not what editors leave around.
pub(crate) fn is_manifest(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let extension = path.extension().and_then(|extension| extension.to_str());
    !name.starts_with(['.', '#']) && matches!(extension, Some("yaml" | "yml" | "json"))
}

impl Listing {
    /// Walks folders recursively, in the order of the names; files given by name are taken whatever their name.
    pub(super) fn new(roots: &[PathBuf]) -> Self {
        let mut listing = Self::default();
        for root in roots {
            match fs::metadata(root) {
                Ok(metadata) if metadata.is_dir() => listing.folder(root, &metadata),
                Ok(metadata) => listing.file(root.clone(), &metadata, Entry::of(root.is_symlink())),
                Err(error) => listing.blocked.push((root.clone(), error)),
            }
        }
        listing
    }

    fn file(&mut self, path: PathBuf, metadata: &Metadata, entry: Entry) {
        if metadata.is_file() && self.seen.insert((metadata.dev(), metadata.ino())) {
            self.files.push(Listed { path, stamp: Stamp::new(metadata, entry) });
        }
    }

    /// Loops of symbolic links end, because every folder is entered once.
    fn folder(&mut self, root: &Path, metadata: &Metadata) {
        self.seen.insert((metadata.dev(), metadata.ino()));
        let mut open = vec![root.to_owned()];
        while let Some(folder) = open.pop() {
            match entries(&folder) {
                Ok(paths) => self.entries(paths, &mut open),
                Err(error) => self.blocked.push((folder, error)),
            }
        }
    }

    fn entries(&mut self, paths: Vec<(PathBuf, Entry)>, open: &mut Vec<PathBuf>) {
        for (path, entry) in paths {
            // An entry that went away, or a link to nowhere, is no file of this folder.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            if metadata.is_dir() {
                if self.seen.insert((metadata.dev(), metadata.ino())) {
                    open.push(path);
                }
            } else if is_manifest(&path) {
                self.file(path, &metadata, entry);
            }
        }
    }
}

/// Entries that are not hidden, sorted.
fn entries(folder: &Path) -> io::Result<Vec<(PathBuf, Entry)>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            paths.push((entry.path(), Entry::of(is_link)));
        }
    }
    paths.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(paths)
}
