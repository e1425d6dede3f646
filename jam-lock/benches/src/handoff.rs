//! The time from a release to the acquisition by a waiter in another process.

use std::env;
use std::io;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime};

use crate::child::{self, Child};
use crate::contender::{self, Contender, Outcome, Section};
use crate::statistics::Sample;
use crate::table;

/// Long enough for the waiter to be asleep in its wait.
const SETTLE: Duration = Duration::from_millis(2);

/// Pollers are so slow that they are measured only once in so many turns.
const TURNS_PER_POLL: usize = 20;

/// The processors of the holder and the waiter, and the number of hand-offs.
struct Placement {
    title: &'static str,
    processors: Option<(&'static str, &'static str)>,
    handoffs: usize,
}

/// Where the scheduler may run the holder and the waiter. Waking an idle processor costs more than all
/// the rest; where the scheduler is free to choose, it is a matter of luck whether one has to be woken.
const PLACEMENTS: [Placement; 3] = [
    Placement { title: "on one processor", processors: Some(("0", "0")), handoffs: 400 },
    Placement { title: "on two processors", processors: Some(("0", "1")), handoffs: 400 },
    Placement { title: "wherever the scheduler puts them", processors: None, handoffs: 2_000 },
];

/// Prints the tables.
pub(crate) fn measure() -> Outcome {
    for Placement { title, processors, handoffs } in PLACEMENTS {
        let Some((holder, waiter)) = processors else {
            measure_placed(title, handoffs, None)?;
            continue;
        };
        // The holder is this program, started again on its processor.
        let mut again = Command::new(env::current_exe()?);
        again.args(["handoff", title, &handoffs.to_string(), waiter]);
        let mut again = child::on(Some(holder), &again);
        contender::pass_python(&mut again);
        let status = again.status()?;
        if !status.success() {
            return Err(format!("the hand-off {title} failed: {status}").into());
        }
    }
    Ok(())
}

/// Prints the table of one placement, with the waiters on `processor`.
pub(crate) fn measure_placed(title: &str, handoffs: usize, processor: Option<&str>) -> Outcome {
    let title = format!("Hand-off to a waiter in another process, {title}");
    let only_here = [contender::NESTED, contender::PERMITS, contender::RECORDED_ON_A_THREAD];
    let contenders = [&*contender::all(), &only_here].concat();
    measure_all(&title, &contenders, &[contender::REFERENCE], handoffs, processor)
}

/// Prints the table of these `contenders`.
pub(crate) fn measure_all(
    title: &str,
    contenders: &[Contender],
    references: &[&str],
    handoffs: usize,
    processor: Option<&str>,
) -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut rows = Vec::new();
    for contender in contenders.iter().copied() {
        let waiter = Child::start("wait", contender, folder.path(), processor)?;
        rows.push((contender, contender.open(folder.path())?, waiter, Vec::new()));
    }
    let mut order: Vec<_> = (0..rows.len()).collect();
    for turn in 0..handoffs {
        // Those that follow one with the same code would always find it in the processor's cache.
        fastrand::shuffle(&mut order);
        for &row in &order {
            let (contender, lock, waiter, times) = &mut rows[row];
            if !contender.polls || turn % TURNS_PER_POLL == 0 {
                times.push(hand_off(lock.as_mut(), waiter)?);
            }
        }
    }
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(contender, _, _, times)| (contender.name, Sample::from_times(&times)))
        .collect();
    table::print_times(title, &rows, references);
    Ok(())
}

/// Holds the lock until the waiter waits, and measures the time from the release to its acquisition.
fn hand_off(lock: &mut dyn Section, waiter: &mut Child) -> Outcome<Duration> {
    let (mut sent, mut released) = (Ok(()), SystemTime::UNIX_EPOCH);
    lock.run(&mut || {
        sent = waiter.send("");
        thread::sleep(SETTLE);
        released = SystemTime::now();
    })?;
    sent?;
    let acquired = SystemTime::UNIX_EPOCH + Duration::from_nanos(waiter.receive_one()?);
    Ok(acquired.duration_since(released)?)
}

/// The waiting process: prints when it has acquired the lock.
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
