//! One of the processes of a storm: its threads and tasks acquire locks at random, count under them
//! and log what they did, until the file `stop` is there.

mod fate;
mod hand;

use std::path::Path;
use std::thread;

use jam_lock_tests::storm::HANDS;
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

use self::fate::Executor;
use self::hand::Hand;
use crate::Result;

/// How many hands acquire locks and block their thread meanwhile.
const THREADS: u64 = 2;

/// How many tasks run side by side on a thread that stalls now and then.
const STALLED_TASKS: u64 = 2;

/// How many run on a thread that does not.
const TASKS: u64 = HANDS - THREADS - STALLED_TASKS;

/// Few enough that they can be used up quickly.
const DESCRIPTORS: u64 = 64;

/// What processes take off the modes of the files that they make, in turn.
const UMASKS: [u32; 4] = [0o022, 0o077, 0o002, 0o027];

/// Works in `folder` until the file `stop` exists.
pub(crate) fn work(folder: &Path, number: u64, seed: u64) -> Result {
    let limit = Rlimit { current: Some(DESCRIPTORS), maximum: Some(DESCRIPTORS) };
    setrlimit(Resource::Nofile, limit)?;
    let turn = usize::try_from(number)? % UMASKS.len();
    umask(Mode::from_raw_mode(UMASKS[turn]));
    let mut hands = (0..HANDS)
        .map(|hand| Hand::new(folder, number, seed, hand))
        .collect::<Result<Vec<_>, _>>()?;
    let stalled = hands.split_off((THREADS + TASKS).try_into()?);
    let tasks = hands.split_off(THREADS.try_into()?);
    thread::scope(|scope| {
        let threads = hands.into_iter().map(|mut hand| scope.spawn(move || hand.block()));
        let executors = [(tasks, Executor::Prompt), (stalled, Executor::Stalls)]
            .map(|(tasks, executor)| scope.spawn(move || all(tasks, executor)));
        let running: Vec<_> = threads.chain(executors).collect();
        running.into_iter().try_for_each(|thread| thread.join().expect("no hand panics"))
    })
}

/// Runs the tasks side by side on this thread.
fn all(hands: Vec<Hand>, executor: Executor) -> Result {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let tasks = tokio::task::LocalSet::new();
    let running: Vec<_> = hands
        .into_iter()
        .map(|mut hand| tasks.spawn_local(async move { hand.work(executor).await }))
        .collect();
    tasks.block_on(&runtime, async {
        for task in running {
            task.await??;
        }
        Ok(())
    })
}
