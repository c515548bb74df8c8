//! What the machine says about itself and about this process.

use std::fs;
use std::path::Path;
use std::time::Duration;

/// The resident memory of this process, in bytes.
pub(crate) fn resident_bytes() -> u64 {
    resident_bytes_of("self")
}

/// The resident memory of a process, in bytes.
pub(crate) fn resident_bytes_of(process: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kibibytes.unwrap_or_default() * 1024
}

/// The processor time that the main thread of this process has used.
pub(crate) fn processor_time() -> Duration {
    time_of("/proc/self/schedstat".as_ref())
}

/// The processor time in a file of the kernel's.
pub(crate) fn time_of(file: &Path) -> Duration {
    let stat = fs::read_to_string(file).unwrap_or_default();
    Duration::from_nanos(stat.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default())
}

/// The processor and how many there are.
pub(crate) fn description() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, m)| m);
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    format!("{cores} cores, {}", model.unwrap_or("unknown processor"))
}
