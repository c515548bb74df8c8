//! Watches the files of a [`Folder`] and hands on what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{Sender, UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep_until};

mod signals;

use crate::folder::{Folder, Inodes, Reload, Scan, inode};
use crate::settle::{Settle, Signal};
use signals::signals;

/// Files that are this long together are looked at without a thread for it: longer ones would hold up others for
/// milliseconds. What was just written by a process of this machine is read from memory.
const SMALL: u64 = 64 * 1024;

/// How patient the watcher is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchSettings {
    /// How long nothing must happen after the second event of a burst, or while a file does not parse. 50 ms.
    pub quiet: Duration,
    /// How long a look is put off at most while writing goes on. 1 s.
    pub longest: Duration,
    /// How often to look without any event: for file systems that send none. 10 s.
    pub rescan: Duration,
    /// How long a file that is being written counts as it was before, at most: where the system tells when a file
    /// was closed, that is the end of a write. 30 s.
    pub open: Duration,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            quiet: Duration::from_millis(50),
            longest: Duration::from_secs(1),
            rescan: Duration::from_secs(10),
            open: Duration::from_secs(30),
        }
    }
}

/// Why files cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchProblem {
    /// The system gives no watcher.
    #[error("cannot watch files: {0}")]
    Start(#[source] notify::Error),
    /// The system refuses one path, most often because there are too many watches already.
    #[error("cannot watch {path}: {source}; if there are too many, raise fs.inotify.max_user_watches", path = path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: notify::Error,
    },
    /// Looking at the files ended in a panic.
    #[error("looking at the files failed: {0}")]
    Look(#[source] tokio::task::JoinError),
}

/// Watches until the receiver of `batches` is gone.
///
/// The first look is at once, so that nothing is lost between an earlier load and the watch; a batch is sent only
/// if there is news. The folder is locked during a look only.
pub async fn watch(
    folder: Arc<Mutex<Folder>>,
    settings: WatchSettings,
    batches: Sender<Reload>,
) -> Result<(), WatchProblem> {
    let (mut watches, mut events) = Watches::start(lock(&folder).roots().to_vec())?;
    let mut settle = Settle::new(settings.quiet, settings.longest);
    let open = Open { since: BTreeMap::new(), longest: settings.open };
    let mut look = Look { folder, patience: Patience::Spent, concerned: Concerned::All, open };
    let mut rescan = Instant::now();
    loop {
        // The regular look waits for what may be being written: that is never put off for long.
        let due = settle.due().map_or(rescan, Instant::from);
        tokio::select! {
            // Events first: those that are here already belong to the look that is due, or put it off.
            biased;
            () = batches.closed() => return Ok(()),
            Some(signal) = events.recv() => {
                look.note(&signal);
                settle.event(signal, now());
                continue;
            }
            // A timer ends a millisecond late: what is due already needs none.
            () = std::future::ready(()), if due <= Instant::now() => {}
            () = sleep_until(due) => {}
        }
        settle.looked();
        if rescan <= Instant::now() {
            look.concerned = Concerned::All;
        }
        if look.concerned == Concerned::All {
            rescan = Instant::now() + settings.rescan;
        }
        match look.take(&mut watches).await? {
            Some(reload) if reload.is_empty() => {}
            Some(reload) => {
                if batches.send(reload).await.is_err() {
                    return Ok(());
                }
            }
            None => settle.look_again(now()),
        }
    }
}

/// The next look at the files.
struct Look {
    folder: Arc<Mutex<Folder>>,
    patience: Patience,
    concerned: Concerned,
    open: Open,
}

/// Files that are being written, of which the end will be told.
struct Open {
    since: BTreeMap<PathBuf, Instant>,
    longest: Duration,
}

impl Open {
    fn note(&mut self, signal: &Signal) {
        match signal {
            Signal::Open(path) => {
                self.since.entry(path.clone()).or_insert_with(Instant::now);
            }
            // A file that is gone, or made anew, is another one.
            Signal::Begun(path) | Signal::Finished(path) => {
                self.since.remove(path);
            }
            Signal::Touched(_) | Signal::Other => {}
        }
    }

    /// Those that are not to be looked at. Who keeps a file open for very long does not write it all the time.
    fn inodes(&mut self) -> Inodes {
        let longest = self.longest;
        self.since.retain(|_, since| since.elapsed() < longest);
        self.since.keys().filter_map(|path| inode(path)).collect()
    }
}

/// What to look at.
#[derive(Clone, PartialEq, Eq)]
enum Concerned {
    All,
    /// Files that events named since the last look that was taken.
    Only(BTreeSet<PathBuf>),
}

/// Whether a half-written file may still be waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Left,
    /// It was waited for, or nothing is served yet.
    Spent,
}

impl Look {
    fn note(&mut self, signal: &Signal) {
        self.open.note(signal);
        self.concerned.add(signal);
    }

    /// Takes what the files say; `None` if somebody may still be writing and there is patience left.
    async fn take(&mut self, watches: &mut Watches) -> Result<Option<Reload>, WatchProblem> {
        let open = self.open.inodes();
        // Here, if it is small: a thread for it takes longer to wake up than the look takes.
        let taken = match self.take_few(&open) {
            Some(taken) => taken,
            None => {
                watches.refresh()?;
                self.take_many(open).await?
            }
        };
        match taken {
            Some(_) => {
                self.patience = Patience::Left;
                self.concerned = Concerned::Only(BTreeSet::new());
            }
            None => self.patience = Patience::Spent,
        }
        Ok(taken)
    }

