//! How long it takes from a release to the acquisition by a waiter in another process.

use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use crate::contender::{ALL, Contender, Outcome, Section};
use crate::process::{self, Waiter};
use crate::statistics::Times;
use crate::table;

const HANDOFFS: usize = 300;

/// Long enough for a waiter that was told to go to be asleep in its wait.
const SETTLE: Duration = Duration::from_millis(5);

/// Where the scheduler may put the holder and the waiter: to wake a sleeping processor costs more
/// than all the rest, and without a say it is luck who has to.
const PLACEMENTS: [(&str, Option<(&str, &str)>); 3] = [
    ("on one processor", Some(("0", "0"))),
    ("on two processors", Some(("0", "1"))),
    ("wherever the scheduler likes", None),
];

/// Prints the tables.
pub(crate) fn measure() -> Outcome {
    for (title, processors) in PLACEMENTS {
        let Some((holder, waiter)) = processors else {
            measure_placed(title, None)?;
            continue;
        };
        // The holder is moved by starting it again where it shall be.
        let status = process::on(Some(holder))?.args(["handoff", title, waiter]).status()?;
        if !status.success() {
            return Err(format!("the hand-off {title} failed: {status}").into());
        }
    }
    Ok(())
}

/// Prints the table of one placement, with the waiters on `processor`.
pub(crate) fn measure_placed(title: &str, processor: Option<&str>) -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut rows = Vec::new();
    for contender in ALL {
        let waiter = Waiter::start("wait", contender, folder.path(), processor)?;
        rows.push((contender.name, contender.open(folder.path())?, waiter, Vec::new()));
    }
    for _ in 0..HANDOFFS {
        for (_, lock, waiter, times) in &mut rows {
            times.push(hand_off(lock.as_mut(), waiter)?);
        }
    }
    let rows: Vec<_> =
        rows.into_iter().map(|(name, _, _, times)| (name, Times::new(times))).collect();
    let title =
        format!("Hand-off to a waiter in another process, {title}, {HANDOFFS} each, taking turns");
    table::print(&title, &rows);
    Ok(())
}

/// Holds the lock until the waiter waits, and measures when that has it.
fn hand_off(lock: &mut dyn Section, waiter: &mut Waiter) -> Outcome<Duration> {
    let (mut ordered, mut released) = (Ok(()), SystemTime::UNIX_EPOCH);
    lock.run(&mut || {
        ordered = waiter.order();
        thread::sleep(SETTLE);
        released = SystemTime::now();
    })?;
    ordered?;
    let acquired = SystemTime::UNIX_EPOCH + Duration::from_nanos(waiter.answer()?);
    Ok(acquired.duration_since(released)?)
}

/// The waiting process: waits for the lock, and tells when it had it.
pub(crate) fn wait(contender: Contender, folder: &Path) -> Outcome {
    let mut lock = contender.open(folder)?;
    for line in io::stdin().lines() {
        line?;
        let mut now = SystemTime::UNIX_EPOCH;
        lock.run(&mut || now = SystemTime::now())?;
        println!("{}", now.duration_since(SystemTime::UNIX_EPOCH)?.as_nanos());
    }
    Ok(())
}
