//! A lock that is held by who waits for this process to end.

use std::fs;

use jam_lock::{Holder, Lock, LockName};

use crate::process::Process;

/// Who holds `lock`, if it is a `jam-lock run` whose command has started this process. Only Linux
/// tells.
pub(super) fn holder_above(lock: &Lock) -> Option<Holder> {
    let holder = lock.holder()?;
    let id = holder.process()?;
    // On another machine the same number is another process.
    let host = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let is_here = holder.host() == Some(host.trim());
    let is_above = Process::this()?.ancestors().any(|process| process.id == id);
    (is_here && is_above && is_about(id, lock.name())).then_some(holder)
}

/// Whether a process was started with `name` as an argument: one that holds the lock of itself need
/// not wait for what it has started.
fn is_about(process: u32, name: &LockName) -> bool {
    let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).any(|argument| argument == name.as_str().as_bytes())
}
