//! Records the system calls below one folder, and injects an error into one of them.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Syscall, Target};
use crate::per_process::PerProcess;

/// A call that was made, and the path of its target.
pub(in crate::engine::file) type TracedCall = (Syscall, PathBuf);

/// Traces every call on a folder or anything below it, until it is dropped.
pub(in crate::engine::file) struct SyscallTrace {
    folder: PathBuf,
}

/// The trace and the fault of one folder.
struct Plan {
    folder: PathBuf,
    calls: Vec<TracedCall>,
    /// The index of the call that fails, and its error number.
    fault: Option<(usize, i32)>,
    /// The kinds of calls that always fail, and their error number.
    failing: Option<(Vec<Syscall>, i32)>,
    /// How many inode numbers were changed, if they are to be unstable.
    changed_inodes: Option<u64>,
}

static PLANS: PerProcess<Mutex<Vec<Plan>>> = PerProcess::new();

impl SyscallTrace {
    /// Traces from now on; the call with the index in `fault` fails once, with the error in it.
    pub(in crate::engine::file) fn new(folder: &Path, fault: Option<(usize, i32)>) -> Self {
        let folder = folder.to_owned();
        let (calls, failing, changed_inodes) = (Vec::new(), None, None);
        plans().push(Plan { folder: folder.clone(), calls, fault, failing, changed_inodes });
        Self { folder }
    }

    /// Traces from now on; a file has another inode number each time.
    pub(in crate::engine::file) fn with_unstable_inodes(folder: &Path) -> Self {
        let trace = Self::new(folder, None);
        trace.plan(|plan| plan.changed_inodes = Some(0));
        trace
    }

    /// All calls of these kinds fail with `error` as well.
    pub(in crate::engine::file) fn and_failing(self, kinds: &[Syscall], error: i32) -> Self {
        self.plan(|plan| plan.failing = Some((kinds.to_owned(), error)));
        self
    }

    /// All calls so far.
    pub(in crate::engine::file) fn calls(&self) -> Vec<TracedCall> {
        self.plan(|plan| plan.calls.clone())
    }

    fn plan<T>(&self, act: impl FnOnce(&mut Plan) -> T) -> T {
        let mut plans = plans();
        let plan = plans.iter_mut().find(|plan| plan.folder == self.folder);
        act(plan.expect("it is there until the drop"))
    }
}

impl Drop for SyscallTrace {
    fn drop(&mut self) {
        plans().retain(|plan| plan.folder != self.folder);
    }
}

/// The error injected into this call, if any.
pub(super) fn fault(syscall: Syscall, target: &(impl Target + ?Sized)) -> io::Result<()> {
    if plans().is_empty() {
        return Ok(());
    }
    let path = target.path();
    let mut plans = plans();
    let Some(plan) = plans.iter_mut().find(|plan| path.starts_with(&plan.folder)) else {
        return Ok(());
    };
    let index = plan.calls.len();
    plan.calls.push((syscall, path));
    let once = plan.fault.filter(|(faulty, _)| *faulty == index).map(|(_, error)| error);
    let always = plan.failing.as_ref().filter(|(kinds, _)| kinds.contains(&syscall));
    match once.or(always.map(|(_, error)| *error)) {
        Some(error) => Err(io::Error::from_raw_os_error(error)),
        None => Ok(()),
    }
}

/// The inode number that is reported for the file at `path`.
pub(super) fn inode(path: &Path, number: u64) -> u64 {
    let mut plans = plans();
    let plan = plans.iter_mut().find(|plan| path.starts_with(&plan.folder));
    let Some(changed) = plan.and_then(|plan| plan.changed_inodes.as_mut()) else { return number };
    *changed += 1;
    number + *changed
}

/// The path of an open file, even if it was removed since.
pub(in crate::engine::file) fn path_of(file: &File) -> PathBuf {
    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).expect("every open file has one")
}

fn plans() -> MutexGuard<'static, Vec<Plan>> {
    PLANS.get().lock().unwrap_or_else(PoisonError::into_inner)
}
