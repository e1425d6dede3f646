//! The time to acquire and release free locks in the ways that no alternative has, with and without
//! records.

use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use jam_lock::{LockName, Locks};

use crate::contender::{self, Contender, Outcome};
use crate::lock_names;
use crate::statistics::Sample;
use crate::table;

const ROUNDS: usize = 200;
const ACQUISITIONS: u32 = 200;

type Use = Box<dyn FnMut() -> Outcome>;

/// Prints the table.
pub(crate) fn measure() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut reference = Contender::named(contender::REFERENCE)?.open(folder.path())?;
    let mut rows: Vec<(&str, Use, Vec<_>)> =
        vec![(contender::REFERENCE, Box::new(move || reference.run(&mut || ())), vec![])];
    for is_recorded in [true, false] {
        rows.extend(
            uses(folder.path(), is_recorded)?.into_iter().map(|(name, run)| (name, run, vec![])),
        );
    }
    for _ in 0..ROUNDS {
        for (_, run, times) in &mut rows {
            let start = Instant::now();
            for _ in 0..ACQUISITIONS {
                run()?;
            }
            times.push(start.elapsed() / ACQUISITIONS);
        }
    }
    let rows: Vec<_> =
        rows.iter().map(|(name, _, times)| (*name, Sample::from_times(times))).collect();
    let title = format!("Ways to use a free lock, {ACQUISITIONS} times in a round");
    table::print_times(&title, &rows, &[contender::REFERENCE]);
    Ok(())
}

/// The ways to use the locks of a folder of their own inside `folder`.
fn uses(folder: &Path, is_recorded: bool) -> Outcome<[(&'static str, Use); 5]> {
    let folder = folder.join(if is_recorded { "recorded" } else { "unrecorded" });
    let locks = Locks::builder().folder(folder).record_holders(is_recorded).open()?;
    let plain = locks.lock(lock_names::MEASURED).timeout(60);
    let shared = locks.lock(LockName::new("shared")?).timeout(60).shared();
    let keyed = locks.lock(lock_names::customer_id(7)).timeout(60);
    let names = ["first", "second", "third"].map(LockName::new).into_iter();
    let several = locks.lock_all(names.collect::<Result<Vec<_>, _>>()?).timeout(60);
    let task = locks.lock(LockName::new("task")?).timeout(60);
    let name = |recorded, unrecorded| if is_recorded { recorded } else { unrecorded };
    Ok([
        (
            name("a writer", "a writer, without records"),
            Box::new(move || plain.acquire().map(drop).map_err(Into::into)),
        ),
        (
            name("a reader", "a reader, without records"),
            Box::new(move || shared.acquire().map(drop).map_err(Into::into)),
        ),
        (
            name("a key", "a key, without records"),
            Box::new(move || keyed.acquire().map(drop).map_err(Into::into)),
        ),
        (
            name("three names at once", "three names at once, without records"),
            Box::new(move || several.acquire().map(drop).map_err(Into::into)),
        ),
        (
            name("a task", "a task, without records"),
            Box::new(move || {
                // It lets other tasks run now and then.
                let mut acquire = pin!(task.acquire_async());
                loop {
                    let mut context = Context::from_waker(Waker::noop());
                    if let Poll::Ready(guard) = acquire.as_mut().poll(&mut context) {
                        drop(guard?);
                        return Ok(());
                    }
                }
            }),
        ),
    ])
}
