//! The time of a try for a lock that another process holds.

#![expect(clippy::disallowed_methods, reason = "the plain call is the reference")]

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use jam_lock::{Locks, locked};

use crate::contender::{BARE, Outcome, REFERENCE, file};
use crate::lock_names;
use crate::statistics::Sample;
use crate::table;

const ROUNDS: usize = 200;
const TRIES: u32 = 50;

/// One try, which fails if the lock is not refused.
type Try<'held> = Box<dyn FnMut() -> Outcome + 'held>;

/// Prints the table.
pub(crate) fn measure() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut holder = Command::new(env::current_exe()?)
        .arg("hold")
        .arg(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    holder.stdout.as_mut().ok_or("no pipe from the process")?.read_exact(&mut [0])?;
    let path = folder.path().join("measured.lock");
    let bare = file(&path)?;
    let locks = Locks::open(folder.path())?;
    let lock = locks.lock(lock_names::MEASURED);
    let mut text = String::new();
    let mut tries: [(&str, Try<'_>, Vec<_>); 5] = [
        (
            BARE,
            Box::new(|| refused(fs2::FileExt::try_lock_exclusive(&bare).err()).map(drop)),
            vec![],
        ),
        (
            REFERENCE,
            Box::new(|| {
                refused(fs2::FileExt::try_lock_exclusive(&bare).err())?;
                fs::symlink_metadata(&path)?;
                Ok(())
            }),
            vec![],
        ),
        (
            "jam-lock, without a holder",
            Box::new(|| {
                skipped(&locks);
                Ok(())
            }),
            vec![],
        ),
        (
            "jam-lock, with the holder",
            Box::new(|| refused(lock.try_acquire().err()).map(drop)),
            vec![],
        ),
        (
            "jam-lock, with the holder, as text",
            Box::new(|| {
                text.clear();
                Ok(write!(text, "{}", refused(lock.try_acquire().err())?)?)
            }),
            vec![],
        ),
    ];
    for _ in 0..ROUNDS {
        for (_, try_once, times) in &mut tries {
            let start = Instant::now();
            for _ in 0..TRIES {
                try_once()?;
            }
            times.push(start.elapsed() / TRIES);
        }
    }
    let rows: Vec<_> =
        tries.iter().map(|(name, _, times)| (*name, Sample::from_times(times))).collect();
    let title = format!("A refused try, {TRIES} in a round");
    table::print_times(&title, &rows, &[BARE]);
    drop(holder.stdin.take());
    holder.wait()?;
    Ok(())
}

/// The error of a try, which there must be.
fn refused<E>(error: Option<E>) -> Outcome<E> {
    Ok(error.ok_or("it is held")?)
}

#[locked("measured", timeout = 0, locks = locks, or_else = jam_lock::skip)]
fn skipped(locks: &Locks) {
    unreachable!("another process holds it");
}

/// The process that holds the lock until the end of its input.
pub(crate) fn hold(folder: &Path) -> Outcome {
    let _guard = Locks::open(folder)?.lock(lock_names::MEASURED).acquire()?;
    println!();
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
