//! Where the figures come from.

use std::fs::read_to_string;

/// Processor, memory, kernel and how busy the machine was, in a line or two.
pub(crate) fn facts() -> String {
    let processors = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let count = processors.lines().filter(|l| l.starts_with("processor")).count();
    let model = field(&processors, "model name").unwrap_or("unknown processor");
    let memory = read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = field(&memory, "MemTotal").unwrap_or("unknown");
    let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    format!(
        "{count} × {model}, memory {memory}, Linux {}, load averages at the end {load}",
        kernel.trim()
    )
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_by_name() {
        assert_eq!(field("a : 1\nb\t:  2 kB\n", "b"), Some("2 kB"));
        assert_eq!(field("a : 1\n", "c"), None);
    }
}
