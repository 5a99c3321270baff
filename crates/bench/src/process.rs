//! What a process has used: the CPU time of all its threads, and its resident memory.

use anyhow::Context as _;
use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use std::time::Duration;

/// The processes that are "the server".
#[derive(Clone, Debug, Default)]
pub struct Server {
    /// Their numbers; none when the server's costs cannot be seen from here.
    pub pids: Vec<i32>,
}

impl Server {
    /// User and system time of all threads, ended ones included. The kernel's clock of a
    /// process is the sum of `utime` and `stime` in /proc, to the nanosecond instead of the
    /// hundredth of a second.
    pub fn cpu(&self) -> anyhow::Result<Option<Duration>> {
        self.sum(|pid| {
            let clock = clock_getcpuclockid(Pid::from_raw(pid))?;
            Ok(Duration::from(clock_gettime(clock)?))
        })
    }

    /// `VmRSS` in bytes.
    pub fn resident(&self) -> anyhow::Result<Option<u64>> {
        self.sum(|pid| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
            resident(&status).context("no VmRSS in its status")
        })
    }

    fn sum<V: std::iter::Sum>(&self, read: impl Fn(i32) -> anyhow::Result<V>) -> anyhow::Result<Option<V>> {
        if self.pids.is_empty() {
            return Ok(None);
        }
        let each = self
            .pids
            .iter()
            .map(|pid| read(*pid).with_context(|| format!("cannot see what process {pid} uses")));
        each.sum::<anyhow::Result<V>>().map(Some)
    }
}

/// The CPU time of this very process.
pub fn own_cpu() -> anyhow::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?.into())
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_from_the_status_file() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t  12 kB\n"), Some(12288));
        assert_eq!(resident("Name:\tx\n"), None);
    }

    #[test]
    fn a_process_sees_its_own_time_and_memory() {
        let own = i32::try_from(std::process::id()).expect("process numbers are small");
        let server = Server { pids: vec![own] };
        let before = server.cpu().expect("own clock").expect("one process");
        let mut sum = 0_u64;
        while own_cpu().expect("own clock") < before + Duration::from_millis(5) {
            sum = std::hint::black_box(sum + 1);
        }
        let after = server.cpu().expect("own clock").expect("one process");
        assert!(after >= before + Duration::from_millis(4));
        assert!(server.resident().expect("own status").expect("one") > 100_000);
    }

    #[test]
    fn without_processes_there_is_nothing_to_see() {
        assert_eq!(Server::default().cpu().expect("nothing fails"), None);
    }
}
