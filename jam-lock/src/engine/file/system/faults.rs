//! Errors that a test has in store for the calls about one folder.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{About, Call};
use crate::per_process::PerProcess;

/// A call that was made, and what it was about.
pub(in crate::engine::file) type Asked = (Call, PathBuf);

/// Sees every call about a folder or what is below it, until it is dropped.
pub(in crate::engine::file) struct Observed {
    folder: PathBuf,
}

/// What is seen, and done, below one folder.
struct Plan {
    folder: PathBuf,
    asked: Vec<Asked>,
    /// Which call is to fail, counted from 0, and with which error.
    fault: Option<(usize, i32)>,
    /// How often an inode number was shown, where each is another one.
    inodes: Option<u64>,
}

static PLANS: PerProcess<Mutex<Vec<Plan>>> = PerProcess::new();

impl Observed {
    /// From now on; the call with the number in `fault` fails with the error in it, once.
    pub(in crate::engine::file) fn new(folder: &Path, fault: Option<(usize, i32)>) -> Self {
        let folder = folder.to_owned();
        plans().push(Plan { folder: folder.clone(), asked: Vec::new(), fault, inodes: None });
        Self { folder }
    }

    /// From now on; files have another inode number at each look.
    pub(in crate::engine::file) fn with_unstable_inodes(folder: &Path) -> Self {
        let observed = Self::new(folder, None);
        let mut plans = plans();
        plans.last_mut().expect("it is there until the drop").inodes = Some(0);
        observed
    }

    /// All calls so far.
    pub(in crate::engine::file) fn asked(&self) -> Vec<Asked> {
        let plans = plans();
        let plan = plans.iter().find(|plan| plan.folder == self.folder);
        plan.expect("it is there until the drop").asked.clone()
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        plans().retain(|plan| plan.folder != self.folder);
    }
}

/// The error that is in store for this call, if there is one.
pub(super) fn fault(call: Call, about: &(impl About + ?Sized)) -> io::Result<()> {
    if plans().is_empty() {
        return Ok(());
    }
    let path = about.path();
    let mut plans = plans();
    let Some(plan) = plans.iter_mut().find(|plan| path.starts_with(&plan.folder)) else {
        return Ok(());
    };
    let number = plan.asked.len();
    plan.asked.push((call, path));
    match plan.fault {
        Some((faulty, error)) if faulty == number => Err(io::Error::from_raw_os_error(error)),
        _ => Ok(()),
    }
}

/// The inode number that is shown for what is at `path`.
pub(super) fn inode(path: &Path, number: u64) -> u64 {
    let mut plans = plans();
    let plan = plans.iter_mut().find(|plan| path.starts_with(&plan.folder));
    let Some(shown) = plan.and_then(|plan| plan.inodes.as_mut()) else { return number };
    *shown += 1;
    number + *shown
}

/// Where an open file is, or was.
pub(in crate::engine::file) fn path_of(file: &File) -> PathBuf {
    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).expect("every open file has one")
}

fn plans() -> MutexGuard<'static, Vec<Plan>> {
    PLANS.get().lock().unwrap_or_else(PoisonError::into_inner)
}