    fn take_few(&self, open: &Inodes) -> Option<Option<Reload>> {
        let mut folder = lock(&self.folder);
        let scan = self.concerned.scan(&folder, open, SMALL)?;
        Some(take(&mut folder, scan, self.patience))
    }

    async fn take_many(&self, open: Inodes) -> Result<Option<Reload>, WatchProblem> {
        let (folder, concerned, patience) = (Arc::clone(&self.folder), self.concerned.clone(), self.patience);
        let look = move || {
            let mut folder = lock(&folder);
            let scan = concerned.scan(&folder, &open, u64::MAX).unwrap_or_else(|| folder.scan_but(&open));
            take(&mut folder, scan, patience)
        };
        tokio::task::spawn_blocking(look).await.map_err(WatchProblem::Look)
    }
}

impl Concerned {
    fn add(&mut self, signal: &Signal) {
        match (&mut *self, signal) {
            (Self::All, _) | (Self::Only(_), Signal::Open(_)) => {}
            (Self::Only(_), Signal::Other) => *self = Self::All,
            (Self::Only(files), Signal::Begun(path) | Signal::Finished(path) | Signal::Touched(path)) => {
                files.insert(path.clone());
            }
        }
    }

    /// A look at no more than that; `None` if it would not tell as much as one at everything, or at more than
    /// `limit` bytes.
    fn scan(&self, folder: &Folder, open: &Inodes, limit: u64) -> Option<Scan> {
        match self {
            Self::All => None,
            Self::Only(files) => folder.scan_only(files, open, limit),
        }
    }
}

fn take(folder: &mut Folder, scan: Scan, patience: Patience) -> Option<Reload> {
    let waits = patience == Patience::Left && scan.is_unsettled();
    (!waits).then(|| folder.commit(scan))
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// A folder is good again after any panic: a commit that was cut short is repeated by the next one.
fn lock(folder: &Mutex<Folder>) -> MutexGuard<'_, Folder> {
    folder.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The watches of the system.
struct Watches {
    watcher: RecommendedWatcher,
    roots: Vec<PathBuf>,
    /// Identity of each root that is a folder and watched.
    watched: Vec<Option<(u64, u64)>>,
}

impl Watches {
    /// The system's events become signals on the thread that they come on, so that those without a meaning, such
    /// as of our own reading, wake nobody.
    fn start(roots: Vec<PathBuf>) -> Result<(Self, UnboundedReceiver<Signal>), WatchProblem> {
        let (sender, events) = unbounded_channel();
        // Events carry absolute paths, roots may be relative.
        let known = roots.iter().map(std::path::absolute).collect::<Result<Vec<_>, _>>();
        let known = known.map_err(|error| WatchProblem::Start(error.into()))?;
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Errors mean lost events: the look at everything finds what they would have told.
            let event = event.unwrap_or_else(|_| notify::Event::new(notify::EventKind::Any));
            for signal in signals(&event, &known) {
                // Nobody listens when the watch has ended.
                let _ = sender.send(signal);
            }
        })
        .map_err(WatchProblem::Start)?;
        let mut watches = Self { watcher, watched: vec![None; roots.len()], roots };
        for root in watches.roots.clone() {
            watches.watch_parent(&root)?;
        }
        watches.refresh()?;
        Ok((watches, events))
    }

    /// A file that is replaced by a rename, and a folder that is made anew, are seen from above only.
    fn watch_parent(&mut self, root: &Path) -> Result<(), WatchProblem> {
        let parent = match root.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => return Ok(()),
        };
        if parent.is_dir() { self.watch(parent, RecursiveMode::NonRecursive) } else { Ok(()) }
    }

    /// Watches folders that have come, or come anew, since the last time.
    fn refresh(&mut self) -> Result<(), WatchProblem> {
        for index in 0..self.roots.len() {
            let root = self.roots[index].clone();
            let metadata = std::fs::metadata(&root).ok().filter(std::fs::Metadata::is_dir);
            let identity = metadata.map(|metadata| (metadata.dev(), metadata.ino()));
            if identity == self.watched[index] {
                continue;
            }
            // The old watch is gone with its folder, or of no use.
            let _ = self.watcher.unwatch(&root);
            self.watched[index] = match identity {
                Some(_) if self.watch_folder(&root)? => identity,
                _ => None,
            };
        }
        Ok(())
    }

    /// False if the folder, or one in it, went away meanwhile: the next look tries again.
    fn watch_folder(&mut self, root: &Path) -> Result<bool, WatchProblem> {
        match self.watch(root, RecursiveMode::Recursive) {
            Ok(()) => Ok(true),
            Err(WatchProblem::Path { source, .. }) if is_gone(&source) => Ok(false),
            Err(problem) => Err(problem),
        }
    }

    fn watch(&mut self, path: &Path, mode: RecursiveMode) -> Result<(), WatchProblem> {
        self.watcher.watch(path, mode).map_err(|source| WatchProblem::Path { path: path.to_owned(), source })
    }
}

fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}
