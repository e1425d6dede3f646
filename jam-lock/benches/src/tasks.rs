//! Ten thousand tasks that wait for one lock.

#![expect(clippy::disallowed_methods, reason = "the standard library is one of the peers")]

use std::env;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jam_lock::{Lock, Locks};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::contender::{Outcome, file};
use crate::lock_names;
use crate::statistics::{Sample, count};
use crate::table::{self, cannot};

const TASKS: usize = 10_000;

/// What blocks a thread for each task has fewer of them.
const THREADS: usize = 400;

const ROUNDS: usize = 5;

/// A way to have many tasks wait, each of which this program starts itself for.
struct Way {
    name: &'static str,
    tasks: usize,
    round: fn(usize) -> Outcome,
}

const WAYS: [Way; 3] = [
    Way { name: "jam-lock, timed", tasks: TASKS, round: ours },
    Way { name: "tokio's semaphore, in one process, not timed", tasks: TASKS, round: semaphore },
    Way { name: "std on a thread for each task, not timed", tasks: THREADS, round: blocking },
];

/// Prints the table.
pub(crate) fn measure() -> Outcome {
    let mut numbers = [const { [const { Vec::new() }; 4] }; WAYS.len()];
    for _ in 0..ROUNDS {
        for (way, numbers) in WAYS.iter().zip(&mut numbers) {
            // A process of its own, because memory that was used once is there for the next.
            let mut command = Command::new(env::current_exe()?);
            let output = command.args(["tasks", way.name]).output()?;
            let answer = String::from_utf8(output.stdout)?;
            for (column, number) in numbers.iter_mut().zip(answer.split_whitespace()) {
                column.push(number.parse::<f64>()?);
            }
        }
    }
    let mut rows: Vec<_> = WAYS
        .iter()
        .zip(numbers)
        .map(|(way, numbers)| {
            let mut row = vec![way.name.to_owned(), way.tasks.to_string()];
            let columns = numbers.map(Sample::new);
            row.extend(
                columns.iter().zip([0, 0, 1, 1]).map(|(all, digits)| all.with_spread(digits)),
            );
            row
        })
        .collect();
    for peer in ["fs2, fd-lock, fslock, named-lock, filelock (Rust)", "Jam.py"] {
        rows.push(cannot(peer, "blocks its thread", 6));
    }
    rows.push(cannot("serial_test", "blocks its thread, in asynchronous functions too", 6));
    rows.push(cannot("filelock (Python)", "not from Rust; its own tasks poll", 6));
    table::print(
        &format!("Tasks that wait for one lock, {ROUNDS} rounds"),
        &["how", "tasks", "bytes each", "extra threads", "ms to queue all", "ms to serve all"],
        &rows,
    );
    println!("The bytes are all that a waiting task takes, the runtime's share included.\n");
    Ok(())
}

/// The process that measures one way, once.
pub(crate) fn measure_way(name: &str) -> Outcome {
    let way = WAYS.iter().find(|way| way.name == name).ok_or("there is no such way")?;
    (way.round)(way.tasks)
}

fn ours(tasks: usize) -> Outcome {
    let folder = tempfile::tempdir()?;
    let lock = Locks::open(folder.path())?.lock(lock_names::MEASURED).timeout(60);
    round(tasks, lock.acquire()?, |runtime| runtime.spawn(wait_for(lock.clone())))
}

fn semaphore(tasks: usize) -> Outcome {
    let semaphore = Arc::new(Semaphore::new(1));
    let held = Arc::clone(&semaphore).try_acquire_owned()?;
    round(tasks, held, |runtime| {
        let semaphore = Arc::clone(&semaphore);
        runtime.spawn(async move { drop(semaphore.acquire().await) })
    })
}

fn blocking(tasks: usize) -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("std.lock");
    let held = file(&path)?;
    held.lock()?;
    round(tasks, held, |runtime| {
        let path = path.clone();
        runtime.spawn_blocking(move || {
            let waiting = file(&path).expect("a local file can be opened");
            waiting.lock().expect("a local file can be locked");
        })
    })
}

/// Has all tasks wait for what is held, then lets it go, and prints what that took.
fn round<H>(tasks: usize, held: H, wait: impl Fn(&Runtime) -> JoinHandle<()>) -> Outcome {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // What the runtime starts once is not the waiters'.
    runtime.block_on(async { tokio::spawn(async {}).await })?;
    let mut waiting = Vec::with_capacity(tasks);
    let before = (resident()?, threads()?);
    let start = Instant::now();
    waiting.extend((0..tasks).map(|_| wait(&runtime)));
    let queued = start.elapsed();
    // Those that were spawned last come to their wait.
    thread::sleep(Duration::from_millis(300));
    let (bytes, extra) = ((resident()? - before.0) / count(tasks), threads()? - before.1);
    let start = Instant::now();
    drop(held);
    runtime.block_on(async {
        for task in waiting {
            task.await?;
        }
        Ok::<_, tokio::task::JoinError>(())
    })?;
    let [queued, served] = [queued, start.elapsed()].map(|time| time.as_secs_f64() * 1e3);
    println!("{bytes} {extra} {queued} {served}");
    Ok(())
}

async fn wait_for(lock: Lock) {
    drop(lock.acquire_async().await.expect("nobody holds it for a minute"));
}

/// How many bytes of this process are in memory.
fn resident() -> Outcome<f64> {
    let pages = fs::read_to_string("/proc/self/statm")?;
    let pages = pages.split(' ').nth(1).ok_or("statm is empty")?.parse::<f64>()?;
    Ok(pages * 4096.0)
}

fn threads() -> Outcome<f64> {
    Ok(count(fs::read_dir("/proc/self/task")?.count()))
}
