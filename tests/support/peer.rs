//! A process of its own, which does what a test tells it: `peer DO FOLDER NAME …`.
//!
//! It answers a line for each thing that has happened, and ends when its input does.

#[path = "peer/counting.rs"]
mod counting;
#[cfg(target_os = "linux")]
#[path = "peer/customers.rs"]
mod customers;
#[cfg(unix)]
#[path = "peer/fork.rs"]
mod fork;
#[path = "peer/many.rs"]
mod many;
#[cfg(target_os = "linux")]
#[path = "peer/sale.rs"]
mod sale;
#[cfg(target_os = "linux")]
#[path = "peer/storm.rs"]
mod storm;

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead};
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use jam_lock::{Lock, LockError, LockName, Locks, locked};
use jam_lock_tests::lock_names;

type Trouble = Box<dyn Error + Send + Sync>;
type Outcome = Result<(), Trouble>;

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let order: Vec<_> = arguments.iter().map(String::as_str).collect();
    match order[..] {
        ["hold", folder, name] => hold(&open(folder, name)?)?,
        ["hold shared", folder, name] => hold(&open(folder, name)?.shared())?,
        ["both", folder, first, second] => hold_both(&Locks::at(folder)?, first, second)?,
        ["hold unrecorded", folder, name] => {
            let locks = Locks::builder().folder(folder).record_holders(false).open()?;
            hold(&locks.lock(LockName::new(name)?))?;
        }
        ["apply", folder, name] => {
            on_apply(&Locks::at(folder)?, name)?;
            println!("released");
        }
        ["apply first", folder] => first::on_apply(&Locks::at(folder)?)?,
        ["recover first", folder] => first::recover_first(&Locks::at(folder)?)?,
        #[cfg(target_os = "linux")]
        ["sell", locks, data, log, seller, times] => {
            sale::sell(locks, data, log.as_ref(), seller.parse()?, times.parse()?)?;
        }
        ["keep customer", folder, id] => {
            let lock = Locks::at(folder)?.lock(lock_names::customer_id(id));
            drop(lock.acquire()?);
            println!("held");
            io::stdin().lock().read_line(&mut String::new())?;
        }
        #[cfg(target_os = "linux")]
        ["hold customers", folder, count] => customers::hold_all(folder, count.parse()?)?,
        #[cfg(target_os = "linux")]
        ["wait in vain", folder, count] => customers::wait_in_vain(folder, count.parse()?)?,
        #[cfg(target_os = "linux")]
        ["wait for all", folder, count] => customers::wait_for_all(folder, count.parse()?)?,
        ["abandoned", folder, name] => {
            let guard = open(folder, name)?.acquire()?;
            println!("{}", guard.abandoned().map_or("nobody".to_owned(), ToString::to_string));
        }
        ["record error", folder, name] => {
            let guard = open(folder, name)?.acquire()?;
            println!("{}", guard.record_error().map_or(String::new(), ToString::to_string));
        }
        ["token", folder, name] => println!("{}", open(folder, name)?.acquire()?.token()),
        ["abort", folder, name] => {
            let _guard = open(folder, name)?.acquire()?;
            process::abort();
        }
        ["insist", folder, name] => insist(&open(folder, name)?)?,
        ["leak", folder, name] => leak(&open(folder, name)?)?,
        ["try", folder, name] => println!("{}", attempt(&open(folder, name)?)),
        ["default", name] => {
            let lock = jam_lock::default_locks()?.lock(LockName::new(name)?);
            println!("{}", attempt(&lock));
        }
        ["settle", first, second] => println!("{}", settle(first, second)?),
        ["elsewhere", folder, name] => hold_elsewhere(folder.as_ref(), name)?,
        ["mode", folder, name, mode] => {
            let lock = with_mode(folder.as_ref(), name, u32::from_str_radix(mode, 8)?)?;
            println!("{}", attempt(&lock));
        }
        #[cfg(unix)]
        ["fork", folder, name, what] => fork::and_do(what, folder, &open(folder, name)?)?,
        #[cfg(unix)]
        ["fork after release", folder, name] => fork::after_release(folder, name)?,
        #[cfg(unix)]
        ["fork while busy", folder, times] => fork::while_busy(folder, times.parse()?)?,
        #[cfg(target_os = "linux")]
        ["fork into another container", folder, name] => {
            fork::into_another_container(&open(folder, name)?)?;
        }
        #[cfg(target_os = "linux")]
        ["storm", folder, number, seed] => {
            storm::work(folder.as_ref(), number.parse()?, seed.parse()?)?;
        }
        ["exhaust", folder, name] => exhaust(&open(folder, name)?),
        ["hold all" | "read all" | "flicker", ..] => many::run(&order)?,
        ["journal" | "count" | "take turns" | "count customer", ..] => counting::run(&order)?,
        _ => return Err("peer: unknown order".into()),
    }
    Ok(())
}

