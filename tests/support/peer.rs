//! A process of its own, which does what a test tells it: `peer DO FOLDER NAME …`.
//!
//! It answers a line for each thing that has happened, and ends when its input does.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead};
use std::path::Path;
use std::thread;
use std::time::Duration;

use jam_lock::{Lock, LockName, Locks};
use jam_lock_tests::lock_names;

/// How long the reader of a counter thinks before it writes: long enough for others to interfere.
const THOUGHT: Duration = Duration::from_micros(50);

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["hold", folder, name] => hold(&open(folder, name)?)?,
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
        ["count", folder, name, times] => {
            let lock = open(folder, name)?;
            count(folder.as_ref(), || lock.clone(), times.parse()?)?;
        }
        ["count customer", folder, id, times] => {
            let locks = Locks::open(folder)?;
            count(folder.as_ref(), || locks.lock(lock_names::customer_id(id)), times.parse()?)?;
        }
        ["exhaust", folder, name] => exhaust(&open(folder, name)?),
        _ => return Err("peer: unknown order".into()),
    }
    Ok(())
}

fn open(folder: &str, name: &str) -> Result<Lock, Box<dyn Error>> {
    Ok(Locks::open(folder)?.lock(LockName::new(name)?))
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
fn settle(first: &str, second: &str) -> Result<String, Box<dyn Error>> {
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
fn with_mode(folder: &Path, name: &str, mode: u32) -> Result<Lock, Box<dyn Error>> {
    Ok(Locks::builder().folder(folder).mode(mode).open()?.lock(LockName::new(name)?))
}

#[cfg(not(unix))]
fn with_mode(_: &Path, _: &str, _: u32) -> Result<Lock, Box<dyn Error>> {
    Err("file modes are for unix".into())
}

/// Adds to a counter file, `times` times, as an application does: reads, thinks, writes. A file
/// that must not be there twice sees every overlap, whatever the locks believe.
fn count(folder: &Path, lock: impl Fn() -> Lock, times: usize) -> Outcome {
    let (counter, inside) = (folder.join("counter"), folder.join("inside"));
    for _ in 0..times {
        let _guard = lock().acquire()?;
        File::create_new(&inside).map_err(|error| format!("overlap: {error}"))?;
        let value: usize = fs::read_to_string(&counter)?.trim().parse()?;
        thread::sleep(THOUGHT);
        fs::write(&counter, (value + 1).to_string())?;
        fs::remove_file(&inside)?;
    }
    Ok(())
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
