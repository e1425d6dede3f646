//! A holder that forks, and a child that does something with what it has inherited.

use std::io;
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fork::{Fork, fork, waitpid, waitpid_nohang};
use jam_lock::{Lock, LockGuard, LockName, Locks};
use jam_lock_tests::order::ForkAction;
use jam_lock_tests::{LONG, lock_names};
use rustix::process::{Pid, Signal, getpid, getppid, kill_process};

use crate::acquire::tried;
use crate::{Result, lock, next_line};

/// Holds the lock, forks a child that does `action`, and holds the lock until the next line.
pub(crate) fn and_do(action: ForkAction, location: &Path, name: &str) -> Result {
    let locks = Locks::at(location)?;
    let lock = lock(location, name)?;
    let guard = lock.acquire()?;
    if is_child()? {
        act(action, location, &lock, &locks, guard);
        process::exit(0);
    }
    println!("held");
    next_line()?;
    guard.release()?;
    println!("released");
    Ok(())
}

/// Has a child acquire a lock twice, whose thread has held the lock before the fork: first while its
/// guard exists, then when another thread has dropped the guard.
pub(crate) fn after_release(folder: &Path, name: &str) -> Result {
    lock(folder, name)?.acquire()?.release()?;
    if is_child()? {
        let lock = lock(folder, name)?.timeout(LONG);
        let held = lock.acquire()?;
        println!("{}", lock.acquire().expect_err("it is held"));
        thread::spawn(move || drop(held)).join().expect("it does not panic");
        match lock.acquire() {
            Ok(_) => println!("acquired"),
            Err(error) => println!("{error}"),
        }
    }
    Ok(())
}

/// Has children open the same folder anew and use its locks, while other threads of this process use
/// them all the time: each child inherits whatever state these are in at that moment.
pub(crate) fn while_busy(folder: &Path, times: usize) -> Result {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for id in 0..3 {
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let locks = Locks::open(folder).expect("the folder exists");
                    let lock = locks.lock(lock_names::customer_id(id % 2));
                    drop(lock.acquire().expect("the lock is available"));
                }
            });
        }
        let forked = (0..times).try_for_each(|_| match fork()? {
            Fork::Child => open_and_acquire(folder),
            Fork::Parent(child) => wait_for(child),
        });
        is_over.store(true, Ordering::Relaxed);
        forked
    })?;
    println!("all children have acquired the lock");
    Ok(())
}

fn open_and_acquire(folder: &Path) -> Result {
    drop(Locks::open(folder)?.lock(lock_names::customer_id(0)).acquire()?);
    // An exit would run the exit handlers that the child has inherited.
    Ok(kill_process(getpid(), Signal::KILL)?)
}

fn wait_for(child: i32) -> Result {
    let start = Instant::now();
    while waitpid_nohang(child)?.is_none() {
        if start.elapsed() > LONG {
            let child = Pid::from_raw(child).ok_or("no child")?;
            kill_process(child, Signal::KILL)?;
            return Err("a child hangs".into());
        }
        thread::sleep(Duration::from_micros(100));
    }
    Ok(())
}

/// As the first process of a container, holds the lock and has a child release the guard that is the
/// first process of another container: both have the same process id.
#[cfg(target_os = "linux")]
pub(crate) fn into_container(lock: &Lock) -> Result {
    let guard = lock.acquire()?;
    #[allow(deprecated, reason = "the function that replaces it is unsafe, for other flags")]
    rustix::thread::unshare(rustix::thread::UnshareFlags::NEWPID)?;
    if is_child()? {
        println!("{} in {}", process::id(), guard.release().expect_err("it is the parent's"));
        process::exit(0);
    }
    println!("{} held", process::id());
    next_line()?;
    guard.release()?;
    println!("released");
    Ok(())
}

/// Forks, and returns whether this is the child; the parent continues when its child has ended.
fn is_child() -> io::Result<bool> {
    match fork()? {
        Fork::Child => Ok(true),
        Fork::Parent(child) => waitpid(child).map(|_| false),
    }
}

fn act(action: ForkAction, location: &Path, inherited: &Lock, locks: &Locks, guard: LockGuard) {
    match action {
        ForkAction::Drop => drop(guard),
        ForkAction::Exit => process::exit(0),
        ForkAction::Panic => panic!("the test ordered it"),
        ForkAction::Release => println!("{}", guard.release().expect_err("it is the parent's")),
        ForkAction::Acquire => {
            println!("{}", inherited.acquire().expect_err("it is the parent's"));
        }
        ForkAction::AcquireReentrantly => {
            println!("{}", inherited.reentrant().acquire().expect_err("it is the parent's"));
        }
        ForkAction::AcquireAnother => {
            let another = lock(location, "another").expect("the name is portable").try_acquire();
            drop(another.expect("locks that are opened here can be used"));
            let name = LockName::new("another").expect("the name is portable");
            println!("{}", tried(&locks.lock(name)));
        }
        ForkAction::OpenAnew => {
            let anew = Locks::at(location).expect("the folder exists");
            println!("{}", tried(&anew.lock(guard.name().clone())));
        }
        ForkAction::OutliveParent => outlive_parent(),
    }
}

/// Ends the parent as `kill -9` does, and lives until the next line.
fn outlive_parent() {
    let parent = getppid().expect("the parent waits");
    kill_process(parent, Signal::KILL).expect("the parent waits");
    println!("the parent is dead");
    next_line().expect("standard input can be read");
}
