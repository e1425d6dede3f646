//! How great files of this process may become: the system ends a process that writes beyond that
//! (`SIGXFSZ`), which a lock is no reason for.

use std::io;

/// Whether this process may write a file up to its byte `end`.
///
/// # Errors
/// That it may not, with what to do.
pub(super) fn permits(end: usize) -> io::Result<()> {
    if u64::try_from(end).is_ok_and(|end| end <= limit()) {
        return Ok(());
    }
    Err(io::Error::other("the files of this process may not be that great: raise `ulimit -f`"))
}

/// The limit in bytes, as it was a tenth of a second ago at the most.
#[cfg(target_os = "linux")]
fn limit() -> u64 {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Instant;

    /// How many milliseconds a look at it counts.
    const RECENT: u64 = 100;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    /// Up to when the limit below counts.
    static END: AtomicU64 = AtomicU64::new(0);
    static LIMIT: AtomicU64 = AtomicU64::new(u64::MAX);

    let now = u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX - RECENT);
    if now < END.load(Ordering::Acquire) {
        return LIMIT.load(Ordering::Relaxed);
    }
    // Without `/proc` nobody knows.
    let limit = limits().ok().and_then(|limits| soft_limit(&limits)).unwrap_or(u64::MAX);
    LIMIT.store(limit, Ordering::Relaxed);
    END.store(now + RECENT, Ordering::Release);
    limit
}

#[cfg(not(target_os = "linux"))]
fn limit() -> u64 {
    u64::MAX
}

/// What the system says of the limits of this process, of which one look shows all.
#[cfg(target_os = "linux")]
fn limits() -> io::Result<String> {
    use std::io::Read;
    let mut text = [0; 4096];
    let length = std::fs::File::open("/proc/self/limits")?.read(&mut text)?;
    Ok(String::from_utf8_lossy(&text[..length]).into_owned())
}

/// The limit that counts, by the text of `/proc/self/limits`; nothing where there is none.
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
        assert!(permits(1).is_ok());
    }
}
