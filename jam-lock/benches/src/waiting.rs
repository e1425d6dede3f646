//! How much processor time a second of waiting uses.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::child::Child;
use crate::contender::{self, Contender, Outcome};
use crate::statistics::Sample;
use crate::table;

/// How long is waited.
const WAIT: Duration = Duration::from_secs(1);

/// How often, for each contender.
const WAITS: usize = 5;

/// Prints the table.
pub(crate) fn measure() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut rows = Vec::new();
    for contender in contender::all() {
        let waiter = Child::start("burn", contender, folder.path(), None)?;
        rows.push((contender.name, contender.open(folder.path())?, waiter, Vec::new()));
    }
    for _ in 0..WAITS {
        for (_, lock, waiter, spent) in &mut rows {
            let mut ordered = Ok(());
            lock.run(&mut || {
                ordered = waiter.order("");
                thread::sleep(WAIT);
            })?;
            ordered?;
            spent.push(Duration::from_nanos(waiter.number()?));
        }
    }
    let rows: Vec<_> =
        rows.into_iter().map(|(name, _, _, spent)| (name, Sample::of(&spent))).collect();
    let title = "Processor time of a second of waiting";
    table::print_times(title, &rows, contender::REFERENCE);
    Ok(())
}

/// The waiting process: tells what a wait has cost it.
pub(crate) fn burn(contender: Contender, folder: &Path) -> Outcome {
    let mut lock = contender.open(folder)?;
    for line in io::stdin().lines() {
        line?;
        let before = spent()?;
        let mut after = Ok(before);
        lock.run(&mut || after = spent())?;
        println!("{}", after?.saturating_sub(before));
    }
    Ok(())
}

/// The processor time of all threads of this process in nanoseconds, as Linux counts it.
fn spent() -> Outcome<u64> {
    let mut total = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let statistics = fs::read_to_string(task?.path().join("schedstat"))?;
        total += statistics.split(' ').next().ok_or("schedstat is empty")?.parse::<u64>()?;
    }
    Ok(total)
}