fn open(folder: &str, name: &str) -> Result<Lock, Trouble> {
    Ok(Locks::at(folder)?.lock(LockName::new(name)?))
}

/// Holds the lock until a line comes in, for each line.
fn hold(lock: &Lock) -> Outcome {
    loop {
        let guard = lock.acquire()?;
        println!("held");
        let more = io::stdin().lock().read_line(&mut String::new())? > 0;
        guard.release()?;
        println!("released");
        if !more {
            return Ok(());
        }
    }
}

/// Holds the lock of a keyed name until the input ends.
#[locked("called_{name}", names = lock_names, locks = locks)]
fn on_apply(locks: &Locks, name: &str) -> Outcome {
    println!("held");
    io::stdin().lock().read_line(&mut String::new())?;
    Ok(())
}

/// Takes one lock, waits for a line, and takes another one.
fn hold_both(locks: &Locks, first: &str, second: &str) -> Outcome {
    let first = locks.lock(LockName::new(first)?).acquire()?;
    println!("held");
    io::stdin().lock().read_line(&mut String::new())?;
    match locks.lock(LockName::new(second)?).acquire() {
        Ok(_second) => println!("both, lost: {}", first.is_lost()),
        Err(LockError::Deadlock { .. }) => println!("deadlock, lost: {}", first.is_lost()),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// Sections of the lock `first`, which end with the input.
mod first {
    use std::io::{self, BufRead};

    use jam_lock::{Locks, locked};
    use jam_lock_tests::lock_names;

    #[locked("first", names = lock_names, locks = locks)]
    pub(super) fn on_apply(locks: &Locks) -> super::Outcome {
        println!("held");
        io::stdin().lock().read_line(&mut String::new())?;
        Ok(())
    }

    #[locked("first", names = lock_names, locks = locks, recover = |_| die())]
    pub(super) fn recover_first(locks: &Locks) -> super::Outcome {
        unreachable!("the recovery does not end")
    }

    fn die() -> super::Outcome {
        println!("held");
        io::stdin().lock().read_line(&mut String::new())?;
        Ok(())
    }
}

/// Takes the lock again as soon as it has released it, until a line comes in.
fn insist(lock: &Lock) -> Outcome {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let line = io::stdin().lock().read_line(&mut String::new());
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

/// Ends while the lock is held, and its guard will never be dropped.
fn leak(lock: &Lock) -> Outcome {
    std::mem::forget(lock.acquire()?);
    Ok(())
}

/// How it goes to try once.
fn attempt(lock: &Lock) -> String {
    lock.try_acquire().map_or_else(|error| error.to_string(), |_guard| "acquired".to_owned())
}

/// What becomes of a default that is set when there is one.
fn settle(first: &str, second: &str) -> Result<String, Trouble> {
    jam_lock::set_default_locks(Locks::open(first)?)?;
    let error = jam_lock::set_default_locks(Locks::open(second)?).expect_err("there is one");
    // What was set first stays.
    let _guard = jam_lock::default_locks()?.lock(LockName::new("x")?).acquire()?;
    Ok(error.to_string())
}

/// Opens a relative folder, goes elsewhere, and takes the lock from there.
fn hold_elsewhere(folder: &Path, name: &str) -> Outcome {
    let lock = Locks::open(folder)?.lock(LockName::new(name)?);
    env::set_current_dir("/")?;
    hold(&lock)
}

/// A lock whose file is made with an explicit mode.
#[cfg(unix)]
fn with_mode(folder: &Path, name: &str, mode: u32) -> Result<Lock, Trouble> {
    Ok(Locks::builder().folder(folder).mode(mode).open()?.lock(LockName::new(name)?))
}

#[cfg(not(unix))]
fn with_mode(_: &Path, _: &str, _: u32) -> Result<Lock, Trouble> {
    Err("file modes are for unix".into())
}

/// Uses up all descriptors, tells what a lock says to that, gives them back and tells again.
fn exhaust(lock: &Lock) {
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    println!("{}", attempt(lock));
    drop(files);
    println!("{}", attempt(lock));
}
