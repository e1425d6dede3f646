//! A file that loses an update, or is there twice, where sections overlap.

use std::fs::{self, File};
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use jam_lock::{Lock, Locks};
use jam_lock_tests::lock_names;

use super::{Outcome, open};

/// How long the reader of a counter thinks before it writes: long enough for others to interfere.
const THOUGHT: Duration = Duration::from_micros(50);

/// Carries out an order to count, or to keep a journal.
pub(super) fn run(order: &[&str]) -> Outcome {
    match *order {
        ["journal", folder, name, threads] => {
            journal(folder.as_ref(), &open(folder, name)?, threads.parse()?);
        }
        ["count", folder, name, times] => {
            let lock = open(folder, name)?;
            count(folder.as_ref(), || lock.clone(), think, times.parse()?)?;
        }
        ["take turns", folder, name, party, times] => {
            let lock = open(folder, name)?;
            println!("ready");
            io::stdin().lock().read_line(&mut String::new())?;
            let turn = || note(folder.as_ref(), party);
            count(folder.as_ref(), || lock.clone(), turn, times.parse()?)?;
            println!("done");
        }
        ["count customer", folder, id, times] => {
            let locks = Locks::at(folder)?;
            count(
                folder.as_ref(),
                || locks.lock(lock_names::customer_id(id)),
                think,
                times.parse()?,
            )?;
        }
        _ => return Err("peer: unknown order".into()),
    }
    Ok(())
}

/// Takes the lock in several threads again and again until it is killed, and writes down where each
/// of them is: `asks`, then `inside` with its token, `leaves`, and `outside`.
fn journal(folder: &Path, lock: &Lock, threads: usize) {
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
                    note("asks");
                    let guard = lock.acquire().expect("the lock can be had");
                    note(&format!("inside {}", guard.token()));
                    thread::sleep(Duration::from_micros(fastrand::u64(0..300)));
                    note("leaves");
                    drop(guard);
                    note("outside");
                    thread::sleep(Duration::from_micros(fastrand::u64(0..300)));
                }
            });
        }
    });
}

/// Adds to a counter file, `times` times, as an application does: reads, does
/// something meanwhile, writes. A file
/// that must not be there twice sees every overlap, whatever the locks believe.
fn count(
    folder: &Path,
    lock: impl Fn() -> Lock,
    meanwhile: impl Fn() -> Outcome,
    times: usize,
) -> Outcome {
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

/// What takes time between reading and writing.
#[expect(clippy::unnecessary_wraps, reason = "other things to do meanwhile can fail")]
fn think() -> Outcome {
    thread::sleep(THOUGHT);
    Ok(())
}

/// Writes down whose turn it is.
fn note(folder: &Path, party: &str) -> Outcome {
    let mut turns = File::options().append(true).open(folder.join("turns"))?;
    Ok(writeln!(turns, "{party}")?)
}
