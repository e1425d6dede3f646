//! A file that loses an update, or that two processes create, if sections overlap.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::Duration;

use jam_lock::{Lock, Locks};
use jam_lock_tests::lock_names;

use crate::{Result, next_line};

/// How long it takes from reading the counter to writing it: long enough for others to interfere.
const PAUSE: Duration = Duration::from_micros(50);

pub(crate) fn count(data: &Path, lock: &Lock, times: usize) -> Result {
    add(data, || lock.clone(), pause, times)
}

/// Names the lock anew each time, so that its file is removed and created again.
pub(crate) fn for_customer(folder: &Path, data: &Path, id: u32, times: usize) -> Result {
    let locks = Locks::open(folder)?;
    add(data, || locks.lock(lock_names::customer_id(id)), pause, times)
}

/// Counts from the next line on, and writes down its turns.
pub(crate) fn take_turns(folder: &Path, lock: &Lock, party: &str, times: usize) -> Result {
    println!("ready");
    next_line()?;
    add(folder, || lock.clone(), || write_turn(folder, party), times)?;
    println!("done");
    Ok(())
}

/// Adds to a counter file as an application does: reads, does something else, writes. A file that is
/// created in between shows every overlap, whatever the locks report.
fn add(
    folder: &Path,
    lock: impl Fn() -> Lock,
    meanwhile: impl Fn() -> Result,
    times: usize,
) -> Result {
    let (counter, inside) = (folder.join("counter"), folder.join("inside"));
    for _ in 0..times {
        let _guard = lock().acquire()?;
        File::create_new(&inside).map_err(|error| format!("overlap: {error}"))?;
        let value: usize = fs::read_to_string(&counter)?.trim().parse()?;
        meanwhile()?;
        fs::write(&counter, (value + 1).to_string())?;
        fs::remove_file(&inside)?;
    }
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "what else is done meanwhile can fail")]
fn pause() -> Result {
    thread::sleep(PAUSE);
    Ok(())
}

fn write_turn(folder: &Path, party: &str) -> Result {
    let mut turns = File::options().append(true).open(folder.join("turns"))?;
    Ok(writeln!(turns, "{party}")?)
}

/// Acquires the lock in several threads until it is killed, and writes down what each of them is
/// doing: `requests`, then `holds` with its token, `releases`, and `idle`.
pub(crate) fn keep_journal(folder: &Path, lock: &Lock, threads: usize) {
    let journal = || File::options().append(true).create(true).open(folder.join("journal"));
    thread::scope(|scope| {
        for thread in 0..threads {
            let mut journal = journal().expect("the journal can be written");
            scope.spawn(move || {
                let mut note = |what: &str| {
                    let line = format!("{thread} {what}\n");
                    journal.write_all(line.as_bytes()).expect("the journal can be written");
                };
                loop {
                    note("requests");
                    let guard = lock.acquire().expect("the lock is available");
                    note(&format!("holds {}", guard.token()));
                    thread::sleep(Duration::from_micros(fastrand::u64(0..300)));
                    note("releases");
                    drop(guard);
                    note("idle");
                    thread::sleep(Duration::from_micros(fastrand::u64(0..300)));
                }
            });
        }
    });
}
