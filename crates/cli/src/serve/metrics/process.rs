//! The process, as Prometheus' own libraries tell it.

use std::fs;

use admin::{Exposition, Kind};

/// What the kernel counts in a second; the same on every Linux.
const TICKS: f64 = 100.0;

/// Writes what the system says of this process. What it does not say is left out.
pub(super) fn write(to: &mut Exposition) {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name, which may hold anything: state is field 3.
    let fields: Vec<f64> = stat
        .rsplit(") ")
        .next()
        .unwrap_or_default()
        .split(' ')
        .map(|text| text.parse().unwrap_or(0.0))
        .collect();
    let field = |number: usize| fields.get(number - 3).copied();
    if let (Some(user), Some(system)) = (field(14), field(15)) {
        let seconds = (user + system) / TICKS;
        to.number("process_cpu_seconds_total", Kind::Counter, "CPU time that was used, in seconds.", seconds);
    }
    if let (Some(started), Some(booted)) = (field(22), booted()) {
        let seconds = booted + started / TICKS;
        let help = "When the process began.";
        to.number("process_start_time_seconds", Kind::Gauge, help, seconds);
    }
    if let Some(bytes) = resident() {
        to.number("process_resident_memory_bytes", Kind::Gauge, "Memory that is in use.", bytes);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        to.number("process_open_fds", Kind::Gauge, "Files and connections that are open.", files.count());
    }
}

/// In unix seconds.
fn booted() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.parse().ok()
}

fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}
