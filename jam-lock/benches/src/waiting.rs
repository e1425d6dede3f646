//! How much processor time a second of waiting uses.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::contender::Contender;

/// How long is waited.
const WAIT: Duration = Duration::from_secs(1);

/// How often, for each contender.
const WAITS: usize = 5;

/// Prints the table.
pub(crate) fn measure() -> Result<(), Box<dyn Error>> {
    println!("## Processor time of a second of waiting, medians of {WAITS}\n");
    println!("| contender | µs |");
    println!("|---|---:|");
    let folder = tempfile::tempdir()?;
    for contender in Contender::ALL {
        println!("| {} | {} |", contender.name(), median(contender, folder.path())?);
    }
    println!();
    Ok(())
}

/// The median in microseconds, of waits one after another in one process.
fn median(contender: Contender, folder: &Path) -> Result<u128, Box<dyn Error>> {
    let lock = contender.open(folder)?;
    let mut waiter = Command::new(env::current_exe()?)
        .args(["burn", contender.name()])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut orders = waiter.stdin.take().ok_or("no pipe to the waiter")?;
    let mut answers = BufReader::new(waiter.stdout.take().ok_or("no pipe from the waiter")?);
    let mut spent = Vec::new();
    for _ in 0..WAITS {
        let held = lock.acquire()?;
        writeln!(orders)?;
        thread::sleep(WAIT);
        drop(held);
        let mut answer = String::new();
        answers.read_line(&mut answer)?;
        spent.push(answer.trim().parse()?);
    }
    drop(orders);
    waiter.wait()?;
    spent.sort_unstable();
    Ok(spent[WAITS / 2])
}

/// The waiting process: for each line that it reads, it tells what a wait has cost.
pub(crate) fn burn(contender: Contender, folder: &Path) -> Result<(), Box<dyn Error>> {
    let lock = contender.open(folder)?;
    for line in io::stdin().lines() {
        line?;
        let before = spent()?;
        let held = lock.acquire()?;
        let after = spent()?;
        drop(held);
        println!("{}", after.saturating_sub(before).as_micros());
    }
    Ok(())
}

/// The processor time of all threads of this process, to the nanosecond.
fn spent() -> Result<Duration, Box<dyn Error>> {
    let mut total = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let statistics = fs::read_to_string(task?.path().join("schedstat"))?;
        total += statistics.split(' ').next().ok_or("schedstat is empty")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(total))
}
