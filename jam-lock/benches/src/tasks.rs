//! Ten thousand tasks that wait for one lock.

#![expect(clippy::disallowed_methods, reason = "the standard library is one of the alternatives")]

use std::env;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jam_lock::{Lock, Locks};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{RwLock, Semaphore};
use tokio::task::JoinHandle;

use crate::contender::{Outcome, file};
use crate::lock_names;
use crate::statistics::{Sample, count};
use crate::table::{self, cannot};

const TASKS: usize = 10_000;

/// The number of tasks if each of them blocks a thread.
const THREADS: usize = 400;

const ROUNDS: usize = 5;

/// A method to let many tasks wait, which is measured in a process of its own.
struct Method {
    name: &'static str,
    tasks: usize,
    round: fn(usize) -> Outcome,
}

const METHODS: [Method; 8] = [
    Method { name: "jam-lock, timed", tasks: TASKS, round: ours },
    Method { name: "jam-lock without records, timed", tasks: TASKS, round: unrecorded },
    Method { name: "jam-lock, readers, timed", tasks: TASKS, round: readers },
    Method {
        name: "jam-lock, ten times as many readers, timed",
        tasks: 10 * TASKS,
        round: readers,
    },
    Method { name: "tokio's semaphore, in one process, not timed", tasks: TASKS, round: semaphore },
    Method {
        name: "tokio's readers and writers, readers, in one process, not timed",
        tasks: TASKS,
        round: readers_of_tokio,
    },
    Method {
        name: "tokio's readers and writers, ten times as many readers, not timed",
        tasks: 10 * TASKS,
        round: readers_of_tokio,
    },
    Method { name: "std on a thread for each task, not timed", tasks: THREADS, round: blocking },
];

/// Prints the table.
pub(crate) fn measure() -> Outcome {
    let mut numbers = [const { [const { Vec::new() }; 4] }; METHODS.len()];
    for _ in 0..ROUNDS {
        for (method, numbers) in METHODS.iter().zip(&mut numbers) {
            // In a process of its own, because freed memory stays with its process.
            let mut command = Command::new(env::current_exe()?);
            let output = command.args(["tasks", method.name]).output()?;
            let line = String::from_utf8(output.stdout)?;
            for (column, number) in numbers.iter_mut().zip(line.split_whitespace()) {
                column.push(number.parse::<f64>()?);
            }
        }
    }
    let mut rows: Vec<_> = METHODS
        .iter()
        .zip(numbers)
        .map(|(method, numbers)| {
            let mut row = vec![method.name.to_owned(), method.tasks.to_string()];
            let columns = numbers.map(Sample::new);
            row.extend(
                columns.iter().zip([0, 0, 1, 1]).map(|(all, digits)| all.with_spread(digits)),
            );
            row
        })
        .collect();
    for names in ["fs2, fd-lock, fslock, named-lock, filelock (Rust)", "Jam.py"] {
        rows.push(cannot(names, "blocks its thread", 6));
    }
    rows.push(cannot("serial_test", "blocks its thread, in asynchronous functions too", 6));
    rows.push(cannot("filelock (Python)", "not from Rust; its own tasks poll", 6));
    table::print(
        &format!("Tasks that wait for one lock, {ROUNDS} rounds"),
        &["how", "tasks", "bytes each", "extra threads", "ms to queue all", "ms to serve all"],
        &rows,
    );
    println!("The bytes are all memory of a waiting task, including that of the runtime.\n");
    Ok(())
}

/// The process that measures one method, once.
pub(crate) fn measure_method(name: &str) -> Outcome {
    let method =
        METHODS.iter().find(|method| method.name == name).ok_or("there is no such method")?;
    (method.round)(method.tasks)
}

fn ours(tasks: usize) -> Outcome {
    wait_at(tasks, true, |lock| lock)
}

fn unrecorded(tasks: usize) -> Outcome {
    wait_at(tasks, false, |lock| lock)
}

fn readers(tasks: usize) -> Outcome {
    wait_at(tasks, true, |lock| lock.shared())
}

/// Lets tasks wait for a lock of this library in the mode that `waiting` sets.
fn wait_at(tasks: usize, record: bool, waiting: fn(Lock) -> Lock) -> Outcome {
    let folder = tempfile::tempdir()?;
    let locks = Locks::builder().folder(folder.path()).record_holders(record).open()?;
    let lock = locks.lock(lock_names::MEASURED).timeout(60);
    let waiting = waiting(lock.clone());
    round(tasks, lock.acquire()?, |runtime| runtime.spawn(wait_for(waiting.clone())))
}

fn semaphore(tasks: usize) -> Outcome {
    let semaphore = Arc::new(Semaphore::new(1));
    let held = Arc::clone(&semaphore).try_acquire_owned()?;
    round(tasks, held, |runtime| {
        let semaphore = Arc::clone(&semaphore);
        runtime.spawn(async move { drop(semaphore.acquire().await) })
    })
}

/// How much of the time of many readers is that of the executor, and of memory that no cache has.
fn readers_of_tokio(tasks: usize) -> Outcome {
    let lock = Arc::new(RwLock::new(()));
    let held = Arc::clone(&lock).try_write_owned()?;
    round(tasks, held, |runtime| {
        let lock = Arc::clone(&lock);
        runtime.spawn(async move { drop(lock.read().await) })
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

/// Lets all tasks wait for `held`, then drops it, and prints what that cost.
fn round<H>(tasks: usize, held: H, wait: impl Fn(&Runtime) -> JoinHandle<()>) -> Outcome {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // What the runtime starts with its first task does not count.
    runtime.block_on(async { tokio::spawn(async {}).await })?;
    let mut waiting = Vec::with_capacity(tasks);
    let before = (resident()?, threads()?);
    let start = Instant::now();
    waiting.extend((0..tasks).map(|_| wait(&runtime)));
    let queued = start.elapsed();
    // The tasks that were spawned last begin to wait.
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
    drop(lock.acquire_async().await.expect("it is released within a minute"));
}

/// The resident memory of this process, in bytes.
fn resident() -> Outcome<f64> {
    let pages = fs::read_to_string("/proc/self/statm")?;
    let pages = pages.split(' ').nth(1).ok_or("statm is empty")?.parse::<f64>()?;
    Ok(pages * 4096.0)
}

fn threads() -> Outcome<f64> {
    Ok(count(fs::read_dir("/proc/self/task")?.count()))
}
