//! Detects a lock that is held by an ancestor that waits for this process to exit.

use std::fs;

use jam_lock::{Holder, Lock, LockName};

use crate::process::Process;

/// The holder of `lock`, if it is a `jam-lock run` whose command started this process. Only Linux
/// shows it.
pub(super) fn holding_ancestor(lock: &Lock) -> Option<Holder> {
    let holder = lock.holder()?;
    let id = holder.process()?;
    // On another machine the same number is another process.
    let host = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let is_here = holder.host() == Some(host.trim());
    let is_ancestor = Process::this()?.ancestors().any(|process| process.id == id);
    (is_here && is_ancestor && has_argument(id, lock.name())).then_some(holder)
}

/// Whether a process was started with `name` as an argument: another program that holds the lock
/// need not wait for its children.
fn has_argument(process: u32, name: &LockName) -> bool {
    let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).any(|argument| argument == name.as_str().as_bytes())
}
