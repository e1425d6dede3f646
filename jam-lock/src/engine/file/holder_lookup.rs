//! Looks up the holder of a lock file, if it is certain.
//!
//! The recorded holder may have died, and a holder that is not recorded may have the lock now. So
//! only a process that the system lists counts as the holder, and a record is believed only if it
//! is that process's own. Only Linux lists the processes.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;
mod lock_snapshot;
mod occupancy;

use std::time::Duration;

#[cfg(not(target_os = "linux"))]
pub(super) use self::elsewhere::{
    LiveProcesses, LockTable, confirm, find, find_now, find_waiting_writer, is_lock_listed,
};
#[cfg(target_os = "linux")]
pub(super) use self::linux::{
    LiveProcesses, LockTable, confirm, find, find_now, find_waiting_writer,
    find_waiting_writer_now, is_lock_listed,
};
pub(super) use self::lock_snapshot::LockSnapshot;

/// How long to wait for the name of a holder on a machine that is busy or has very many locks.
pub(super) const TIMEOUT: Duration = Duration::from_millis(100);
