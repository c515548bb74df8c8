//! Watches the files of a [`Folder`] and hands on what changed.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{Sender, UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep_until};

mod signals;

use crate::folder::{Folder, Reload};
use crate::settle::Settle;
use signals::signals;

/// How patient the watcher is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchSettings {
    /// How long nothing must happen after the second event of a burst, or while a file does not parse. 50 ms.
    pub quiet: Duration,
    /// How long a look is put off at most while writing goes on. 1 s.
    pub longest: Duration,
    /// How often to look without any event: for file systems that send none. 10 s.
    pub rescan: Duration,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            quiet: Duration::from_millis(50),
            longest: Duration::from_secs(1),
            rescan: Duration::from_secs(10),
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
    let mut patience = Patience::Spent;
    let mut rescan = Instant::now();
    loop {
        let due = settle.due().map_or(rescan, |due| rescan.min(due.into()));
        tokio::select! {
            // Events first: those that are here already belong to the look that is due, or put it off.
            biased;
            () = batches.closed() => return Ok(()),
            Some(event) = events.recv() => {
                signals(&event, &watches.roots).for_each(|signal| settle.event(signal, now()));
                continue;
            }
            // A timer ends a millisecond late: what is due already needs none.
            () = std::future::ready(()), if due <= Instant::now() => {}
            () = sleep_until(due) => {}
        }
        watches.refresh()?;
        settle.looked();
        rescan = Instant::now() + settings.rescan;
        match look(Arc::clone(&folder), patience).await? {
            Some(reload) => {
                patience = Patience::Left;
                if !reload.is_empty() && batches.send(reload).await.is_err() {
                    return Ok(());
                }
            }
            None => {
                patience = Patience::Spent;
                settle.look_again(now());
            }
        }
    }
}

/// Whether a half-written file may still be waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Left,
    /// It was waited for, or nothing is served yet.
    Spent,
}

/// Takes what the files say; `None` if somebody may still be writing and there is patience left.
async fn look(folder: Arc<Mutex<Folder>>, patience: Patience) -> Result<Option<Reload>, WatchProblem> {
    let look = move || {
        let mut folder = lock(&folder);
        let scan = folder.scan();
        if patience == Patience::Left && scan.is_unsettled() {
            return None;
        }
        Some(folder.commit(scan))
    };
    tokio::task::spawn_blocking(look).await.map_err(WatchProblem::Look)
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
    fn start(roots: Vec<PathBuf>) -> Result<(Self, UnboundedReceiver<notify::Event>), WatchProblem> {
        let (sender, events) = unbounded_channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Errors mean lost events: the regular look finds what they would have told.
            let event = event.unwrap_or_else(|_| notify::Event::new(notify::EventKind::Any));
            let _ = sender.send(event);
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
