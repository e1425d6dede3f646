//! A holder that forks, and a child that does something with what it has inherited.

use std::io::{self, BufRead};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fork::{Fork, fork, waitpid, waitpid_nohang};
use jam_lock::{Lock, LockGuard, Locks};
use jam_lock_tests::{LONG, lock_names};
use rustix::process::{Pid, Signal, getpid, getppid, kill_process};

use super::{Outcome, attempt, open};

/// Holds the lock, has a child of its own do what it is told, and holds it until a line comes in.
pub(super) fn and_do(what: &str, folder: &str, lock: &Lock) -> Outcome {
    let locks = Locks::at(folder)?;
    let guard = lock.acquire()?;
    if is_child()? {
        child(what, folder, lock, &locks, guard);
        process::exit(0);
    }
    println!("held");
    io::stdin().lock().read_line(&mut String::new())?;
    guard.release()?;
    println!("released");
    Ok(())
}

/// Has a child acquire again what it holds, whose thread has held it before the fork, first while
/// its guard is there and then when another thread has dropped that.
pub(super) fn after_release(folder: &str, name: &str) -> Outcome {
    open(folder, name)?.acquire()?.release()?;
    if is_child()? {
        let lock = open(folder, name)?;
        let lock = lock.timeout(LONG);
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
/// them all the time: each child inherits whatever these were just doing.
pub(super) fn while_busy(folder: &str, times: usize) -> Outcome {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for id in 0..3 {
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let locks = Locks::at(folder).expect("it is there");
                    let lock = locks.lock(lock_names::customer_id(id % 2));
                    drop(lock.acquire().expect("it can be had"));
                }
            });
        }
        let forked = (0..times).try_for_each(|_| match fork()? {
            Fork::Child => use_anew(folder),
            Fork::Parent(child) => has_ended(child),
        });
        is_over.store(true, Ordering::Relaxed);
        forked
    })?;
    println!("all children have had the lock");
    Ok(())
}

fn use_anew(folder: &str) -> Outcome {
    drop(Locks::at(folder)?.lock(lock_names::customer_id(0)).acquire()?);
    // Without an exit, which runs what the child has inherited for that.
    Ok(kill_process(getpid(), Signal::KILL)?)
}

fn has_ended(child: i32) -> Outcome {
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
/// first one of another container: both have the same number.
#[cfg(target_os = "linux")]
pub(super) fn into_another_container(lock: &Lock) -> Outcome {
    let guard = lock.acquire()?;
    #[allow(deprecated, reason = "the function that replaces it is unsafe, for other flags")]
    rustix::thread::unshare(rustix::thread::UnshareFlags::NEWPID)?;
    if is_child()? {
        println!("{} in {}", process::id(), guard.release().expect_err("it is the parent's"));
        process::exit(0);
    }
    println!("{} held", process::id());
    io::stdin().lock().read_line(&mut String::new())?;
    guard.release()?;
    println!("released");
    Ok(())
}

/// Forks, and tells which of the two this is; the parent learns it when its child has ended.
fn is_child() -> io::Result<bool> {
    match fork()? {
        Fork::Child => Ok(true),
        Fork::Parent(child) => waitpid(child).map(|_| false),
    }
}

fn child(what: &str, folder: &str, lock: &Lock, locks: &Locks, guard: LockGuard) {
    let name = guard.name().clone();
    match what {
        "drop" => drop(guard),
        "exit" => process::exit(0),
        "panic" => panic!("as it was told"),
        "release" => println!("{}", guard.release().expect_err("it is the parent's")),
        "acquire" => println!("{}", lock.acquire().expect_err("it is the parent's")),
        "acquire again" => {
            println!("{}", lock.reentrant().acquire().expect_err("it is the parent's"));
        }
        "lock another" => {
            let another = open(folder, "another").expect("a name").try_acquire();
            drop(another.expect("what was opened here can be used"));
            let name = jam_lock::LockName::new("another").expect("it is portable");
            println!("{}", attempt(&locks.lock(name)));
        }
        "open anew" => {
            let anew = Locks::at(folder).expect("it is there").lock(name);
            println!("{}", attempt(&anew));
        }
        "outlive" => outlive(),
        _ => println!("cannot {what}"),
    }
}

/// Ends the parent as `kill -9` does, and lives until a line comes in.
fn outlive() {
    let parent = getppid().expect("it waits");
    kill_process(parent, Signal::KILL).expect("it is there");
    println!("the parent is dead");
    io::stdin().lock().read_line(&mut String::new()).expect("it can be read from");
}
