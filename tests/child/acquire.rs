//! Acquisitions that need no further input of the test.

use std::fs::File;
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use jam_lock::{Lock, LockName, Locks};
use jam_lock_tests::lock_names;

use crate::{Result, next_line};

/// Prints `acquired` or the error.
#[expect(clippy::unnecessary_wraps, reason = "it is called where other orders can fail")]
pub(crate) fn try_acquire(lock: &Lock) -> Result {
    println!("{}", tried(lock));
    Ok(())
}

/// The same for a reader, and whether it learns of a death.
#[expect(clippy::unnecessary_wraps, reason = "it is called where other orders can fail")]
pub(crate) fn try_acquire_shared(lock: &Lock) -> Result {
    match lock.shared().try_acquire() {
        Err(error) => println!("{error}"),
        Ok(guard) => match guard.abandoned() {
            Some(holder) => println!("abandoned by {holder}"),
            None => println!("acquired"),
        },
    }
    Ok(())
}

/// Waits for so many milliseconds from the next line on, and prints `acquired` or the error.
pub(crate) fn wait_for(lock: &Lock, milliseconds: usize) -> Result {
    println!("ready");
    next_line()?;
    let lock = lock.timeout(Duration::from_millis(milliseconds.try_into()?));
    let waited = lock.acquire().map_or_else(|error| error.to_string(), |_| "acquired".to_owned());
    println!("{waited}");
    Ok(())
}

/// `acquired` or the error.
pub(crate) fn tried(lock: &Lock) -> String {
    lock.try_acquire().map_or_else(|error| error.to_string(), |_guard| "acquired".to_owned())
}

/// A lock whose file is created with an explicit mode.
#[cfg(unix)]
pub(crate) fn with_mode(folder: &Path, name: &str, mode: u32) -> Result<Lock> {
    Ok(Locks::builder().folder(folder).mode(mode).open()?.lock(LockName::new(name)?))
}

#[cfg(not(unix))]
pub(crate) fn with_mode(_: &Path, _: &str, _: u32) -> Result<Lock> {
    Err("file modes are for Unix".into())
}

/// Prints the error of setting the default locks a second time.
pub(crate) fn set_default_twice(first: &Path, second: &Path) -> Result {
    jam_lock::set_default_locks(Locks::open(first)?)?;
    let error = jam_lock::set_default_locks(Locks::open(second)?).expect_err("there is a default");
    // What was set first stays.
    let _guard = jam_lock::default_locks()?.lock(LockName::new("x")?).acquire()?;
    println!("{error}");
    Ok(())
}

/// Tries to acquire the lock with all descriptors used up, and again when they are closed.
#[expect(clippy::unnecessary_wraps, reason = "it is called where other orders can fail")]
pub(crate) fn exhaust_descriptors(lock: &Lock) -> Result {
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    println!("{}", tried(lock));
    drop(files);
    println!("{}", tried(lock));
    Ok(())
}

pub(crate) fn print_token(lock: &Lock) -> Result {
    println!("{}", lock.acquire()?.token());
    Ok(())
}

pub(crate) fn print_abandoned_by(lock: &Lock) -> Result {
    let guard = lock.acquire()?;
    println!("{}", guard.abandoned().map_or("nobody".to_owned(), ToString::to_string));
    Ok(())
}

pub(crate) fn print_record_error(lock: &Lock) -> Result {
    let guard = lock.acquire()?;
    println!("{}", guard.record_error().map_or(String::new(), ToString::to_string));
    Ok(())
}

pub(crate) fn leak_guard(lock: &Lock) -> Result {
    std::mem::forget(lock.acquire()?);
    Ok(())
}

#[cfg(unix)]
pub(crate) fn execute(lock: &Lock) -> Result {
    let _guard = lock.acquire()?;
    let mut command = process::Command::new("sh");
    Err(std::os::unix::process::CommandExt::exec(command.args(["-c", "echo executed; read line"]))
        .into())
}

/// Runs a shell while the lock is held.
pub(crate) fn run_inside(lock: &Lock, line: &str) -> Result {
    let guard = lock.acquire()?;
    let status = process::Command::new("sh").args(["-c", line]).status()?;
    guard.release()?;
    process::exit(status.code().unwrap_or(1))
}

pub(crate) fn abort(lock: &Lock) -> Result {
    let _guard = lock.acquire()?;
    process::abort()
}

/// Acquires the lock again as soon as it is released, until the next line.
pub(crate) fn repeatedly(lock: &Lock) -> Result {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let line = next_line();
            is_over.store(true, Ordering::Relaxed);
            line
        });
        for turn in 0.. {
            if is_over.load(Ordering::Relaxed) {
                break;
            }
            let guard = lock.acquire()?;
            thread::sleep(Duration::from_millis(1));
            guard.release()?;
            if turn == 100 {
                println!("took turns");
            }
        }
        println!("stopped");
        Ok(())
    })
}

/// Acquires and releases the lock of a customer, and waits for the next line.
pub(crate) fn use_customer(folder: &Path, id: u32) -> Result {
    let lock = Locks::open(folder)?.lock(lock_names::customer_id(id));
    drop(lock.acquire()?);
    println!("used");
    next_line()?;
    Ok(())
}
