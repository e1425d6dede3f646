//! The processor time of a second of waiting.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::child::Child;
use crate::contender::{self, Contender, Outcome};
use crate::statistics::Sample;
use crate::table;

/// How long a wait takes.
const WAIT: Duration = Duration::from_secs(1);

/// How many waits are measured for each contender.
const WAITS: usize = 5;

/// Prints the table.
pub(crate) fn measure() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut rows = Vec::new();
    for contender in contender::all() {
        let waiter = Child::start("wait cost", contender, folder.path(), None)?;
        rows.push((contender.name, contender.open(folder.path())?, waiter, Vec::new()));
    }
    for _ in 0..WAITS {
        for (_, lock, waiter, spent) in &mut rows {
            let mut sent = Ok(());
            lock.run(&mut || {
                sent = waiter.send("");
                thread::sleep(WAIT);
            })?;
            sent?;
            spent.push(Duration::from_nanos(waiter.receive_one()?));
        }
    }
    let rows: Vec<_> =
        rows.into_iter().map(|(name, _, _, spent)| (name, Sample::from_times(&spent))).collect();
    let title = "Processor time of a second of waiting";
    table::print_times(title, &rows, &[contender::REFERENCE]);
    Ok(())
}

/// The waiting process: prints the processor time of each wait.
pub(crate) fn wait(contender: Contender, folder: &Path) -> Outcome {
    let mut lock = contender.open(folder)?;
    for line in io::stdin().lines() {
        line?;
        let before = processor_time()?;
        let mut after = Ok(before);
        lock.run(&mut || after = processor_time())?;
        println!("{}", after?.saturating_sub(before));
    }
    Ok(())
}

/// The processor time of all threads of this process in nanoseconds.
fn processor_time() -> Outcome<u64> {
    let mut total = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let statistics = fs::read_to_string(task?.path().join("schedstat"))?;
        total += statistics.split(' ').next().ok_or("schedstat is empty")?.parse::<u64>()?;
    }
    Ok(total)
}
