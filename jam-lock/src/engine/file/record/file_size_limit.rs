//! The file size limit of this process (`ulimit -f`): the system kills a process that writes beyond
//! it (`SIGXFSZ`), so a record is not written then.

use std::io;

/// Checks that this process may write to the bytes of a file before `end`.
///
/// # Errors
/// The limit is lower.
pub(super) fn check(end: usize) -> io::Result<()> {
    if u64::try_from(end).is_ok_and(|end| end <= limit()) {
        return Ok(());
    }
    Err(io::Error::other("the file size limit of this process is too low: raise `ulimit -f`"))
}

/// The limit in bytes, which may be a second old.
#[cfg(target_os = "linux")]
fn limit() -> u64 {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Instant;

    /// How many milliseconds a limit is cached for.
    const CACHED: u64 = 1_000;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    /// Until when the cached limit is used, in milliseconds after the start.
    static END: AtomicU64 = AtomicU64::new(0);
    static LIMIT: AtomicU64 = AtomicU64::new(u64::MAX);

    let now = u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX - CACHED);
    if now < END.load(Ordering::Acquire) {
        return LIMIT.load(Ordering::Relaxed);
    }
    // Without `/proc`, the limit is unknown.
    let limit = limits().ok().and_then(|limits| soft_limit(&limits)).unwrap_or(u64::MAX);
    LIMIT.store(limit, Ordering::Relaxed);
    END.store(now + CACHED, Ordering::Release);
    limit
}

#[cfg(not(target_os = "linux"))]
fn limit() -> u64 {
    u64::MAX
}

/// The limits of this process, with one call of `read(2)`.
#[cfg(target_os = "linux")]
fn limits() -> io::Result<String> {
    use std::io::Read;
    let mut text = [0; 4096];
    let length = std::fs::File::open("/proc/self/limits")?.read(&mut text)?;
    Ok(String::from_utf8_lossy(&text[..length]).into_owned())
}

/// The soft limit, parsed from `/proc/self/limits`; `None` if it is unlimited.
#[cfg(target_os = "linux")]
fn soft_limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max file size"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_counts() {
        let others = "Limit           Soft Limit  Hard Limit  Units\n\
                      Max cpu time    unlimited   unlimited   seconds\n";
        let with = |soft| format!("{others}Max file size   {soft}   4096   bytes\n");
        assert_eq!(soft_limit(&with("0")), Some(0));
        assert_eq!(soft_limit(&with("unlimited")), None);
        assert_eq!(soft_limit(others), None);
        assert!(limits().unwrap().contains("\nMax file size "));
        assert!(check(1).is_ok());
    }
}
