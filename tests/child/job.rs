//! A job that runs at most every two seconds.

use std::io;
use std::thread;
use std::time::Duration;

use jam_lock::{LockError, LockName, Locks, locked};

use crate::{Error, Result, next_line};

/// Runs the job once for each line.
pub(crate) fn run(locks: &Locks, name: &LockName) -> Result {
    println!("ready");
    for line in io::stdin().lines() {
        let line = line?;
        let (timeout, end) = line.split_once(' ').ok_or("job: a timeout and an end")?;
        // So that the processes do not all begin at the same moment.
        thread::sleep(Duration::from_micros(fastrand::u64(0..50_000)));
        match job(locks, name, timeout.parse()?, end) {
            Ok(()) => println!("ran"),
            Err(error) => match error.downcast_ref::<LockError>() {
                Some(LockError::TooSoon { .. }) => println!("{error}"),
                Some(LockError::Timeout { .. }) => println!("in progress"),
                Some(error) => println!("error: {error}"),
                None => println!("failed"),
            },
        }
    }
    Ok(())
}

#[locked(*name, at_most_every = 2, timeout = timeout, locks = locks)]
fn job(locks: &Locks, name: &LockName, timeout: i64, end: &str) -> Result<(), Error> {
    thread::sleep(Duration::from_millis(1));
    match end {
        "hang" => {
            println!("inside");
            next_line()?;
            Ok(())
        }
        "well" => Ok(()),
        _ => Err("the job has failed".into()),
    }
}
