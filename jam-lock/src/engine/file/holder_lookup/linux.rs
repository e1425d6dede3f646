//! Linux lists the processes that hold file locks, and those that wait for them, in `/proc/locks`.

mod ancestors;
mod answer_cache;
mod descriptors;
mod devices;
mod evidence;
mod inherited_files;
mod live_processes;
mod lock_table;
mod lookup_thread;
mod open_files;
mod proc_locks;
mod program;
mod run_callback;
mod stale_record;
mod waiting_writer;

pub(in crate::engine::file) use self::descriptors::is_lock_listed;
pub(in crate::engine::file) use self::live_processes::LiveProcesses;
pub(in crate::engine::file) use self::lock_table::LockTable;
pub(in crate::engine::file) use self::lookup_thread::{
    confirm, find, find_now, find_waiting_writer, find_waiting_writer_now,
};
