//! Other crates, and the standard library, each used as its documentation says.

#![expect(clippy::disallowed_methods, reason = "the standard library is one of the alternatives")]

use std::fs::File;
use std::io;
use std::path::Path;
use std::task::{Context, Poll, Waker};

use super::{Outcome, Section, TIMEOUT};

/// A lock, and how it is acquired and released.
struct Alternative<L>(L, fn(&mut L, &mut dyn FnMut()) -> Outcome);

impl<L> Section for Alternative<L> {
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome {
        self.1(&mut self.0, inside)
    }
}

/// A file to lock, which is created if missing.
pub(crate) fn file(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(false).open(path)
}

pub(super) fn std(path: &Path) -> Outcome<Box<dyn Section>> {
    Ok(Box::new(Alternative(file(path)?, |file, inside| {
        file.lock()?;
        inside();
        Ok(file.unlock()?)
    })))
}

pub(super) fn fd_lock(path: &Path) -> Outcome<Box<dyn Section>> {
    Ok(Box::new(Alternative(fd_lock::RwLock::new(file(path)?), |lock, inside| {
        let _guard = lock.write()?;
        inside();
        Ok(())
    })))
}

pub(super) fn fslock(path: &Path) -> Outcome<Box<dyn Section>> {
    Ok(Box::new(Alternative(fslock::LockFile::open(path)?, |lock, inside| {
        lock.lock()?;
        inside();
        Ok(lock.unlock()?)
    })))
}

pub(super) fn named_lock(path: &Path) -> Outcome<Box<dyn Section>> {
    Ok(Box::new(Alternative(named_lock::NamedLock::with_path(path)?, |lock, inside| {
        let _guard = lock.lock()?;
        inside();
        Ok(())
    })))
}

pub(super) fn filelock(path: &Path) -> Outcome<Box<dyn Section>> {
    Ok(Box::new(Alternative(filelock::FileLock::new(path)?, |lock, inside| {
        let _guard = lock.lock()?;
        inside();
        Ok(())
    })))
}

pub(super) fn filelock_timed(path: &Path) -> Outcome<Box<dyn Section>> {
    Ok(Box::new(Alternative(filelock::FileLock::new(path)?, |lock, inside| {
        let _guard = lock.lock_timeout(TIMEOUT)?.ok_or("a minute has passed")?;
        inside();
        Ok(())
    })))
}

/// What `#[file_serial]` expands to on an asynchronous function; on others it blocks in the same way.
pub(super) fn serial_test(path: &Path) -> Outcome<Box<dyn Section>> {
    let path = path.to_str().ok_or("a temporary path is text")?.to_owned();
    Ok(Box::new(Alternative(path, |path, inside| {
        let serial = serial_test::fs_async_serial_core(vec![path], Some(path), async { inside() });
        match std::pin::pin!(serial).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(()) => Ok(()),
            Poll::Pending => Err("it does not wait asynchronously".into()),
        }
    })))
}
