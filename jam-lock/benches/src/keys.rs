//! Ten thousand keyed names one after another, and a thousand at once.

#![expect(clippy::disallowed_methods, reason = "the standard library is one of the alternatives")]

use std::any::Any;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use jam_lock::Locks;

use crate::contender::{Outcome, file};
use crate::lock_names;
use crate::statistics::Sample;
use crate::table;

const NAMES: usize = 10_000;
const AT_ONCE: usize = 1_000;
const ROUNDS: usize = 3;

/// Acquires the lock of a key, which is released when what it returns is dropped.
type Acquire = fn(&Path, &Locks, usize) -> Outcome<Box<dyn Any>>;

/// The measured locks; the others open a file for each key, as std does.
const MEASURED: [(&str, Acquire); 4] = [
    ("jam-lock", |_, locks, key| Ok(Box::new(locks.lock(lock_names::customer_id(key)).acquire()?))),
    ("std", |folder, _, key| {
        let file = file(&folder.join(key.to_string()))?;
        file.lock()?;
        Ok(Box::new(file))
    }),
    ("fslock", |folder, _, key| {
        let mut file = fslock::LockFile::open(&folder.join(key.to_string()))?;
        file.lock()?;
        Ok(Box::new(file))
    }),
    ("named-lock", |folder, _, key| {
        let lock = named_lock::NamedLock::with_path(folder.join(key.to_string()))?;
        Ok(Box::new(lock.lock()?))
    }),
];

/// Prints the table.
pub(crate) fn measure() -> Outcome {
    let mut rows = Vec::new();
    for (name, acquire) in MEASURED {
        let (mut each, mut held, mut open, mut remaining) = (vec![], vec![], 0, 0);
        for _ in 0..ROUNDS {
            let folder = tempfile::tempdir()?;
            let locks = Locks::open(folder.path())?;
            let start = Instant::now();
            for key in 0..NAMES {
                drop(acquire(folder.path(), &locks, key)?);
            }
            each.push(start.elapsed() / u32::try_from(NAMES)?);
            open = descriptors(folder.path())?;
            remaining = files_when_idle(folder.path())?;

            let folder = tempfile::tempdir()?;
            let locks = Locks::open(folder.path())?;
            let start = Instant::now();
            let all = (0..AT_ONCE)
                .map(|key| acquire(folder.path(), &locks, key))
                .collect::<Outcome<Vec<_>>>()?;
            drop(all);
            held.push(start.elapsed() / u32::try_from(AT_ONCE)?);
        }
        rows.push(vec![
            name.to_owned(),
            Sample::from_times(&each).with_spread(1),
            open.to_string(),
            remaining.to_string(),
            Sample::from_times(&held).with_spread(1),
        ]);
    }
    for names in ["fd-lock, filelock (Rust)", "serial_test, Jam.py, filelock (Python)"] {
        rows.push(table::cannot(names, "as std: a file for each key, which remains", 5));
    }
    table::print(
        &format!("{NAMES} keys one after another, {AT_ONCE} at once, {ROUNDS} rounds"),
        &["how", "µs each", "descriptors then", "files then", "µs each of those at once"],
        &rows,
    );
    Ok(())
}

/// How many files of `folder` this process has open.
fn descriptors(folder: &Path) -> Outcome<usize> {
    let mut open = 0;
    for descriptor in fs::read_dir("/proc/self/fd")? {
        let target = fs::read_link(descriptor?.path());
        open += usize::from(target.is_ok_and(|target| target.starts_with(folder)));
    }
    Ok(open)
}

/// How many files `folder` has once idle ones have been removed.
fn files_when_idle(folder: &Path) -> Outcome<usize> {
    let mut before = usize::MAX;
    loop {
        let now = fs::read_dir(folder)?.count();
        if now == before {
            return Ok(now);
        }
        before = now;
        std::thread::sleep(Duration::from_millis(1_500));
    }
}
