//! What the process itself uses, read from `/proc` when somebody asks.

use std::fs;

use metrics::gauge;

/// Sets the gauges of this process; where there is no `/proc`, none.
pub(crate) fn measure() {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(bytes) = kibibytes(&status, "VmRSS:") {
        gauge!("process_resident_memory_bytes").set(bytes);
    }
    if let Some(bytes) = kibibytes(&status, "VmSize:") {
        gauge!("process_virtual_memory_bytes").set(bytes);
    }
    if let Some(threads) = field(&status, "Threads:") {
        gauge!("process_threads").set(threads);
    }
    if let Ok(entries) = fs::read_dir("/proc/self/fd") {
        // One of them is the directory that is being read.
        let count = u32::try_from(entries.count().saturating_sub(1)).unwrap_or(u32::MAX);
        gauge!("process_open_fds").set(f64::from(count));
    }
    if let Some(limit) = fs::read_to_string("/proc/self/limits")
        .ok()
        .as_deref()
        .and_then(open_files)
    {
        gauge!("process_max_fds").set(limit);
    }
}

fn kibibytes(status: &str, name: &str) -> Option<f64> {
    field(status, name).map(|value| value * 1024.0)
}

fn field(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The soft limit of the line "Max open files  1024  1048576  files".
fn open_files(limits: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
