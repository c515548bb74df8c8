//! What the machine says about itself and about this process.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Memory that is touched to learn what that costs: 2 MiB.
const PAGES: usize = 512;
const PAGE_BYTES: usize = 4096;
/// As long as the benchmarks rest between two changes, or longer.
const REST: Duration = Duration::from_millis(600);

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

/// The processor, how many there are, and what memory costs who was asleep.
pub(crate) fn description() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, m)| m);
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    let model = model.unwrap_or("unknown processor");
    let touch = after_a_rest().as_nanos();
    format!("{cores} cores, {model}; a page touched after {} ms of sleep: {touch} ns", REST.as_millis())
}

/// What it costs to touch a page of one's own again after a rest: the least of three times. On hardware of one's own
/// some nanoseconds; a hypervisor that takes page tables away from who sleeps makes it microseconds, and every short
/// piece of work pays that for each page of its code and data.
fn after_a_rest() -> Duration {
    let mut pages = vec![1_u8; PAGES * PAGE_BYTES];
    let mut once = || {
        std::thread::sleep(REST);
        let before = Instant::now();
        pages
            .iter_mut()
            .step_by(PAGE_BYTES)
            .for_each(|byte| *byte = std::hint::black_box(byte.wrapping_add(1)));
        before.elapsed()
    };
    let least = [once(), once(), once()].into_iter().min().unwrap_or_default();
    least / u32::try_from(PAGES).unwrap_or(u32::MAX)
}
