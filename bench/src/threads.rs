//! What single threads use, of this process and others, and how busy the machine is.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::machine::time_of;

/// The processor time that one thread of a process has used.
pub(crate) fn processor_time_of_thread(process: &str, thread: &str) -> Duration {
    time_of(format!("/proc/{process}/task/{thread}/schedstat").as_ref())
}

/// The processor time that those threads of a process have used whose names begin so.
pub(crate) fn processor_time_of_threads(process: &str, name: &str) -> Duration {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let is_meant = |folder: &Path| {
        fs::read_to_string(folder.join("comm")).is_ok_and(|found| found.trim_end().starts_with(name))
    };
    let folders = threads.map(|thread| thread.path()).filter(|folder| is_meant(folder));
    folders.map(|folder| time_of(&folder.join("schedstat"))).sum()
}

/// How many programs want a processor: over the last minute, five and fifteen.
pub(crate) fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
