//! How long it takes from a release to the acquisition by a waiter in another process.

use std::env;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::contender::{Contender, Opened};

const HANDOFFS: usize = 300;

/// Long enough for a waiter that was told to go to be asleep in its wait.
const SETTLE: Duration = Duration::from_millis(10);

/// Where the scheduler may put the holder and the waiter: to wake a sleeping processor costs more
/// than all the rest, and without a say it is luck who has to.
const PLACEMENTS: [(&str, Option<(&str, &str)>); 3] = [
    ("on one processor", Some(("0", "0"))),
    ("on two processors", Some(("0", "1"))),
    ("wherever the scheduler likes", None),
];

/// Prints the tables.
pub(crate) fn measure() -> Result<(), Box<dyn Error>> {
    for (title, processors) in PLACEMENTS {
        let Some((holder, waiter)) = processors else {
            measure_placed(title, None)?;
            continue;
        };
        // The holder is moved by starting it again where it shall be.
        let status = Command::new("taskset")
            .args(["--cpu-list", holder])
            .arg(env::current_exe()?)
            .args(["handoff", title, waiter])
            .status()?;
        if !status.success() {
            return Err(format!("the hand-off {title} failed: {status}").into());
        }
    }
    Ok(())
}

/// Prints the table of one placement, with the waiters on `processor`.
pub(crate) fn measure_placed(title: &str, processor: Option<&str>) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut waiters = Vec::new();
    for contender in Contender::ALL {
        waiters.push((contender, Waiter::start(contender, folder.path(), processor)?, Vec::new()));
    }
    for _ in 0..HANDOFFS {
        for (_, waiter, times) in &mut waiters {
            times.push(waiter.hand_off()?);
        }
    }
    println!(
        "## Hand-off to a waiter in another process, {title}, {HANDOFFS} each, taking turns\n"
    );
    println!("| contender | p50 µs | p99 µs | p50, beside flock + path check |");
    println!("|---|---:|---:|---:|");
    let mut rows = Vec::new();
    for (contender, waiter, mut times) in waiters {
        waiter.stop()?;
        times.sort_unstable();
        rows.push((contender, times[HANDOFFS / 2], times[HANDOFFS * 99 / 100]));
    }
    let checked = rows.iter().find(|row| row.0 == Contender::CheckedFlock);
    let reference = checked.expect("the checked flock is measured").1.as_secs_f64();
    for (contender, median, tail) in rows {
        let ratio = median.as_secs_f64() / reference;
        let (name, median, tail) = (contender.name(), median.as_micros(), tail.as_micros());
        println!("| {name} | {median} | {tail} | {ratio:.2} × |");
    }
    println!();
    Ok(())
}

/// The waiting process: for each line that it reads it waits for the lock once, and tells when it
/// had it.
pub(crate) fn wait(contender: Contender, folder: &Path) -> Result<(), Box<dyn Error>> {
    let lock = contender.open(folder)?;
    for line in io::stdin().lines() {
        line?;
        let held = lock.acquire()?;
        let now = SystemTime::now();
        drop(held);
        println!("{}", now.duration_since(SystemTime::UNIX_EPOCH)?.as_nanos());
    }
    Ok(())
}

/// A waiting process, seen from the one that holds the lock.
struct Waiter {
    lock: Opened,
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Waiter {
    fn start(
        contender: Contender,
        folder: &Path,
        processor: Option<&str>,
    ) -> Result<Self, Box<dyn Error>> {
        let program = env::current_exe()?;
        let mut command = match processor {
            None => Command::new(program),
            Some(processor) => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", processor]).arg(program);
                command
            }
        };
        let mut process = command
            .args(["wait", contender.name()])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = process.stdin.take().ok_or("no pipe to the waiter")?;
        let answers = BufReader::new(process.stdout.take().ok_or("no pipe from the waiter")?);
        Ok(Self { lock: contender.open(folder)?, process, orders, answers })
    }

    fn hand_off(&mut self) -> Result<Duration, Box<dyn Error>> {
        let held = self.lock.acquire()?;
        writeln!(self.orders)?;
        thread::sleep(SETTLE);
        let released = SystemTime::now();
        drop(held);
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let acquired = SystemTime::UNIX_EPOCH + Duration::from_nanos(answer.trim().parse()?);
        Ok(acquired.duration_since(released)?)
    }

    fn stop(mut self) -> Result<(), Box<dyn Error>> {
        drop(self.orders);
        self.process.wait()?;
        Ok(())
    }
}
