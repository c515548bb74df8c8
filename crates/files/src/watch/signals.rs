//! What the system's events mean for us. Events of reading mean nothing: a look would wake itself.

use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode};
use notify::{Event, EventKind};

use crate::folder::is_manifest;
use crate::settle::Signal;

/// The signals of one event, one for each of its paths that matters; `roots` are absolute.
pub(super) fn signals<'a>(event: &'a Event, roots: &'a [PathBuf]) -> impl Iterator<Item = Signal> + 'a {
    let meaning = meaning(&event.kind);
    let lost = (event.need_rescan() || event.kind == EventKind::Any).then_some(Signal::Other);
    let of_path = move |path: &PathBuf| match (meaning?, file(path, roots)) {
        (Meaning::Begun, File::Manifest) if TELLS_ENDS => Some(Signal::Open(path.clone())),
        (Meaning::Begun, File::Manifest) => Some(Signal::Begun(path.clone())),
        (Meaning::Finished, File::Manifest) => Some(Signal::Finished(path.clone())),
        (Meaning::Entry, File::Manifest) => Some(Signal::Begun(path.clone())),
        (Meaning::Arrived, File::Manifest) => Some(Signal::Finished(path.clone())),
        (Meaning::Attributes, File::Manifest) => Some(Signal::Touched(path.clone())),
        // A folder, or a link to one, has come or gone.
        (Meaning::Entry | Meaning::Arrived, File::Unknown) => Some(Signal::Other),
        (Meaning::Begun | Meaning::Finished | Meaning::Attributes, File::Unknown) | (_, File::Foreign) => {
            None
        }
    };
    lost.into_iter().chain(event.paths.iter().filter_map(of_path))
}

/// Whether the system tells when a file is closed after a write.
const TELLS_ENDS: bool = cfg!(target_os = "linux");

#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// The content is being written.
    Begun,
    /// The content has been written.
    Finished,
    /// A name has come or gone.
    Entry,
    /// A name has come with its content, by a rename.
    Arrived,
    /// Permissions and the like.
    Attributes,
}

fn meaning(kind: &EventKind) -> Option<Meaning> {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(Meaning::Finished),
        EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Some(Meaning::Arrived),
        // Both ends have been told one by one already.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => None,
        EventKind::Modify(ModifyKind::Name(_))
        | EventKind::Create(CreateKind::Folder)
        | EventKind::Remove(_) => Some(Meaning::Entry),
        EventKind::Create(_) => Some(Meaning::Entry),
        EventKind::Modify(ModifyKind::Metadata(_)) => Some(Meaning::Attributes),
        EventKind::Modify(_) => Some(Meaning::Begun),
        EventKind::Access(_) | EventKind::Any | EventKind::Other => None,
    }
}

enum File {
    /// We read it.
    Manifest,
    /// Neither: perhaps a folder.
    Unknown,
    /// What editors write beside the file, and files that are nothing to us.
    Foreign,
}

fn file(path: &Path, roots: &[PathBuf]) -> File {
    let Some(name) = path.file_name().map(|name| name.to_string_lossy()) else { return File::Unknown };
    if roots.iter().any(|root| root == path && root.is_file()) {
        return File::Manifest;
    }
    if is_manifest(path) {
        let is_ours = roots.iter().any(|root| leads_to(root, path));
        return if is_ours { File::Manifest } else { File::Foreign };
    }
    // The link that a ConfigMap volume swaps is the one hidden name that counts.
    let hidden = name.starts_with('.') && name != "..data";
    let temporary = [".swp", ".swx", ".tmp", "~"].iter().any(|end| name.ends_with(end));
    if hidden || temporary || name.starts_with('#') || name == "4913" { File::Foreign } else { File::Unknown }
}

/// Whether a file is read because it is below a root: hidden folders are passed over.
fn leads_to(root: &Path, path: &Path) -> bool {
    let folders = path.strip_prefix(root).ok().and_then(Path::parent);
    folders.is_some_and(|folders| folders.iter().all(|folder| !folder.as_encoded_bytes().starts_with(b".")))
}

#[cfg(test)]
mod tests {
    use notify::event::{DataChange, MetadataKind, RemoveKind};

    use super::*;

    fn of(kind: EventKind, path: &str) -> Vec<Signal> {
        signals(&Event::new(kind).add_path(path.into()), &["/a".into(), "/own/a.conf".into()]).collect()
    }

    #[test]
    fn files_of_others_mean_nothing() {
        for name in ["/b.yaml", "/b/c.yaml", "/a/.git/c.yaml", "/own/b.yaml"] {
            assert_eq!(of(EventKind::Modify(ModifyKind::Data(DataChange::Any)), name), [], "{name}");
            assert_eq!(of(EventKind::Modify(ModifyKind::Name(RenameMode::To)), name), [], "{name}");
        }
    }

    #[test]
    fn writes_begin_and_finish() {
        let path = PathBuf::from("/a/b.yaml");
        let open = [if TELLS_ENDS { Signal::Open(path.clone()) } else { Signal::Begun(path.clone()) }];
        assert_eq!(of(EventKind::Modify(ModifyKind::Data(DataChange::Any)), "/a/b.yaml"), open);
        let begun = [Signal::Begun(path.clone())];
        assert_eq!(of(EventKind::Create(CreateKind::File), "/a/b.yaml"), begun);
        assert_eq!(of(EventKind::Remove(RemoveKind::File), "/a/b.yaml"), begun);
        let finished = [Signal::Finished(path)];
        assert_eq!(of(EventKind::Access(AccessKind::Close(AccessMode::Write)), "/a/b.yaml"), finished);
        assert_eq!(of(EventKind::Modify(ModifyKind::Name(RenameMode::To)), "/a/b.yaml"), finished);
    }

    #[test]
    fn reading_means_nothing() {
        for kind in
            [AccessKind::Open(AccessMode::Read), AccessKind::Close(AccessMode::Read), AccessKind::Read]
        {
            assert_eq!(of(EventKind::Access(kind), "/a/b.yaml"), []);
        }
        assert_eq!(of(EventKind::Modify(ModifyKind::Name(RenameMode::Both)), "/a/b.yaml"), []);
    }

    #[test]
    fn what_editors_leave_around_means_nothing() {
        for name in ["/a/.b.yaml.swp", "/a/b.yaml~", "/a/4913", "/a/#b.yaml#", "/a/.#b.yaml", "/a/b.yaml.tmp"]
        {
            assert_eq!(of(EventKind::Create(CreateKind::File), name), [], "{name}");
            assert_eq!(of(EventKind::Modify(ModifyKind::Name(RenameMode::To)), name), [], "{name}");
        }
    }

    #[test]
    fn folders_and_swapped_links_count() {
        for name in ["/a/sub", "/a/..data", "/a/conf.d"] {
            assert_eq!(
                of(EventKind::Modify(ModifyKind::Name(RenameMode::To)), name),
                [Signal::Other],
                "{name}"
            );
        }
        assert_eq!(of(EventKind::Create(CreateKind::Folder), "/a/sub"), [Signal::Other]);
        assert_eq!(of(EventKind::Modify(ModifyKind::Data(DataChange::Any)), "/a/readme"), []);
        assert_eq!(
            of(EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), "/a/b.yml"),
            [Signal::Touched("/a/b.yml".into())]
        );
    }

    #[test]
    fn lost_events_count() {
        assert_eq!(signals(&Event::new(EventKind::Any), &[]).collect::<Vec<_>>(), [Signal::Other]);
    }
}
