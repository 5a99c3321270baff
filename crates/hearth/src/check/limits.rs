//! How many files, and so connections, the system lets us have.

use super::Finding;
use crate::process::file_limit;

/// Below this there is no serving anybody.
const FEW: u64 = 256;
/// Below this a server of any size will feel it.
const ENOUGH: u64 = 10_000;

pub(super) fn look() -> Finding {
    judge(file_limit().1)
}

fn judge(hard: u64) -> Finding {
    const SUBJECT: &str = "file limit";
    let message = format!("{hard} open files, of which each client is one");
    let advice = "raise it: LimitNOFILE= in a systemd unit, `ulimit -Hn` in a shell, --ulimit for a container";
    match hard {
        ..FEW => Finding::error(SUBJECT, message, advice),
        FEW..ENOUGH => Finding::warning(SUBJECT, message, advice),
        ENOUGH.. => Finding::ok(SUBJECT, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Level;

    #[test]
    fn a_low_limit_is_told() {
        for (hard, level) in [
            (64, Level::Error),
            (1024, Level::Warning),
            (10_000, Level::Ok),
            (u64::MAX, Level::Ok),
        ] {
            assert_eq!(judge(hard).level, level, "{hard}");
        }
    }
}
